"""Several networks of one architecture as one model: each network has channels of its own, and learns from its own images."""
