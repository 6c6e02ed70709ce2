"""An evaluation for programs (:func:`as_json`) and for people (:func:`as_text`).

Standard library only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scoring.model import Evaluation


def as_json(evaluation: Evaluation) -> dict[str, object]:
    """Return the evaluation as plain values for :func:`json.dumps`; every number is finite and unrounded."""
    return {
        "ok": evaluation.ok,
        "track": evaluation.track,
        "team": evaluation.team,
        "method": evaluation.method,
        "score": evaluation.score,
        "metrics": dict(evaluation.metrics),
        "error": evaluation.error,
        "interval": None if evaluation.interval is None else list(evaluation.interval),
        "n": evaluation.n,
        "truth": evaluation.truth,
        "scorer": evaluation.scorer,
        "problems": [
            {"code": each.code, "count": each.count, "examples": list(each.examples), "message": each.message}
            for each in evaluation.problems
        ],
        "notes": [{"code": each.code, "count": each.count, "message": each.message} for each in evaluation.notes],
    }


def as_text(evaluation: Evaluation) -> str:
    """Return the evaluation in a few lines: the score to two decimals and the metrics to four, or the problems."""
    return "\n".join(_lines(evaluation))


def _lines(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.score is not None:
        yield f"{evaluation.track}: {evaluation.score:.2f} ({evaluation.n:,} items)"
        if evaluation.interval is not None:
            low, high = evaluation.interval
            yield f"  95 % interval    {low:.2f} to {high:.2f}"
        yield from (f"  {name:<16} {value:8.4f}" for name, value in evaluation.metrics.items())
    else:
        yield "Not scored:"
    for problem in evaluation.problems:
        yield f"  {problem.code}: {problem.message}"
        yield from (f"    {example}" for example in problem.examples)
    yield from (f"  note: {note.message}" for note in evaluation.notes)
