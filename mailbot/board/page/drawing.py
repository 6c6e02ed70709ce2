"""Drawing with matplotlib: numbers in, its SVG out; words are left as ``@3``, for others to put in.

The lines, dots and words bear the colours of :data:`mailbot.board.page.svg.COLOURS`, which the page turns into its own.
Nothing here depends on the clock, the machine or the order of anything but the arguments.
"""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mailbot.board.page.svg import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 380, 280
"""Size of a chart, in pixels of its own; the page stretches it."""

_INK, _SOFT, _LINE, _STILL, _SHEET = (COLOURS[name] for name in ("ink", "soft", "line", "still", "sheet"))
_GAP = 13.5
_FIGURE = 7.7
"""Pixels that a figure of a label takes."""
_LEFT_OF = 0.6
_STYLE: Any = {  # matplotlib types each name of a setting as a literal
    "svg.fonttype": "none",
    "svg.hashsalt": "mailbot",
    "svg.id": None,
    "font.size": 12,
    "text.color": _INK,
    "axes.edgecolor": _LINE,
    "axes.linewidth": 1,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _SOFT,
    "ytick.labelcolor": _SOFT,
    "grid.color": _LINE,
    "grid.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.formatter.useoffset": False,
    "xtick.major.size": 3,
    "ytick.major.size": 0,
}


