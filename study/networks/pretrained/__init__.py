"""External networks: Keras applications and model files."""
