"""Labelled photographs for networks that were trained elsewhere."""
