"""What a scorer of one's own is written against: a Python file beside the config, named by ``scorer`` of a track.

The file has a function :class:`Score` called ``score``, and may have a :class:`Check` called ``check``::

    def score(prediction: pd.DataFrame, labels: pd.DataFrame) -> dict[str, float]:
        return {"mae": float((prediction["y"] - labels["y"]).abs().mean())}

* ``labels`` has a row for each item that is scored, in the order of the label file. Its index, named as the track's id
  column, holds the ids (all ``int`` or all ``str``); its columns are those of ``label_columns`` (of ``columns``, where
  there are none), and the ``cluster`` column where the label file has it. Numbers are ``float``, all else is ``str``.
* ``prediction`` follows ``takes``. ``rows``: a DataFrame with the same index and the declared ``columns``; an answer
  that is none of the choices is ``None``. ``members``: a DataFrame with the same index and one column ``data`` of
  ``bytes``, the content of each member. ``file``: the ``bytes`` of the file, which hold whatever a team wrote.
* What ``score`` returns has a finite number for each of the track's ``figures``; others are left aside.
* What ``check`` yields is what is wrong, a sentence for the team each; then nothing is scored. ``check`` sees no label,
  so that the teams' checker can run it too (``shared = true``). Its prediction has all items, in the order of the ids.

With a secret split, ``score`` is called once for each part, with the items of that part alone.

The file runs in a child process that can read its libraries and nothing else: no other file, no network, no process.
Each call is in a process of its own. It is trusted as far as that: it may use any installed package, and it must not
trust ``prediction``. Raise :exc:`Refused` for what is the team's mistake; any other exception is the organizers': the
mail waits, they get the traceback, and the team is told that its file will be scored.

The standard library alone: a scorer may be part of the teams' checker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

__all__ = ["Check", "Refused", "Score"]


class Refused(Exception):  # noqa: N818 -- a verdict on a file, not an error
    """The prediction is wrong; the text says to the team what, in a sentence or two, and must tell no label."""


class Score(Protocol):
    """``score`` of the file."""

    def __call__(self, prediction: bytes | pd.DataFrame, labels: pd.DataFrame) -> Mapping[str, float]:
        """Return the figures of a prediction. Raises Refused for what is the team's mistake."""


class Check(Protocol):
    """``check`` of the file, which it need not have."""

    def __call__(self, prediction: bytes | pd.DataFrame, ids: Sequence[int | str]) -> Iterable[str]:
        """Return what is wrong with a prediction, a sentence each; nothing where it can be scored."""
