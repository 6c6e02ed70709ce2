"""Correlations by scipy.stats, errors in plain Python."""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from scoring.reference.answers import Column, Oracle, Told


def _scipy() -> ModuleType:
    """Return scipy; its parts are loaded as they are named."""
    import scipy  # noqa: PLC0415 -- slow to load, and only wanted here

    return scipy


def _constant(x: Column, y: Column) -> bool:
    return len(set(x)) < 2 or len(set(y)) < 2  # noqa: PLR2004 -- two values to differ


def _correlation(name: str) -> Oracle:
    """Return a correlation of scipy.stats (of Kendall's the variant b); None where it is undefined."""

    def oracle(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float | None:
        return None if _constant(x[0], y[0]) else float(getattr(_scipy().stats, name)(x[0], y[0]).statistic)

    return oracle


def plcc_fit(x: Sequence[Column], y: Sequence[Column], told: Told) -> float | None:
    """Return Pearson's correlation after scipy's curve_fit, begun where picture quality is usually fitted from."""
    if _constant(x[0], y[0]):
        return None
    first, second = np.array(x[0], dtype=np.float64), np.array(y[0], dtype=np.float64)
    first = (first - first.mean()) / first.std()

    def four(v: Any, b1: float, b2: float, b3: float, b4: float) -> Any:  # noqa: ANN401 -- numpy's arrays
        return b2 + (b1 - b2) / (1 + np.exp(np.clip(-(v - b3) / max(abs(b4), 1e-4), -700, 700)))

    def five(v: Any, *b: float) -> Any:  # noqa: ANN401 -- numpy's arrays
        return b[0] * (0.5 - 1 / (1 + np.exp(np.clip(b[1] * (v - b[2]), -700, 700)))) + b[3] * v + b[4]

    fit = _scipy().optimize.curve_fit
    best: tuple[float, Any] = (math.inf, second)
    for width in (0.25, 1.0):
        if told["curve"] == "logistic4":
            curve, start = four, [second.max(), second.min(), 0.0, width]
        else:
            curve, start = five, [second.max() - second.min(), 1 / width, 0.0, 0.1, second.mean()]  # type: ignore[assignment]  # another number of parameters
        try:
            fitted = fit(curve, first, second, p0=start, maxfev=20_000, xtol=1e-12, ftol=1e-14)[0]
            found = curve(first, *fitted)
        except RuntimeError:  # it did not converge from here
            continue
        best = min(best, (float(((found - second) ** 2).sum()), found), key=lambda each: each[0])
    value = float(np.corrcoef(best[1], second)[0, 1])
    falls = float(np.corrcoef(best[1], first)[0, 1]) < 0
    return -value if falls else value


def ccc(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float | None:
    """Return Lin's concordance from the statistics module's moments."""
    a, b = x[0], y[0]
    mean_a, mean_b = statistics.fmean(a), statistics.fmean(b)
    both = math.fsum((p - mean_a) * (q - mean_b) for p, q in zip(a, b, strict=True)) / len(a)
    width = math.fsum((p - mean_a) ** 2 for p in a) / len(a) + math.fsum((q - mean_b) ** 2 for q in b) / len(b)
    width += (mean_a - mean_b) ** 2
    return None if width == 0 else 2 * both / width


def r2(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float | None:
    """Return one less the squared errors over the labels' variance."""
    mean = statistics.fmean(y[0])
    spread = math.fsum((b - mean) ** 2 for b in y[0])
    return None if spread == 0 else 1 - math.dist(x[0], y[0]) ** 2 / spread


def _mean(loss: Callable[[float, float], float]) -> Oracle:
    """Return the mean of the items' losses."""

    def oracle(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
        return math.fsum(map(loss, x[0], y[0])) / len(y[0])

    return oracle


def rmse(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
    """Return the root of the mean squared difference."""
    return math.dist(x[0], y[0]) / math.sqrt(len(y[0]))


def rmsle(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the same of the logarithms of an offset more."""
    offset = float(told["offset"])
    first, second = ([math.log(max(v + offset, 1e-300)) for v in column] for column in (x[0], y[0]))
    return math.dist(first, second) / math.sqrt(len(y[0]))


def medae(x: Sequence[Column], y: Sequence[Column], _told: Told) -> float:
    """Return the median absolute difference."""
    return float(statistics.median([abs(a - b) for a, b in zip(x[0], y[0], strict=True)]))


def _pinball(x: Sequence[Column], y: Sequence[Column], levels: Sequence[float]) -> float:
    losses = [
        level * (b - a) if b >= a else (1 - level) * (a - b)
        for column, level in zip(x, levels, strict=True)
        for a, b in zip(column, y[0], strict=True)
    ]
    return math.fsum(losses) / len(losses)


def pinball(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return the mean quantile loss over items and levels."""
    levels = [float(each) for each in str(told.get("levels", told["alpha"])).split()]
    return _pinball(x, y, levels)


def crps(x: Sequence[Column], y: Sequence[Column], told: Told) -> float:
    """Return twice the mean quantile loss over items and levels."""
    return 2 * _pinball(x, y, [float(each) for each in str(told["levels"]).split()])


def _percent_of_label(a: float, b: float) -> float:
    return 100 * abs(a - b) / max(abs(b), 2.0**-52)


def _percent_of_both(a: float, b: float) -> float:
    return 200 * abs(a - b) / (abs(a) + abs(b)) if a or b else 0.0


ORACLES: Mapping[str, Oracle] = {
    "srcc": _correlation("spearmanr"),
    "plcc": _correlation("pearsonr"),
    "krcc": _correlation("kendalltau"),
    "plcc_fit": plcc_fit,
    "ccc": ccc,
    "r2": r2,
    "rmse": rmse,
    "rmsle": rmsle,
    "mse": _mean(lambda a, b: (a - b) ** 2),
    "mae": _mean(lambda a, b: abs(a - b)),
    "medae": medae,
    "mape": _mean(_percent_of_label),
    "smape": _mean(_percent_of_both),
    "pinball": pinball,
    "crps": crps,
}
