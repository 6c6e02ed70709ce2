"""What each metric computes; what is undefined is None, never NaN.

A module of metrics is loaded when one of them is asked for.

A metric looks at predictions and labels through its :class:`~scoring.metrics.rule.Rule`. Names, bounds, units and
options are in :mod:`scoring.declaration.registry`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from scoring.declaration.registry import METRICS
from scoring.metrics.rule import FORMS, Form, Rule, joined, per

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import ArrayLike

    from scoring.metrics.rule import Array, Maker
    from scoring.model import Measure, Option

__all__ = ["FORMS", "HOMES", "Form", "Rule", "of", "one", "plcc", "rule", "srcc"]

#: The modules, and the metrics in each; they are its ``MAKERS``.
MODULES = {
    "answers": ("accuracy", "balanced_accuracy", "macro_f1", "f1", "precision", "recall", "mcc", "kappa"),
    "boxes": ("coco_ap",),
    "correlations": ("srcc", "plcc", "krcc", "ccc", "r2"),
    "curves": ("plcc_fit",),
    "numbers": ("mse", "rmse", "rmsle", "mae", "medae", "mape", "smape", "pinball", "crps"),
    "orders": ("ndcg", "map", "mrr", "c_index"),
    "probabilities": ("log_loss", "brier", "top_k", "roc_auc", "average_precision", "ece"),
    "sets": ("tags_f1", "jaccard", "dice", "iou"),
    "texts": ("exact_match", "token_f1", "cer", "wer", "bleu", "chrf"),
}

#: The module of each metric by name.
HOMES: Mapping[str, str] = {metric: module for module, metrics in MODULES.items() for metric in metrics}


def rule(metric: str, **options: Option) -> Rule[Any]:
    """Return a metric by name, with these options; those not named are as usual."""
    usual = {name: choice.default for name, choice in METRICS[metric].options.items()}
    return maker(metric)(usual | options)


def maker(metric: str) -> Maker:
    """Return what sets up a metric, from its module."""
    makers: Mapping[str, Maker] = import_module(f"{__name__}.{HOMES[metric]}").MAKERS
    return makers[metric]


def of(measure: Measure) -> Rule[Any]:
    """Return the metric of a measure, or its mean over queries."""
    found = rule(measure.metric, **dict(measure.options))
    return per(found, METRICS[measure.metric].undefined) if measure.per else found


def one(metric: str, predictions: ArrayLike, *labels: ArrayLike, **options: Option) -> float | None:
    """Return a metric of predictions (n,), or of several columns of them (columns, n), and labels (n,).

    Choices are whole numbers from 1. None where the metric is undefined. Raises ValueError for a value that is not
    finite, or for lengths that differ.

    >>> one("srcc", [1, 2, 3, 4], [1, 3, 2, 4])
    0.8
    """
    x, known = _array(predictions), [_array(each) for each in labels]
    if any(each.shape != x.shape[-1:] for each in known):
        raise ValueError("predictions and labels must be finite and equally many")
    return _value(rule(metric, **options), x, known) if x.size else None


def _array(values: ArrayLike) -> Array:
    array = np.asarray(values)
    if array.dtype.kind in "OU":
        return array.astype(np.object_)
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError("predictions and labels must be finite and equally many")
    return array


def _value(found: Rule[Any], x: Array, labels: Sequence[Array]) -> float | None:
    transform = FORMS[found.form]
    columns = [transform(each) for each in ([x] if x.ndim == 1 else x)]
    return found.one(joined(columns), found.target(labels))


def srcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Spearman's rank correlation of ``x`` and ``y`` (n,), finite; ties share average ranks. None if one is constant.

    >>> srcc([1, 2, 3, 4], [1, 3, 2, 4])
    0.8
    """
    return one("srcc", x, y)


def plcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Pearson's linear correlation of ``x`` and ``y`` (n,), finite, raw: no curve is fitted. None if one is constant.

    >>> plcc([1, 2, 3], [2, 4, 6])
    1.0
    """
    return one("plcc", x, y)
