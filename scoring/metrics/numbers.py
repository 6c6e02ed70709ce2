"""Errors of numbers and of quantiles: means of the items' own losses, and the median of them."""

from __future__ import annotations

import math
import operator
from functools import partial, reduce
from typing import TYPE_CHECKING

import numpy as np

from scoring.metrics.rule import Form, Rule, mean, plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.kernel import Floats
    from scoring.metrics.rule import Maker, Options


#: No logarithm is taken of less.
LEAST = 1e-300


def squared(x: Floats, y: Floats) -> Floats:
    """Return the squared differences."""
    errors = x - y
    return errors * errors


def absolute(x: Floats, y: Floats) -> Floats:
    """Return the sizes of the differences."""
    found: Floats = np.abs(x - y)
    return found


def squared_logarithm(x: Floats, y: Floats, *, offset: float) -> Floats:
    """Return the squared differences of the logarithms of ``offset`` more; values are not negative."""
    if offset == 1.0:
        return squared(np.log1p(x), np.log1p(y))
    return squared(np.log(np.maximum(x + offset, LEAST)), np.log(np.maximum(y + offset, LEAST)))


def relative(x: Floats, y: Floats) -> Floats:
    """Return the size of each difference over that of the label, as scikit-learn's, which never divides by 0."""
    found: Floats = np.abs(x - y) / np.maximum(np.abs(y), np.finfo(np.float64).eps)
    return found


def symmetric(x: Floats, y: Floats) -> Floats:
    """Return twice the size of each difference over the sum of both sizes, 0 where both are 0.

    As in the M4 competition (Makridakis, Spiliotis and Assimakopoulos, International Journal of Forecasting 36, 2020).
    """
    both = np.abs(x) + np.abs(y)
    found: Floats = np.divide(2.0 * np.abs(x - y), both, out=np.zeros(both.shape), where=both > 0)
    return found


def pinball(x: Floats, y: Floats, *, level: float) -> Floats:
    """Return the quantile loss of a level (Koenker and Bassett, Econometrica 46, 1978)."""
    short = y - x
    return np.maximum(level * short, (level - 1.0) * short)


def quantiles(x: Floats, y: Floats, *, levels: Sequence[float], scale: float = 1.0) -> Floats:
    """Return the mean quantile loss over the levels, times ``scale``; ``x`` holds a column for each level."""
    columns = [x] if len(levels) == 1 else list(x)
    losses = (pinball(column, y, level=level) for column, level in zip(columns, levels, strict=True))
    return scale * reduce(operator.add, losses) / len(levels)


def median(x: Floats, y: Floats) -> float:
    """Return the median of the absolute differences."""
    return float(np.median(np.abs(x - y)))


def _half_over(root: float) -> float:
    return 0.5 / math.sqrt(root) if root > 0 else 0.0


def levels_of(options: Options) -> tuple[float, ...]:
    """Return the levels that the columns are for: those declared, or the one that the metric is told."""
    told = str(options.get("levels", ""))
    return tuple(map(float, told.split())) if told else (float(options["alpha"]),)


def _crps(options: Options) -> Rule[Floats]:
    """Twice the mean quantile loss: the CRPS, as the levels fill 0 to 1 (Gneiting and Raftery, JASA 102, 2007)."""
    levels = tuple(map(float, str(options.get("levels", "0.5")).split()))
    return mean(partial(quantiles, levels=levels, scale=2.0), plain)


MAKERS: Mapping[str, Maker] = {
    "mse": lambda _: mean(squared, plain),
    "rmse": lambda _: mean(squared, plain, finish=math.sqrt, slope=_half_over),
    "rmsle": lambda options: mean(
        partial(squared_logarithm, offset=float(options["offset"])), plain, finish=math.sqrt, slope=_half_over
    ),
    "mae": lambda _: mean(absolute, plain),
    "medae": lambda _: Rule(form=Form.PLAIN, target=plain, one=median),
    "mape": lambda _: mean(relative, plain, scale=100.0),
    "smape": lambda _: mean(symmetric, plain, scale=100.0),
    "pinball": lambda options: mean(partial(quantiles, levels=levels_of(options)), plain),
    "crps": _crps,
}
