"""The committee's labels: loaded once, named by the SHA-256 of their file, never shown.

A label file has a submission's own shape, or the dataset's rows as JSON, JSONL, CSV or Parquet, also as ``.gz``
or in a ``.zip``. Its mistakes are reported like a team's, but no message ever quotes a label.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar, cast

from scoring.files.read import read
from scoring.model import RANGE, Column, Kind, Later, Note, Problem, Track
from scoring.rows.check import column_in
from scoring.rows.ids import worded
from scoring.table import Table, normal, shown_columns
from scoring.text import counted, first, listed, printable, quoted
from scoring.values import Fault, choice, group_word, number, text, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scoring.files import unpack
    from scoring.labels import defined
    from scoring.rows import cells
    from scoring.rows.ids import Id
else:
    unpack = Later("scoring.files.unpack")
    defined = Later("scoring.labels.defined")
    cells = Later("scoring.rows.cells")

Made = TypeVar("Made")

GIB = 1024**3
PARQUET_MAGIC = b"PAR1"


class TruthError(Exception):
    """The label file cannot be used; :attr:`problems` says why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep the problems; the text of the exception is their messages."""
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in self.problems))

    def __reduce__(self) -> tuple[type[TruthError], tuple[tuple[Problem, ...]]]:
        """Travel between processes with the problems."""
        return TruthError, (self.problems,)


@dataclass(frozen=True, kw_only=True, eq=False)
class Truth:
    """One version of a track's labels. What it prints never holds a label."""

    track: Track
    #: SHA-256 of the label file as stored, hex; of a truth of fewer items, of its parent's and the items.
    sha256: str
    #: The labelled items, in the order of the file: all integers or all words.
    ids: tuple[Id, ...] = field(repr=False)
    #: The labels of each column in the order of ``ids``: floats, or legal letters.
    values: Mapping[str, tuple[float, ...] | tuple[str, ...]] = field(repr=False)
    #: The group of each item (``yes-or-no``) where the track has groups.
    groups: tuple[str, ...] | None = field(default=None, repr=False)
    #: What each item shares with others (its image), where the label file tells it.
    clusters: tuple[str, ...] | None = field(default=None, repr=False)
    #: Of a truth of fewer items: the SHA-256 of the label file that it is part of (:mod:`scoring.labels.restrict`).
    whole: str | None = None
    #: Positions in ``ids`` of the items that are scored; None: all. Files must hold the others too.
    scored: tuple[int, ...] | None = field(default=None, repr=False)
    #: What the organizer should know of the file.
    notes: tuple[Note, ...] = ()
    _made: dict[object, object] = field(default_factory=dict, repr=False)

    @property
    def n(self) -> int:
        """Number of items that are scored."""
        return len(self.ids if self.scored is None else self.scored)

    @property
    def positions(self) -> Sequence[int]:
        """Positions in ``ids`` of the items that are scored."""
        return range(len(self.ids)) if self.scored is None else self.scored

    def __repr__(self) -> str:
        """Return the name of the truth, and no label."""
        return f"Truth({self.track.name}, {self.sha256[:12]}, n={self.n})"

    def __getstate__(self) -> dict[str, object]:
        """Travel between processes without what was made: it is made anew there, and functions do not travel."""
        return {**self.__dict__, "_made": {}}

    def once(self, key: object, make: Callable[[], Made]) -> Made:
        """Return what ``make`` returns, made once for this truth and kept under ``key``."""
        if key not in self._made:
            self._made[key] = make()
        return cast("Made", self._made[key])


def read_truth_file(path: Path | str, track: Track) -> Truth:
    """Load the label file at ``path``; raises OSError, or :class:`TruthError` with its problems."""
    return load_truth(Path(path).read_bytes(), track, Path(path).name)


