"""The pictures that a reader sees first, drawn here as SVG: effects with every network, verdicts, tuned units."""

from study.report.pictures.estimation import estimation_plot
from study.report.pictures.gallery import GALLERY_SCRIPT, GALLERY_STYLE, unit_gallery
from study.report.pictures.hero import hero
from study.report.pictures.picture import NARROW, TWO_WIDTHS, WIDE, Picture
from study.report.pictures.rearing_gallery import REARING_GALLERY_STYLE, rearing_gallery
from study.report.pictures.strip import STRIP_STYLE, StripRow, leading, strip_rows, verdict_strip

# To stand once in the style of a page. A verdict's colour is that of its class in `verdict_marks.verdict_style`.
PICTURE_STYLE = TWO_WIDTHS + STRIP_STYLE + GALLERY_STYLE + REARING_GALLERY_STYLE

__all__ = [
    "GALLERY_SCRIPT",
    "NARROW",
    "PICTURE_STYLE",
    "WIDE",
    "Picture",
    "StripRow",
    "estimation_plot",
    "hero",
    "leading",
    "rearing_gallery",
    "strip_rows",
    "unit_gallery",
    "verdict_strip",
]
