"""Laws that every metric of the registry keeps, with scipy and scikit-learn as oracles."""

from __future__ import annotations

import math
from importlib import import_module
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot import lazily
from scoring import metrics, reference
from scoring.declaration.registry import METRICS, Error, Shape
from scoring.metrics import correlations, one
from scoring.metrics.rule import FORMS, by_rows, joined, per
from scoring.rows import cells
from tests.unit.scoring.kinds import LEVELS, made

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scoring.kernel import Floats
    from scoring.model import Option
    from tests.unit.scoring.kinds import Array, Case

    Pairs = list[tuple[float, float]]

with lazily(__name__):  # collecting the tests needs none of it
    from scipy import stats
    from sklearn import metrics as sklearn  # type: ignore[import-untyped]  # publishes no types
    from sklearn import preprocessing

NUMBER = st.one_of(
    st.integers(-3, 3).map(float), st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 6))
)
NUMBERS = st.lists(st.tuples(NUMBER, NUMBER), min_size=2, max_size=40)

#: Every metric with each value of its options that is a word, as (name, options).
WITH_OPTIONS: list[tuple[str, dict[str, Option]]] = [
    (name, dict(zip(metric.options, values, strict=True)))
    for name, metric in METRICS.items()
    for values in product(
        *(
            [*filter("class".__ne__, o.words), *([] if o.words else [2 if key == "k" else o.default])]
            for key, o in metric.options.items()
        )
    )
]
EVERY = pytest.mark.parametrize("metric", METRICS)
EACH = pytest.mark.parametrize(
    ("metric", "options"), WITH_OPTIONS, ids=[f"{n}-{list(o.values())}" for n, o in WITH_OPTIONS]
)
SMOOTH = pytest.mark.parametrize(
    ("metric", "options"),
    [(name, options) for name, options in WITH_OPTIONS if METRICS[name].error is Error.INFLUENCE],
    ids=str,
)
CORRELATIONS = pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if metric.correlates])
NUMERIC = pytest.mark.parametrize("metric", [name for name, m in METRICS.items() if m.shapes[0] is Shape.NUMBER])
SEEDS = pytest.mark.parametrize("seed", range(2))
#: Sums of whole numbers, so that the order of the items changes nothing at all.
EXACT = {"accuracy", "macro_f1", "srcc", "krcc", "mcc", "balanced_accuracy", "f1", "precision", "recall", "top_k"}


def value(metric: str, case: Case, x: Array | None = None, options: Mapping[str, Option] = {}) -> float | None:
    """Return a metric of a case, or of other predictions of it."""
    return one(metric, case.x if x is None else x, *case.labels, **{**case.told, **options})


def rule_and_data(metric: str, case: Case, options: dict[str, Option]) -> tuple[metrics.Rule[Any], Array, Any]:
    """Return the rule, the predictions in its form, and the labels prepared."""
    rule = metrics.rule(metric, **(dict(case.told) | options))
    columns = [FORMS[rule.form](each) for each in ([case.x] if case.x.ndim == 1 else case.x)]
    return rule, joined(columns), rule.target(case.labels)


# --- the oracles -----------------------------------------------------------------------------


def one_hot(y: Array) -> Array:
    """Return the indicator of each of three classes, (n, 3)."""
    indicator: Array = (y[:, None] == np.arange(1, 4)).astype(np.float64)
    return indicator


def by_class(name: str) -> Callable[..., float]:
    """Return scikit-learn's metric of answers, averaged as told."""
    return lambda x, y, average: (
        100 * getattr(sklearn, name)(y, x, average=average, labels=np.unique(y), zero_division=0)
    )


def binary(cells_of: Array) -> Any:  # noqa: ANN401 -- scikit-learn's matrix
    """Return sets of words as scikit-learn wants them."""
    return preprocessing.MultiLabelBinarizer(classes=["fire", "smoke", "water", "wind"]).fit_transform(
        map(cells.tags, cells_of)
    )


def multilabel(name: str) -> Callable[..., float]:
    """Return scikit-learn's metric of sets, in which two empty ones agree."""
    return lambda x, y, average: 100 * getattr(sklearn, name)(binary(y), binary(x), average=average, zero_division=1.0)


