"""One file against one truth, with everything that can be said of its score: what the commands for it show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring import reference, report
from scoring.labels.truth import TruthError, read_truth_file
from scoring.report import signature
from scoring.scores import scored
from scoring.scores.bootstrap import bootstrap, percentiles
from scoring.scores.evaluate import evaluate_packed, values_of

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.kernel import Floats
    from scoring.labels.truth import Truth
    from scoring.model import Evaluation, Track
    from scoring.report import Signature

MOST_DRAWS = 100_000


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """The interval of a score by resampling the items."""

    draws: int
    seed: int
    #: The 2.5 and the 97.5 percentile of the resampled scores.
    interval: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Single:
    """What became of one file."""

    evaluation: Evaluation
    #: Who computed the measures: our ``kernels``, or the ``reference`` (scipy and plain Python).
    by: str
    #: The formula of the score, as text.
    formula: str = ""
    #: The check of the interval, where it was asked for and there is a score.
    bootstrap: Bootstrap | None = None

    @property
    def signature(self) -> Signature | None:
        """What the score was computed with; None without a score."""
        return signature(self.evaluation, seed=self.bootstrap.seed if self.bootstrap else None)


def single(
    data: bytes, truth: Truth, *, name: str = "", by_reference: bool = False, draws: int | None = None, seed: int = 0
) -> Single:
    """Evaluate a result file, bare or packed; with ``draws`` resamples also take its interval from those.

    Never raises for what is in the file.
    """
    by = reference.scored if by_reference else scored.scored
    evaluation = evaluate_packed(data, truth, name=name, by=by)
    found = None
    if evaluation.ok and draws is not None:
        interval = percentiles(scores_of(data, truth, draws, seed, name=name))
        found = Bootstrap(draws=draws, seed=seed, interval=interval)
    return Single(
        evaluation=evaluation,
        by="reference" if by_reference else "kernels",
        formula=truth.track.formula,
        bootstrap=found,
    )


def of_files(
    pred: Path, labels: Path, track: Track, *, by_reference: bool = False, draws: int | None = None, seed: int = 0
) -> Single | str:
    """Evaluate a result file against a label file, or say what keeps it from being evaluated."""
    try:
        truth = read_truth_file(labels, track)
        data = pred.read_bytes()
    except OSError as error:
        return f"cannot read {error.filename}: {error.strerror}"
    except TruthError as error:
        lines = (f"  {each.code}: {each.message}" for each in error.problems)
        return "\n".join((f"the labels in {labels} are unusable:", *lines))
    return single(data, truth, name=pred.name, by_reference=by_reference, draws=draws, seed=seed)


def scores_of(data: bytes, truth: Truth, draws: int, seed: int, *, name: str = "") -> Floats:
    """Return the resampled scores of a result file, bare or packed. Raises ValueError for one that cannot be scored."""
    laid = values_of(data, truth, name=name)
    if laid is None:
        raise ValueError("a file with problems has no score to resample")
    return bootstrap(laid, truth, draws, seed)


def as_json(one: Single) -> dict[str, object]:
    """Return it as plain values: those of :func:`scoring.report.as_json`, and by whom, signature and bootstrap."""
    drawn = one.bootstrap
    return report.as_json(one.evaluation) | {
        "by": one.by,
        "signature": None if one.signature is None else str(one.signature),
        "bootstrap": drawn and {"draws": drawn.draws, "seed": drawn.seed, "interval": list(drawn.interval)},
    }


def as_text(one: Single) -> str:
    """Return it in a few lines."""
    head, *rest = report.as_text(one.evaluation).splitlines()
    scored_by = [f"  scored by        {one.formula}"] if one.formula and one.evaluation.ok else []
    lines = [head, *scored_by, *rest]
    if drawn := one.bootstrap:
        low, high = drawn.interval
        lines.append(f"  bootstrap        {low:.2f} to {high:.2f} ({drawn.draws:,} resamples, seed {drawn.seed})")
    if one.signature:
        lines.append(f"  {one.signature}")
    return "\n".join(lines)
