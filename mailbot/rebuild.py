"""A new ledger out of the mails and the daybook: what was decided once is decided again, in the same order.

The audit trail comes back exactly as it was, and each of its entries is carried out anew: a mail enters, a team joins,
a mail is recorded, a board is published, each at the instant it was done first. Mails that the trail does not know
(it was lost, or ended before them) come after, in order of arrival.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from mailbot import crash, daybook, importing, quota, rescore, roster, ruling, service
from mailbot.auth import approval, known
from mailbot.dialogue import parts as command_parts
from mailbot.errors import Permanent
from mailbot.holding import held
from mailbot.ledger import authserv, events, keys, likenesses, mails, outbox, submissions, teams
from mailbot.ledger.mails import Place
from mailbot.letters import rescored as rescore_letters
from mailbot.model import Ruling
from mailbot.registration import asking
from mailbot.spool import FORGOTTEN
from mailbot.weekly import sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from mailbot.config import Config
    from mailbot.fetch import Server
    from mailbot.service import Service


@dataclass
class Clock:
    """A clock that shows the instant of what is being done again, and the present before and after."""

    real: Callable[[], datetime]
    past: datetime | None = None

    def __call__(self) -> datetime:
        """Return the instant."""
        return self.past or self.real()


@dataclass
class Rebuild:
    """The parts this works with: a service on a new, empty ledger, whose clock is ``clock``."""

    service: Service
    clock: Clock
    state: Path
    #: SHA-256 of mails of the mailbox; it tells the order of those that arrived within one second.
    order: Sequence[str] = ()
    _roster: dict[str, dict[str, Any]] = field(default_factory=dict)

    def run(self) -> dict[str, int]:
        """Do everything again; return what was counted. Raises Permanent when the trail was tampered with."""
        trail = daybook.acts(self.state)
        self._roster = daybook.roster(self.state)
        with self.service.ledger.write("rebuild") as tx:
            for entry in trail:
                events.restore(tx, entry)
            broken = events.first_broken(tx)
        if broken is not None:
            message = f"{self.state / daybook.ACTS}: entry {broken} does not follow from the one before it"
            raise Permanent(message)
        with events.muted():
            if trail and not any(entry["kind"] == "truth-chosen" for entry in trail):
                self.service.labels.take_config(self.clock())
            for entry in trail:
                with self._at(datetime.fromisoformat(entry["at"])):
                    self._again(entry, json.loads(entry["detail"]))
        self.service.enter_config()
        new = self._newcomers(known=bool(trail))
        self.service.keep_daybook()
        with self.service.ledger.read() as tx:
            found = {"mails": mails.count(tx), "submissions": len(submissions.listing(tx))}
        return {"entries": len(trail), "not_in_the_trail": new, **found}

    @contextmanager
    def _at(self, instant: datetime) -> Iterator[None]:
        self.clock.past = instant
        try:
            yield
        finally:
            self.clock.past = None

    def _again(self, entry: dict[str, Any], detail: dict[str, Any]) -> None:
        """Carry out one entry; what only tells of something (health, a truth) needs nothing."""
        carry_out: dict[str, Callable[[str, dict[str, Any]], None]] = {
            "mail-spooled": self._mail,
            "mail-recorded": self._record,
            "mail-approved": self._approved,
            "mail-set-aside": self._set_aside,
            "team-key": self._key,
            "authserv-checked": self._authserv,
            "truth-chosen": self._truth,
            "rescored": self._rescored,
            "rescore-told": self._told,
            "likeness-found": self._likeness,
            "team-added": self._team,
            "team-asked": self._asked,
            "team-letters": self._team_letters,
            quota.GRANTED: self._grant,
            "reply-sent": self._sent,
            "board-published": self._board,
            "letters-queued": self._letters,
            "reminders-queued": self._letters,
            **{kind: partial(self._decide, kind) for kind in ruling.KINDS},
            "dispute-ruled": self._rule,
        }
        if entry["kind"] in carry_out:
            carry_out[entry["kind"]](entry["subject"], detail)

    def _mail(self, _subject: str, detail: dict[str, Any]) -> None:
        place = Place(mailbox=detail["mailbox"], uidvalidity=detail["uidvalidity"], uid=detail["uid"])
        arrived = datetime.fromisoformat(detail["arrived_at"])
        with self.service.ledger.write("rebuild") as tx:
            mails.add(tx, place, sha256=detail["sha256"], size=detail["size"], arrived_at=arrived, now=self.clock())

    def _record(self, subject: str, detail: dict[str, Any]) -> None:
        self.service.intake.step(only=int(subject.removeprefix("M-")), known=known.read(detail))

    def _approved(self, subject: str, _detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            approval.release(tx, int(subject.removeprefix("M-")), self.clock())

    def _key(self, subject: str, detail: dict[str, Any]) -> None:
        if "by" in detail:
            return  # the record of that mail does it
        with self.service.ledger.write("rebuild") as tx:
            if team := teams.with_name(tx, subject):
                keys.issue(tx, team.id, detail["hash"], self.clock())

    def _authserv(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            authserv.note(tx, subject, forged=detail["forged"], now=self.clock())

    def _set_aside(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            mails.claim(tx, now=self.clock(), limit=1, only=int(subject.removeprefix("M-")))
            mails.set_aside(tx, int(subject.removeprefix("M-")), reason=detail["reason"])

    def _team(self, subject: str, detail: dict[str, Any]) -> None:
        if "by" in detail:
            return  # the record of that mail does it
        line = self._roster.get(detail["roster"])
        if line is None:
            message = f"{self.state / daybook.ROSTER}: the addresses of team {subject!r} are missing"
            raise Permanent(message)
        with self.service.ledger.write("rebuild") as tx:
            unconfirmed = "unconfirmed" in detail
            teams.add(tx, line["team"], line["addresses"], self.clock(), unconfirmed=unconfirmed)

    def _asked(self, subject: str, _detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            if team := teams.with_name(tx, subject):
                asking.ask_one(tx, self.service.challenge, team, self.clock())

    def _truth(self, track: str, detail: dict[str, Any]) -> None:
        self.service.labels.choose_again(track, detail, self.clock())

    def _rescored(self, subject: str, _detail: dict[str, Any]) -> None:
        """Score again what was scored then: a track; in trails of the first version one submission."""
        one = int(subject.removeprefix("S-")) if subject.startswith("S-") else None
        aims = rescore.aims(self.service, track=None if one else subject, submission_id=one)
        for _ in rescore.rescore(self.service, aims):
            pass

    def _likeness(self, subject: str, detail: dict[str, Any]) -> None:
        first, second = (int(each.removeprefix("S-")) for each in (detail["other"], subject))
        found = {"first_id": first, "second_id": second, "kind": detail["likeness"], "value": detail["value"]}
        with self.service.ledger.write("rebuild") as tx:
            likenesses.add(tx, track=detail["track"], **found, now=self.clock())

    def _told(self, track: str, _detail: dict[str, Any]) -> None:
        rescore_letters.tell(self.service, track=track)

    def _team_letters(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            roster.switch_letters(tx, subject, wanted=detail["wanted"], now=self.clock())

    def _sent(self, _subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            outbox.was_sent(tx, detail["message_id"], self.clock())

    def _board(self, _subject: str, detail: dict[str, Any]) -> None:
        due_at = datetime.fromisoformat(detail["due_at"]) if detail["due_at"] else None
        weekly = self.service.weekly
        as_of, final = datetime.fromisoformat(detail["as_of"]), detail.get("final", False)
        made = sealed(weekly.board(as_of, final=final), detail["audit"])
        weekly.keep(made, due_at=due_at, head=detail["audit"], letters=detail.get("letters", False))

    def _letters(self, _subject: str, detail: dict[str, Any]) -> None:
        self.service.post.write_again(detail)

    def _grant(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            if team := teams.with_name(tx, subject):
                quota.grant(tx, self.service.challenge.quota, team, now=self.clock(), **detail)

    def _decide(self, kind: str, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            ruling.again(tx, kind, subject, detail, self.clock())

    def _rule(self, subject: str, detail: dict[str, Any]) -> None:
        with self.service.ledger.write("rebuild") as tx:
            ruled = Ruling(detail["verdict"])
            command_parts.disputing(self.service).rule(tx, submissions.id_of(subject), ruled, detail["why"])

    def _newcomers(self, *, known: bool) -> int:
        """Take the spooled mails that the trail does not know; without a trail nobody is answered a second time."""
        with self.service.ledger.read() as tx:
            digests = set(mails.digests(tx))
        strange = [path for path in self.service.spool.paths() if path.stem not in digests]
        place = {digest: number for number, digest in reversed(list(enumerate(self.order)))}
        for path in sorted(strange, key=lambda path: (path.stat().st_mtime, place.get(path.stem, 0), path.stem)):
            arrived = datetime.fromtimestamp(path.stat().st_mtime, UTC)  # the spool sets it to the arrival
            importing.enter(self.service, path.read_bytes(), arrived)
            self.service.intake.step()
        if not known:
            with self.service.ledger.write("rebuild") as tx:
                outbox.withhold_all(tx, error="rebuilt without a trail: it was answered before")
        return len(strange)


def spool_mailbox(wired: Service, server: Server, folders: list[str]) -> list[str]:
    """Bring every mail of the folders into the spool, each with its INTERNALDATE; return their SHA-256 in order."""
    found: list[str] = []
    for folder in folders:
        if server.select(folder) is None:
            continue
        for uids in server.windows():
            found.extend(wired.spool.put(mail.raw, mail.arrived_at) for mail in server.fetch(uids))
    return found


SUFFIXES = ("-wal", "-shm")
"""What SQLite keeps beside a ledger that is open, or was when it died."""


def rebuild(config: Config, *, from_mailbox: bool) -> dict[str, int]:
    """Make a new ledger beside the old one, then take its place; the old one is kept. Raises Permanent."""
    if config.ledger_url:
        message = "ledger_url: rebuild makes an SQLite ledger in the state folder; leave the key out for it"
        raise Permanent(message)
    old, new = config.state / "ledger.db", config.state / "ledger.new.db"
    with held(config.state):
        for suffix in ("", *SUFFIXES):
            new.with_name(new.name + suffix).unlink(missing_ok=True)
        clock = Clock(service.now)
        there = config.model_copy(update={"ledger_url": f"sqlite:///{new}"})
        with service.opened(there, clock=clock, enter=False) as wired:
            _refuse_dropped(wired.spool.dropped(), FORGOTTEN)  # their mails are not to come back from the mailbox
            order = _fetch_all(wired) if from_mailbox else []
            _refuse_dropped(wired.spool.dropped(), "")
            counts = Rebuild(wired, clock, config.state, order).run()
        _swap(old, new)
    return counts


def _refuse_dropped(notes: Mapping[str, str], reason: str) -> None:
    """Refuse to begin without mails that were dropped on purpose: the ledger would come out another one."""
    gone = [why for why in notes.values() if why.startswith(reason)]
    if gone:
        message = f"{len(gone)} mails are not in the spool any more ({gone[0]}), so the ledger cannot be made anew"
        raise Permanent(f"{message}: restore a backup")


def _fetch_all(wired: Service) -> list[str]:
    """Fetch every mail; those that were filed away come first, in the order in which they were handled."""
    fetch = wired.fetch()
    mailbox = wired.mailbox()
    try:
        return spool_mailbox(wired, mailbox, [fetch.processed, fetch.failed, *fetch.folders])
    finally:
        mailbox.close()


def _swap(old: Path, new: Path) -> None:
    """Put the new ledger in the place of the old one, which is kept: there is a ledger at every instant.

    The new one is closed, so it is one file; what SQLite keeps beside the old one must not stay beside the new.
    """
    kept = old.with_name(f"{old.name}.before-{service.now():%Y%m%dT%H%M%S.%fZ}")
    for suffix in SUFFIXES:
        beside = old.with_name(old.name + suffix)
        if beside.exists():
            beside.rename(kept.with_name(kept.name + suffix))
    if old.exists():
        kept.hardlink_to(old)
    with crash.around("file.rename"):
        new.replace(old)