ORACLES: dict[str, Callable[..., float]] = {
    "accuracy": lambda x, y: 100 * sklearn.accuracy_score(y, x),
    "balanced_accuracy": lambda x, y: 100 * sklearn.recall_score(y, x, labels=np.unique(y), average="macro"),
    "macro_f1": lambda x, y: 100 * sklearn.f1_score(y, x, labels=np.unique(y), average="macro", zero_division=0),
    "f1": by_class("f1_score"),
    "precision": by_class("precision_score"),
    "recall": by_class("recall_score"),
    "mcc": lambda x, y: sklearn.matthews_corrcoef(y, x),
    "kappa": lambda x, y, weights: sklearn.cohen_kappa_score(y, x, weights=None if weights == "none" else weights),
    "top_k": lambda x, y, k: 100 * sklearn.top_k_accuracy_score(y, x.T, k=int(k)),
    "log_loss": lambda x, y, clip: sklearn.log_loss(y, np.clip(x.T, clip, 1)),
    "brier": lambda x, y: float(((x.T - one_hot(y)) ** 2).sum(axis=1).mean()),
    "roc_auc": lambda x, y, average: sklearn.roc_auc_score(y, x.T, multi_class="ovr", average=average),
    "average_precision": lambda x, y, average: sklearn.average_precision_score(one_hot(y), x.T, average=average),
    "srcc": lambda x, y: float(stats.spearmanr(x, y).statistic),
    "plcc": lambda x, y: float(stats.pearsonr(x, y).statistic),
    "krcc": lambda x, y: float(stats.kendalltau(x, y).statistic),
    "r2": lambda x, y: sklearn.r2_score(y, x),
    "rmse": lambda x, y: float(sklearn.root_mean_squared_error(y, x)),
    "mse": lambda x, y: float(sklearn.mean_squared_error(y, x)),
    "rmsle": lambda x, y, offset: float(  # noqa: ARG005 -- as usual
        sklearn.root_mean_squared_log_error(y, x)
    ),
    "mae": lambda x, y: float(sklearn.mean_absolute_error(y, x)),
    "medae": lambda x, y: float(sklearn.median_absolute_error(y, x)),
    "mape": lambda x, y: 100 * float(sklearn.mean_absolute_percentage_error(y, x)),
    "pinball": lambda x, y, alpha: float(sklearn.mean_pinball_loss(y, x, alpha=alpha)),
    "crps": lambda x, y: (
        2 * float(np.mean([sklearn.mean_pinball_loss(y, q, alpha=a) for q, a in zip(x, LEVELS, strict=True)]))
    ),
    "ndcg": lambda x, y, k, gain: sklearn.ndcg_score([y if gain == "linear" else 2**y - 1], [x], k=int(k)),
    "tags_f1": multilabel("f1_score"),
    "jaccard": multilabel("jaccard_score"),
}


def test_no_metric_is_forgotten() -> None:
    """Each has a computation and a reference; those that scipy or scikit-learn has are held to it here."""
    assert set(METRICS) == set(metrics.HOMES) == set(reference.ORACLES)
    assert set(METRICS) - set(ORACLES) == {
        *("ece", "plcc_fit", "ccc", "smape", "c_index", "map", "mrr", "exact_match", "token_f1", "cer", "wer"),
        *("bleu", "chrf", "dice", "iou", "coco_ap"),
    }
    assert all(name == metric.name for name, metric in METRICS.items())
    assert all({*import_module(f"scoring.metrics.{name}").MAKERS} == {*own} for name, own in metrics.MODULES.items())


