"""What can be said of one network that was trained elsewhere."""
