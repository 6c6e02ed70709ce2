"""The records of a mail: as fetched, as parsed, and what it claims about its sender; nothing here is proven."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from scoring.model import Problem  # noqa: TC001  # read when a record crosses the sandbox's wall

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """What a server that we trust wrote into Authentication-Results about DMARC."""

    #: Who wrote it, lower case; "" for a provider that leaves its name out.
    authserv_id: str
    #: ``pass``, ``fail``, ``none``, ``temperror`` …; "" when it says nothing of DMARC that can be read.
    result: str = ""
    #: The domain of the From field that it saw.
    header_from: str = ""
    #: The domain in MAIL FROM of which a server sent the mail (SPF); "" where it says nothing of that, or no pass.
    mailed_by: str = ""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A DKIM-Signature field, read and not verified."""

    #: Signing domain (d=) and selector (s=), lower case.
    domain: str
    selector: str
    #: Why it is not worth verifying; "" when it is.
    fault: str = ""
    #: SHA-256 of what was signed and of the signature, hex: the same mail sent once more bears one of them.
    marks: tuple[str, ...] = ()
    #: When it was signed, in seconds since 1970; 0 where nothing says so.
    signed_at: int = 0
    #: Whom the mail was signed as written to; () where its From, Subject or a part of its text can be another's.
    written_to: tuple[str, ...] = ()

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
    #: Whether there are more signatures, or some that cannot be read: what they say is not known.
    more_signatures: bool = False


# --- fetch -----------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A mail as it came from the server."""

    uid: int
    #: INTERNALDATE: when the server took it, whatever its Date field says; none where it cannot be used.
    arrived_at: datetime | None
    #: RFC822.SIZE; more than ``len(raw)`` when only the beginning was fetched.
    size: int
    raw: bytes


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What a server tells of a mail without its bytes; none for what it does not tell, or what cannot be."""

    size: int | None
    arrived_at: datetime | None


# --- parse -----------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One file that came with a mail, decoded."""

    #: Display name: NFC, printable, no folder, at most 100 characters; "" when it has none.
    name: str
    #: Media type as the mail says it, lower case.
    content_type: str
    #: The decoded bytes.
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A file of a mail, whatever it is for."""

    #: Display name, as an attachment's.
    name: str
    sha256: str
    size: int


class Sign(StrEnum):
    """How certain it is that a machine wrote a mail."""

    LOOP = "loop"  # it bears our own header: a mailbot wrote it
    REPORT = "report"  # a report about the delivery, or the reading, of another mail
    REPLY = "reply"  # what only a machine's answer bears: auto-replied, the fields of autoresponders
    WEAK = "weak"  # what forwarders, lists, gateways and providers also put on mail that a person wrote


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What the rest of mailbot knows of a message; every field is safe to show as inert text."""

    #: Addresses of all From fields, lower case, in order; exactly one is the honest case.
    senders: tuple[str, ...] = ()
    #: The decoded subject on one line, "" when there is none.
    subject: str = ""
    #: The Message-ID if it is one that may be echoed in a reply, else None.
    message_id: str | None = None
    #: Message-IDs of the thread (References, else In-Reply-To), oldest first.
    references: tuple[str, ...] = ()
    #: The first text of the body, at most a few thousand characters.
    text: str = ""
    #: Candidate result files: decided by name and content, whatever the Content-Disposition says.
    attachments: tuple[Attachment, ...] = ()
    #: Files that are no candidates: papers, code.
    passed: tuple[Brought, ...] = ()
    #: What it brings to show who sent it.
    claims: Claims = field(default_factory=Claims)
    #: What looks automatic about the mail (a list, an auto-reply, a bounce …), in words; None when nothing does.
    automatic: str | None = None
    #: How certain that is; None when nothing looks automatic.
    sign: Sign | None = None
    #: Who wrote it, by the fields of a forwarder that put another address into From; such a field proves nothing.
    original: tuple[str, ...] = ()
    #: What is wrong with the mail as a mail: over a cap, undecodable, no body.
    faults: tuple[Problem, ...] = ()
