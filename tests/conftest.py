"""What holds for every test process."""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    """Set aside what importing and collecting have made: Keras searches all the rest for garbage at every network."""
    gc.collect()
    gc.freeze()
