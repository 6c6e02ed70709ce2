"""The metrics that a track may be declared with: their names, titles, bounds, units and options.

What they compute is in :mod:`scoring.metrics`, under the same names. Standard library only: a declaration is
checked wherever files are checked.
"""

from __future__ import annotations

import math
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from scoring.declaration.metric import KINDS, ONE, OWN, PERCENT, Choice, Error, Metric, Shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.model import Track

__all__ = ["KINDS", "METRICS", "Choice", "Error", "Metric", "Shape", "error_of"]

AVERAGE = Choice(default="macro", words=("macro", "micro", "weighted", "class"))
CLASS = Choice(default="")
CUT = Choice(default=10, within=(1, 1_000_000), whole=True)


def _share(
    name: str, title: str, short: str = "", *shapes: Shape, options: Mapping[str, Choice] = MappingProxyType({})
) -> Metric:
    """Return a metric in percent, over answers unless said otherwise."""
    return Metric(
        name=name,
        short=short or name,
        title=title,
        shapes=shapes or (Shape.CHOICE,),
        decimals=2,
        higher_is_better=True,
        bounds=(0.0, 100.0),
        unit=PERCENT,
        options=options,
    )


def _correlation(name: str, title: str = "", options: Mapping[str, Choice] = MappingProxyType({})) -> Metric:
    return Metric(
        name=name,
        short=name,
        title=title or name.upper(),
        shapes=(Shape.NUMBER,),
        decimals=4,
        higher_is_better=True,
        bounds=(-1.0, 1.0),
        unit=ONE,
        points=100.0,
        undefined=0.0,
        correlates=True,
        options=options,
    )


def _agreement(
    name: str,
    title: str,
    *shapes: Shape,
    low: float = 0.0,
    undefined: float | None = None,
    options: Mapping[str, Choice] = MappingProxyType({}),
) -> Metric:
    """Return a metric that is 1 at best."""
    return Metric(
        name=name,
        short=name,
        title=title,
        shapes=shapes,
        decimals=4,
        higher_is_better=True,
        bounds=(low, 1.0),
        unit=ONE,
        points=100.0,
        undefined=undefined,
        options=options,
    )


def _deviation(
    name: str, title: str = "", *shapes: Shape, options: Mapping[str, Choice] = MappingProxyType({})
) -> Metric:
    """Return a metric that is 0 at best, in the column's unit, over numbers unless said otherwise."""
    return Metric(
        name=name,
        short=name,
        title=title or name.upper(),
        shapes=shapes or (Shape.NUMBER,),
        decimals=4,
        higher_is_better=False,
        bounds=(0.0, math.inf),
        unit=OWN,
        options=options,
    )


def _of(metric: Metric, **changes: object) -> Metric:
    return replace(metric, **changes)  # type: ignore[arg-type]  # each by its own name and type, just below


_AVERAGED = {"average": AVERAGE, "class": CLASS}
_ONE_VS_REST = {"average": Choice(default="macro", words=("macro", "weighted"))}
_OVER_TAGS = {"average": Choice(default="samples", words=("samples", "micro", "macro"))}
_CURVE = {"curve": Choice(default="logistic4", words=("logistic4", "logistic5"))}
_FIRST = {"k": CUT}

