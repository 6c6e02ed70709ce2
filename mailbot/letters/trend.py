"""The small chart in a letter: a team's scores over the weeks, as PNG. Pure; the same scores give the same bytes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from mailbot.site.drawing import longest_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from matplotlib.axes import Axes
    from matplotlib.ticker import Locator

INCHES, DOTS = (4.7, 1.9), 200
"""940 by 380 pixels: sharp on a dense display at half that size, readable on a phone."""

COLOURS = 24
"""A palette is enough for some lines, and makes the file five times smaller."""

MOST_TICKS = 6

POINTS = 9.5
"""Size of the letters; a figure is about 0.64 of that wide."""

#: Dark enough for white, told apart by most eyes (Okabe and Ito, 2008), and by their markers.
STYLES = (
    {"color": "#1d232b", "marker": "o", "linewidth": 2.2},
    {"color": "#0072b2", "marker": "s", "linewidth": 1.5},
    {"color": "#b34700", "marker": "^", "linewidth": 1.5},
    {"color": "#00735a", "marker": "D", "linewidth": 1.5},
    {"color": "#8f4a78", "marker": "v", "linewidth": 1.5},
)


def chart(series: Mapping[str, Sequence[tuple[datetime, float]]], days: str = "%d %b") -> bytes:
    """Draw a line for each title; the points are (instant of a board, score), oldest first.

    ``days`` is the form of the dates (strftime); the font has no Chinese signs.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415  # slow to load, and not for --help
    from matplotlib.figure import Figure  # noqa: PLC0415  # as above
    from PIL import Image  # noqa: PLC0415  # as above

    figure = Figure(figsize=INCHES, dpi=DOTS, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    for number, (title, points) in enumerate(series.items()):
        axes.plot(
            [_day(instant) for instant, _ in points],
            [score for _, score in points],
            label=title,
            markersize=4.5,
            clip_on=False,
            **STYLES[number % len(STYLES)],  # type: ignore[arg-type]  # matplotlib's own keywords
        )
    _dress(axes, sorted({instant for points in series.values() for instant, _ in points}), days)
    figure.subplots_adjust(left=_label_width(axes), right=0.965, bottom=0.14, top=0.87)
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
    axes.yaxis.set_major_locator(_few_ticks())
    axes.ticklabel_format(axis="y", useOffset=False)  # 99.98, not -0.02 and somewhere else +1e2
    axes.grid(axis="y", color="#dfe3e8", linewidth=0.8)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color("#8a929c")
    axes.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=len(STYLES), frameon=False, fontsize=POINTS, handlelength=1.6,
        borderaxespad=0.1, columnspacing=1.2, handletextpad=0.5,
    )  # fmt: skip


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


def _few_ticks() -> Locator:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415  # slow to load, and not for --help

    return MaxNLocator(4)
