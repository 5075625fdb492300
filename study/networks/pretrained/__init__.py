"""Networks that were trained elsewhere: Keras applications and model files."""
