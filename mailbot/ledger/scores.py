"""Scores in bulk: which submissions lack one, and entering those that were computed together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain, compress
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from mailbot.ledger.submissions import receipt
from mailbot.ledger.tables import scores, submissions
from mailbot.ledger.trail.rows import wrote_scores
from mailbot.model import Status
from scoring.model import Later
from scoring.report import package_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    import msgspec

    from mailbot.config.stages import Within
    from mailbot.ledger.engine import Tx
else:
    msgspec = Later("msgspec")


@dataclass(frozen=True, kw_only=True)
class Version:
    """What scores are computed by: a truth and a formula."""

    track: str
    #: SHA-256 of the labels.
    truth: str
    #: Name and version of the formula.
    scorer: str
    #: Which submissions are meant to have such scores; None: all of the track.
    within: Within | None = None


_ROWS_AT_ONCE = 300
"""So many rows are read together, or inserted by one statement: every SQLite takes 999 values in one."""


class Accepted(NamedTuple):
    """As much of an accepted submission as it takes to score it again."""

    id: int
    mail_id: int
    #: SHA-256 of the file.
    sha256: str
    track: str

    @property
    def receipt(self) -> str:
        """Its public id."""
        return receipt(self.id)


@dataclass(frozen=True, kw_only=True)
class Score:
    """A score to be entered."""

    submission_id: int
    value: float
    #: By name.
    metrics: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores to be entered together, column by column: each has a place for each submission, (k,)."""

    submission_ids: Sequence[int]
    values: Sequence[float]
    #: By name.
    metrics: Mapping[str, Sequence[float]]

    @staticmethod
    def of(found: Sequence[Score]) -> Scores:
        """Return scores of the same metrics as columns; there is at least one."""
        return Scores(
            submission_ids=[each.submission_id for each in found],
            values=[float(each.value) for each in found],
            metrics={name: [float(each.metrics[name]) for each in found] for name in found[0].metrics},
        )

    def without(self, ids: Collection[int]) -> Scores:
        """Leave out those of some submissions."""
        if not ids:
            return self
        kept = [each not in ids for each in self.submission_ids]
        return Scores(
            submission_ids=list(compress(self.submission_ids, kept)),
            values=list(compress(self.values, kept)),
            metrics={name: list(compress(column, kept)) for name, column in self.metrics.items()},
        )


@dataclass(frozen=True, kw_only=True)
class ScoreRow:
    """A score as the ledger keeps it."""

    #: SHA-256 of the labels.
    truth: str
    track: str
    #: Name and version of the formula.
    scorer: str
    value: float
    #: By name.
    metrics: Mapping[str, float]
    #: Number of items scored.
    n: int
    scored_at: datetime
    #: Version of mailbot that computed it; None where it was not kept yet.
    version: str | None


def of_submission(tx: Tx, submission_id: int) -> list[ScoreRow]:
    """Return the scores of a submission, oldest first."""
    kept = (scores.c[name] for name in ScoreRow.__dataclass_fields__)
    rows = tx.execute(sa.select(*kept).where(scores.c.submission_id == submission_id).order_by(scores.c.id))
    return [ScoreRow(**row) for row in rows.mappings()]


class Entered(NamedTuple):
    """A score without what it is made of."""

    submission_id: int
    truth: str
    scorer: str
    value: float
    scored_at: datetime


def of_track(tx: Tx, track: str) -> dict[int, list[Entered]]:
    """Return the scores of each submission of a track, oldest first, by submission."""
    found: dict[int, list[Entered]] = {}
    kept = (scores.c[name] for name in Entered._fields)
    for row in tx.execute(sa.select(*kept).where(scores.c.track == track).order_by(scores.c.id)):
        found.setdefault(row.submission_id, []).append(Entered(*row))
    return found


def accepted(
    tx: Tx, track: str, *, lacking: Version | None = None, after: int = 0, within: Within | None = None
) -> list[Accepted]:
    """Return the accepted submissions of a track in order of their ids: all, or those without a score of a version."""
    wanted = [*_accepted(track, lacking.within if lacking else within), submissions.c.id > after]
    if lacking is not None:
        wanted.append(~_scored(lacking))
    columns = (submissions.c[name] for name in Accepted._fields)
    found = tx.execute(sa.select(*columns).where(*wanted).order_by(submissions.c.id))
    return [Accepted(*row) for rows in found.partitions(_ROWS_AT_ONCE) for row in rows]


def count_lacking(tx: Tx, version: Version, *, after: int = 0) -> int:
    """Count the accepted submissions of a track without a score of a version, of those after the one of that id."""
    counted = sa.select(sa.func.count()).select_from(submissions).where(submissions.c.id > after)
    return tx.scalar(counted.where(*_accepted(version.track, version.within), ~_scored(version))) or 0


@dataclass
class Complete:
    """Up to which submission all had their score when somebody looked: they keep it, so the next look begins there."""

    _upto: dict[Version, int] = field(default_factory=dict)

    def count_lacking(self, tx: Tx, versions: Iterable[Version]) -> int:
        """Count the accepted submissions without a score, over several versions."""
        last = tx.scalar(sa.select(sa.func.max(submissions.c.id))) or 0
        found = {version: count_lacking(tx, version, after=self._upto.get(version, 0)) for version in versions}
        self._upto |= {version: last for version, lacking in found.items() if not lacking}
        return sum(found.values())


