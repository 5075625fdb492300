"""Image files in folders: what lies there and what of it is read, and how a file becomes pixels. One way for every command."""