def history(
    dates: Sequence[datetime],
    lines: Sequence[Sequence[float | None]],
    baselines: Sequence[float],
    colours: Sequence[int],
) -> str:
    """Draw a line per team over the dates, the first in front, each named at its end; None breaks a line.

    ``colours`` has the number of each line's colour, from 0 to 9.
    Baselines within the lines' reach are dashed lines, ``@b0`` and so on; teams are ``@0`` and so on.
    """
    figure, axes = _begin(left=34, right=120, bottom=26, top=10, height=HEIGHT)
    days = [date.timestamp() / 86400 for date in dates]
    values = [value for line in lines for value in line if value is not None]
    low, high = _reach(values)
    axes.set(xlim=(days[0], days[-1]), ylim=(low, high))
    _make_room(axes)
    inks = [COLOURS[f"c{number}"] for number in colours]
    for place, line in reversed(list(enumerate(lines))):
        shown = [float("nan") if value is None else value for value in line]
        axes.plot(days, shown, color=inks[place], linewidth=2.2 if place == 0 else 1.4, clip_on=False)
        axes.plot(days[-1:], shown[-1:], "o", color=inks[place], markersize=4, clip_on=False)
    _name_ends(axes, [line[-1] for line in lines], (low, high), inks)
    _baseline_lines(axes, baselines, (low, high), upright=False)
    step = max(1, -(-len(days) // 4))
    kept = list(range(len(days) - 1, -1, -step))[::-1]
    axes.set_xticks([days[n] for n in kept], [f"{dates[n]:%d %b}" for n in kept])
    axes.grid(visible=True, axis="y")
    return _svg(figure)


def intervals(rows: Sequence[tuple[float, float, float]], baselines: Sequence[float]) -> str:
    """Draw rows of (low, high, score) below one another, named ``@0`` and so on; baselines are dashed lines."""
    top = 22 if baselines else 6
    height = top + 30 + 18 * len(rows)
    figure, axes = _begin(left=126, right=12, bottom=22, top=top, height=height)
    ends = [end for low, high, _score in rows for end in (low, high)]
    low, high = _reach(ends)
    axes.set(xlim=(low, high), ylim=(len(rows) - 0.4, -0.6))
    for place, (left, right, score) in enumerate(rows):
        axes.plot([left, right], [place, place], color=COLOURS["c0"], linewidth=1.6, solid_capstyle="butt")
        axes.plot([score], [place], "o", color=COLOURS["c0"], markersize=5)
    axes.set_yticks(range(len(rows)), [f"@{place}" for place in range(len(rows))])
    axes.tick_params(axis="y", labelcolor=_INK, pad=6)
    _baseline_lines(axes, baselines, (low, high), upright=True)
    axes.grid(visible=True, axis="x")
    return _svg(figure)


def scatter(dots: Sequence[tuple[float, float]], named: int, baselines: Sequence[tuple[float, float]]) -> str:
    """Draw a dot per team, the first ones named ``@0`` and so on; baselines are squares, named ``@b0`` and so on."""
    figure, axes = _begin(left=34, right=12, bottom=42, top=16, height=HEIGHT)
    for place, values in enumerate(zip(*dots, *baselines, strict=True)):
        (axes.set_ylim if place else axes.set_xlim)(_reach(values))
    _make_room(axes)
    if baselines:
        across, up = zip(*baselines, strict=True)
        axes.plot(across, up, "s", color=_STILL, markerfacecolor=_SHEET, markersize=5)
    across, up = zip(*dots, strict=True)
    axes.plot(across, up, "o", color=COLOURS["c0"], markersize=5, markeredgecolor=_SHEET, markeredgewidth=0.8)
    _name_dots(axes, dots[:named], "@", _INK)
    _name_dots(axes, baselines, "@b", _SOFT)
    axes.set_xlabel("@x", color=_SOFT)
    axes.set_ylabel("@y", color=_SOFT, rotation=0, ha="left", va="bottom")
    axes.yaxis.set_label_coords(-0.09, 1.0)
    axes.grid(visible=True)
    return _svg(figure)


def apart(wanted: Sequence[float], low: float, high: float, gap: float) -> list[float]:
    """Move the places of words until none lies nearer to the next than ``gap``, in their order, within the ends.

    Too many words for the room lie closer, evenly.
    """
    gap = min(gap, (high - low) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    found = [min(max(wanted[n], low), high) for n in order]
    for n in range(1, len(found)):
        found[n] = max(found[n], found[n - 1] + gap)
    if found:
        found[-1] = min(found[-1], high)
    for n in range(len(found) - 2, -1, -1):
        found[n] = min(found[n], found[n + 1] - gap)
    placed = dict(zip(order, found, strict=True))
    return [placed[n] for n in range(len(wanted))]


def longest_label(axes: Axes) -> int:
    """Return how many signs the longest label of the upright axis has, before anything is drawn."""
    return max(map(len, axes.yaxis.get_major_formatter().format_ticks(list(axes.get_yticks()))))


def _begin(*, left: int, right: int, bottom: int, top: int, height: int) -> tuple[Figure, Axes]:
    """Make a figure without ground whose axes keep off the edges by so many pixels."""
    matplotlib = _matplotlib()
    with matplotlib.rc_context(_STYLE):
        drawing: Figure = matplotlib.figure.Figure(figsize=(WIDTH / 72, height / 72), facecolor="none")
        box = (left / WIDTH, bottom / height, (WIDTH - left - right) / WIDTH, (height - bottom - top) / height)
        axes = drawing.add_axes(box, facecolor="none")
        axes.set_axisbelow(True)
    return drawing, axes


def _make_room(axes: Axes) -> None:
    """Move the left end of the axes to the right where scores lie so close that their labels are long."""
    box = axes.get_position()
    left = max(box.x0, (_FIGURE * longest_label(axes) + 6) / WIDTH)
    axes.set_position((left, box.y0, box.x1 - left, box.height))


def _matplotlib() -> Any:  # noqa: ANN401  # a module that is loaded late
    import matplotlib.figure  # noqa: PLC0415  # slow to import, and most commands draw nothing

    return matplotlib


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    with _matplotlib().rc_context(_STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _reach(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis: a little beyond the values."""
    low, high = min(values), max(values)
    room = (high - low) * 0.06 or 1.0
    return low - room, high + room


def _name_ends(axes: Axes, ends: Sequence[float | None], reach: tuple[float, float], inks: Sequence[str]) -> None:
    """Write each line's name beside its end, none upon another, with a thin line to where it belongs."""
    low, high = reach
    box = axes.get_position()
    tall = box.height * HEIGHT
    named = [(place, end) for place, end in enumerate(ends) if end is not None]
    wanted = [tall * (end - low) / (high - low) for _place, end in named]
    for (place, _end), at, y in zip(named, wanted, apart(wanted, 0, tall, _GAP), strict=True):
        colour = inks[place]
        wide = box.width * WIDTH
        spots = ((wide + 4) / wide, (wide + 12) / wide), (at / tall, y / tall)
        axes.plot(*spots, transform=axes.transAxes, color=colour, linewidth=0.7, clip_on=False)
        axes.text(
            (wide + 15) / wide, y / tall, f"@{place}", transform=axes.transAxes, color=colour, va="center", fontsize=11
        )


def _baseline_lines(axes: Axes, values: Sequence[float], reach: tuple[float, float], *, upright: bool) -> None:
    """Draw the baselines within reach as dashed lines; of those whose names would meet only the best is named."""
    kept = [(value, place) for place, value in enumerate(values) if reach[0] < value < reach[1]]
    apart_by = (reach[1] - reach[0]) * (0.34 if upright else 0.07)
    crowded = {low for (high, _), (low, _) in pairwise(kept) if abs(high - low) < apart_by}
    for value, place in kept:
        (axes.axvline if upright else axes.axhline)(value, color=_STILL, linewidth=1, dashes=(4, 3), zorder=1)
        if value in crowded:
            continue
        spot = (value, 1) if upright else (0.01, value)
        transform = axes.get_xaxis_transform() if upright else axes.get_yaxis_transform()
        across = "center" if upright else "left"
        axes.text(spot[0], spot[1], f"@b{place}", transform=transform, color=_SOFT, ha=across, va="bottom", fontsize=11)


def _name_dots(axes: Axes, dots: Sequence[tuple[float, float]], mark: str, colour: str) -> None:
    """Write names beside dots, to the left where the right end is near."""
    left, right = axes.get_xlim()
    for place, (across, up) in enumerate(dots):
        near = across - left > _LEFT_OF * (right - left)
        axes.annotate(
            f"{mark}{place}", (across, up), (-6 if near else 6, 0), textcoords="offset points", color=colour,
            ha="right" if near else "left", va="center", fontsize=11,
        )  # fmt: skip
