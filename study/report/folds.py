"""What is folded: text that comes into being when a reader opens it, packed until then.

A fold holds the HTML that its template made, gzip under base64; the page's script unpacks it when the fold is opened. A page
of many tables and figures is thus a tenth as large, and a browser builds what somebody wants to see.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import re

from markupsafe import Markup

_TARGETS = re.compile(r'<(?:article|figure|section|details|div class="target")\b[^<>]*? id="([a-z0-9-]+)"')


def packed(text: str) -> Markup:
    """Return a text packed: gzip under base64, the same for the same text."""
    return Markup(base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode("ascii"))  # noqa: S704 # base64


def unpacked(text: str) -> str:
    """Return what `packed` packed."""
    return gzip.decompress(base64.b64decode(text)).decode()


def held(html: str) -> str:
    """Return the places that links may lead to inside of a fold, by a space: a link to one opens the fold."""
    return " ".join(_TARGETS.findall(html))


def script_source(script: str) -> str:
    """Return the source by which a page's policy allows a script: the digest of its text."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode('ascii')}'"