@EACH
@SEEDS
def test_a_metric_is_its_oracles(metric: str, options: dict[str, Option], seed: int) -> None:
    """scipy.stats and scikit-learn where they have it, plain Python for each; ties and refusals included."""
    case = made(metric, seed, 12 if METRICS[metric].shapes[0] is Shape.BOXES else 30)
    found = value(metric, case, options=options)
    columns = [case.x.tolist()] if case.x.ndim == 1 else case.x.tolist()
    again = reference.value(metric, columns, [each.tolist() for each in case.labels], {**case.told, **options})
    assert found == pytest.approx(again, abs=1e-9, rel=1e-6 if metric == "plcc_fit" else 1e-10)
    if metric in ORACLES:
        told = {name: each for name, each in options.items() if name != "class"}
        refused = (options.get("average") == "micro" or metric == "kappa") and bool((case.x == 0).any())
        if not refused:  # scikit-learn takes no answer for a class of its own
            assert found == pytest.approx(ORACLES[metric](case.x, case.labels[0], **told), abs=1e-7, rel=1e-9)


@EACH
@SEEDS
def test_a_metric_lies_within_its_bounds(metric: str, options: dict[str, Option], seed: int) -> None:
    """Never 1.0000000000000002."""
    found = value(metric, made(metric, seed, 12), options=options)
    assert found is not None
    assert METRICS[metric].bounds[0] <= found <= METRICS[metric].bounds[1]


@EACH
@SEEDS
def test_the_order_of_the_items_does_not_matter(metric: str, options: dict[str, Option], seed: int) -> None:
    """To the last bit where the sums are of integers."""
    case = made(metric, seed, 12)
    order = np.random.default_rng(seed).permutation(case.labels[0].size)
    expected = value(metric, case, options=options)
    moved = one(metric, case.x[..., order], *(each[order] for each in case.labels), **(dict(case.told) | options))
    assert moved == (expected if metric in EXACT else pytest.approx(expected, abs=1e-9, rel=1e-9))


@EACH
@SEEDS
def test_perfect_is_the_best_there_is(metric: str, options: dict[str, Option], seed: int) -> None:
    """The bound, and nothing is better."""
    case = made(metric, seed, 12)
    best = METRICS[metric].bounds[METRICS[metric].higher_is_better]
    found = value(metric, case, case.perfect, options)
    if METRICS[metric].needs_per and not case.labels[0].any():
        assert found == 0.0
        return
    assert found == (best if metric in EXACT else pytest.approx(best, abs=1e-9))
    if METRICS[metric].correlates:
        assert value(metric, case, -case.perfect, options) == pytest.approx(METRICS[metric].bounds[0], abs=1e-9)


@EVERY
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused(metric: str, bad: float) -> None:
    """On either side; pandas and polars would score it."""
    case = made(metric, 1)
    if case.x.dtype == np.object_:
        assert math.isfinite(value(metric, case) or 0.0)
        return
    worse, label = case.x.copy(), case.labels[0].copy()
    worse[..., 3] = label[3] = bad
    for x, y in ((worse, case.labels[0]), (case.x, label)):
        with pytest.raises(ValueError, match="finite"):
            one(metric, x, y, *case.labels[1:], **case.told)


@EVERY
def test_sides_of_different_length_are_refused(metric: str) -> None:
    """Nothing is broadcast."""
    case = made(metric, 1)
    with pytest.raises(ValueError, match="equally many"):
        one(metric, case.x, *(each[:1] for each in case.labels), **case.told)


@CORRELATIONS
@pytest.mark.parametrize("constant", [[3.0, 3.0, 3.0], [0.1, 0.1, 0.1], [0.0, 0.0, 0.0]])
def test_a_constant_has_no_correlation(metric: str, constant: list[float]) -> None:
    """Undefined is None, on either side; no item has an influence on it."""
    assert one(metric, constant, [1.0, 2.0, 3.0]) is None
    assert one(metric, [1.0, 2.0, 3.0], constant) is None
    rule = metrics.rule(metric)
    form = FORMS[rule.form]
    assert rule.influence is not None
    moves = rule.influence(form(np.array(constant)), rule.target([np.array([1.0, 2.0, 3.0])]))
    assert moves.tolist() == [0.0] * 3


@EVERY
def test_nothing_has_no_value(metric: str) -> None:
    """And a single number no correlation."""
    assert one(metric, [], *([] for _ in made(metric, 1).labels), **made(metric, 1).told) is None
    assert not METRICS[metric].correlates or one(metric, [1.0], [1.0]) is None


