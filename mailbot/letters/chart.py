"""The small chart in a letter: a team's scores over the weeks, as PNG. Pure; the same scores give the same bytes.

Pillow draws it: lines on a sheet twice as large, which is then reduced, so that they are smooth. A plotting library
took five times as long, and 200 teams get a letter at once.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from mailbot.board.page.drawing import reach, ticks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

SIZE = (940, 340)
"""Pixels: sharp on a dense display at half that size, readable on a phone."""

LARGER = 2

BLENDS = (0.25, 0.5, 0.75)
"""Each colour is in the picture's palette in these shares too, for smooth edges; a palette makes the file small."""

MOST_TICKS = 6

LETTERS = 27
"""Size of the letters in pixels: 13 on a dense display."""

TOP, BOTTOM, RIGHT, GAP = 14, 286, 906, 12
MARKER = 6.3
"""Half the width of a marker, in pixels."""

AXIS, GRID, LABEL = "#8a929c", "#dfe3e8", "#3b434d"

Point = tuple["datetime", float]
"""An instant of a board, and the score on it."""


class Style(NamedTuple):
    """How a line looks, and the sign that stands for it in a legend."""

    colour: str
    marker: tuple[tuple[float, float], ...]
    width: float
    sign: str


_SQUARE, _DIAMOND = ((-1, -1), (1, -1), (1, 1), (-1, 1)), ((0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0))
_UP, _DOWN = ((0, -1.2), (1.2, 1), (-1.2, 1)), ((0, 1.2), (1.2, -1), (-1.2, -1))

STYLES = (
    Style("#1d232b", (), 6, "●"),
    Style("#0072b2", _SQUARE, 4, "■"),
    Style("#b34700", _UP, 4, "▲"),
    Style("#00735a", _DIAMOND, 4, "◆"),
    Style("#8f4a78", _DOWN, 4, "▼"),
)
"""Dark enough for white, told apart by most eyes (Okabe and Ito, 2008), and by their markers; () is a disc."""


def style(number: int) -> Style:
    """Return how the line with this number looks, from 0; after the last they begin again."""
    return STYLES[number % len(STYLES)]


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """Where instants and scores lie on the picture."""

    left: float
    first: float
    last: float
    low: float
    high: float

    def across(self, instant: datetime) -> float:
        """Return the pixels from the left."""
        span = self.last - self.first
        share = (instant.timestamp() - self.first) / span if span else 1.0
        inner = (RIGHT - self.left) / 1.08
        return self.left + inner * (0.04 + share)

    def down(self, score: float) -> float:
        """Return the pixels from the top."""
        return BOTTOM - (BOTTOM - TOP) * (score - self.low) / (self.high - self.low)


def chart(lines: Sequence[Sequence[Point]], days: str = "%d %b") -> bytes:
    """Draw the lines in the order of their styles, the points of each oldest first.

    ``days`` is the form of the dates (strftime). The font has no Chinese signs, so that nothing else is written in the
    picture: the legend is the letter's own.
    """
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415  # slow to load, and most commands draw nothing

    scores = [score for points in lines for _, score in points]
    instants = sorted({instant for points in lines for instant, _ in points})
    low, high = reach(scores, 0.15)
    marks = ticks(low, high)
    font = ImageFont.load_default(LETTERS)
    left = max(font.getlength(text) for _, text in marks) + 2 * GAP
    first, last = instants[0].timestamp(), instants[-1].timestamp()
    frame = _Frame(left=left, first=first, last=last, low=low, high=high)
    sheet = Image.new("RGB", (SIZE[0] * LARGER, SIZE[1] * LARGER), "white")
    _rule(ImageDraw.Draw(sheet), frame, [value for value, _ in marks], apart(instants))
    for number, points in enumerate(lines):
        _line(ImageDraw.Draw(sheet), frame, points, style(number))
    drawn = sheet.reduce(LARGER)
    _label(ImageDraw.Draw(drawn), frame, marks, [(each, each.strftime(days)) for each in apart(instants)], font)
    file = io.BytesIO()
    drawn.quantize(palette=_palette(), dither=Image.Dither.NONE).save(file, "PNG", compress_level=5)
    return file.getvalue()


def _rule(pen: ImageDraw, frame: _Frame, scores: Sequence[float], instants: Sequence[datetime]) -> None:
    """Draw a thin line for each score that is named, the axis, and a mark on it for each day that is named."""
    for score in scores:
        _stroke(pen, [(frame.left, frame.down(score)), (RIGHT, frame.down(score))], GRID, 2)
    _stroke(pen, [(frame.left, BOTTOM), (RIGHT, BOTTOM)], AXIS, 2)
    for instant in instants:
        x = frame.across(instant)
        _stroke(pen, [(x, BOTTOM), (x, BOTTOM + 8)], AXIS, 2)


def _line(pen: ImageDraw, frame: _Frame, points: Sequence[Point], look: Style) -> None:
    """Draw a line and its markers."""
    places = [(frame.across(instant), frame.down(score)) for instant, score in points]
    if len(places) > 1:
        _stroke(pen, places, look.colour, look.width)
    for x, y in places:
        if look.marker:
            corners = [(x + MARKER * dx, y + MARKER * dy) for dx, dy in look.marker]
            pen.polygon([LARGER * each for each in chain.from_iterable(corners)], fill=look.colour)
        else:
            pen.circle((LARGER * x, LARGER * y), LARGER * MARKER, fill=look.colour)


def _stroke(pen: ImageDraw, places: Sequence[tuple[float, float]], colour: str, width: float) -> None:
    large = [LARGER * each for each in chain.from_iterable(places)]
    pen.line(large, fill=colour, width=round(LARGER * width), joint="curve" if len(places) > 2 else None)  # noqa: PLR2004


def _label(
    pen: ImageDraw,
    frame: _Frame,
    scores: Sequence[tuple[float, str]],
    days: Sequence[tuple[datetime, str]],
    font: FreeTypeFont | ImageFont,
) -> None:
    """Write the scores beside the picture and the days below it."""
    for score, text in scores:
        pen.text((frame.left - GAP, frame.down(score)), text, fill=LABEL, font=font, anchor="rm")
    for instant, text in days:
        half = font.getlength(text) / 2
        x = min(frame.across(instant), SIZE[0] - half - 2)
        pen.text((x, BOTTOM + GAP), text, fill=LABEL, font=font, anchor="mt")


@cache
def _palette() -> Picture:
    """Return a picture that holds the colours of all charts: those drawn in, and their blends with white."""
    from PIL import Image, ImageColor  # noqa: PLC0415  # as above

    inks = [ImageColor.getrgb(colour)[:3] for colour in (AXIS, LABEL, *(each.colour for each in STYLES))]
    blends = [tuple(round(255 - share * (255 - part)) for part in ink) for share in BLENDS for ink in inks]
    whole = ImageColor.getrgb("white"), ImageColor.getrgb(GRID)
    holder = Image.new("P", (1, 1))
    holder.putpalette([*chain.from_iterable([*whole, *inks, *blends])])
    return holder


def apart(instants: Sequence[datetime]) -> list[datetime]:
    """Choose instants whose labels do not touch, from the last back; boards may lie unevenly after downtime."""
    least = (instants[-1] - instants[0]) / MOST_TICKS
    chosen = [instants[-1]]
    for instant in reversed(instants[:-1]):
        if chosen[-1] - instant > least:
            chosen.append(instant)
    return chosen