def load_truth(data: bytes, track: Track, name: str = "") -> Truth:
    """Load the labels of a track from the bytes of a label file; raises :class:`TruthError` with all problems."""
    table = _table(data, track, name)
    problems: list[Problem] = []
    ids, notes = _ids(table, track.id, problems)
    values = {column.name: _labels(table, column, problems) for column in track.labelled}
    groups = _groups(table, track, ids, problems) if track.group else None
    if problems:
        raise TruthError(problems)
    labelled = defined.Labelled(track=track, values=values, groups=groups)
    if problems := list(defined.undefined(labelled, range(len(ids)))):
        raise TruthError(problems)
    return Truth(
        track=track,
        sha256=hashlib.sha256(data).hexdigest(),
        ids=ids,
        values=values,
        groups=groups,
        clusters=_clusters(table, track),
        notes=tuple(notes),
    )


def _fail(code: str, message: str, *examples: str) -> NoReturn:
    raise TruthError([Problem(code=code, count=1, examples=examples, message=message)])


# --- the file --------------------------------------------------------------------------------


def _table(data: bytes, track: Track, name: str) -> Table:
    """Return the rows of the label file, whatever its form."""
    if data.startswith(PARQUET_MAGIC):
        return _parquet(data, track)
    limits = unpack.Limits(members=1, member_bytes=GIB, total_bytes=GIB, ratio=10_000)
    unpacked = unpack.unpack(name, data, limits)
    if unpacked.problems or len(unpacked.files) != 1:
        raise TruthError(unpacked.problems)
    file = unpacked.files[0]
    reading = read(file.data, file.name)
    if reading.problems or reading.table is None:
        raise TruthError([replace(problem, examples=()) for problem in reading.problems])
    return reading.table


def _parquet(data: bytes, track: Track) -> Table:
    """Return the columns of a Parquet file that labels need; pictures beside them are not touched."""
    try:
        from pyarrow import ArrowException, parquet  # noqa: PLC0415 -- an extra, and slow to import
    except ImportError:
        _fail("no-pyarrow", "Label files in Parquet need pyarrow, which mailbot brings with its extra: parquet.")
    wanted = {
        track.id,
        track.group,
        track.cluster,
        *(name for column in track.labelled for name in (column.name, *column.aliases)),
    }
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        names = [name for name in file.schema_arrow.names if normal(name) in wanted]
        columns = {normal(name): file.read(columns=[name]).column(0).to_pylist() for name in names}
        rows = file.metadata.num_rows
    except (ArrowException, OSError, ValueError):
        _fail("damaged-parquet", "The label file is not a readable Parquet file.")
    return Table(columns=tuple(columns), cells=columns, places=range(1, rows + 1), unit="row", typed=True)


# --- the columns -----------------------------------------------------------------------------


def _ids(table: Table, column: str, problems: list[Problem]) -> tuple[tuple[Id, ...], list[Note]]:
    """Return the ids of the rows; without an id column they are the rows' numbers."""
    if column not in table.cells:
        message = f"No {column} column: the ids are the rows' numbers, 1 to {len(table)}."
        return tuple(range(1, len(table) + 1)), [Note(code="ids-by-row-order", count=len(table), message=message)]
    cells = table.cells[column]
    wholes = [whole(cell) for cell in cells]
    numeric = any(item is not None for item in wholes)
    found: list[Id | None] = list(wholes) if numeric else [worded(cell) for cell in cells]
    bad = [table.place(row) for row, item in enumerate(found) if item is None]
    if bad:
        problems.append(_problem("unreadable-ids", bad, "{} without a readable id."))
    first_row: dict[Id, int] = {}
    twice = [
        f"id {printable(str(item), 40)}, {table.place(row)}"
        for row, item in enumerate(found)
        if item is not None and first_row.setdefault(item, row) != row
    ]
    if twice:
        problems.append(_problem("duplicate-ids", twice, "{} with an id that another row has."))
    return tuple(item for item in found if item is not None), []


def _problem(code: str, places: Sequence[str], message: str) -> Problem:
    text = "The label file has " + message.format(counted(len(places), "row"))
    return Problem(code=code, count=len(places), examples=first(places), message=text)


