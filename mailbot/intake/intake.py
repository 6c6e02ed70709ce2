"""The step from spooled mails to their record: open, identify, evaluate, record."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, cast

from mailbot.errors import Conflict, Permanent, Temporary
from mailbot.evaluation.evaluator import OwnScorerFailed
from mailbot.intake import commands, entries
from mailbot.intake.case import Case, Ready, settled_of
from mailbot.intake.files.rules import track_in
from mailbot.intake.sender import Senders, held
from mailbot.ledger import events, mails
from mailbot.mail import tasks
from mailbot.system import heartbeat, journal
from mailbot.system.sandbox import ChildDied, OutOfTime
from mailbot.system.stages import UnderWay, few_at_a_time, further

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.config.schema import LimitsSection
    from mailbot.evaluation.evaluator import Pending
    from mailbot.evaluation.labels import Labels
    from mailbot.identity.assess import Assessor
    from mailbot.intake.files.judging import Judging, Started
    from mailbot.intake.record import Record
    from mailbot.intake.recorded import Known
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.open import Candidate
    from mailbot.system.sandbox import Sandbox
    from mailbot.system.stages import Waitable
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.spool import Spool
    from mailbot.transport.turns import Sender, Turns

    _Claimed = tuple[MailRow, Sender]
    _Mail = UnderWay[tuple[MailRow, Sender | None]]

FOR_EACH_CHILD = 3
"""Mails under way at once for each child: none waits for work, and little is held of mails that unpack to much."""

BATCH = 32
"""Mails that a step begins at the most: the loop that takes it has other things to see to between two."""

GROUP, GROUP_SECONDS = 16, 0.5
"""So many mails are recorded in one transaction at the most, and none waits so long for others."""

MAIL_TIMES = 3
"""All files of a mail together may take so many times what one may (``limits.child_seconds``)."""

LOOK_SECONDS = 0.5
"""While all mails under way wait for children, so often we look whether another has come whose turn it is."""

ATTEMPTS = 3
"""A mail that our code could not handle so often is set aside."""

ATTEMPTS_IN_TIME = 2
"""One whose child ran out of time has used a lot of it: it is tried once more, not twice."""

RETRY = timedelta(seconds=30)

AWAIT, AWAIT_SHARE = timedelta(minutes=10), 6
"""A mail that waits until a track's own scorer works is tried so often, then after a sixth of the time it waited."""


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Handles spooled mails."""

    ledger: Ledger
    spool: Spool
    sandbox: Sandbox
    judging: Judging
    recorder: Record
    alerts: Alerts
    challenge: Challenge
    senders: Senders
    assessor: Assessor
    labels: Labels
    turns: Turns
    limits: LimitsSection
    clock: Callable[[], datetime]

    def step(
        self, only: int | None = None, *, known: Known | None = None, stopping: Callable[[], bool] = lambda: False
    ) -> bool:
        """Handle mails that are due, or one of them; tell whether there were any.

        Turns go round by sender (:mod:`mailbot.transport.turns`). Every mail goes stage by stage; while its child
        works, we turn to the other mails. When we are ``stopping``, those that are under way are finished, and no other
        is begun. ``known`` is what was found of the sender when the one mail was handled first: nobody is asked again.
        """
        self.labels.refresh()
        under_way, claimed, count = cast("list[_Mail]", []), cast("list[_Claimed]", []), 0
        if only is not None:
            with self.ledger.write("claim-mails") as tx:
                rows = mails.claim(tx, now=self.clock(), limit=1, only=[only])
            under_way = [UnderWay((row, None), self._stages(row, known)) for row in rows]
            count = BATCH if rows else 0
        while True:
            if stopping() and claimed:
                self.turns.give_back(claimed)
                claimed = []
            while only is None and not stopping() and self._has_room(under_way):
                if not claimed:
                    claimed = self._claimed(under_way, BATCH - count)
                    count += len(claimed)
                if not claimed:
                    break
                row, sender = claimed.pop(0)
                under_way.append(UnderWay((row, sender), self._stages(row, None)))
            if not under_way:
                return count > 0
            heartbeat.beat(f"handling {', '.join(mail.what[0].name for mail in under_way)}")
            waits = self._record(under_way)
            further(under_way, self._advance, GROUP_SECONDS if waits else LOOK_SECONDS)

    def _has_room(self, under_way: Sequence[_Mail]) -> bool:
        """Whether another mail may be begun: those that only wait to be recorded keep no child busy.

        Beside one that was tried before no more are begun than would be at once: they would die with us by its fault.
        """
        counted = under_way if any(mail.what[0].attempts > 1 for mail in under_way) else _in_children(under_way)
        return len(counted) < FOR_EACH_CHILD * self.sandbox.workers

    def _claimed(self, under_way: Sequence[_Mail], most: int) -> list[_Claimed]:
        """Claim the mails whose turns are next; none when there are none, or no sender may take a turn."""
        busy = [sender for _, sender in (mail.what for mail in under_way) if sender]
        return self.turns.few(self.clock(), busy, strangers=self._strangers, most=most) if most > 0 else []

    def _strangers(self, busy: Collection[Sender]) -> int:
        """How many strangers may be busy beside others: a child is left for each stage of a team's mail."""
        return self.sandbox.workers - 1 if any(not sender.stranger for sender in busy) else self._share

    def _record(self, under_way: Sequence[_Mail]) -> bool:
        """Record the mails that are ready: when they are many, wait too long, or nothing else is under way.

        Tell whether some wait on.
        """
        ready = [mail.waits_for for mail in under_way if isinstance(mail.waits_for, Ready) and not mail.waits_for.done]
        is_late = bool(ready) and time.monotonic() - min(each.since for each in ready) >= GROUP_SECONDS
        is_due = is_late or len(ready) >= GROUP or len(ready) == len(under_way)
        if is_due:
            self.recorder.settle(ready)
        return bool(ready) and not is_due

    @property
    def _share(self) -> int:
        """How many children of a kind one mail, or all strangers together, may keep busy: of several, one is free."""
        return max(1, self.sandbox.workers - 1)

    @property
    def _longest(self) -> float:
        """Seconds that one file may take: where a track has its own scorer, two runs of that too."""
        is_owned = any(track.own for track in self.challenge.tracks.values())
        return self.limits.child_seconds + (2 * self.limits.scorer_seconds if is_owned else 0)

    def resume(self) -> None:
        """Make due again what a step had claimed that ended by trouble of ours, such as a full disk."""
        with self.ledger.write("release-mails") as tx:
            mails.release(tx)

    def _advance(self, mail: _Mail) -> bool:
        """Take a mail one stage further; tell whether there are more. Whatever fails costs this mail alone."""
        try:
            mail.waits_for = next(mail.stages)
        except StopIteration:
            return False
        except Exception as error:  # noqa: BLE001  # a mail that breaks our own code must not stop the next one
            self._failed(mail.what[0], error)
            return False
        return True

    def _stages(self, row: MailRow, known: Known | None) -> Iterator[Waitable | None]:
        """Handle a mail; what is yielded is what its next stage waits for."""
        raw = self.spool.get(row.sha256)
        opening = self.sandbox.submit(tasks.open_mail, raw, row.size)
        yield opening
        opened = opening.result()
        has_files = bool(opened.candidates)
        thread = bool(opened.mail.references)
        command = commands.read(opened.mail.subject, opened.mail.text, in_thread=thread, has_files=has_files)
        entry = entries.find(opened, self.challenge.entries) if command is None else None
        brings = has_files or entry is not None
        wanted = brings or command is not None
        identity = self.senders.identify(row, opened.mail, known, has_files=brings, has_command=command is not None)
        command, wanted = (command, wanted) if identity.request is None else (None, True)
        if identity.team is not None and identity.outcome is None and known is None:
            assessment = self.assessor.begin(row, opened.mail, identity, raw)
            yield assessment.task
            identity = replace(identity, verdict=assessment.result())
        if known is None or known.held:
            identity = held(identity, command, has_files=brings, wanted=wanted)
        judged = identity.team is not None and identity.outcome is None
        candidates = opened.candidates if judged and entry is None else ()
        extended = self.judging.extended(row.arrived_at, identity) if candidates else None
        hint = track_in(opened.mail.subject, self.challenge.tracks.values())
        started: list[Started] = []

        def begin(number: int, candidate: Candidate) -> Pending | None:
            settled = settled_of(known, number)
            started.append(self.judging.start(candidate, row, hint, extended=extended, settled=settled))
            return started[-1].pending

        try:
            begins = [partial(begin, *each) for each in enumerate(candidates, 1)]
            yield from few_at_a_time(begins, at_once=self._share, seconds=MAIL_TIMES * self._longest)
            files = [self.judging.judged(each, identity) for each in started]
        except OwnScorerFailed as failed:
            self._await_scorer(Case(row=row, opened=opened, identity=identity), failed)
            return
        command = command if judged else None
        entry = entry if judged else None
        phases = [each.phase for each in started]
        case = Case(row=row, opened=opened, identity=identity, command=command, entry=entry, known=known, phases=phases)
        ready = Ready(case=case, files=files)
        yield ready
        ready.result()

    def _await_scorer(self, case: Case, failed: OwnScorerFailed) -> None:
        """Make a mail wait until a track's own scorer works: it is no fault of the mail, and no attempt is counted.

        One that has killed it, as if it were our code, is set aside in the end, until another version is in force.
        """
        row, now, killed = case.row, self.clock(), failed.killed
        with self.ledger.write("mail-waits") as tx:
            if killed and row.attempts >= _most_attempts(killed):
                self._set_aside(tx, row, str(failed), failed.trace)
            else:
                due_at = now + max(AWAIT, (now - row.arrived_at) / AWAIT_SHARE)
                mails.put_back(tx, row.id, due_at=due_at, reason=str(failed), counted=killed is not None)
            self.alerts.report_in(tx, "scorer", ok=False, detail=f"{row.name}: {failed}\n\n{failed.trace}")
            self.recorder.answering.tell_of_scorer(tx, case)
        journal.trouble("scorer-failed", mail=row.name, track=failed.track, reason=str(failed))

    def _failed(self, row: MailRow, error: Exception) -> None:
        """Make the mail wait, or set it aside when it cannot be handled or killed our code often enough."""
        now, reason = self.clock(), f"{error.__class__.__name__}: {error}"
        ours = isinstance(error, Temporary) and not isinstance(error, ChildDied)
        final = isinstance(error, Permanent) or (not ours and row.attempts >= _most_attempts(error))
        with self.ledger.write("mail-failed") as tx:
            if final:
                self._set_aside(tx, row, reason, "".join(traceback.format_exception(error)))
            else:
                wait = timedelta() if isinstance(error, Conflict) else RETRY * row.attempts
                mails.put_back(tx, row.id, due_at=now + wait, reason=reason)
        what = "mail-set-aside" if final else "mail-retried"
        journal.trouble(what, mail=row.name, attempt=row.attempts, reason=reason)

    def _set_aside(self, tx: Tx, row: MailRow, reason: str, trace: str) -> None:
        """Keep a mail whole for the organizers, who are told."""
        mails.set_aside(tx, row.id, reason=reason, trace=trace)
        events.append(tx, kind="mail-set-aside", subject=row.name, now=self.clock(), reason=reason)
        self.alerts.report_in(tx, "stuck", ok=False, detail=f"{row.name}: {reason}")


def _most_attempts(error: Exception) -> int:
    return ATTEMPTS_IN_TIME if isinstance(error, OutOfTime) else ATTEMPTS


def _in_children(under_way: Sequence[_Mail]) -> list[_Mail]:
    """Return the mails that do not only wait to be recorded."""
    return [mail for mail in under_way if not isinstance(mail.waits_for, Ready)]
