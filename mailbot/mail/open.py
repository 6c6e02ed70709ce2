"""Open a mail: from bytes to its content and the files that may be submissions. Pure; runs in a child."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from mailbot.mail.mime.attachments import brought
from mailbot.mail.mime.headers import KIB, MIB, Caps
from mailbot.mail.model import Attachment, Brought, Mail  # noqa: TC001  # read when a record crosses the sandbox's wall
from mailbot.mail.parse import files, parse
from mailbot.mail.parse import rich as html_of
from mailbot.mail.reports import undelivered
from scoring.files.unpack import Limits, Unpacked, unpack
from scoring.model import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mailbot.config.schema import LimitsSection


MOST_CANDIDATES = 1_000
"""Files of one mail, archives unpacked; its limits alone would allow a hundred archives of a thousand files."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A file that may be a submission."""

    name: str
    data: bytes
    #: Why nothing could be taken out of it: it is an attachment as it came.
    problems: tuple[Problem, ...] = ()

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the data, hex; hashed once."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A mail, opened."""

    #: Its attachments are left out: they are the candidates.
    mail: Mail
    #: In the order of the mail; each content once.
    candidates: tuple[Candidate, ...]
    #: Message-IDs of our own mails that this one, a delivery report, says have failed.
    undelivered: tuple[str, ...] = ()
    #: Every file it brings, as it came.
    brought: tuple[Brought, ...] = ()

    @property
    def fingerprint(self) -> str:
        """What tells this mail again although a server may have written its bytes anew: what it says, hex."""
        said = (self.mail.message_id or "", self.mail.subject, *self.mail.senders, *(c.sha256 for c in self.candidates))
        return hashlib.sha256("\n".join(said).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How much of a mail is read."""

    mail: Caps = field(default_factory=Caps)
    archive: Limits = field(default_factory=Limits)
    #: Servers whose Authentication-Results count, lower case.
    authserv_ids: frozenset[str] = frozenset()


_reach = [Reach()]


def hold(reach: Reach) -> None:
    """Set up a child: read so much of every mail."""
    _reach[0] = reach


def archive_limits(section: LimitsSection, kept: Iterable[str] = ()) -> Limits:
    """Return what the config says of archives; those that hold a file with one of the ``kept`` endings stay packed."""
    return Limits(
        members=section.archive_files,
        member_bytes=section.file_mib * MIB,
        total_bytes=section.archive_mib * MIB,
        ratio=section.archive_ratio,
        spreadsheets=section.allow_xlsx,
        kept=tuple(kept),
    )


def reach_of(section: LimitsSection, authserv_ids: Iterable[str] = (), kept: Iterable[str] = ()) -> Reach:
    """Return what the config says of how much is read, and whose Authentication-Results count."""
    return Reach(
        mail=Caps(
            message_bytes=section.mail_mib * MIB,
            header_bytes=section.header_kib * KIB,
            value_bytes=section.field_kib * KIB,
            parts=section.parts,
            depth=section.depth,
            attachments=section.attachments,
            decoded_bytes=section.attachments_mib * MIB,
        ),
        archive=archive_limits(section, kept),
        authserv_ids=frozenset(authserv_ids),
    )


def open_mail(raw: bytes, size: int) -> Opened:
    """Open a mail of which the spool holds ``raw``; ``size`` is more than that when it was too large to fetch whole."""
    reach = _reach[0]
    mail = parse(raw, reach.mail, reach.authserv_ids)
    if size > len(raw):
        return Opened(mail=replace(mail, attachments=(), faults=(_too_large(size),)), candidates=())
    candidates = tuple(_candidates(mail.attachments, reach.archive))
    failed = undelivered(raw, reach.mail) if mail.automatic else ()
    listed = (*map(brought, mail.attachments), *mail.passed)
    return Opened(mail=replace(mail, attachments=()), candidates=candidates, undelivered=failed, brought=listed)


def _candidates(attachments: Sequence[Attachment], limits: Limits) -> Iterable[Candidate]:
    """Return what may be submissions, each content once.

    What one archive may unpack to is also what all of them together may: the next one is refused with its reason.
    """
    found: dict[bytes, Candidate] = {}
    room = limits.total_bytes
    for attachment in attachments:
        unpacked = unpack(attachment.name, attachment.data, limits)
        size = sum(len(file.data) for file in unpacked.files if file.data != attachment.data)
        if size > room or len(found) + len(unpacked.files) > MOST_CANDIDATES:
            unpacked = Unpacked(problems=(_too_much(limits.total_bytes),))
        else:
            room -= size
        for file in unpacked.files:
            found.setdefault(file.data, Candidate(name=file.name, data=file.data))
        if unpacked.problems:
            one = Candidate(name=attachment.name, data=attachment.data, problems=unpacked.problems)
            found.setdefault(attachment.data, one)
    return found.values()


def _too_much(most: int) -> Problem:
    message = (
        f"The archives of one mail may unpack to {most // MIB} MiB and {MOST_CANDIDATES:,} files together, and this "
        "one goes beyond. Please send it in a mail of its own, with nothing but the result file in it."
    )
    return Problem(code="mail-unpacks-to-too-much", count=1, message=message)


def _too_large(size: int) -> Problem:
    message = (
        f"Your mail has {size / 1e6:.1f} MB, which is more than is read here. "
        "A result file is about 0.1 MB: send it as .json or .csv, or packed as .zip or .gz."
    )
    return Problem(code="mail-too-large", count=1, examples=(), message=message)


def rich(raw: bytes) -> str:
    """Return the HTML text of a mail without whatever runs, leads anywhere or is fetched; "" without one."""
    return html_of(raw, _reach[0].mail)


def taken_out(raw: bytes, sha256: str) -> bytes | None:
    """Return the file of a mail that has this SHA-256, as `brought` lists it; None when none has."""
    found = files(raw, _reach[0].mail)
    return next((file.data for file in found if hashlib.sha256(file.data).hexdigest() == sha256), None)
