"""From images to what a network is trained on: splits, augmentation, corrupted labels."""