def test_tiny_differences_are_not_lost() -> None:
    """Squares of 1e-200 vanish in float64; the values are scaled first."""
    assert one("plcc", [1e-200, 2e-200, 4e-200], [1.0, 2.0, 4.0]) == pytest.approx(1.0)


@EACH
@SEEDS
def test_many_is_one_by_one(metric: str, options: dict[str, Option], seed: int) -> None:
    """Bit for bit, NaN where one alone is None."""
    cases = [made(metric, seed + turn, 20) for turn in range(4)]
    rule, _, labels = rule_and_data(metric, cases[0], options)
    form = FORMS[rule.form]
    laid = [[form(each) for each in ([case.x] if case.x.ndim == 1 else case.x)] for case in cases]
    if METRICS[metric].shapes[0] is Shape.NUMBER:
        laid.append([form(np.full(20, 2.0))])
    matrices = [np.stack([columns[place] for columns in laid]) for place in range(len(laid[0]))]
    squares = [np.zeros(len(m)) if m.dtype == np.object_ else (m * m).sum(axis=1) for m in matrices]
    found = by_rows(rule, matrices, squares, labels).tolist()
    assert [None if math.isnan(each) else each for each in found] == [rule.one(joined(c), labels) for c in laid]


# --- cases worth a word ----------------------------------------------------------------------


def test_a_single_class_can_be_asked_for() -> None:
    """F1 of the second class, as scikit-learn's."""
    case = made("f1", 3)
    expected = sklearn.f1_score(case.labels[0], case.x, labels=[2], average="macro", zero_division=0)
    assert value("f1", case, options={"average": "class", "place": 2.0}) == pytest.approx(100 * expected)


def test_no_answer_is_no_classes_answer() -> None:
    """It lowers the recall, not the precision."""
    x, y = [0.0, 1.0, 2.0, 2.0], [1.0, 1.0, 2.0, 2.0]
    assert one("precision", x, y, average="micro") == 100.0
    assert one("recall", x, y, average="micro") == 75.0
    assert one("kappa", x, y, weights="quadratic", classes=2.0) == pytest.approx(0.6)


@pytest.mark.parametrize("seed", range(5))
def test_one_column_of_probabilities_is_enough_for_two_classes(seed: int) -> None:
    """As scikit-learn's binary metrics."""
    draw = np.random.default_rng(seed)
    y = np.concatenate([[1.0, 2.0], draw.integers(1, 3, 50)])
    p = np.clip((y == 2) * 0.3 + draw.random(52) * 0.7, 0.01, 0.99).round(2)
    told = {"positive": 2.0}
    assert one("roc_auc", p, y, **told) == pytest.approx(sklearn.roc_auc_score(y == 2, p))
    assert one("average_precision", p, y, **told) == pytest.approx(sklearn.average_precision_score(y == 2, p))
    assert one("log_loss", p, y, **told) == pytest.approx(sklearn.log_loss(y == 2, p))
    assert one("brier", p, y, **told) == pytest.approx(sklearn.brier_score_loss(y == 2, p))


def test_rows_of_probabilities_need_not_sum_to_one() -> None:
    """They are divided by their sum; a row of zeros is as wrong as can be."""
    y = [1.0, 2.0, 1.0]
    assert one("log_loss", [[2.0, 1.0, 0.5], [2.0, 3.0, 0.0]], y) == pytest.approx(
        one("log_loss", [[0.5, 0.25, 1], [0.5, 0.75, 0]], y)
    )
    assert one("log_loss", [[0.0], [0.0]], [1.0], clip=1e-15) == pytest.approx(-math.log(1e-15))


def test_a_falling_curve_is_no_merit() -> None:
    """Negated predictions count as negated."""
    case = made("plcc_fit", 4, 60)
    assert value("plcc_fit", case, -case.x) == pytest.approx(-(value("plcc_fit", case) or 0.0), abs=1e-7)