def _labels(table: Table, column: Column, problems: list[Problem]) -> tuple[float, ...] | tuple[str, ...]:
    """Return the labels of one column; its problems name places, never values."""
    name = _answer_column(table, column)
    if name is None:
        expected = " or ".join(quoted(known) for known in (column.name, *column.aliases))
        message = f"The label file has no column {expected}; it has {shown_columns(table.columns)}."
        problems.append(Problem(code="missing-column", count=1, examples=(column.name,), message=message))
        return ()
    if column.kind is Kind.CHOICE:
        return _letters(table, name, column, problems)
    if column.kind.is_text:
        return _texts(table, name, column, problems)
    numbers = [number(cell, column.range) for cell in table.cells[name]]
    bad = [f"{table.place(row)}: {name}" for row, value in enumerate(numbers) if isinstance(value, Fault)]
    if bad:
        problems.append(_problem("bad-labels", bad, f"{{}} whose {name} is not a finite number{_within(column)}."))
    return tuple(value for value in numbers if not isinstance(value, Fault))


def _within(column: Column) -> str:
    return "" if column.range == RANGE else f" from {column.range[0]:,g} to {column.range[1]:,g}"


def _texts(table: Table, name: str, column: Column, problems: list[Problem]) -> tuple[str, ...]:
    """Return labels that are kept as text; what their kind cannot read is a problem."""
    texts = [text(cell) for cell in table.cells[name]]
    bad = [
        f"{table.place(row)}: {name}"
        for row, each in enumerate(texts)
        if each is None or cells.fault(each, column.kind, label=True)
    ]
    if bad:
        problems.append(_problem("bad-labels", bad, f"{{}} whose {name} is no {column.kind.value}."))
    return tuple(each or "" for each in texts)


def _letters(table: Table, name: str, column: Column, problems: list[Problem]) -> tuple[str, ...]:
    answers = [choice(cell, column.choices) for cell in table.cells[name]]
    bad = [f"{table.place(row)}: {name}" for row, answer in enumerate(answers) if answer is None]
    if bad:
        problems.append(_problem("bad-labels", bad, f"{{}} whose {name} is none of {listed(column.choices)}."))
    return tuple(answer for answer in answers if answer is not None)


def _answer_column(table: Table, column: Column) -> str | None:
    """Return the column that holds the labels.

    The dataset's rows have both ``answer`` and ``precision``; what the second means there is undocumented, so
    of several columns the first that holds nothing but legal letters is taken.
    """
    names = [name for name in (column.name, *column.aliases) if name in table.cells]
    if column.kind is Kind.CHOICE and len(names) > 1:
        legal = [name for name in names if all(choice(cell, column.choices) for cell in table.cells[name])]
        if len({tuple(choice(cell, column.choices) for cell in table.cells[name]) for name in legal}) > 1:
            both = " and ".join(quoted(name) for name in legal)
            _fail("two-answers", f"The columns {both} of the label file hold different letters.")
        names = legal or names
    return names[0] if names else column_in(table, column)


def _groups(table: Table, track: Track, ids: Sequence[Id], problems: list[Problem]) -> tuple[str, ...]:
    """Return the group of each item; each group of the track must have items, or its accuracy is undefined."""
    name = track.group or ""
    if name not in table.cells:
        message = f'The label file has no column "{name}"; it has {shown_columns(table.columns)}.'
        problems.append(Problem(code="missing-column", count=1, examples=(name,), message=message))
        return ()
    groups = [group_word(cell) for cell in table.cells[name]]
    problems += _group_problems(table, track, groups)
    return tuple(groups[: len(ids)])


def _clusters(table: Table, track: Track) -> tuple[str, ...] | None:
    """Return what each item shares with others, where the label file has the track's column for it."""
    cells = table.cells.get(track.cluster or "")
    if cells is None:
        return None
    return tuple(
        printable(str(cell), 400) if isinstance(cell, str | int) else table.place(row) for row, cell in enumerate(cells)
    )


def _group_problems(table: Table, track: Track, groups: Sequence[str]) -> Iterator[Problem]:
    bad = [f"{table.place(row)}: {quoted(group)}" for row, group in enumerate(groups) if group not in track.weights]
    known = listed(track.weights)
    if bad:
        yield _problem("unknown-groups", bad, f"{{}} whose {track.group} is none of {known}.")
    empty = [group for group in track.weights if group not in groups]
    if empty:
        message = f"The label file has no item of {track.group} {listed(empty)}: its accuracy would be undefined."
        yield Problem(code="empty-groups", count=len(empty), examples=first(empty), message=message)
