"""The step that sends the outbox: once accepted, never again; at least once if the process dies in between.

What concerns one mail costs that mail. What concerns the server makes the whole outbox wait: a quota that is used up, a
login that is refused, our host on a blocklist, no connection. Then one mail is tried after each pause, until one is
taken. A mail that is refused so again although others were taken since waits alone: then it is about that mail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.errors import AuthenticationFailed, BadAddress, ConfigError, Permanent, Temporary, Throttled, Unreachable
from mailbot.ledger import events, observations, outbox, teams
from mailbot.ledger.observations import Pause
from mailbot.model import Id
from mailbot.system import backoff, journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.ledger import Ledger
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.smtp import Sender

PATIENCE = timedelta(days=3)
"""So long a mail that is refused for now is tried again, unless the config says otherwise (RFC 5321, 4.5.4.1)."""

FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=6)
"""How long a mail waits after its first refusal, and after many."""

LONGEST_PAUSE = timedelta(hours=1)
"""How long the whole outbox waits at most, before one mail is tried; the first pause is FIRST_DELAY."""

TOLD_AFTER = timedelta(minutes=30)
"""A server that cannot be reached for so long is told of; one that says that a quota is used up, at once."""

LOGIN = "smtp-login"
"""The pause beside the former when it is the login that is refused: another login, or another start, ends it."""

SENDING = "sending"
"""The name of the pause, and of what the organizers are told of."""

_OURS = (ConfigError, AuthenticationFailed)
"""What the organizers must fix: no mail is given up for it."""


@dataclass(frozen=True, kw_only=True)
class Sending:
    """Sends the outbox."""

    ledger: Ledger
    transport: Sender
    #: The envelope sender.
    sender: str
    alerts: Alerts
    clock: Callable[[], datetime]
    patience: timedelta = PATIENCE
    #: A hash of the login as it is on disk.
    login: Callable[[], bytes] = bytes
    #: The login that was refused by this process; it begins with none.
    refused: list[bytes] = field(default_factory=list)

    def step(self) -> bool:
        """Send the oldest mail that is due; tell whether the next may be tried at once."""
        row = self._claim()
        if row is None:
            return False
        self.ledger.verify_lead()  # another host may have taken over, and send it too
        try:
            self.transport.send(row.message, sender=self.sender, recipient=row.recipient)
        except (*_OURS, Throttled, Unreachable) as error:
            self._pause(row, error)
            return False
        except Temporary as error:
            self._failed(row, str(error), final=self._is_out_of_patience(row))
            return False
        except Permanent as error:
            self._failed(row, str(error), final=True, bad_address=isinstance(error, BadAddress))
            return True
        except Exception as error:  # noqa: BLE001  # a mail that breaks our own code must not stop the next one
            self._failed(row, f"unexpected error: {error.__class__.__name__}", final=self._is_out_of_patience(row))
            return True
        now = self.clock()
        with self.ledger.write("reply-sent") as tx:
            outbox.sent(tx, row.id, now)
            observations.end_pause(tx, SENDING)
            observations.end_pause(tx, LOGIN)
            events.append(tx, kind="reply-sent", subject=_name(row), now=now, of=row.of)
        journal.event("reply-sent", reply=_name(row), **_mail(row), what=row.kind)
        return True

    def _claim(self) -> OutgoingRow | None:
        """Take the mail that is next; None while the outbox is paused, or nothing is due."""
        now = self.clock()
        with self.ledger.write("claim-reply") as tx:
            pause = observations.pause_of(tx, SENDING)
            fixed = observations.pause_of(tx, LOGIN) is not None and self.refused != [self.login()]
            if pause and not fixed and now < pause.due_at <= now + LONGEST_PAUSE:  # else of a clock that was ahead
                return None
            return outbox.claim(tx, now, least_tried=pause is not None)

    def _is_out_of_patience(self, row: OutgoingRow) -> bool:
        return row.failing_since is not None and self.clock() - row.failing_since >= self.patience

    def _pause(self, row: OutgoingRow, error: Exception) -> None:
        """Make the whole outbox wait for what concerns the server, and tell the organizers, once."""
        if isinstance(error, Throttled) and self._others_were_taken_since(row):
            self._failed(row, str(error), final=self._is_out_of_patience(row))
            return
        if not isinstance(error, _OURS) and self._is_out_of_patience(row):
            self._failed(row, str(error), final=True)
        now = self.clock()
        ours = isinstance(error, _OURS)  # then the mail waits for nothing but the pause, which a fixed login ends
        self.refused[:] = [self.login()] if ours else []
        with self.ledger.write("sending-paused") as tx:
            before = observations.pause_of(tx, SENDING)
            attempts, since = (before.attempts + 1, before.since) if before else (1, now)
            due_at = now + backoff.delay(attempts, first=FIRST_DELAY, longest=LONGEST_PAUSE)
            found = Pause(attempts=attempts, since=since, due_at=due_at)
            observations.pause(tx, SENDING, found)
            observations.end_pause(tx, LOGIN)
            if ours:
                observations.pause(tx, LOGIN, found)
            outbox.put_back(tx, row.id, due_at=now if ours else due_at, error=str(error), now=now)
            if isinstance(error, Throttled) or now - since >= TOLD_AFTER:
                self.alerts.report_in(tx, SENDING, ok=False, detail=str(error))
        journal.trouble("sending-paused", reply=_name(row), **_mail(row), attempt=attempts, error=str(error))

    def _others_were_taken_since(self, row: OutgoingRow) -> bool:
        with self.ledger.read() as tx:
            return row.failing_since is not None and observations.sent_since(tx, row.failing_since)

    def resume(self) -> None:
        """Queue again what a step was sending that ended by trouble of ours, such as a full disk."""
        with self.ledger.write("release-replies") as tx:
            outbox.recover(tx)

    def _failed(self, row: OutgoingRow, error: str, *, final: bool, bad_address: bool = False) -> None:
        now = self.clock()
        with self.ledger.write("reply-failed") as tx:
            if final:
                outbox.give_up(tx, row.id, error=error)
                events.append(tx, kind="reply-given-up", subject=_name(row), now=now)
                if bad_address:
                    teams.mark_bouncing(tx, row.recipient, now)
                if not row.kind.startswith("health-"):
                    self.alerts.report_in(tx, "outbox", ok=False, detail=f"{_name(row)}: {error}")
            else:
                pause = backoff.delay(row.attempts, first=FIRST_DELAY, longest=LONGEST_DELAY)
                outbox.put_back(tx, row.id, due_at=now + pause, error=error, now=now)
        told = {"reply": _name(row), **_mail(row), "attempt": row.attempts, "error": error}
        journal.trouble("reply-given-up" if final else "reply-delayed", **told)


def _name(row: OutgoingRow) -> str:
    return Id.REPLY.of(row.id)


def _mail(row: OutgoingRow) -> dict[str, str]:
    """Name the mail that it answers, for the journal; a letter answers none."""
    return {"mail": Id.MAIL.of(row.mail_id)} if row.mail_id is not None else {}
