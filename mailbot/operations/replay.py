"""Replay an audit trail on an empty ledger: every decision is taken again, in the same order.

A mail enters, a team joins, a mail is recorded, a board is published, each at the instant it was done first. Mails that
the trail does not know (it was lost, or ended before them) come after, in order of arrival.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mailbot import flow
from mailbot.board import withdrawal
from mailbot.board.weekly import sealed
from mailbot.errors import Permanent
from mailbot.identity import confirmation, notices, roster
from mailbot.intake import recorded
from mailbot.ledger import (
    daybook,
    events,
    held,
    mails,
    observations,
    outbox,
    quota,
    rulings,
    similarities,
    submissions,
    teams,
)
from mailbot.ledger.mailbox.places import Place
from mailbot.ledger.trail import verify
from mailbot.mail import envelope
from mailbot.model import Id, ReplyState, Ruling
from mailbot.operations import acceptance, ingest, letters, rebuild_report, rescore
from mailbot.operations import teams as roster_changes
from mailbot.operations.rebuild_report import Rebuilt
from scoring.trail.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mailbot.service import Service


DAY = timedelta(days=1)

LETTERS_QUEUED = frozenset({"letters-queued", "reminders-queued"})
"""The entries that tell of letters, each by its occasion."""

LETTERS = frozenset({"standing", "reminder", "digest"})
"""What such letters are called in the outbox."""


@dataclass
class Clock:
    """A clock that shows the instant of what is being done again, and the present before and after."""

    real: Callable[[], datetime]
    past: datetime | None = None

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.past or self.real()


@dataclass
class Again:
    """Replays a trail; ``service`` has a new, empty ledger, and ``clock`` is its clock."""

    service: Service
    clock: Clock
    state: Path
    #: SHA-256 of mails of the mailbox; it tells the order of those that arrived within one second.
    order: Sequence[str] = ()
    _roster: dict[str, dict[str, Any]] = field(default_factory=dict)
    _withheld: set[str] = field(default_factory=set)  # mails whose reply the limits withheld

    def run(self) -> Rebuilt:
        """Do everything again. Raises Permanent when the trail was tampered with."""
        trail = daybook.acts(self.state)
        self._roster = daybook.roster(self.state)
        with self.service.ledger.write("rebuild") as tx:
            for entry in trail:
                events.restore(tx, entry)
            broken = events.first_broken(tx)
        if broken is not None:
            message = f"{self.state / daybook.ACTS}: entry {broken} does not follow from the one before it"
            raise Permanent(message)
        differences: list[str] = []
        with events.muted() as retold:
            if trail and not any(entry["kind"] == "truth-chosen" for entry in trail):
                self.service.labels.take_config(self.clock())
            for entry in trail:
                kind, subject, detail = entry["kind"], entry["subject"], json.loads(entry["detail"])
                detail.pop(ROWS, None)  # what rows there are now is held to them in the end
                retold.clear()
                with self._at(datetime.fromisoformat(entry["at"])), events.again(entry["id"], entry["hash"]):
                    self._again(kind, subject, detail)
                differences += rebuild_report.differences(kind, subject, detail, retold)
        if trail:
            self._settle_letters(trail)
            with self.service.ledger.write("rebuild") as tx:
                differences += verify.tell_again(tx, self.clock())
        flow.enter_config(self.service)
        new = self._newcomers(known=bool(trail))
        daybook.catch_up(self.service.ledger, self.service.config.state)
        with self.service.ledger.read() as tx:
            found = {"mails": mails.count(tx), "submissions": len(submissions.listing(tx))}
        return Rebuilt(counts={"entries": len(trail), "not_in_the_trail": new, **found}, differences=differences)

    def _settle_letters(self, trail: Sequence[Mapping[str, Any]]) -> None:
        """Withhold the letters that the trail does not say are owed, and pass over those that came due meanwhile.

        A letter may be another one than before, as the config was changed: its occasion is not in the trail then.
        """
        details = [json.loads(entry["detail"]) for entry in trail if entry["kind"] in LETTERS_QUEUED]
        queued = {each for detail in details for each in detail.get("letters", ())}
        recent = datetime.fromisoformat(trail[-1]["at"]) - DAY  # trails of earlier versions name no letter
        with self.service.ledger.write("rebuild") as tx:
            waiting = [row for row in outbox.listing(tx) if row.state is ReplyState.QUEUED and row.kind in LETTERS]
            owed = [row.of in queued if queued else row.created_at >= recent for row in waiting]
            stale = [row.id for row, is_owed in zip(waiting, owed, strict=True) if not is_owed]
            outbox.withhold(tx, only=stale, error="rebuilt: the audit trail does not say that it is owed")
        self.service.letter_queue.pass_over()

    @contextmanager
    def _at(self, instant: datetime) -> Iterator[None]:
        self.clock.past = instant
        try:
            yield
        finally:
            self.clock.past = None

    def _again(self, kind: str, subject: str, detail: dict[str, Any]) -> None:
        """Carry out one entry; what only tells of something (health, a truth) needs nothing."""
        carry_out: dict[str, Callable[[str, dict[str, Any]], None]] = {
            "mail-spooled": self._mail,
            "reply-withheld": self._withhold,
            "mail-recorded": self._record,
            "mail-approved": self._approved,
            "mail-assigned": self._assigned,
            "mail-taken-up": self._taken_up,
            "mail-set-aside": self._set_aside,
            "team-key": self._key,
            "authserv-checked": self._authserv,
            "truth-chosen": lambda track, detail: self.service.labels.choose_again(track, detail, self.clock()),
            "rescored": self._rescored,
            "rescore-told": self._told,
            "likeness-found": self._likeness,
            **{each: partial(self._roster_change, each) for each in roster_changes.KINDS},
            "team-asked": self._asked,
            notices.INVITED: self._asked,
            "team-letters": self._team_letters,
            quota.GRANTED: self._grant,
            "reply-sent": self._sent,
            "board-published": self._board,
            withdrawal.KIND: lambda _, told: withdrawal.again(self.service.ledger, told, self.clock()),
            "letters-queued": self._letters,
            "reminders-queued": self._letters,
            **{each: partial(self._decide, each) for each in rulings.KINDS},
            "dispute-ruled": self._rule,
            "submission-accepted": self._accepted,
        }
        if kind in carry_out:
            carry_out[kind](subject, detail)

    def _mail(self, _subject: str, detail: dict[str, Any]) -> None:
        place = Place(mailbox=detail["mailbox"], uidvalidity=detail["uidvalidity"], uid=detail["uid"])
        arrived = datetime.fromisoformat(detail["arrived_at"])
        with self.service.ledger.write("rebuild") as tx:
            mails.add(tx, place, sha256=detail["sha256"], size=detail["size"], arrived_at=arrived, now=self.clock())

    def _record(self, subject: str, detail: dict[str, Any]) -> None:
        self.service.intake.step(only=Id.MAIL.number(subject), known=recorded.read(detail))
        if subject in self._withheld:
            self._withhold(subject, detail)

    def _withhold(self, subject: str, _detail: dict[str, Any]) -> None:
        """Withhold the reply to a mail; earlier versions entered that before the mail's record."""
        self._withheld.add(subject)
        with self.service.ledger.write("rebuild") as tx:
            written = [row.id for row in outbox.of_mail(tx, Id.MAIL.number(subject))]
            outbox.withhold(tx, only=written, error="by the limits of then")

    def _approved(self, subject: str, _detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            confirmation.release(tx, Id.MAIL.number(subject), self.clock())

    def _assigned(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            if team := teams.with_name(tx, detail["team"]):
                held.assign(tx, Id.MAIL.number(subject), team.id, why=detail["why"], now=self.clock())

    def _taken_up(self, subject: str, _detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            held.make_due(tx, Id.MAIL.number(subject), self.clock())

    def _key(self, subject: str, detail: dict[str, Any]) -> None:
        if "by" in detail:
            return  # the record of that mail does it
        with self.service.ledger.write("rebuild") as tx:
            if team := teams.with_name(tx, subject):
                teams.issue_key(tx, team.id, detail["hash"], self.clock())

    def _authserv(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            observations.note_authserv(tx, subject, forged=detail["forged"], now=self.clock())

    def _set_aside(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            mails.claim(tx, now=self.clock(), limit=1, only=[Id.MAIL.number(subject)])
            mails.set_aside(tx, Id.MAIL.number(subject), reason=detail["reason"])

    def _roster_change(self, kind: str, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            roster_changes.again(tx, kind, subject, detail, lines=self._roster, now=self.clock())

    def _asked(self, subject: str, detail: dict[str, Any]) -> None:
        line = self._roster.get(detail["roster"], {"addresses": ()}) if "roster" in detail else None  # {}: forgotten
        of, now, secret = self.service.challenge, self.clock(), self.service.secret
        with self.service.ledger.write("rebuild") as tx:
            if team := teams.with_name(tx, subject):
                notices.ask_again(tx, of, team, line, now, secret=secret)

    def _rescored(self, subject: str, _detail: dict[str, Any]) -> None:
        """Score again what was scored then: a track; in trails of the first version one submission."""
        one = Id.SUBMISSION.number(subject) if subject.startswith("S-") else None
        wanted = rescore.plan(self.service, track=None if one else subject, submission_id=one)
        list(rescore.rescore(self.service, wanted))

    def _likeness(self, subject: str, detail: dict[str, Any]) -> None:
        first, second = (Id.SUBMISSION.number(each) for each in (detail["other"], subject))
        found = {"first_id": first, "second_id": second, "kind": detail["likeness"], "value": detail["value"]}
        with self.service.ledger.write("rebuild") as tx:
            similarities.add(tx, track=detail["track"], **found, now=self.clock())

    def _told(self, track: str, detail: dict[str, Any]) -> None:
        of = self.service
        letters.tell_rescored(of, track=track, stage=rescore.stage_by(of, track, detail.get("truth")))

    def _team_letters(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            roster.switch_letters(tx, subject, wanted=detail["wanted"], now=self.clock())

    def _sent(self, _subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            of, plain = detail.get("of", ""), detail.get("message_id", "")
            outbox.was_sent(tx, self.clock(), of=of, message_ids=[plain, envelope.keyed(plain, self.service.secret)])

    def _board(self, _subject: str, detail: dict[str, Any]) -> None:
        due_at = datetime.fromisoformat(detail["due_at"]) if detail["due_at"] else None
        weekly = self.service.weekly
        as_of, final = datetime.fromisoformat(detail["as_of"]), detail.get("final", False)
        stage = self.service.challenge.stage_of(detail["phase"]) if "phase" in detail else None
        made = weekly.board(as_of, final=final, stage=stage)
        made = sealed(made, detail["audit"], flip_digits=detail.get("flip_digits"))
        made = replace(made, rules=tuple(detail.get("rules", made.rules)))  # phases and quota may have been moved since
        weekly.keep(made, due_at=due_at, head=detail["audit"], letters=detail.get("letters", False))

    def _letters(self, _subject: str, detail: dict[str, Any]) -> None:
        self.service.letter_queue.write_again(detail)

    def _grant(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            if team := teams.with_name(tx, subject):
                quota.grant(tx, self.service.challenge.quota, team, now=self.clock(), **detail)

    def _decide(self, kind: str, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            rulings.again(tx, kind, subject, detail, self.clock(), stages=self.service.challenge.stages)

    def _accepted(self, subject: str, detail: dict[str, Any]) -> None:
        found = acceptance.look(self.service, submissions.id_of(subject))
        acceptance.carry_out(self.service, found, detail["why"])

    def _rule(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            ruled = Ruling(detail["verdict"])
            self.service.disputes.rule(tx, submissions.id_of(subject), ruled, detail["why"])

    def _newcomers(self, *, known: bool) -> int:
        """Take the spooled mails that the trail does not know; without a trail nobody is answered a second time."""
        with self.service.ledger.read() as tx:
            digests = set(mails.digests(tx))
        strange = [path for path in self.service.spool.paths() if path.stem not in digests]
        place = {digest: number for number, digest in reversed(list(enumerate(self.order)))}
        for path in sorted(strange, key=lambda path: (path.stat().st_mtime, place.get(path.stem, 0), path.stem)):
            arrived = datetime.fromtimestamp(path.stat().st_mtime, UTC)  # the spool sets it to the arrival
            ingest.enter(self.service, path.read_bytes(), arrived)
            self.service.intake.step()
        if not known:
            with self.service.ledger.write("rebuild") as tx:
                outbox.withhold(tx, error="rebuilt without a trail: it was answered before")
        return len(strange)
