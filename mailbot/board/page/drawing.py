"""Drawing: numbers and names in, the inside of an SVG out; small, the same each time, in the page's colours and fonts.

Colours are variables of the page's style. What a style would say stands in presentation attributes (SVG 2, 6.6), which
the page's policy allows. Nothing here depends on the clock, the machine or the order of anything but the arguments.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from markupsafe import escape

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

WIDTH, HEIGHT = 380, 280
"""Size of a chart, in pixels of its own; the page stretches it."""

_GAP = 13.5
_FIGURE = 7.7
"""Pixels that a figure of a label takes."""
_DROP = 4
"""Pixels from the middle of a line of words down to its foot."""
_LEFT_OF = 0.6
_STEPS = (1, 2, 2.5, 5, 10)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Ends = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class _Plane:
    """Where values lie: the edges in pixels, and the values at them."""

    left: float
    right: float
    top: float
    bottom: float
    across: Ends
    up: Ends

    def x(self, value: float) -> float:
        """Return the pixels from the left."""
        low, high = self.across
        return self.left + (self.right - self.left) * ((value - low) / (high - low) if high > low else 0.5)

    def y(self, value: float) -> float:
        """Return the pixels from the top."""
        low, high = self.up
        return self.bottom - (self.bottom - self.top) * (value - low) / (high - low)


def picture(inside: str, *, key: str, title: str, description: str, height: float = HEIGHT) -> str:
    """Return a whole SVG; ``title`` and ``description`` are what those hear who do not see it."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {_cut(height)}" role="img" aria-labelledby="{key}-title {key}-text" class="chart" '
        f'font-size="12" fill="none" stroke-linejoin="round"><title id="{key}-title">{_words(title)}</title>'
        f'<desc id="{key}-text">{_words(description)}</desc>{inside}</svg>'
    )


