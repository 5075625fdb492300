"""Do orientation-selective units cause generalisation in image recognition? A pre-registered study."""

__version__ = "0.8.0"
