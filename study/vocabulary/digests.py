"""Digests of plain values: the same for the same content, whatever the order of keys."""

from __future__ import annotations

import hashlib
import json


def digest(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON, as 64 hexadecimal digits."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
