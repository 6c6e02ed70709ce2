"""What a mail brings to show who sent it. Nothing here is believed yet: anybody can write it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class AuthLevel(StrEnum):
    """How sure it is who sent a mail, the surest first."""

    KEY = "key"  # it carries the team's secret key
    DMARC = "dmarc"  # the mail server that took it says so: dmarc=pass in its Authentication-Results (RFC 8601)
    DKIM = "dkim"  # a signature of the sender's domain holds, as checked here (RFC 6376)
    CONFIRMED = "confirmed"  # the team, asked at its registered address, said that it is its own
    NONE = "none"  # only the From field says so, and anybody can write one


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """What a server that we trust wrote into Authentication-Results about DMARC."""

    #: Who wrote it, lower case; "" for a provider that leaves its name out.
    authserv_id: str
    #: ``pass``, ``fail``, ``none``, ``temperror`` …; "" when it says nothing of DMARC that can be read.
    result: str = ""
    #: The domain of the From field that it saw.
    header_from: str = ""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A DKIM-Signature field, read and not verified."""

    #: Signing domain (d=) and selector (s=), lower case.
    domain: str
    selector: str
    #: Why it is not worth verifying; "" when it is.
    fault: str = ""
    #: SHA-256 of the signature itself, hex: the same mail sent once more bears the same.
    digest: str = ""

    @property
    def key_name(self) -> str:
        """Where its public key is published (RFC 6376, section 3.6.2.1)."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All of it, bounded in number and length."""

    #: How many From fields there are; one address in two fields is no honest mail.
    from_fields: int = 1
    #: Addresses in To and Cc, lower case.
    recipients: tuple[str, ...] = ()
    #: What looks like a team key, in the subject or in an address that the mail was sent to.
    keys: tuple[str, ...] = field(default=(), repr=False)
    #: The topmost Authentication-Results of a trusted server.
    vouched: Vouched | None = None
    #: The first signatures, as many as are looked at.
    signatures: tuple[Signature, ...] = ()
