"""Scores in bulk: which submissions lack one, and entering those that were computed together."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import TYPE_CHECKING, NamedTuple

import sqlalchemy as sa

from mailbot.ledger.submissions import receipt
from mailbot.ledger.tables import scores, submissions
from mailbot.ledger.trail.rows import wrote_all
from mailbot.model import Status
from scoring.report import package_version

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from mailbot.config.stages import Within
    from mailbot.ledger.engine import Tx


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


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """As much of an accepted submission as it takes to score it again."""

    id: int
    mail_id: int
    track: str
    #: SHA-256 of the file.
    sha256: str

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
    columns = (submissions.c.id, submissions.c.mail_id, submissions.c.sha256)
    rows = tx.execute(sa.select(*columns).where(*wanted).order_by(submissions.c.id))
    return [Accepted(id=each, mail_id=mail_id, track=track, sha256=sha256) for each, mail_id, sha256 in rows]


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


def add_many(tx: Tx, version: Version, found: Sequence[Score], *, n: int, now: datetime) -> int:
    """Enter scores of n items, computed together, of submissions that have none of that version; return how many."""
    known = scored(tx, version, [each.submission_id for each in found])
    same = {"truth": version.truth, "track": version.track, "scorer": version.scorer, "n": n, "scored_at": now}
    same |= {"error": None, "version": package_version()}
    new = [each for each in found if each.submission_id not in known]
    if new:
        _insert(tx, same, new)
        rows = (  # numbers come back from the ledger as they went in
            {**same, "submission_id": each.submission_id, "value": each.value, "metrics": each.metrics} for each in new
        )
        wrote_all(tx, "scores", rows)
    return len(new)


def _insert(tx: Tx, same: Mapping[str, object], found: Sequence[Score]) -> None:
    """Insert rows that differ in little: what SQLAlchemy does for each row is done once for all."""
    values: dict[str, Iterable[object]] = {
        "submission_id": [each.submission_id for each in found],
        "value": [each.value for each in found],
        "metrics": _json([each.metrics for each in found]),
    }
    values |= {name: repeat(_bound(tx, name, value), len(found)) for name, value in same.items()}
    compiled = sa.insert(scores).compile(dialect=tx.dialect, column_keys=list(values))
    order = compiled.positiontup  # None where the driver takes names
    rows = list(zip(*(values[name] for name in order or values), strict=True))
    tx.exec_driver_sql(str(compiled), rows if order else [dict(zip(values, row, strict=True)) for row in rows])


def _json(rows: Sequence[Mapping[str, float]]) -> list[str]:
    """Write finite numbers under the same names as JSON, in a tenth of the time that json.dumps takes to begin."""
    form = "{" + ", ".join(f"{json.dumps(name)}: ".replace("%", "%%") + "%r" for name in rows[0]) + "}"
    return [form % tuple(row.values()) for row in rows]


def _bound(tx: Tx, name: str, value: object) -> object:
    """Return a value of a column as the driver takes it."""
    process = scores.c[name].type.dialect_impl(tx.dialect).bind_processor(tx.dialect)
    return process(value) if process else value


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
