"""A page with every fold opened, as its script would: what is packed stands where it is shown."""

from __future__ import annotations

import json
import re

from study.report.folds import unpacked

_FOLDED = re.compile(
    r'(<details class="fold[^>]*>\s*<summary>[^<]*</summary>\s*)<script type="application/(gzip|json)">(.*?)</script>',
    re.S,
)


def opened_page(page: str) -> str:
    """Return the text of a page in which every fold, and every fold inside of one, shows what it holds."""
    while _FOLDED.search(page):
        page = _FOLDED.sub(lambda found: found[1] + _inside(found[2], found[3]), page)
    return page


def _inside(kind: str, text: str) -> str:
    if kind == "gzip":
        return unpacked(text)
    inside: str = json.loads(text)
    return inside
