"""The state of the contest at this moment, read from ledger, state folder and calendar."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mailbot.config.calendar import phase_at
from mailbot.config.challenge import quota_at, tracks_of
from mailbot.config.stages import next_board, stage_at
from mailbot.daemon import report
from mailbot.ledger import (
    boards,
    disputes,
    held,
    mails,
    observations,
    outbox,
    quota,
    submissions,
    teams,
    truths,
)
from mailbot.ledger.engines import leads
from mailbot.ledger.scores import Complete, Version
from mailbot.ledger.streams.newest import latest_mails
from mailbot.model import MailState
from mailbot.system.lock import is_held
from scoring.declaration.owned import named_scorer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from mailbot.config.schema import Config
    from mailbot.config.stages import Stage
    from mailbot.ledger import Tx
    from mailbot.ledger.engines.leads import Leader
    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.observations import HealthRow
    from scoring.model import Track

LAST_MAILS, BUSIEST = 8, 5
"""How many mails are listed, and of how many teams the quota."""

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Used:
    """What a team has used of its quota on a track."""

    team: str
    track: str
    #: Accepted submissions of today, and of the quota's week.
    today: int
    week: int
    #: How many it may have this week, with what the organizers granted it.
    per_week: int


@dataclass(frozen=True, kw_only=True)
class Status:
    """What there is to show."""

    at: datetime
    #: Whether a mailbot holds the state folder, or leads on the ledger that hosts share.
    running: bool
    #: Who leads, or led last; None where no host shares the ledger.
    leader: Leader | None
    #: The daemon's last report on itself (:mod:`mailbot.daemon.report`); empty when none runs.
    pulse: Mapping[str, Any]
    #: Every mail that was recorded, by outcome.
    outcomes: Mapping[str, int]
    #: Mails that are not completely processed yet, and those that were set aside.
    backlog: int
    set_aside: int
    #: Mails that wait for a word on who sent them, and since when each open dispute waits, the oldest first.
    held: int
    disputes: Sequence[datetime]
    #: Mails of ours that wait to be sent, and those that were given up.
    outbox: int
    given_up: int
    #: Submissions by track and status.
    submissions: Mapping[tuple[str, str], int]
    parts: Sequence[HealthRow]
    #: Newest first.
    last_mails: Sequence[MailRow]
    #: Names by the id of the team.
    teams: Mapping[int, str]
    #: The quota of the teams that sent most this week.
    used: Sequence[Used]
    last_board: datetime | None
    next_board: datetime
    #: The weekly instant whose board is overdue by an hour or more.
    overdue_board: datetime | None
    #: The name of the phase that is open, and when the next one closes.
    phase: str | None
    deadline: datetime | None
    #: SHA-256 of the labels in force, by track.
    labels: Mapping[str, str]
    #: Accepted submissions that those labels have not scored, for which every board waits; None if the items are split.
    unscored: int | None

    @property
    def polled_at(self) -> datetime | None:
        """When the mailbox was last polled."""
        return self._said("polled_at")

    @property
    def started_at(self) -> datetime | None:
        """When the daemon started, if one runs."""
        return self._said("started_at")

    @property
    def config_refused(self) -> str | None:
        """Why the daemon refused the config on disk; None when it is the one in use."""
        return self.pulse.get(report.REFUSED)

    def _said(self, name: str) -> datetime | None:
        """Return an instant out of the daemon's report."""
        said = self.pulse.get(name)
        return datetime.fromisoformat(said) if said else None


def look(tx: Tx, config: Config, *, now: datetime, complete: Complete | None = None) -> Status:
    """Read everything; nothing is written.

    With what is ``complete`` already no query grows with the ledger: then nothing is counted over the whole contest,
    and ``outcomes``, ``submissions`` and ``used`` are empty.
    """
    config = config.extended(quota.extensions(tx))
    closing = [phase.closes for phase in config.calendar if phase.closes and phase.closes > now]
    phase = phase_at(config.calendar, now)
    due = boards.missing(tx, config.board.publish_at, config.challenge.zone, now, config.stages)
    leader = leads.leader(tx)
    running = leader.leads if leader else is_held(config.state)
    return Status(
        at=now,
        running=running,
        leader=leader,
        pulse=(report.read(config.state) or {}) if running else {},
        outcomes={} if complete else _outcomes(tx, now),
        backlog=mails.unfinished(tx),
        set_aside=mails.count(tx, state=MailState.SET_ASIDE),
        held=held.count(tx),
        disputes=disputes.open_since(tx),
        outbox=outbox.waiting(tx),
        given_up=observations.given_up(tx, _BEGINNING),
        submissions={} if complete else _submissions(tx),
        parts=observations.health_of_parts(tx),
        last_mails=latest_mails(tx, LAST_MAILS),
        teams={team.id: team.name for team in teams.everyone(tx)},
        used=() if complete else _used(tx, config, now),
        last_board=boards.last_published(tx),
        next_board=next_board(config.board.publish_at, config.challenge.zone, config.stages, now),
        overdue_board=due if due and now - due > boards.OVERDUE else None,
        phase=phase.name if phase else None,
        deadline=min(closing, default=None),
        labels=_present(tx, config, stage_at(config.stages, now)),
        unscored=_unscored(tx, config, now, complete or Complete()) if config.split.public == 1 else None,
    )


