"""What made-up teams predict for a declared track: labels blurred as much as their skill demands. Pure.

It reads the declaration, so that any track whose submissions are rows can be played. The same key gives the same rows.
"""

from __future__ import annotations

import math
import random
import statistics
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from scoring.model import Kind, Takes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mailbot.demo.predictions import Row
    from scoring.model import Column, Track

Drawn = dict[str, list[str] | list[float]]
"""Values by the name of their column in files."""

PEAK = 4.0
"""How much a class is preferred, as the natural logarithm of its odds against another."""

WIDTH = 1.6
"""Standard deviations from the middle to the outermost quantile."""


def predictions(track: Track, labels: Sequence[Row], skill: float, key: str) -> list[Row]:
    """Return a row for each row of labels.

    Args:
        track: Its declaration.
        labels: Rows of the label file: ids, and values as they are written there.
        skill: The share of answers or words that are right, or about the correlation of numbers; 0 to 1.
        key: Another key gives other rows.

    Raises:
        Permanent: submissions to the track are no rows.
    """
    if track.own is not None and track.own.takes is not Takes.ROWS:
        message = f"made-up predictions are rows; a submission to {track.title} is none"
        raise Permanent(message)
    rng = random.Random(key)  # noqa: S311  # made-up predictions, no secret
    drawn: Drawn = {}
    for predicted, label in _pairs(track):
        truth = [str(next(row[name] for name in (label.name, *label.aliases) if name in row)) for row in labels]
        drawn |= _drawn(predicted, label, truth, skill, rng)
    return [
        {track.id: row[track.id]} | {column.name: drawn[column.name][place] for column in track.columns}
        for place, row in enumerate(labels)
    ]


def _pairs(track: Track) -> Iterator[tuple[tuple[Column, ...], Column]]:
    """Yield the columns of files that are one prediction, with the label column that says what is right."""
    columns, labelled = ({each.name: each for each in some} for some in (track.columns, track.labelled))
    pairs = {measure.predicted: measure.labelled[0] for measure in track.measures if not track.own}
    pairs = pairs or {(name,): name for name in columns}
    for predicted, label in pairs.items():
        yield tuple(columns[name] for name in predicted), labelled[label]


def _drawn(predicted: Sequence[Column], label: Column, truth: Sequence[str], skill: float, rng: random.Random) -> Drawn:
    """Draw the values of the columns that are one prediction."""
    column, names = predicted[0], [each.name for each in predicted]
    if column.kind is Kind.CHOICE:
        return {column.name: [_answer(right.upper(), column.choices, skill, rng) for right in truth]}
    if column.kind.is_text:
        write = _WRITTEN.get(column.kind, _words)
        return {column.name: [write(right, skill, rng) for right in truth]}
    if len(predicted) > 1 and label.kind is Kind.CHOICE:
        return _by_row(names, [_probabilities(right.upper(), label.choices, skill, rng) for right in truth])
    numbers = [float(label.choices.index(right.upper()) if label.choices else right) for right in truth]
    noise = math.sqrt(1 - skill**2) * statistics.pstdev(numbers)
    middles = _blurred(numbers, skill, noise, rng)
    if len(predicted) == 1:
        return {column.name: [_within(column, value) for value in middles]}
    steps = [WIDTH * (2 * place / (len(names) - 1) - 1) for place in range(len(names))]
    return _by_row(names, [[_within(column, middle + noise * step) for step in steps] for middle in middles])


def _by_row(names: Sequence[str], rows: Sequence[Sequence[float]]) -> Drawn:
    return {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}


def _answer(right: str, choices: Sequence[str], skill: float, rng: random.Random) -> str:
    return right if rng.random() < skill else rng.choice([each for each in choices if each != right])


def _probabilities(right: str, choices: Sequence[str], skill: float, rng: random.Random) -> list[float]:
    """Return a probability for each class that sum to 1; the greatest is mostly that of the answer."""
    answer = _answer(right, choices, skill, rng)
    odds = [math.exp(PEAK * skill * (each == answer) + rng.gauss(0, 0.5)) for each in choices]
    shares = [round(each / sum(odds), 6) for each in odds[:-1]]
    return [*shares, round(1 - sum(shares), 6)]


def _blurred(truth: Sequence[float], skill: float, noise: float, rng: random.Random) -> list[float]:
    """Return numbers whose correlation with ``truth`` is about ``skill``, around the same mean."""
    mean = statistics.fmean(truth)
    return [mean + skill * (value - mean) + rng.gauss(0, noise) for value in truth]


def _within(column: Column, value: float) -> float:
    """Return a number that the column takes, with four decimals."""
    low, high = column.range
    return min(max(round(value, 4), low), high)


# --- texts -----------------------------------------------------------------------------------


def _words(right: str, skill: float, rng: random.Random) -> str:
    """Lose words; one is always left."""
    words = right.split()
    return " ".join([word for word in words if rng.random() < skill] or words[:1])


def _runs(right: str, skill: float, rng: random.Random) -> str:
    """Shorten the runs of a mask, "start length start length …"."""
    numbers = [int(each) for each in right.split()]
    lengths = (max(1, length - sum(rng.random() > skill for _ in range(length))) for length in numbers[1::2])
    return " ".join(f"{start} {length}" for start, length in zip(numbers[::2], lengths, strict=True))


def _boxes(right: str, skill: float, rng: random.Random) -> str:
    """Move the boxes "class x y width height; …", and give each a score."""
    parts = [each.split() for each in right.split(";") if each.strip()]
    return "; ".join(_moved(name, [float(each) for each in place], skill, rng) for name, *place in parts)


def _moved(name: str, place: Sequence[float], skill: float, rng: random.Random) -> str:
    x, y, width, height = place
    left, top = (max(0.0, at + rng.gauss(0, (1 - skill) * size)) for at, size in ((x, width), (y, height)))
    return f"{name} {rng.uniform(skill / 2, 1):.4f} {left:.2f} {top:.2f} {width:g} {height:g}"


_WRITTEN: Mapping[Kind, Callable[[str, float, random.Random], str]] = {Kind.MASK: _runs, Kind.BOXES: _boxes}
