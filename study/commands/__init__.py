"""What people run, composed of everything below."""
