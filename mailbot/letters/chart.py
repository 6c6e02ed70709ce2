"""The small chart in a letter: a team's scores over the weeks, as PNG. Pure; the same scores give the same bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

from mailbot.board.page.drawing import longest_label

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from matplotlib.axes import Axes

INCHES, DOTS = (4.7, 1.7), 200
"""940 by 340 pixels: sharp on a dense display at half that size, readable on a phone."""

COLOURS = 24
"""A palette is enough for some lines, and makes the file five times smaller."""

MOST_TICKS = 6

POINTS = 9.5
"""Size of the letters; a figure is about 0.64 of that wide."""

Point = tuple["datetime", float]
"""An instant of a board, and the score on it."""


class Style(NamedTuple):
    """How a line looks, and the sign that stands for it in a legend."""

    colour: str
    marker: str
    width: float
    sign: str


STYLES = (
    Style("#1d232b", "o", 2.2, "●"),
    Style("#0072b2", "s", 1.5, "■"),
    Style("#b34700", "^", 1.5, "▲"),
    Style("#00735a", "D", 1.5, "◆"),
    Style("#8f4a78", "v", 1.5, "▼"),
)
"""Dark enough for white, told apart by most eyes (Okabe and Ito, 2008), and by their markers."""


def style(number: int) -> Style:
    """Return how the line with this number looks, from 0; after the last they begin again."""
    return STYLES[number % len(STYLES)]


def chart(lines: Sequence[Sequence[Point]], days: str = "%d %b") -> bytes:
    """Draw the lines in the order of their styles, the points of each oldest first.

    ``days`` is the form of the dates (strftime). The font has no Chinese signs, so that nothing else is written in the
    picture: the legend is the letter's own.
    """
    from matplotlib import figure, ticker  # noqa: PLC0415  # slow to load, and most commands draw nothing
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # as above
    from PIL import Image  # noqa: PLC0415  # as above

    drawing = figure.Figure(figsize=INCHES, dpi=DOTS, facecolor="white")
    canvas = FigureCanvasAgg(drawing)
    axes = drawing.subplots()
    for number, points in enumerate(lines):
        look = style(number)
        axes.plot(
            [_day(instant) for instant, _ in points],
            [score for _, score in points],
            color=look.colour,
            marker=look.marker,
            linewidth=look.width,
            markersize=4.5,
            clip_on=False,
        )
    axes.yaxis.set_major_locator(ticker.MaxNLocator(4))
    _dress(axes, sorted({instant for points in lines for instant, _ in points}), days)
    drawing.subplots_adjust(left=_label_width(axes), right=0.965, bottom=0.155, top=0.96)
    canvas.draw()  # type: ignore[no-untyped-call]  # matplotlib's own types leave it out
    pixels = canvas.buffer_rgba()  # type: ignore[no-untyped-call]  # as above
    drawn = Image.frombuffer("RGBA", canvas.get_width_height(), pixels, "raw", "RGBA", 0, 1).convert("RGB")
    file = io.BytesIO()
    drawn.quantize(COLOURS, method=Image.Quantize.FASTOCTREE).save(file, "PNG")  # four times as fast as the defaults
    return file.getvalue()


def _day(instant: datetime) -> float:
    return instant.timestamp() / 86_400


def _dress(axes: Axes, instants: Sequence[datetime], days: str) -> None:
    """Label the weeks where there is room, and take away what says nothing."""
    shown = apart(instants)
    axes.set_xticks([_day(instant) for instant in shown], [instant.strftime(days) for instant in shown])
    axes.margins(x=0.04, y=0.15)
    axes.tick_params(labelsize=POINTS, length=3, color="#8a929c", labelcolor="#3b434d")
    axes.ticklabel_format(axis="y", useOffset=False)  # 99.98, not -0.02 and somewhere else +1e2
    axes.grid(axis="y", color="#dfe3e8", linewidth=0.8)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color("#8a929c")


def _label_width(axes: Axes) -> float:
    """Return which share of the picture the scores beside the axis need.

    matplotlib's own layout engines draw everything twice to find out: half the time of a letter.
    """
    return (longest_label(axes) * 0.64 * POINTS / 72 + 0.12) / INCHES[0]


def apart(instants: Sequence[datetime]) -> list[datetime]:
    """Choose instants whose labels do not touch, from the last back; boards may lie unevenly after downtime."""
    least = (instants[-1] - instants[0]) / MOST_TICKS
    chosen = [instants[-1]]
    for instant in reversed(instants[:-1]):
        if chosen[-1] - instant > least:
            chosen.append(instant)
    return chosen
