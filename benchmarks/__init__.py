"""Ours and a peer, side by side."""
