"""The view: plain results in, one self-contained HTML page out. It knows no dataset, no store and no network."""
