"""Pearson's correlation after a monotone curve is fitted to the predictions, as video and picture quality is scored.

Of four parameters (VQEG, Final Report on FR-TV Phase I, 2000): b2 + (b1 - b2) / (1 + exp(-(x - b3) / |b4|)). Of five
(Sheikh, Sabir and Bovik, IEEE TIP 15, 2006): b1 (1/2 - 1/(1 + exp(b2 (x - b3)))) + b4 x + b5. All but two parameters
are linear, so for each middle and width the others are found at once (variable projection; Golub and Pereyra, SIAM
Journal on Numerical Analysis 10, 1973), and two numbers are left to search: Nelder and Mead's simplex (1965).

A falling curve would make negated predictions as good as right ones. So its correlation counts as negative.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from scoring import kernel
from scoring.kernel import centred
from scoring.metrics import correlations
from scoring.metrics.rule import Form, Rule, in_form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scoring.kernel import Floats, Side
    from scoring.metrics.rule import Maker

#: Steps of the search, and how near to each other the corners of the simplex end.
STEPS, NEAR = 200, 1e-8
#: Greatest exponent: beyond it the curve is flat to the last bit.
STEEP = 700.0
#: Widths and middles that the search begins at, over the spread of the predictions.
STARTS = ((0.0, 0.25), (0.0, 1.0), (0.8, 0.5), (-0.8, 0.5))
LEAST_SLOPE = -9.0
MOST_SLOPE = 9.0


def plcc_fit(x: Floats, labels: Side, *, curve: str) -> float | None:
    """Return Pearson's correlation of labels and fitted predictions; None where either is constant."""
    found = fitted(x, labels, curve)
    return None if found is None else _signed(found, x, labels)


def moves(x: Floats, labels: Side, *, curve: str) -> Floats:
    """Return the influences, (m,): at the best curve they are those of a fixed one (the envelope theorem)."""
    found = fitted(x, labels, curve)
    if found is None:
        return np.zeros(x.size)
    sign = math.copysign(1.0, _signed(found, x, labels) or 1.0)
    return sign * correlations.plcc(found, labels)


def _signed(found: Floats, x: Floats, labels: Side) -> float:
    value = kernel.cosine(found, labels) or 0.0
    falls = float(np.add.reduce(found * centred(x))) < 0
    return -value if falls else value


def fitted(x: Floats, labels: Side, curve: str) -> Floats | None:
    """Return the fitted predictions, centred; None where there is nothing to fit."""
    spread = float(np.add.reduce(x * x))
    if spread == 0.0 or labels.square == 0.0:
        return None
    scaled = x / math.sqrt(spread / x.size)
    left = partial(_left, scaled, labels.vector, curve)
    best = min((_least(left, (start, math.log(width))) for start, width in STARTS), key=lambda found: found[0])
    best = _least(left, tuple(best[1].tolist()), 0.01)
    return centred(_projected(scaled, labels.vector, curve, best[1]))


def _basis(x: Floats, curve: str, place: Floats) -> Floats:
    """Return the linear parts of the curve with this middle and logarithm of the width, (parts, m), centred."""
    middle, width = float(place[0]), math.exp(min(MOST_SLOPE, max(LEAST_SLOPE, float(place[1]))))
    bent = 1.0 / (1.0 + np.exp(-np.clip((x - middle) / width, -STEEP, STEEP)))
    parts = [bent] if curve == "logistic4" else [bent, x]
    return np.array([each - each.mean() for each in parts])


def _projected(x: Floats, y: Floats, curve: str, place: Floats) -> Floats:
    basis = _basis(x, curve, place)
    sizes = np.sqrt((basis * basis).sum(axis=1))
    basis = basis / np.where(sizes > 0, sizes, 1.0)[:, None]
    weights = np.linalg.lstsq(basis @ basis.T, basis @ y, rcond=1e-12)[0]
    found: Floats = weights @ basis
    return found


def _left(x: Floats, y: Floats, curve: str, place: Floats) -> float:
    """Return the squared error that the best curve of this middle and width leaves, over that of none."""
    errors = y - _projected(x, y, curve, place)
    return float(errors @ errors) / float(y @ y)


def _least(function: Callable[[Floats], float], start: Sequence[float], size: float = 0.5) -> tuple[float, Floats]:
    """Return the least value near the start and where it is (Nelder and Mead, The Computer Journal 7, 1965)."""
    points = [np.array(start) + size * np.array(away) for away in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))]
    corners = sorted(((function(point), point) for point in points), key=lambda corner: corner[0])
    for _ in range(STEPS):
        (_, best), (_, second), (_, worst) = corners
        if float(np.abs(worst - best).max()) < NEAR:
            break
        middle = (best + second) / 2
        corners = _moved(function, corners, middle)
        corners.sort(key=lambda corner: corner[0])
    return corners[0]


def _moved(
    function: Callable[[Floats], float], corners: list[tuple[float, Floats]], middle: Floats
) -> list[tuple[float, Floats]]:
    """Return the simplex with its worst corner mirrored, stretched or drawn in, or with all drawn to the best."""
    (low, best), (between, second), (high, worst) = corners
    mirrored = 2 * middle - worst
    value = function(mirrored)
    if value < low:
        further = 3 * middle - 2 * worst
        far = function(further)
        return [corners[0], corners[1], (far, further) if far < value else (value, mirrored)]
    if value < between:
        return [corners[0], corners[1], (value, mirrored)]
    inner = (middle + (mirrored if value < high else worst)) / 2
    drawn = function(inner)
    if drawn < min(value, high):
        return [corners[0], corners[1], (drawn, inner)]
    return [corners[0], *((function((best + each) / 2), (best + each) / 2) for each in (second, worst))]


MAKERS: Mapping[str, Maker] = {
    "plcc_fit": lambda options: Rule(
        form=Form.CENTRED,
        target=in_form(Form.CENTRED),
        one=partial(plcc_fit, curve=str(options["curve"])),
        influence=partial(moves, curve=str(options["curve"])),
    ),
}
