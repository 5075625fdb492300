"""What the functions of this folder return: one picture in two widths, and the style that shows the one that fits."""

from __future__ import annotations

from dataclasses import dataclass

WIDE, NARROW = 1080, 358  # pixels: in a column of the page on a desk, and on a telephone of 390

TWO_WIDTHS = """
.picture { margin: 0; }
.picture svg { display: block; max-width: 100%; height: auto; color: var(--ink); font-family: var(--sans); }
.picture .narrow { display: none; }
@media screen and (max-width: 48rem) { .picture .wide { display: none; } .picture .narrow { display: block; } }
"""


@dataclass(frozen=True)
class Picture:
    """One picture as a page embeds it.

    `description` is what it shows in a sentence, for readers who do not see it. `wide` and `narrow` are SVG, both with text
    of 14 px or more at their natural width, `WIDE` and `NARROW`; everything from outside in them is escaped.
    """

    anchor: str
    description: str
    wide: str
    narrow: str

    @property
    def markup(self) -> str:
        """Return both widths in one block; `TWO_WIDTHS` shows the one that fits."""
        return f'<div class="picture" id="{self.anchor}">{self.wide}{self.narrow}</div>'
