"""Alert the organizers when a component fails, once, and again when it works; through the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.ledger import events, mails, observations, outbox
from mailbot.mail import envelope
from mailbot.mail.templates import environment
from mailbot.model import MailState
from mailbot.system import journal
from scoring.text import inert

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.ledger import Ledger, Tx


SUBJECTS = {
    "login": "the mailbox refuses our login",
    "mailbox": "the mailbox cannot be reached",
    "folders": "a folder that should be read does not exist",
    "unserved": "a mail cannot be fetched from the mailbox",
    "restored": "the mailbox was restored from a backup",
    "filing": "processed mails cannot be filed away",
    "marker": "the mailbox cannot be marked as ours",
    "clock": "this host's clock is wrong: boards and letters wait",
    "quota": "the mailbox is nearly full",
    "full": "the mailbox is full, or will be soon",
    "stuck": "a mail was set aside",
    "outbox": "a mail could not be sent",
    "sending": "the mail server does not accept our mails at the moment",
    "board": "the board could not be published",
    "page": "the command after publishing the results page failed",
    "sheet": "the Google Sheet is behind",
    "reconciliation": "the mailbox and the ledger differ",
    "replies": "replies are withheld by the limits",
    "disk": "the disk is nearly full",
    "overdue": "the board is overdue",
    "heartbeat": "a part of mailbot hangs",
    "letters": "the letters could not be written",
    "roster": "the roster could not be read",
    "labels": "a label file changed and is not used",
    "scorer": "a track's own scorer failed",
    "trail": "the ledger does not agree with its audit trail",
    "ledger": "the ledger could not be used for a while",
    "cluster": "the cluster that evaluates has a problem",
}
"""The parts that are watched, each with what is wrong when it fails."""

WELL = {
    "login": "the mailbox accepts our login",
    "mailbox": "the mailbox can be reached",
    "folders": "every folder that should be read exists",
    "unserved": "every mail was fetched from the mailbox",
    "restored": "the mailbox has kept its numbers for a day",
    "filing": "processed mails are filed away",
    "marker": "the mailbox is marked as ours",
    "clock": "this host's clock is right: boards and letters go out",
    "quota": "the mailbox has room",
    "full": "the mailbox is no longer full",
    "stuck": "no mail is set aside now",
    "outbox": "no mail has failed to be sent for a day",
    "sending": "the mail server accepts our mails",
    "board": "the board was published",
    "page": "the command after publishing the results page succeeded",
    "sheet": "the Google Sheet is up to date",
    "reconciliation": "the mailbox and the ledger agree",
    "replies": "no reply was withheld for a day",
    "disk": "the disk has room",
    "overdue": "the board was published",
    "heartbeat": "all parts of mailbot work",
    "letters": "the letters were written",
    "roster": "the roster was read",
    "labels": "the label files are those that score",
    "scorer": "the track's own scorer works",
    "trail": "the ledger agrees with its audit trail",
    "ledger": "the ledger has been there for an hour",
    "cluster": "the cluster evaluates",
}
"""The same parts, each with what is true once it works again."""


CALM = {
    "outbox": timedelta(days=1), "replies": timedelta(days=1), "restored": timedelta(days=1),
    "sending": timedelta(hours=1),
}  # fmt: skip
"""What has not happened for so long is over: that a mail was given up, replies were withheld, a quota was used up."""


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """Watches the components and alerts the organizers."""

    ledger: Ledger
    challenge: Challenge
    clock: Callable[[], datetime]

    def report(self, part: str, *, ok: bool, detail: str = "") -> None:
        """Note how a part does, and write to the organizers if that is news."""
        with self.ledger.write("health") as tx:
            self.report_in(tx, part, ok=ok, detail=detail)

    def report_in(self, tx: Tx, part: str, *, ok: bool, detail: str = "") -> None:
        """Do the same inside a transaction."""
        now, detail = self.clock(), inert(detail)  # it may hold a server's words, or a stranger's
        if not observations.note_health(tx, part, ok=ok, detail=detail, now=now):
            return
        digest = events.append(tx, kind="health", subject=part, now=now, ok=ok)
        (journal.event if ok else journal.trouble)("health", part=part, ok=ok, detail=detail)
        for organizer in self.challenge.organizers:
            self._tell(tx, organizer, part, detail, ok=ok, key=digest)

    def settle(self) -> None:
        """Report mails that are set aside, whoever set them aside, and call off what is over. Raises Temporary."""
        with self.ledger.read() as tx:
            aside = mails.count(tx, state=MailState.SET_ASIDE)
            ill = {row.part: row for row in observations.health_of_parts(tx) if not row.ok}
            paused = {part for part in CALM if observations.pause_of(tx, part)}
        for part, calm in CALM.items():
            if part in ill and part not in paused and self.clock() - ill[part].seen_at > calm:
                self.report(part, ok=True)
        if bool(aside) != ("stuck" in ill):
            self.report("stuck", ok=not aside, detail="`mailbot stuck list` shows them." if aside else "")

    def _tell(self, tx: Tx, organizer: str, part: str, detail: str, *, ok: bool, key: str) -> None:
        what, state = (WELL[part], "fixed: ") if ok else (SUBJECTS[part], "")
        message = envelope.begin(
            self.challenge,
            recipient=organizer,
            subject=f"[mailbot] {state}{what}",
            key=f"{key}{organizer}",
            now=self.clock(),
        )
        text = environment().get_template("letters/health.txt.j2")
        message.set_content(text.render(ok=ok, what=what, detail=detail, challenge=self.challenge))
        outbox.queue(tx, message, kind=f"health-{part}", now=self.clock())
