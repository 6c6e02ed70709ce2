"""What a receipt or a board, as somebody kept it, prints of the trail."""

from __future__ import annotations

from email.message import EmailMessage

from scoring.trail.chain import Mark
from scoring.trail.witness import marks_in

DIGEST = "3f" * 32


def receipt(*, field: str, text: str) -> EmailMessage:
    """Return a mail as mailbot writes it."""
    made = EmailMessage()
    made["Subject"] = "Re: x"
    made["X-Mailbot-Audit"] = field
    made.set_content(f"Hello,\n\n审计记录: {text}\n", cte="quoted-printable")
    made.add_alternative(f"<p>{text}</p>", subtype="html", cte="base64")
    return made


def test_a_mail_tells_by_its_header_and_its_texts() -> None:
    """However the texts are encoded; one that was changed in one place tells two ends, of which one will not fit."""
    line = f"57-{DIGEST}"
    assert marks_in(receipt(field=line, text=line).as_bytes()) == [Mark(entry=57, hash=DIGEST)]
    assert len(marks_in(receipt(field=line, text=f"56-{DIGEST}").as_bytes())) == 2
    forwarded = EmailMessage()
    forwarded["Subject"] = "Fwd: x"
    forwarded["From"] = "ada@peepers.example"
    forwarded.set_content("See below.")
    forwarded.add_attachment(receipt(field=line, text="x"))
    assert marks_in(forwarded.as_bytes()) == [Mark(entry=57, hash=DIGEST)]


def test_other_files_tell_by_their_text() -> None:
    """A board.json, a text; a file without an end of a trail tells none."""
    assert marks_in(f'["ends, at this board, in {DIGEST}."]'.encode()) == [Mark(entry=None, hash=DIGEST)]
    assert marks_in(b"\xff\xfe" + f"Audit trail: 3-{DIGEST}".encode()) == [Mark(entry=3, hash=DIGEST)]
    assert marks_in(f"SHA-256: {DIGEST}".encode()) == []
