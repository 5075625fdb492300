"""What can be said of one external network."""
