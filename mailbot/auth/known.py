"""What was found of a mail's sender, as the audit trail keeps it: no key, no code, no address."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from mailbot.auth.claims import AuthLevel
from mailbot.auth.level import Verdict
from mailbot.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailbot.identify import Identity

_SETTLED = (Outcome.CONFIRMED, Outcome.NOT_CONFIRMED)


@dataclass(frozen=True, kw_only=True)
class Known:
    """It is read back when a lost ledger is made anew: keys may have left the DNS since, and codes have expired."""

    verdict: Verdict | None
    outcome: Outcome | None = None
    reason: str | None = None
    confirms: int | None = None
    #: Whether it asked to register a team.
    registration: bool = False
    #: Whether it was held.
    held: bool = False

    def of(self, identity: Identity) -> Identity:
        """Return the identity as it was found then."""
        found = replace(identity, verdict=self.verdict)
        if self.outcome is None:
            return found
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
    auth = detail.get("auth")
    verdict = Verdict(**{**auth, "level": AuthLevel(auth["level"])}) if auth else None
    if detail.get("outcome") not in _SETTLED:
        held = detail.get("outcome") == Outcome.HELD
        return Known(verdict=verdict, registration=detail.get("registration", False), held=held)
    return Known(
        verdict=verdict, outcome=Outcome(detail["outcome"]), reason=detail["reason"], confirms=detail["confirms"]
    )
