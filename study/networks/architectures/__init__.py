"""The networks that a study can train, one module each."""
