"""What is measured on a network, one module a measurement."""
