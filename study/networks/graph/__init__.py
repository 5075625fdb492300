"""The hidden layers of any Keras model: what reads what, where units are read, what lies behind a layer."""
