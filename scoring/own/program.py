"""The file with the scorer: loaded from its text, called, and its trouble told without a value of its data.

Standard library only: the teams' checker runs the check of a file that is shared.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from scoring.api import Refused
from scoring.model import Problem
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from scoring.model import Own, Track

MOST_PROBLEMS, LONGEST = 20, 400
"""So many problems of a check are told, and so many characters of each."""


class ScorerFailed(Exception):  # noqa: N818 -- said of the organizers' file, which a mail waits for
    """The organizers' scorer failed. The text is a traceback without messages, as these may hold labels."""


@dataclass(frozen=True)
class Program:
    """A scorer, loaded."""

    own: Own
    module: ModuleType

    @classmethod
    def of(cls, own: Own) -> Program:
        """Run the text of the file. Raises ScorerFailed."""
        module = ModuleType("own_scorer")
        module.__file__ = own.file
        guarded(own, lambda: exec(compile(own.source, own.file, "exec"), module.__dict__))  # noqa: S102 -- what it is for
        if not callable(getattr(module, "score", None)):
            raise ScorerFailed(f"{own.file} has no function score(prediction, labels)")
        return cls(own, module)

    def figures(self, prediction: object, labels: object) -> object:
        """Return what ``score`` returns. Raises Refused, or ScorerFailed."""
        return guarded(self.own, lambda: self.module.score(prediction, labels))

    def problems(self, prediction: object, ids: object) -> tuple[Problem, ...]:
        """Return what ``check`` finds; nothing where there is none. Raises ScorerFailed."""
        check = getattr(self.module, "check", None)
        if check is None:
            return ()
        try:
            told = guarded(self.own, lambda: _told(check(prediction, ids)))
        except Refused as refused:
            told = [str(refused)]
        return tuple(refusal(each) for each in told[:MOST_PROBLEMS])


def refusal(said: str) -> Problem:
    """Return what a scorer says of a team's file as a problem."""
    return Problem(code="refused-by-scorer", count=1, message=printable(said, LONGEST))


def guarded(own: Own, do: Callable[[], Any]) -> Any:  # noqa: ANN401 -- whatever the organizers' file returns
    """Call the organizers' code. Raises Refused as it does, and ScorerFailed for whatever else it raises."""
    try:
        return do()
    except Refused:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever it is, it is reported to the organizers
        raise ScorerFailed(safe_traceback(own, error)) from None


def safe_traceback(own: Own, error: BaseException) -> str:
    """Return where an exception was raised and of what type it is: no message and no value, as they may be labels."""
    lines = own.source.splitlines()
    told = ["Traceback (most recent call last; messages are left out, as they may hold labels):"]
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename == own.file and frame.lineno is not None:
            source = lines[frame.lineno - 1].strip() if frame.lineno <= len(lines) else ""
            told += [f"  {own.file}, line {frame.lineno}, in {frame.name}", f"    {source}"]
    if isinstance(error, SyntaxError) and error.lineno:
        told.append(f"  {own.file}, line {error.lineno}")
    last = traceback.extract_tb(error.__traceback__)[-1:]
    told += [f"  raised in {each.name} of a library" for each in last if each.filename != own.file]
    return "\n".join([*told, type(error).__name__])


def _told(found: Iterable[object]) -> list[str]:
    if isinstance(found, str):  # a sentence alone is as well one's intention
        return [found]
    return [str(each) for each in found or ()]


def frame(track: Track, ids: Sequence[Any], columns: Mapping[str, Sequence[Any]]) -> Any:  # noqa: ANN401 -- a DataFrame
    """Return a DataFrame with the ids as index: floats as numbers, everything else as it is. Raises ImportError."""
    pd = import_module("pandas")  # by its name alone: the checker runs where it is not installed
    index = pd.Index(ids, name=track.id, dtype="int64" if ids and isinstance(ids[0], int) else "object")
    made = {
        name: pd.Series(list(values), index=index, dtype="float64" if _are_numbers(values) else "object")
        for name, values in columns.items()
    }
    return pd.DataFrame(made, index=index)


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(each, float) for each in values)
