"""What a score was computed with, in one printable line that a reply can carry and anyone can check.

Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.model import Evaluation

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
