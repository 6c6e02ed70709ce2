"""A terminal as SVG: standing, or played line by line. No script and nothing from elsewhere, so GitHub plays it."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDE, HIGH = 8.4, 19
"""Pixels of a cell."""
MARGIN, BAR = 16, 34
FONT = "ui-monospace,'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace"
ROWS = 26
"""Lines of the window of a cast."""
PACE, LONG_PACE, END = 0.14, 0.7, 6.0
"""Seconds that a line, one after which there is more to read, and the end are shown."""

INKS = {1: "#ff8a80", 2: "#7ee2a8", 3: "#ffd479", 4: "#8ab4f8", 5: "#d7a6ff", 6: "#7fd7e8"}
"""By the number of a terminal's colour."""
_REWRITTEN = re.compile(r"^.*(?:\r|\x1b\[2K)", re.DOTALL)
_OTHER = re.compile(r"\x1b\[\?25[lh]|\x1b\[\d*[AG]")


def lines(output: str) -> list[Text]:
    """Return what stays of a terminal's output: a spinner writes over its own line again and again."""
    kept = [_REWRITTEN.sub("", line.rstrip("\r")) for line in _OTHER.sub("", output).split("\n")]
    return [Text.from_ansi(line) for line in kept]


def standing(shown: Sequence[Text], title: str, columns: int) -> str:
    """Return a picture of lines."""
    return _window(_rows(shown), title, columns, len(shown), "")


def played(shown: Sequence[Text], title: str, columns: int) -> str:
    """Return a picture in which the lines come in one after the other, and then again from the first.

    Who asks for less motion (``prefers-reduced-motion``) sees the end.
    """
    paces = [LONG_PACE if _is_end(shown, n) else PACE for n in range(len(shown))]
    paces[-1] = END
    whole = sum(paces)
    at, frames = 0.0, []
    for number, pace in enumerate(paces, 1):
        frames.append(f"{100 * at / whole:.2f}%{{transform:translateY({(ROWS - number) * HIGH}px)}}")
        at += pace
    style = (
        f".r{{transform:translateY({(ROWS - len(shown)) * HIGH}px)}}"
        f"@media(prefers-reduced-motion:no-preference){{.r{{animation:r {whole:.1f}s step-end infinite}}}}"
        f"@keyframes r{{{''.join(frames)}}}"
    )
    return _window(f'<g class="r">{_rows(shown)}</g>', title, columns, ROWS, style)


def _is_end(shown: Sequence[Text], number: int) -> bool:
    """Whether a block of lines ends here, which takes time to read."""
    return (
        not shown[number].plain.strip()
        and number + 1 < len(shown)
        and number > 0
        and bool(shown[number - 1].plain.strip())
    )


def _rows(shown: Sequence[Text]) -> str:
    made = []
    for number, text in enumerate(shown):
        y = f"{number * HIGH + 14}"
        made += [
            f'<text x="{_cut(column * WIDE)}" y="{y}"{look}>{escape(words, quote=False)}</text>'
            for column, words, look in _pieces(text)
        ]
    return "".join(made)


def _pieces(text: Text) -> list[tuple[int, str, str]]:
    """Return the words of a line: column, words, look. What is set apart by blanks is placed on its own."""
    found, column = [], 0
    for piece in text.divide(sorted({end for span in text.spans for end in (span.start, span.end)})):
        for words in re.split(r"( {3,})", piece.plain):
            bare = words.strip(" ")
            if bare:
                found.append((column + len(words) - len(words.lstrip(" ")), bare, _look(piece)))
            column += cell_len(words)
    return found


def _look(piece: Text) -> str:
    styles = [span.style for span in piece.spans if not isinstance(span.style, str)]
    colour = next((style.color.number for style in styles if style.color), None)
    ink = INKS.get(colour or 0, "")
    dim = any(style.dim for style in styles)
    bold = any(style.bold for style in styles)
    return (f' fill="{ink}"' if ink else "") + (' opacity=".6"' if dim else "") + (' font-weight="700"' if bold else "")


def _window(inside: str, title: str, columns: int, rows: int, style: str) -> str:
    """Draw the frame of a terminal around lines."""
    width, height = round(columns * WIDE + 2 * MARGIN), rows * HIGH + BAR + MARGIN
    dots = "".join(
        f'<circle cx="{20 + 18 * n}" cy="17" r="5.5" fill="{ink}"/>'
        for n, ink in enumerate(("#ff6058", "#ffbd2e", "#28ca41"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}"><style>text{{white-space:pre}}{style}</style>'
        f'<rect width="{width}" height="{height}" rx="9" fill="#16201f"/>{dots}'
        f'<text x="{width / 2:g}" y="21" fill="#9fb0ae" font-family="sans-serif" font-size="12" text-anchor="middle">'
        f"{escape(title)}</text>"
        f'<svg x="{MARGIN}" y="{BAR}" width="{width - 2 * MARGIN}" height="{rows * HIGH}" fill="#e6eeec" '
        f'font-size="14" font-family="{FONT}">{inside}</svg></svg>\n'
    )


def _cut(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
