"""The step that queues letters: standings and reminders to the teams, the digest to the organizers.

Each is queued once, whatever dies: a board owes its letters until the transaction that queues them all, and each letter
has a key that the ledger takes once. What is written is decided by the ledger alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mailbot.board import exports
from mailbot.board.build import one_line
from mailbot.board.codec import board_from_json
from mailbot.board.rank_changes import places
from mailbot.config.calendar import HANDED_IN, Matter, phase_at
from mailbot.ledger import boards, events, mails, outbox, quota, rulings, submissions, teams
from mailbot.letters import digest
from mailbot.letters import letter as letters
from mailbot.letters.letter import DAY, Addressee
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from mailbot.board.model import Board
    from mailbot.board.publish import Publisher
    from mailbot.config.calendar import Allowance, Phase, Window
    from mailbot.config.challenge import Challenge
    from mailbot.config.teams import LettersSection
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.boards import BoardRow
    from mailbot.letters.letter import Letters
    from mailbot.mail.envelope import Outgoing
    from mailbot.model import Team

PATIENCE = timedelta(minutes=15)
"""So long the list of receipts waits for mails that arrived in time and are still being worked on."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A letter that is not queued yet."""

    #: For whom and on what occasion; the ledger takes it once.
    key: str
    kind: str
    #: None for an organizer.
    team: Team | None
    outgoing: Outgoing


