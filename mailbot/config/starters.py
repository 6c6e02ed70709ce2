"""What `mailbot init --preset` begins with beside SIQA: a declared track and a few made-up labels to try it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, kw_only=True)
class Starter:
    """A challenge to begin with."""

    #: Name of its track.
    track: str
    #: The declaration in TOML, without the name.
    declaration: str
    #: Labels to try it with, as CSV.
    labels: str


def _csv(header: str, rows: Iterable[tuple[object, ...]]) -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


_CLASSES = ("cat", "dog", "fox")
_LETTERS = "ABCD"

STARTERS: Mapping[str, Starter] = {
    "classification": Starter(
        track="classes",
        declaration="""\
id = "id"

[[columns]]
name = "label"
choices = ["cat", "dog", "fox"]
metrics = ["macro_f1"]
also = ["accuracy", "mcc"]
""",
        labels=_csv("id,label", ((n, _CLASSES[n * n % 7 % 3]) for n in range(1, 31))),
    ),
    "regression": Starter(
        track="values",
        declaration="""\
id = "id"

[[columns]]
name = "value"
metrics = ["rmse"]
also = ["mae", "r2", "srcc"]
""",
        labels=_csv("id,value", ((n, f"{(n * 37 % 50) / 10:.1f}") for n in range(1, 31))),
    ),
    "multiple-choice": Starter(
        track="questions",
        declaration="""\
id = "id"
group = "subject"
weights = { "easy" = 0.4, "hard" = 0.6 }

[[columns]]
name = "answer"
choices = ["A", "B", "C", "D"]
metrics = ["accuracy"]
""",
        labels=_csv(
            "id,subject,answer", ((n, "easy" if n % 2 else "hard", _LETTERS[n * 5 % 7 % 4]) for n in range(1, 41))
        ),
    ),
    "ranking": Starter(
        track="search",
        declaration="""\
id = "id"
per = "query"
points = 1

[[columns]]
name = "score"
metrics = ["ndcg@10"]
also = ["mrr@10", "map@10"]
""",
        labels=_csv("id,query,score", ((n, f"q{n // 8}", n * 11 % 13 % 3) for n in range(48))),
    ),
    "own": Starter(
        track="main",
        declaration="""\
# Everything that a track can declare is in docs/scoring/tracks.md; docs/challenges.md has twenty whole ones.
# title = "My track"                     # as it is shown
# cluster = "image"                      # the label column that names what items share
# per = "query"                          # the label column over whose values each metric's mean is taken
# score = "0.5 * srcc + 0.5 * plcc"      # in place of weights
id = "id"

[[columns]]
name = "value"
# choices = ["yes", "no"]                # classes instead of numbers; with probabilities = true a number for each
# holds = "text"                         # or "tags", "mask", "boxes"
# quantiles = [0.1, 0.5, 0.9]
# range = [0, 100]
metrics = ["srcc"]                       # they count, and must have one unit
also = ["plcc", "rmse"]                  # they are also shown
""",
        labels=_csv("id,value", ((n, n * 7 % 23) for n in range(1, 31))),
    ),
}
