"""How fast the work went where it was measured: what the costs of measurements rest on.

One core of a 2 GHz server processor (Sapphire Rapids); images per second, and seconds.
"""

TRAINING_SPEED, INFERENCE_SPEED = 1000.0, 4500.0
PENALISED_STEP = 1.45  # cost of a training step that penalises gOSI, against a plain one
GRATINGS_SECONDS = 0.3  # of one forward pass over the gratings
SUFFIX_SHARE = 0.3  # cost of a clamped pass from a layer on, against a whole forward pass, mean over layers
