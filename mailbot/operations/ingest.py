"""Mails from files: .eml, mbox and folders of them, through the same pipeline as those of the mailbox."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.ledger import mails, submissions
from mailbot.ledger.mailbox.places import Place
from mailbot.mail import mbox
from mailbot.model import MailState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.service import Service

MAILBOX = "files"
"""The mailbox that ingested mails are in; their UID is the beginning of their SHA-256, so each is taken once."""

HEADER_BYTES = 65536


def ingest(service: Service, paths: Sequence[Path]) -> list[tuple[Path, MailRow, Sequence[SubmissionRow]]]:
    """Spool the mails of the paths, work them off, and return what became of each. Raises Permanent."""
    spool = (service.config.state / "spool").resolve()
    places = [(path, enter(service, raw, arrived)) for path, raw, arrived in found(paths, apart=spool)]
    with service.ledger.read() as tx:
        waiting = [row for _, place in places if (row := mails.at(tx, place)).state == MailState.SPOOLED]
    for row in sorted({row.id: row for row in waiting}.values(), key=lambda row: (row.arrived_at, row.id)):
        service.intake.step(only=row.id)  # one after the other: receipts are numbered in the order of arrival
    while service.intake.step():  # what waited before
        pass
    with service.ledger.read() as tx:
        rows = [(path, mails.at(tx, place)) for path, place in places]
        return [(path, row, submissions.listing(tx, mail_id=row.id)) for path, row in rows]


def enter(service: Service, raw: bytes, arrived_at: datetime) -> Place:
    """Spool one mail and enter it in the ledger."""
    digest = service.spool.put(raw, arrived_at)
    place, now = Place(mailbox=MAILBOX, uidvalidity=0, uid=int(digest[:15], 16)), service.clock()
    with service.ledger.write("ingest") as tx:
        mails.add(tx, place, sha256=digest, size=len(raw), arrived_at=arrived_at, now=now)
    return place


def found(paths: Sequence[Path], apart: Path | None = None) -> Iterator[tuple[Path, bytes, datetime]]:
    """Yield every mail of the paths with the instant it arrived, folders in the order of their names.

    What lies below ``apart``, our own spool, is passed over in a folder: those mails are known.
    """
    for path in paths:
        for file in _inside(path, apart) if path.is_dir() else [path]:
            yield from _mails_in(file)


def _inside(folder: Path, apart: Path | None) -> list[Path]:
    """Return the files of mails below a folder, by name, without those below ``apart``."""
    files = (path for path in folder.rglob("*") if path.is_file() and _is_mail(path))
    return sorted(path for path in files if apart not in path.resolve().parents)


def _is_mail(path: Path) -> bool:
    """Whether a file in a folder is to be taken: by its name, or because it lies in a Maildir."""
    return path.suffix.lower() in {".eml", ".mbox"} or path.parent.name in {"cur", "new"}


def _mails_in(path: Path) -> Iterator[tuple[Path, bytes, datetime]]:
    try:
        with path.open("rb") as file:
            is_mbox = file.read(5) == b"From "
        modified = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if not is_mbox:
            raw = path.read_bytes()
            yield path, raw, arrival(raw) or modified
            return
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as box:
            for raw in mbox.messages(box):
                yield path, raw, arrival(raw) or modified
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror})"
        raise Permanent(message) from error


def arrival(raw: bytes) -> datetime | None:
    """Return when the last server took a mail: the date of its topmost Received field (RFC 5321, section 4.4)."""
    head = raw[:HEADER_BYTES].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    fields = head.replace(b"\n ", b" ").replace(b"\n\t", b" ").split(b"\n")
    received = next((f for f in fields if f[:9].lower() == b"received:"), b"")
    try:
        date = email.utils.parsedate_to_datetime(received.rpartition(b";")[2][-100:].decode("ascii", "replace").strip())
    except (TypeError, ValueError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
