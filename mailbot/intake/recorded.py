"""What the audit trail keeps of how a mail was handled, and reading it back: no key, no code, no address."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from mailbot.model import AuthLevel, Outcome, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailbot.identity.identify import Identity
    from mailbot.mail.model import Mail

_SETTLED = (Outcome.CONFIRMED, Outcome.NOT_CONFIRMED)

_SILENT = (Outcome.AUTOMATIC, Outcome.OWN)
"""Mails that nobody was answered: what once counted as a machine's stays one when a ledger is rebuilt."""


UNTOLD = "?"
"""The phase of a file in a trail that did not tell it."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What became of a file."""

    status: Status
    #: Name of the phase it came in; None when none was open.
    phase: str | None


@dataclass(frozen=True, kw_only=True)
class Known:
    """It is read back when a lost ledger is made anew.

    Keys may have left the DNS since, codes have expired, and phases and quota may have been moved.
    """

    verdict: Verdict | None
    outcome: Outcome | None = None
    reason: str | None = None
    confirms: int | None = None
    #: Whether it asked to register a team.
    registration: bool = False
    #: Whether it was held.
    held: bool = False
    #: Of each result file, in the order of the mail.
    settled: tuple[Settled, ...] = ()
    #: Whether what it handed in besides came in time.
    in_time: bool | None = None
    #: How many other mails of the team were held, as its receipt says.
    waiting: int = 0

    def of(self, identity: Identity, mail: Mail) -> Identity:
        """Return the identity as it was found then, whatever today's rules say of the mail."""
        found = replace(identity, verdict=self.verdict)
        if self.outcome is None:
            return found
        if self.outcome in _SILENT:
            reason = identity.reason or mail.automatic
            return replace(found, outcome=self.outcome, reason=reason, reply_to=None)
        reply_to = None if self.confirms else identity.reply_to
        return replace(found, outcome=self.outcome, reason=self.reason, confirms=self.confirms, reply_to=reply_to)


def kept(identity: Identity) -> dict[str, Any]:
    """Return what the entry of a mail's record keeps of it."""
    detail: dict[str, Any] = {"auth": asdict(identity.verdict)} if identity.verdict else {}
    if identity.outcome in _SETTLED:
        detail |= {"reason": identity.reason, "confirms": identity.confirms}
    if identity.request is not None:
        detail["registration"] = True
    return detail


def read(detail: Mapping[str, Any]) -> Known:
    """Read an entry; those written before anybody asked hold a mail that was taken as it came."""
    auth, outcome = detail.get("auth"), detail.get("outcome")
    found = Known(
        verdict=_verdict(auth) if auth else None,
        settled=tuple(
            Settled(status=Status(one["status"]), phase=one.get("phase", UNTOLD))
            for one in detail.get("submissions", ())
        ),
        in_time=detail.get("in_time"),
        waiting=detail.get("waiting", 0),
    )
    if outcome in _SILENT:
        return replace(found, outcome=Outcome(outcome))
    if outcome not in _SETTLED:
        return replace(found, registration=detail.get("registration", False), held=outcome == Outcome.HELD)
    return replace(found, outcome=Outcome(outcome), reason=detail["reason"], confirms=detail["confirms"])


def _verdict(kept: Mapping[str, Any]) -> Verdict:
    """Read a verdict; the first version kept one mark, or "" for none."""
    marks = kept.get("marks") or [each for each in [kept.get("mark")] if each]
    plain = {name: value for name, value in kept.items() if name not in {"mark", "marks", "level"}}
    return Verdict(**plain, level=AuthLevel(kept["level"]), marks=tuple(marks))
