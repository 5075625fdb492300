"""Networks that learn under a condition: kernels confined to fixed patterns of their taps."""