@dataclass(frozen=True, kw_only=True)
class LetterQueue:
    """Queues the letters that are due."""

    ledger: Ledger
    challenge: Challenge
    letters: Letters
    settings: LettersSection
    publisher: Publisher
    clock: Callable[[], datetime]

    def step(self) -> bool:
        """Write what is owed on one occasion; tell whether there was one."""
        return self._after_a_board() or self._before_a_deadline() or self._after_a_deadline()

    def owed(self) -> list[Draft]:
        """Return the letters that the next steps would queue."""
        with self.ledger.read() as tx:
            rows, due = boards.all_owing(tx), list(self._reminders_due(tx, self.clock()))
        made = [self.about(board_from_json(json.loads(row.board)), row.sha256, due_at=row.due_at) for row in rows]
        made += [self.about_deadline(*each) for each in due]
        return [draft for drafts in made for draft in drafts]

    def write_again(self, detail: dict[str, Any]) -> None:
        """Queue what was queued at this instant before the ledger was lost, to the same teams.

        A deadline that the config has put off since is passed over: its reminders are long sent.
        """
        if "board" in detail:
            with self.ledger.read() as tx:
                row = next((row for row in boards.listing(tx) if row.sha256 == detail["board"]), None)
            if row is not None:
                self._queue_board(row, only=detail["teams"])
        else:
            for window in self.challenge.windows:
                if window.name == detail.get(window.matter) and window.holds(self.clock()):
                    self._queue_reminders(window, detail["days"], only=detail["teams"])

    # --- after a board ------------------------------------------------------------------------

    def _after_a_board(self) -> bool:
        with self.ledger.read() as tx:
            owing = boards.owing(tx)
            row = next((row for row in boards.listing(tx) if row.id == owing), None) if owing else None
        if row is None:
            return False
        self._queue_board(row)
        if _closed(self.challenge.windows, self.clock()):
            self._write_receipts()
        return True

    def _queue_board(self, row: BoardRow, only: Collection[str] | None = None) -> None:
        """Write the letters of a board, then queue them all in one transaction, unless somebody did meanwhile."""
        drafts = self.about(board_from_json(json.loads(row.board)), row.sha256, due_at=row.due_at, only=only)
        with self.ledger.write("letters") as tx:
            if not boards.settle(tx, row.id):
                return
            self._queue(tx, drafts)
            told = {"board": row.sha256, "teams": _names(drafts), "letters": _occasions(drafts)}
            events.append(tx, kind="letters-queued", subject="board", now=self.clock(), **told)
        journal.event("letters-queued", board=row.id, letters=len(drafts))

    def about(
        self, board: Board, key: str, *, due_at: datetime | None, only: Collection[str] | None = None
    ) -> list[Draft]:
        """Return the letters about a board: to each team with a standing, and, of a weekly one, to the organizers.

        After the last phase closed one more board is written about, the one that settles it; then nothing moves but the
        final results, which are compared with no week before: they may be by other items. After those no week is told.
        """
        now = self.clock()
        with self.ledger.read() as tx:
            weekly = [row for row in boards.listing(tx) if row.due_at is not None]
            before = [row.due_at for row in weekly if row.due_at and row.due_at < board.as_of]
            stage = self.challenge.stage_of(board.phase)
            phases = [each for each in self.challenge.phases if self.challenge.stage_of(each.name) == stage]
            since = max(before, default=events.began(tx) or now)
            week = digest.gather(tx, since=since, until=due_at or now)
            over = events.finished(tx, before=now, phase=self.challenge.stages[-1].name)
            moved = board.final or (not over and _was_open(phases, since, board.as_of))
            wanted = self.settings.standings and moved
            addressees = self._addressees(tx, now, only) if wanted else []
        own_weeks = [] if board.final else [row for row in weekly if row.stage == stage.key]
        found = places(board, [board_from_json(json.loads(row.board)) for row in own_weeks])
        drafts = []
        for one in addressees:
            if its := found.get(one_line(one.team.name)):
                own = f"board:{key}:team:{one.team.id}"
                letter = self.letters.standing(one, its, board, key=own, now=now)
                drafts.append(Draft(key=own, kind="standing", team=one.team, outgoing=letter))
        for organizer in self.challenge.organizers if due_at and self.settings.digest else ():
            own = f"board:{key}:organizer:{organizer}"
            letter = self.letters.digest(week, organizer, key=own, now=now)
            drafts.append(Draft(key=own, kind="digest", team=None, outgoing=letter))
        return drafts

    # --- before a deadline --------------------------------------------------------------------

    def _before_a_deadline(self) -> bool:
        now = self.clock()
        with self.ledger.read() as tx:
            due = next(self._reminders_due(tx, now), None)
        if due is None:
            return False
        self._queue_reminders(*due)
        return True

    def _reminders_due(self, tx: Tx, now: datetime) -> Iterator[tuple[Window, int]]:
        """Yield the reminders that are missing: of each open window the last; none of before `events.told_until`."""
        began = events.told_until(tx) or now
        for window in self.challenge.windows:
            if window.closes is None or window.matter not in HANDED_IN or not window.holds(now):
                continue
            passed = [days for days in self.settings.remind_days if began <= window.closes - days * DAY <= now]
            if passed and not events.happened(tx, kind="reminders-queued", subject=_occasion(window, min(passed))):
                yield window, min(passed)

    def _queue_reminders(self, window: Window, days: int, only: Collection[str] | None = None) -> None:
        """Write the reminders of a deadline, then queue them all in one transaction."""
        drafts, occasion = self.about_deadline(window, days, only), _occasion(window, days)
        with self.ledger.write("reminders") as tx:
            if only is None and events.happened(tx, kind="reminders-queued", subject=occasion):
                return
            self._queue(tx, drafts)
            told = {"teams": _names(drafts), "letters": _occasions(drafts)}
            self._remember(tx, window, days, **told)
        journal.event("letters-queued", occasion=occasion, letters=len(drafts))

    def pass_over(self) -> None:
        """Mark the reminders as passed that were due while there was no ledger: nobody is written to of the past."""
        with self.ledger.write("reminders") as tx:
            for window, days in list(self._reminders_due(tx, self.clock())):
                self._remember(tx, window, days, teams=[], passed=True)

    def _remember(self, tx: Tx, window: Window, days: int, **told: Any) -> None:  # noqa: ANN401  # any JSON
        told |= {window.matter: window.name, "days": days}
        events.append(tx, kind="reminders-queued", subject=_occasion(window, days), now=self.clock(), **told)

    def about_deadline(self, window: Window, days: int, only: Collection[str] | None = None) -> list[Draft]:
        """Return the reminders of a deadline, to every team that is not disqualified."""
        now, drafts = self.clock(), []
        with self.ledger.read() as tx:
            out = rulings.disqualified_teams(tx)
            addressees = [one for one in self._addressees(tx, now, only) if one.team.id not in out]
        for one in addressees:
            own = f"reminder:{_occasion(window, days)}:team:{one.team.id}"
            letter = self.letters.reminder(one, window, key=own, now=now)
            drafts.append(Draft(key=own, kind="reminder", team=one.team, outgoing=letter))
        return drafts

    # --- after a deadline ---------------------------------------------------------------------

    def _after_a_deadline(self) -> bool:
        """List the receipts of a phase that closed, once every mail that arrived in time is recorded."""
        now = self.clock()
        closed = _closed(self.challenge.windows, now)
        with self.ledger.read() as tx:
            new = [one for one in closed if not events.happened(tx, kind="receipts-published", subject=_occasion(one))]
            last = max((phase.closes for phase in new if phase.closes), default=now)
            wait = now < last + PATIENCE and mails.unfinished(tx, before=last) > 0
        if not closed or wait or not (new or not (self.publisher.config.published / exports.RECEIPTS).exists()):
            return False
        self._write_receipts()
        with self.ledger.write("receipts") as tx:
            for phase in new:
                events.append(tx, kind="receipts-published", subject=_occasion(phase), now=now)
        return True

    def list_again(self) -> None:
        """Write the list of receipts anew, of the phases for which it was published; the page stays as it is."""
        with self.ledger.read() as tx:
            closed = _closed(self.challenge.windows, self.clock())
            told = [one for one in closed if events.happened(tx, kind="receipts-published", subject=_occasion(one))]
        if told:
            self._list_receipts(told)

    def _write_receipts(self) -> None:
        self._list_receipts(_closed(self.challenge.windows, self.clock()))
        self.publisher.refresh()

    def _list_receipts(self, phases: Sequence[Window]) -> None:
        names = {phase.name for phase in phases}
        with self.ledger.read() as tx:
            received = [row for row in submissions.listing(tx) if row.phase in names]
        exports.write_receipts(received, self.publisher.config.published, self.challenge.zone)

    # --- for all ------------------------------------------------------------------------------

    def _addressees(self, tx: Tx, now: datetime, only: Collection[str] | None) -> list[Addressee]:
        """Return the teams that get letters: to the first of a team's addresses that takes mail."""
        silent, language, ends_of = teams.bouncing(tx), letters.languages(tx), quota.extensions_by_team(tx)
        found = []
        for team in teams.everyone(tx):
            recipient = teams.recipient(team, silent)
            wanted = team.letters if only is None else team.name in only
            if recipient is not None and wanted:
                give, ends = partial(Addressee, team=team, recipient=recipient), ends_of(team.name)
                allowances = self._allowances(tx, team, self.challenge.of_team(ends), now)
                found.append(give(allowances=allowances, language=language(team), ends=ends))
        return found

    def _allowances(self, tx: Tx, team: Team, own: Challenge, now: datetime) -> dict[str, Allowance]:
        phase = phase_at(own.phases, now)
        if phase is None:
            return {}
        rules, counted = self.challenge.quota_of(phase), self.challenge.counted_in(phase)
        return {
            track: quota.allowance(tx, rules, team_id=team.id, track=track, at=now, phases=counted)
            for track in self.challenge.tracks
        }

    def _queue(self, tx: Tx, drafts: Sequence[Draft]) -> None:
        for draft in drafts:
            if not outbox.has(tx, draft.key):
                team_id, mail = draft.team.id if draft.team else None, asdict(draft.outgoing)
                outbox.add(tx, kind=draft.kind, **mail, team_id=team_id, key=draft.key, now=self.clock())


def _names(drafts: Sequence[Draft]) -> list[str]:
    return [draft.team.name for draft in drafts if draft.team]


def _occasions(drafts: Sequence[Draft]) -> list[str]:
    return [outbox.occasion(draft.key) for draft in drafts]


def _occasion(window: Window, days: int | None = None) -> str:
    """Name a deadline, or so many days before it; one that is put off is another."""
    closes = f"{window.closes.astimezone(UTC):%Y-%m-%dT%H:%MZ}" if window.closes else "never"
    return f"{window.key} {closes}" + (f" {days} d before" if days is not None else "")


def _was_open(phases: Sequence[Phase], since: datetime, until: datetime) -> bool:
    """Whether any phase was open at some time of a window."""
    return any(
        (phase.opens is None or phase.opens < until) and (phase.closes is None or phase.closes > since)
        for phase in phases
    )


def _closed(windows: Sequence[Window], now: datetime) -> list[Window]:
    """Return the phases that have closed."""
    return [one for one in windows if one.matter is Matter.PHASE and one.closes and one.closes <= now]
