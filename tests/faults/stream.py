"""A stream of mails, one of each fate, each with what must have become of it in the end."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP

ADA, BO, CARL, GONE = "ada@peepers.example", "bo@peepers.example", "carl@muenster.example", "zoe@gone.example"
EVE = "eve@elsewhere.example"
ROSTER = f"team,address\nPixel Peepers,{ADA}\nPixel Peepers,{BO}\nMünster Vision,{CARL}\nGone Fishing,{GONE}\n"

BEGAN = datetime(2026, 3, 12, 8, tzinfo=UTC)
"""The first mail's INTERNALDATE; the others follow minute by minute, in one week of the quota."""

ITEMS_S, ITEMS_U = 8, 20
ACCEPTED, REFUSED, OVER_QUOTA = "accepted", "refused", "over-quota"


@dataclass(frozen=True, kw_only=True)
class Streamed:
    """A mail, and its fate when a team may submit once a week to each track."""

    name: str
    raw: bytes
    arrives_at: datetime
    #: The ``mails.outcome`` of the ledger.
    outcome: str
    #: Status of each submission, in the order of the files.
    submissions: tuple[str, ...] = ()
    #: Whether the SMTP server must have taken a reply to it.
    answered: bool = True

    @property
    def sha256(self) -> str:
        """SHA-256 of the mail, by which the ledger knows it."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def message_id(self) -> str:
        """Its Message-ID."""
        return f"<{self.name}@client.example>"


def stream() -> list[Streamed]:
    """Return the mails in the order of their arrival."""
    both = _zipped({"s.json": predictions("S"), "u.json": predictions("U")})
    made = [
        _mail("accepted-s", ADA, "s.json", predictions("S"), submissions=(ACCEPTED,)),
        _mail("accepted-u", ADA, "u.json", predictions("U"), submissions=(ACCEPTED,)),
        _mail("both-in-a-zip", CARL, "both.zip", both, submissions=(ACCEPTED, ACCEPTED)),
        _mail("broken", ADA, "s.json", predictions("S")[:-9], outcome="refused", submissions=(REFUSED,)),
        _mail("over-quota", BO, "s.json", predictions("S", turn=1), outcome="refused", submissions=(OVER_QUOTA,)),
        _mail("no-attachment", BO, outcome="no-submission"),
        _mail("unknown-sender", EVE, "s.json", predictions("S"), outcome="unknown-sender", answered=False),
        _mail("out-of-office", ADA, outcome="automatic", answered=False, automatic=True),
        _mail("nobody-home", GONE, "u.json", predictions("U", turn=1), submissions=(ACCEPTED,), answered=False),
    ]
    return [_at(mail, BEGAN + timedelta(minutes=n)) for n, mail in enumerate(made)]


def predictions(track: str, *, turn: int = 0) -> bytes:
    """Return a good file for a track; another turn makes it another file."""
    if track == "S":
        rows = [{"id": n, "perception": 1 + (n + turn) % 8 / 3, "knowledge": 5 - n / 2} for n in range(1, ITEMS_S + 1)]
        return json.dumps({"track": "S", "method": "PeepNet", "predictions": rows}).encode()
    answers = [{"id": n, "precision": "ABCD"[(n + turn) % 2]} for n in range(1, ITEMS_U + 1)]
    return json.dumps({"track": "U", "method": "PeepNet", "predictions": answers}).encode()


def _mail(
    name: str,
    sender: str,
    file_name: str = "",
    data: bytes = b"",
    *,
    outcome: str = "scored",
    submissions: tuple[str, ...] = (),
    answered: bool = True,
    automatic: bool = False,
) -> Streamed:
    """Return a mail with or without a file; it arrives at :data:`BEGAN` for now."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = sender, "submissions@siqa.example"
    mail["Subject"], mail["Message-ID"] = f"[SIQA Submission] {name}", f"<{name}@client.example>"
    if automatic:
        mail["Auto-Submitted"] = "auto-replied"
    mail.set_content("Here we are.")
    if file_name:
        mail.add_attachment(data, maintype="application", subtype="octet-stream", filename=file_name)
    return Streamed(
        name=name,
        raw=mail.as_bytes(),
        arrives_at=BEGAN,
        outcome=outcome,
        submissions=submissions,
        answered=answered,
    )


def _at(mail: Streamed, instant: datetime) -> Streamed:
    return Streamed(**(vars(mail) | {"arrives_at": instant}))


def _zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()
