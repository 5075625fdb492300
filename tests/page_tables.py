"""Tables of a rendered page, as texts."""

from __future__ import annotations

import html
import re


def rows_of(page: str, start: str) -> list[list[str]]:
    """Return the texts of the cells of every row of the first table after a text, headings included."""
    table = re.search(r"<table.*?</table>", page[page.index(start) :], re.DOTALL)
    assert table is not None
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table.group(), re.DOTALL)
    cells = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL) for row in rows]
    return [[" ".join(html.unescape(re.sub(r"<[^>]+>", "", cell)).split()) for cell in row] for row in cells]
