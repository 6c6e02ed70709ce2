"""Weigh the proofs of a mail: which authentication level counts under the policy. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.config.address import canonical
from mailbot.identity import align
from mailbot.model import AuthLevel, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

    from mailbot.mail.model import Claims, Signature


@dataclass(frozen=True, kw_only=True)
class Proof:
    """Something that proves a level, or does not."""

    level: AuthLevel
    holds: bool
    why: str
    #: See Verdict.
    marks: tuple[str, ...] = ()
    signed_at: int | None = None


def weigh(proofs: Sequence[Proof], require: Sequence[AuthLevel]) -> Verdict:
    """Return the first level of ``require`` that is proven; "none" among them takes any mail.

    When none of them is, the mail is not sure enough, whatever else it proved: then the surest is named.
    """
    proven = {proof.level: proof for proof in reversed(proofs) if proof.holds}
    nothing = Proof(level=AuthLevel.NONE, holds=True, why="; ".join(p.why for p in proofs if p.why and not p.holds))
    for level in require:
        if found := proven.get(level, nothing if level is AuthLevel.NONE else None):
            return Verdict(level=level, why=found.why, marks=found.marks, signed_at=found.signed_at)
    surest = next((proven[level] for level in AuthLevel if level in proven), nothing)
    return Verdict(level=surest.level, why=surest.why, enough=False)


SIGNED_FOR = timedelta(hours=72)
"""So long after it was signed a mail's commands are obeyed."""


def is_stale(verdict: Verdict | None, arrived_at: datetime) -> bool:
    """Whether a mail that a signature proves was signed so long before it arrived that somebody may have kept it."""
    if verdict is None or verdict.signed_at is None:
        return False
    return arrived_at.timestamp() - verdict.signed_at > SIGNED_FOR.total_seconds()


def of_domain(claims: Claims, domain: str) -> list[Signature]:
    """Return the signatures that may speak for a domain."""
    return [each for each in claims.signatures if align.related(domain, each.domain)]


def _is_signed_to(own: Collection[str], signatures: Iterable[Signature]) -> bool:
    """Whether each of them says that the mail was written to us: which of them the server went by, nobody tells."""
    return all(_names(each.written_to, own) for each in signatures)


def _names(addresses: Iterable[str], own: Collection[str]) -> bool:
    return any(canonical(address) in own for address in addresses)


def dmarc(claims: Claims, sender: str, *, own: Collection[str], distrusted: Collection[str]) -> Proof:
    """Return what Authentication-Results proves: DMARC passed for the domain that we see in From.

    ``own`` are our addresses, canonical. A signature lets DMARC pass whoever sends the mail on, and to whom: so unless
    a server of the domain sent it, all that its signatures leave out may be another's.
    """
    said, domain = claims.vouched, sender.rpartition("@")[2]
    if said is None:
        return Proof(level=AuthLevel.DMARC, holds=False, why="")
    who = said.authserv_id or "the mail provider"
    fault = ""
    if said.authserv_id in distrusted:
        fault = f"{who} lets forged results through, as `doctor --check-auth` saw"
    elif said.result != "pass":
        fault = f"{who} says dmarc={said.result or 'nothing'}"
    elif claims.from_fields != 1 or said.header_from != domain:
        fault = f"{who} vouches for another From"
    elif claims.more_signatures:
        fault = "some of its signatures cannot be read, so that nobody could tell it from one sent before"
    elif not _names(claims.recipients, own):
        fault = "our address is neither in To nor in Cc"
    elif not align.related(domain, said.mailed_by) and not _is_signed_to(own, of_domain(claims, domain)):
        fault = "it may have been sent on: its signatures do not cover its subject, or that it was written to us"
    return Proof(level=AuthLevel.DMARC, holds=not fault, why=fault or f"{who} vouches for the sender")
