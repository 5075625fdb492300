"""Networks, and how to reach into them; the only rooms that see Keras besides train, probe and ablate."""