def _outcomes(tx: Tx, now: datetime) -> dict[str, int]:
    found = observations.mails_by_outcome(tx, _BEGINNING, now + timedelta(days=1))
    return {str(outcome): count for outcome, count in found.items()}


def _submissions(tx: Tx) -> dict[tuple[str, str], int]:
    return {(track, str(status)): n for (track, status), n in observations.submissions_by_track(tx).items()}


def _unscored(tx: Tx, config: Config, now: datetime, complete: Complete) -> int:
    """Count the submissions that `mailbot rescore` would score; the labels themselves are not loaded."""
    begun = [stage for stage in config.stages if stage.opens is None or stage.opens <= now] or config.stages[:1]
    tracks, found = tracks_of(config), {stage: _present(tx, config, stage) for stage in begun}
    scorers = truths.scorers(tx)
    versions = (
        Version(track=name, truth=present[name], scorer=_scorer(track, scorers), within=stage.within)
        for stage, present in found.items()
        for name, track in tracks.items()
        if name in present
    )
    return complete.count_lacking(tx, versions)


def _present(tx: Tx, config: Config, stage: Stage) -> dict[str, str]:
    """Return the SHA-256 of the labels in force in a stage, by track: its own, else those of the stage before."""
    upto = config.stages[: config.stages.index(stage) + 1]
    return {track: sha256 for each in upto for track, sha256 in truths.present(tx, each.key).items()}


def _scorer(track: Track, scorers: Mapping[str, str]) -> str:
    """Return the name of what scores a track now: with a scorer of its own, of the version in force."""
    return named_scorer(track.scorer, scorers[track.name]) if track.own and track.name in scorers else track.scorer


def _used(tx: Tx, config: Config, now: datetime) -> list[Used]:
    """Return what the teams that sent most have used of their quota."""
    zone = config.challenge.zone
    rule, counted = quota_at(config, now)
    since, until = rule.week(now)
    midnight = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    for team_id, name, track in observations.busiest(tx, since, until, limit=BUSIEST):
        has = quota.allowance(tx, rule, team_id=team_id, track=track, at=now, phases=counted)
        today = submissions.used(tx, team_id=team_id, track=track, since=midnight, until=until)
        found.append(Used(team=name, track=track, today=today, week=has.used, per_week=has.per_week))
    return found


def _leader(found: Leader | None, at: Callable[[datetime | None], str | None]) -> dict[str, Any] | None:
    """Return who leads for programs; None where no host shares the ledger."""
    if found is None:
        return None
    told = {
        "host": found.host,
        "since": at(found.since),
        "leads": found.leads,
        "silent_seconds": round(found.silent, 1),
    }
    return {**told, "standing_by": list(found.standing_by)}


def as_json(status: Status, zone: ZoneInfo) -> dict[str, Any]:
    """Return the status for programs; instants are RFC 3339, with the offset of the zone."""

    def at(instant: datetime | None) -> str | None:
        return instant.astimezone(zone).isoformat(timespec="seconds") if instant else None

    return {
        "at": at(status.at),
        "running": status.running,
        "leader": _leader(status.leader, at),
        "compute": status.pulse.get("compute"),
        "loops": status.pulse.get("loops", {}),
        "polled_at": at(status.polled_at),
        "config_refused": status.config_refused,
        "mails": dict(status.outcomes),
        "backlog": status.backlog,
        "set_aside": status.set_aside,
        "held": status.held,
        "open_disputes": len(status.disputes),
        "outbox": status.outbox,
        "given_up": status.given_up,
        "parts": [{"part": p.part, "ok": p.ok, "since": at(p.since), "detail": p.detail} for p in status.parts],
        "last_mails": [
            {
                "mail": row.name,
                "arrived_at": at(row.arrived_at),
                "team": status.teams.get(row.team_id or 0),
                "state": str(row.state),
                "outcome": row.outcome and str(row.outcome),
            }
            for row in status.last_mails
        ],
        "quota": [asdict(each) for each in status.used],
        "last_board": at(status.last_board),
        "next_board": at(status.next_board),
        "overdue_board": at(status.overdue_board),
        "phase": status.phase,
        "deadline": at(status.deadline),
        "labels": dict(status.labels),
        "unscored": status.unscored,
    }