#: Every metric by name.
METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        # answers
        _share("accuracy", "ACC", "acc"),
        _share("balanced_accuracy", "balanced ACC", "balanced_acc"),
        _share("macro_f1", "macro F1"),
        _share("f1", "F1", options=_AVERAGED),
        _share("precision", "precision", options=_AVERAGED),
        _share("recall", "recall", options=_AVERAGED),
        _agreement("mcc", "MCC", Shape.CHOICE, low=-1.0),
        _agreement(
            "kappa",
            "kappa",
            Shape.CHOICE,
            low=-math.inf,
            options={"weights": Choice(default="none", words=("none", "linear", "quadratic"))},
        ),
        # probabilities
        _share(
            "top_k",
            "top-k ACC",
            "top",
            Shape.PROBABILITIES,
            options={"k": Choice(default=5, within=(1, 255), whole=True)},
        ),
        _of(
            _deviation(
                "log_loss",
                "log loss",
                Shape.PROBABILITIES,
                options={"clip": Choice(default=2.0**-52, within=(0.0, 0.1))},
            ),
            unit="nats",
            decimals=5,
        ),
        _of(_deviation("brier", "Brier score", Shape.PROBABILITIES), unit=ONE, bounds=(0.0, 2.0), decimals=5),
        _agreement("roc_auc", "ROC AUC", Shape.PROBABILITIES, undefined=0.5, options=_ONE_VS_REST),
        _agreement("average_precision", "AP", Shape.PROBABILITIES, undefined=0.0, options=_ONE_VS_REST),
        _of(
            _deviation(
                "ece", "ECE", Shape.PROBABILITIES, options={"bins": Choice(default=15, within=(1, 1000), whole=True)}
            ),
            unit=ONE,
            bounds=(0.0, 1.0),
        ),
        # numbers
        _correlation("srcc"),
        _correlation("plcc"),
        _of(_correlation("plcc_fit", "PLCC after a fit", options=_CURVE), correlates=True),
        _correlation("krcc"),
        _agreement("ccc", "CCC", Shape.NUMBER, low=-1.0, undefined=0.0),
        _agreement("r2", "R²", Shape.NUMBER, low=-math.inf, undefined=0.0),
        _deviation("rmse"),
        _of(_deviation("mse"), unit="the square of the column's unit"),
        _of(
            _deviation("rmsle", options={"offset": Choice(default=1.0, within=(0.0, 1.0))}),
            unit="logarithms",
            least=0.0,
            decimals=5,
        ),
        _deviation("mae"),
        _of(_deviation("medae", "MedAE"), error=Error.BOOTSTRAP),
        _of(_deviation("mape"), unit=PERCENT, decimals=2),
        _of(_deviation("smape", "sMAPE"), unit=PERCENT, bounds=(0.0, 200.0), decimals=2),
        _deviation(
            "pinball",
            "pinball loss",
            Shape.NUMBER,
            Shape.QUANTILES,
            options={"alpha": Choice(default=0.5, within=(0.0, 1.0))},
        ),
        _deviation("crps", "CRPS", Shape.QUANTILES),
        # orders
        _agreement("c_index", "C-index", Shape.EVENT, undefined=0.5),
        _of(
            _agreement(
                "ndcg",
                "NDCG",
                Shape.NUMBER,
                options={"k": CUT, "gain": Choice(default="linear", words=("linear", "exponential"))},
            ),
            needs_per=True,
            least_label=0.0,
        ),
        _of(_agreement("map", "MAP", Shape.NUMBER, options=_FIRST), needs_per=True, least_label=0.0),
        _of(_agreement("mrr", "MRR", Shape.NUMBER, options=_FIRST), needs_per=True, least_label=0.0),
        # sets, texts, pictures
        _share("tags_f1", "F1", "f1", Shape.TAGS, options=_OVER_TAGS),
        _share("jaccard", "Jaccard", "jaccard", Shape.TAGS, options=_OVER_TAGS),
        _share("exact_match", "exact match", "em", Shape.TEXT),
        _share("token_f1", "token F1", "token_f1", Shape.TEXT),
        _of(_deviation("cer", "CER", Shape.TEXT), unit=PERCENT, decimals=2),
        _of(_deviation("wer", "WER", Shape.TEXT), unit=PERCENT, decimals=2),
        _of(_share("bleu", "BLEU", "bleu", Shape.TEXT), error=Error.JACKKNIFE, extra="text"),
        _of(_share("chrf", "chrF", "chrf", Shape.TEXT), error=Error.JACKKNIFE, extra="text"),
        _agreement("dice", "Dice", Shape.MASK),
        _agreement("iou", "IoU", Shape.MASK),
        _of(
            _agreement(
                "coco_ap",
                "COCO AP",
                Shape.BOXES,
                options={"iou": Choice(default="0.50:0.95", words=("0.50:0.95", "0.50", "0.75"))},
            ),
            undefined=0.0,
            error=Error.JACKKNIFE,
            extra="boxes",
        ),
    )
}


def error_of(track: Track) -> Error:
    """Return how the standard error of a track's score is found: the way of its least smooth measure that counts."""
    if track.own:
        return Error.NONE
    kinds = {METRICS[measure.metric].error for term in track.terms for measure in term.measures}
    return next(kind for kind in (Error.BOOTSTRAP, Error.JACKKNIFE, Error.INFLUENCE) if kind in kinds)
