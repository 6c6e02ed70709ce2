"""What is told of an evaluation: to programs, to people, and in one line what its score was computed with.

Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import metadata
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


DIGITS = 16
SHAPE = re.compile(
    r"(?P<scorer>\S+) truth=(?P<truth>[0-9a-f]{16}) n=(?P<n>\d+)(?: seed=(?P<seed>\d+))? mailbot=(?P<version>\S+)"
)


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Everything that decides a score beside the file itself."""

    #: Name and version of the formula.
    scorer: str
    #: The first 16 hex digits of the truth's SHA-256.
    truth: str
    #: Number of items scored.
    n: int
    #: Seed of the bootstrap or of the split, where one was used.
    seed: int | None = None
    #: Version of the package.
    version: str

    def __str__(self) -> str:
        """Return the signature as printed, as ``siqa-s/1 truth=9f2c41d03a7be512 n=1050 mailbot=0.1.0``."""
        seed = "" if self.seed is None else f" seed={self.seed}"
        return f"{self.scorer} truth={self.truth} n={self.n}{seed} mailbot={self.version}"


def signature(evaluation: Evaluation, *, seed: int | None = None, version: str | None = None) -> Signature | None:
    """Return the signature of an evaluation; None if it has no score. ``version`` is the installed one unless given."""
    if evaluation.score is None or evaluation.scorer is None or evaluation.truth is None:
        return None
    return Signature(
        scorer=evaluation.scorer,
        truth=evaluation.truth[:DIGITS],
        n=evaluation.n,
        seed=seed,
        version=version or package_version(),
    )


def parse(text: str) -> Signature | None:
    """Return the signature in a line as printed; None if it is none."""
    found = SHAPE.fullmatch(text.strip())
    if found is None:
        return None
    seed = found["seed"]
    return Signature(
        scorer=found["scorer"],
        truth=found["truth"],
        n=int(found["n"]),
        seed=None if seed is None else int(seed),
        version=found["version"],
    )


@cache
def package_version() -> str:
    """Return the installed version of mailbot; ``source`` where it runs from its source alone."""
    try:
        return metadata.version("mailbot")
    except metadata.PackageNotFoundError:
        return "source"