def history(
    dates: Sequence[datetime],
    lines: Sequence[tuple[str, Sequence[float | None]]],
    baselines: Sequence[tuple[str, float]],
    colours: Sequence[int],
) -> str:
    """Draw a line per team over the dates, the first in front, each named at its end; None breaks a line.

    ``colours`` has the number of each line's colour, from 0 to 9. Baselines within the lines' reach are dashed lines.
    """
    days = [date.timestamp() / 86400 for date in dates]
    up = reach([value for _, line in lines for value in line if value is not None])
    plane = _Plane(left=_room(up, 34), right=WIDTH - 120, top=10, bottom=HEIGHT - 26, across=(days[0], days[-1]), up=up)
    inks = [f"var(--c{number})" for number in colours]
    drawn = [_rungs(plane), _floor(plane), _baseline_lines(plane, baselines, upright=False)]
    for place, (_, line) in reversed(list(enumerate(lines))):
        spots = [
            None if value is None else (plane.x(day), plane.y(value)) for day, value in zip(days, line, strict=True)
        ]
        drawn.append(_path(_course(spots), inks[place], 2.2 if place == 0 else 1.4))
        drawn += [_dot(spot, 2.5, inks[place]) for spot in spots[-1:] if spot]
    drawn.append(_ends(plane, [(name, line[-1]) for name, line in lines], inks))
    step = max(1, -(-len(days) // 4))
    for n in range(len(days) - 1, -1, -step):
        drawn.append(_below(plane, plane.x(days[n]), f"{dates[n]:%d %b}"))
    return "".join(drawn)


def intervals(rows: Sequence[tuple[str, Ends, float]], baselines: Sequence[tuple[str, float]]) -> tuple[str, float]:
    """Draw rows of name, ends and score below one another; baselines are dashed lines. Return the height too."""
    top = 22 if baselines else 6
    bottom = top + 8 + 18 * len(rows)
    across = reach([end for _, ends, _ in rows for end in ends])
    plane = _Plane(left=126, right=WIDTH - 12, top=top, bottom=bottom, across=across, up=(len(rows) - 0.4, -0.6))
    bars, dots, names = [], [], []
    for place, (name, (low, high), score) in enumerate(rows):
        y = plane.y(place)
        bars.append(_course([(plane.x(low), y), (plane.x(high), y)]))
        dots.append(_dot((plane.x(score), y), 2.5, ""))
        names.append(_text(plane.left - 9, y + _DROP, name))
    drawn = [_upright_rules(plane), _floor(plane), _baseline_lines(plane, baselines, upright=True)]
    drawn += [_path("".join(bars), "var(--c0)", 1.6), f'<g fill="var(--c0)">{"".join(dots)}</g>']
    drawn.append(f'<g fill="var(--ink)" text-anchor="end">{"".join(names)}</g>')
    return "".join(drawn), bottom + 22


def scatter(
    dots: Sequence[tuple[str, Ends]], named: int, baselines: Sequence[tuple[str, Ends]], titles: tuple[str, str]
) -> str:
    """Draw a dot per team, the first ones named; baselines are squares, all named. ``titles`` are across and up."""
    across, up = (reach(values) for values in zip(*(spot for _, spot in [*dots, *baselines]), strict=True))
    left = _room(up, 34)
    plane = _Plane(left=left, right=WIDTH - 12, top=16, bottom=HEIGHT - 42, across=across, up=up)
    drawn = [_upright_rules(plane), _rungs(plane), _floor(plane)]
    corners = "".join(f"M{_cut(plane.x(x) - 2.5)} {_cut(plane.y(y) - 2.5)}h5v5h-5z" for _, (x, y) in baselines)
    drawn += [f'<path d="{corners}" fill="var(--sheet)" stroke="var(--still)"/>'] if baselines else []
    circles = "".join(_dot((plane.x(x), plane.y(y)), 2.5, "") for _, (x, y) in dots)
    drawn.append(f'<g fill="var(--c0)" stroke="var(--sheet)" stroke-width=".8">{circles}</g>')
    drawn += [_beside(plane, dots[:named], "ink"), _beside(plane, baselines, "soft")]
    drawn.append(_text((plane.left + plane.right) / 2, HEIGHT - 6, titles[0], "soft", anchor="middle"))
    drawn.append(_text(max(0, plane.left - 30), 10, titles[1], "soft"))
    return "".join(drawn)


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


def reach(values: Sequence[float], beyond: float = 0.06) -> Ends:
    """Return the ends of an axis: beyond the values by a share of their span."""
    low, high = min(values), max(values)
    room = (high - low) * beyond or 1.0
    return low - room, high + room


def ticks(low: float, high: float, most: int = 6) -> list[tuple[float, str]]:
    """Return round values between two ends, at most ``most`` steps apart, each as text with the decimals it needs."""
    least = (high - low) / most
    power = math.floor(math.log10(least))
    factor = next(each for each in _STEPS if each * 10.0**power >= least * (1 - 1e-9))
    step, decimals = factor * 10.0**power, max(0, -power + (factor == 2.5) - (factor == 10))  # noqa: PLR2004  # as above
    values = [n * step for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    return [(value, f"{value + 0.0:.{decimals}f}".replace("-", "\N{MINUS SIGN}")) for value in values]


def _room(up: Ends, least: float) -> float:
    """Return the left edge of a plane: further to the right where scores lie so close that their labels are long."""
    return max(least, _FIGURE * max(len(text) for _, text in ticks(*up)) + 6)


def _rungs(plane: _Plane) -> str:
    """Draw a line across for each round value, with its number."""
    marks = [(plane.y(value), text) for value, text in ticks(*plane.up)]
    lines = "".join(f"M{_cut(plane.left)} {_cut(y)}H{_cut(plane.right)}" for y, _ in marks)
    words = "".join(_text(plane.left - 4, y + _DROP, text) for y, text in marks)
    return f'{_path(lines, "var(--line)", 0.7)}<g fill="var(--soft)" text-anchor="end">{words}</g>'


def _upright_rules(plane: _Plane) -> str:
    """Draw a line up for each round value, with its number."""
    marks = [(plane.x(value), text) for value, text in ticks(*plane.across)]
    lines = "".join(f"M{_cut(x)} {_cut(plane.bottom)}V{_cut(plane.top)}" for x, _ in marks)
    return _path(lines, "var(--line)", 0.7) + "".join(_below(plane, x, text) for x, text in marks)


def _floor(plane: _Plane) -> str:
    return _path(f"M{_cut(plane.left)} {_cut(plane.bottom)}H{_cut(plane.right)}", "var(--line)", 1)


def _below(plane: _Plane, x: float, text: str) -> str:
    """Draw a mark on the floor, with words below it."""
    mark = _path(f"M{_cut(x)} {_cut(plane.bottom)}v3", "var(--line)", 1)
    return mark + _text(x, plane.bottom + 16, text, "soft", anchor="middle")


def _ends(plane: _Plane, lines: Sequence[tuple[str, float | None]], inks: Sequence[str]) -> str:
    """Write each line's name beside its end, none upon another, with a thin line to where it belongs."""
    named = [(name, ink, plane.y(end)) for (name, end), ink in zip(lines, inks, strict=True) if end is not None]
    placed = apart([at for _, _, at in named], plane.top, plane.bottom, _GAP)
    drawn, right = [], plane.right
    for (name, ink, at), y in zip(named, placed, strict=True):
        drawn.append(_path(_course([(right + 4, at), (right + 12, y)]), ink, 0.7))
        drawn.append(_text(right + 15, y + _DROP, name, ink, size=11))
    return "".join(drawn)


def _baseline_lines(plane: _Plane, baselines: Sequence[tuple[str, float]], *, upright: bool) -> str:
    """Draw the baselines within reach as dashed lines; of those whose names would meet only the best is named."""
    low, high = plane.across if upright else plane.up
    kept = [(name, value) for name, value in baselines if low < value < high]
    apart_by = (high - low) * (0.34 if upright else 0.07)
    crowded = {below for (_, above), (_, below) in pairwise(kept) if abs(above - below) < apart_by}
    drawn, left, right = [], _cut(plane.left), _cut(plane.right)
    for name, value in kept:
        x, y = (plane.x(value), plane.top) if upright else (plane.left + 2, plane.y(value))
        course = f"M{_cut(x)} {_cut(plane.bottom)}V{_cut(y)}" if upright else f"M{left} {_cut(y)}H{right}"
        drawn.append(f'<path d="{course}" stroke="var(--still)" stroke-dasharray="4 3"/>')
        if value not in crowded:
            drawn.append(_text(x, y - 3, name, "soft", anchor="middle" if upright else "", size=11))
    return "".join(drawn)


def _beside(plane: _Plane, dots: Sequence[tuple[str, Ends]], ink: str) -> str:
    """Write names beside dots, to the left where the right end is near."""
    drawn = []
    for name, (across, up) in dots:
        x = plane.x(across)
        near = x - plane.left > _LEFT_OF * (plane.right - plane.left)
        at, anchor = (x - 6, "end") if near else (x + 6, "")
        drawn.append(_text(at, plane.y(up) + _DROP, name, ink, anchor=anchor, size=11))
    return "".join(drawn)


def _course(spots: Sequence[tuple[float, float] | None]) -> str:
    """Return what a path's pen does: a line through the spots, lifted where there is none."""
    steps, down = [], False
    for spot in spots:
        steps += [f"{'L' if down else 'M'}{_cut(spot[0])} {_cut(spot[1])}"] if spot else []
        down = spot is not None
    return "".join(steps)


def _path(course: str, ink: str, width: float) -> str:
    return f'<path d="{course}" stroke="{ink}" stroke-width="{_cut(width)}"/>'


def _dot(spot: tuple[float, float], radius: float, ink: str) -> str:
    fill = f' fill="{ink}"' if ink else ""
    return f'<circle cx="{_cut(spot[0])}" cy="{_cut(spot[1])}" r="{_cut(radius)}"{fill}/>'


def _text(x: float, y: float, words: str, ink: str = "", *, anchor: str = "", size: int = 0) -> str:
    """Write words at a spot; what is not said is as around them. ``ink`` may be a variable's name alone."""
    fill = f' fill="{ink if ink.startswith("var") else f"var(--{ink})"}"' if ink else ""
    rest = (f' text-anchor="{anchor}"' if anchor else "") + (f' font-size="{size}"' if size else "")
    return f'<text x="{_cut(x)}" y="{_cut(y)}"{fill}{rest}>{_words(words)}</text>'


def _words(text: str) -> str:
    return str(escape(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)))


def _cut(value: float) -> str:
    """Write a number to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")
