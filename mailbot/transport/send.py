"""The step that sends the outbox: once accepted, never again; at least once if the process dies in between."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from mailbot.errors import BadAddress, ConfigError, Permanent, Temporary
from mailbot.ledger import events, outbox, teams
from mailbot.model import Id
from mailbot.system import backoff, journal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.ledger import Ledger
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.transport.alerts import Alerts

TRIES = 27
"""After so many refusals for now, a mail is given up: with the delays below that is more than four days (RFC 5321)."""

FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=6)
"""How long to wait after the first refusal, and after many (RFC 5321, section 4.5.4.1)."""


class Transport(Protocol):
    """What the step asks of a mail server; mailbot.transport.smtp.Sender is one."""

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        """Send one mail. Raises Temporary or Permanent."""


@dataclass(frozen=True, kw_only=True)
class Sending:
    """Sends the outbox."""

    ledger: Ledger
    transport: Transport
    #: The envelope sender.
    sender: str
    alerts: Alerts
    clock: Callable[[], datetime]

    def step(self) -> bool:
        """Send the oldest mail that is due; tell whether the next may be tried at once."""
        with self.ledger.write("claim-reply") as tx:
            row = outbox.claim(tx, self.clock())
        if row is None:
            return False
        try:
            self.transport.send(row.message, sender=self.sender, recipient=row.recipient)
        except ConfigError as error:  # a password file that cannot be read is not the mail's fault
            self._failed(row, str(error), final=False)
            return False
        except Temporary as error:
            self._failed(row, str(error), final=row.attempts >= TRIES)
            return False
        except Permanent as error:
            self._failed(row, str(error), final=True, bad_address=isinstance(error, BadAddress))
            return True
        except Exception as error:  # noqa: BLE001  # a mail that breaks our own code must not stop the next one
            self._failed(row, f"unforeseen: {error.__class__.__name__}", final=row.attempts >= TRIES)
            return True
        now = self.clock()
        with self.ledger.write("reply-sent") as tx:
            outbox.sent(tx, row.id, now)
            events.append(tx, kind="reply-sent", subject=_name(row), now=now, message_id=row.message_id)
        journal.event("reply-sent", reply=_name(row), **_mail(row), what=row.kind)
        return True

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
                outbox.put_back(tx, row.id, due_at=now + pause, error=error)
        told = {"reply": _name(row), **_mail(row), "attempt": row.attempts, "error": error}
        journal.trouble("reply-given-up" if final else "reply-delayed", **told)


def _name(row: OutgoingRow) -> str:
    return Id.REPLY.of(row.id)


def _mail(row: OutgoingRow) -> dict[str, str]:
    """Name the mail that it answers, for the journal; a letter answers none."""
    return {"mail": Id.MAIL.of(row.mail_id)} if row.mail_id is not None else {}
