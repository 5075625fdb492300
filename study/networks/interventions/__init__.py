"""Networks whose units are held at other values, and what that costs."""