@pytest.mark.parametrize("curve", ["logistic4", "logistic5"])
def test_a_curve_is_found_where_the_scale_is_bent(curve: str) -> None:
    """A logistic of the labels is straightened; raw it is not."""
    y = np.linspace(-3, 3, 200)
    x = np.exp(y) * 1000
    assert (one("plcc", x, y) or 0) < 0.85
    assert (one("plcc_fit", x, y, curve=curve) or 0) > 0.97
    assert (one("plcc_fit", 5 + 2 / (1 + np.exp(-y)), y, curve=curve) or 0) > 0.99


@given(st.text("abc ", max_size=40), st.text("abc ", max_size=40))
def test_edits_are_counted_as_by_the_table(first: str, second: str) -> None:
    """By columns of bits as by rows of numbers."""
    assert one("cer", [first, "x"], [second, "x"]) == pytest.approx(
        reference.value("cer", [[first, "x"]], [[second, "x"]], {})
    )


def test_the_mean_over_queries_is_the_mean_of_each() -> None:
    """A query in which a metric is undefined counts as undefined does."""
    rule = per(metrics.rule("srcc"), 0.0)
    names = np.array(["b", "a", "a", "b", "a", "c", "c"], dtype=np.object_)
    x, y = np.array([1.0, 1, 2, 2, 3, 5, 5]), np.array([2.0, 1, 3, 1, 2, 1, 2])
    assert rule.one(x, rule.target([y, names])) == pytest.approx((0.5 - 1.0 + 0.0) / 3)
    assert rule.influence is not None
    moves = rule.influence(x, rule.target([y, names]))
    sums = [float(moves[names == name].sum()) for name in "abc"]
    assert sums == pytest.approx([(0.5 + 0.5 / 3) / 3, (-1 + 0.5 / 3) / 3, 0.5 / 9])


# --- influences ------------------------------------------------------------------------------


def influences(metric: str, case: Case, options: dict[str, Option]) -> Floats:
    """Return the influences of the items on a metric."""
    rule, x, labels = rule_and_data(metric, case, options)
    assert rule.influence is not None, "only a metric with another error has none"
    return rule.influence(x, labels)


@EVERY
def test_a_metric_has_influences_or_says_otherwise(metric: str) -> None:
    """The board says which; those over queries have them by :func:`per`."""
    has = metrics.rule(metric, **made(metric, 1).told).influence is not None or METRICS[metric].needs_per
    assert has == (METRICS[metric].error is Error.INFLUENCE)


@SMOOTH
@SEEDS
def test_influences_sum_to_zero(metric: str, options: dict[str, Option], seed: int) -> None:
    """As derivatives by weights of a metric that does not mind how large all weights are."""
    if METRICS[metric].needs_per:
        return
    found = influences(metric, made(metric, seed), options)
    assert abs(float(found.sum())) < 1e-9 * max(1.0, float(np.abs(found).max()))


@SMOOTH
def test_an_influence_is_the_slope_by_the_items_weight(metric: str, options: dict[str, Option]) -> None:
    """An item that stands there once more, among 20 copies of all, moves the metric by its influence over 20."""
    if METRICS[metric].needs_per:
        return
    case = made(metric, 5, 60)
    found = influences(metric, case, options)
    every = [np.tile(case.x, 20), *(np.tile(each, 20) for each in case.labels)]
    told = dict(case.told) | options
    base = one(metric, *every, **told)
    assert base is not None
    moved = [
        one(metric, *(np.concatenate([c, c[..., item : item + 1]], axis=-1) for c in every), **told)
        for item in range(10)
    ]
    slopes = [(each - base) * 20 for each in moved if each is not None]
    assert slopes == pytest.approx(found[:10].tolist(), rel=0.1, abs=0.02 * float(np.abs(found).max()))


@given(NUMBERS)
def test_pairs_are_counted_as_by_hand(pairs: Pairs) -> None:
    """All signs of all differences."""
    x, y = np.array(pairs).T
    both, first, second = correlations.pair_sums(x, y)
    signs_x, signs_y = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    assert both.tolist() == (signs_x * signs_y).sum(axis=1).tolist()
    assert first.tolist() == np.abs(signs_x).sum(axis=1).tolist()
    assert second.tolist() == np.abs(signs_y).sum(axis=1).tolist()
