"""A registration as a page for people: its Markdown as HTML, under its digest and date, in one file without scripts."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt

from study.report.page import TEMPLATES, templates

_COMMENT = re.compile(r"(?m)^<!--.*-->\n")


def registration_page(text: str, rows: Sequence[tuple[str, str]]) -> str:
    """Return the page, the same for the same text and rows, byte for byte.

    Parameters
    ----------
    text
        Markdown; HTML that stands in it is shown as text, and links lead nowhere but to the web or into the page.
    rows
        What is known of it, label and value, shown above.
    """
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(_COMMENT.sub("", text))
    style = (TEMPLATES / "registration.css").read_text(encoding="utf-8")
    wide = body.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    return templates().get_template("registration.html.j2").render(body=wide, rows=rows, style=style)