def count_all_lacking(tx: Tx, versions: Iterable[Version]) -> int:
    """Count them over several versions; while there are any, no board comes out."""
    return sum(count_lacking(tx, version) for version in versions)


def scored(tx: Tx, version: Version, ids: Collection[int]) -> set[int]:
    """Return those of the submissions that have a score of a version."""
    if not ids:
        return set()
    between = scores.c.submission_id.between(min(ids), max(ids))
    found = sa.select(scores.c.submission_id).where(between, *_of(version))
    return set(tx.scalars(found)) & set(ids)


def values(tx: Tx, version: Version, ids: Collection[int]) -> dict[int, float]:
    """Return the scores of a version that some submissions have, by submission."""
    wanted = (scores.c.submission_id.in_(ids), *_of(version))
    return {row.submission_id: row.value for row in tx.execute(sa.select(scores).where(*wanted))} if ids else {}


def add_many(tx: Tx, version: Version, found: Scores, *, n: int, now: datetime) -> int:
    """Enter scores of n items, computed together, of submissions that have none of that version; return how many."""
    new = found.without(scored(tx, version, found.submission_ids))
    if new.submission_ids:
        same = {"truth": version.truth, "track": version.track, "scorer": version.scorer, "n": n, "scored_at": now}
        same |= {"version": package_version()}
        _insert(tx, same, new)
        columns = {"submission_id": new.submission_ids, "value": new.values, "metrics": new.metrics}
        wrote_scores(tx, same, columns)  # numbers come back from the ledger as they went in
    return len(new.submission_ids)


def _insert(tx: Tx, same: Mapping[str, object], found: Scores) -> None:
    """Insert rows that differ in little, many by one statement, which has written in it what they have in common."""
    varying = (found.submission_ids, found.values, _json(found.metrics))
    literals = [_literal(tx, name, value) for name, value in same.items()]
    marks = ["?" if tx.dialect.name == "sqlite" else "%s"] * len(varying)
    head = f"INSERT INTO scores ({', '.join(same)}, submission_id, value, metrics) VALUES "  # noqa: S608  # names of columns
    row = f"({', '.join([*literals, *marks])})"
    for start in range(0, len(found.submission_ids), _ROWS_AT_ONCE):
        some = list(zip(*(column[start : start + _ROWS_AT_ONCE] for column in varying), strict=True))
        tx.exec_driver_sql(head + ", ".join([row] * len(some)), tuple(chain.from_iterable(some)))


def _json(metrics: Mapping[str, Sequence[float]]) -> list[str]:
    """Write the finite numbers of each submission as JSON."""
    names = {f"m{at}": name for at, name in enumerate(metrics)}
    named, encode = msgspec.defstruct("Metrics", names, rename=names), msgspec.json.Encoder().encode
    return [encode(named(*row)).decode() for row in zip(*metrics.values(), strict=True)]


def _literal(tx: Tx, name: str, value: object) -> str:
    """Return a value of a column as it is written in a statement."""
    written = sa.literal(value, scores.c[name].type)
    return str(written.compile(dialect=tx.dialect, compile_kwargs={"literal_binds": True}))


def told(tx: Tx, track: str, within: Within | None = None) -> set[str]:
    """Return every truth that the first score of a submission was by: that of its reply."""
    of_track = sa.select(sa.func.min(scores.c.id)).where(scores.c.track == track)
    if within is not None:
        of_track = of_track.join(submissions, submissions.c.id == scores.c.submission_id).where(in_phases(within))
    first = of_track.group_by(scores.c.submission_id)
    return set(tx.scalars(sa.select(scores.c.truth).where(scores.c.id.in_(first)).distinct()))


def most_other(tx: Tx, present: Version, truths: Sequence[str]) -> Version | None:
    """Return the version by one of these truths, not the present one, that most submissions were scored by.

    Of equals the one whose truth stands last, then the newest. So labels that were replaced before anybody rescored do
    not count as what a board was by, and those that were taken back do not where the ones before them hold again.
    """
    other = sa.or_(scores.c.truth != present.truth, scores.c.scorer != present.scorer)
    wanted = (scores.c.track == present.track, scores.c.truth.in_(truths), other)
    counted = (sa.func.count().label("times"), sa.func.max(scores.c.id).label("newest"))
    each = sa.select(scores.c.truth, scores.c.scorer, *counted).where(*wanted)
    places = {truth: place for place, truth in enumerate(truths)}
    rows = tx.execute(each.group_by(scores.c.truth, scores.c.scorer))
    found = max(rows, key=lambda row: (row.times, places[row.truth], row.newest), default=None)
    return replace(present, truth=found.truth, scorer=found.scorer) if found else None


def _accepted(track: str, within: Within | None = None) -> tuple[sa.ColumnElement[bool], ...]:
    own = () if within is None else (in_phases(within),)
    return submissions.c.status == Status.ACCEPTED, submissions.c.track == track, *own


def in_phases(within: Within) -> sa.ColumnElement[bool]:
    """Whether a submission came in one of some phases."""
    named = submissions.c.phase.in_(sorted(within.phases))
    return sa.or_(submissions.c.phase.is_(None), ~named) if within.but else named


def _of(version: Version) -> tuple[sa.ColumnElement[bool], ...]:
    return scores.c.truth == version.truth, scores.c.scorer == version.scorer


def _scored(version: Version) -> sa.ColumnElement[bool]:
    """Whether the submission of the query around it has a score of a version."""
    return sa.exists().where(scores.c.submission_id == submissions.c.id, *_of(version))
