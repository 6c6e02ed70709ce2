"""What the header of a mail tells while the mail is still on the server."""

from __future__ import annotations

from mailbot.mail.automatic import LOOP_HEADER
from mailbot.mail.head import MOST_IDS, read

OURS = b"<mailbot.0123456789abcdef0123456789abcdef@siqa.example>"


def test_who_and_what() -> None:
    """Folded and encoded fields are read; a body is no header."""
    raw = b"From: Ada\r\n <Ada@A.org>\r\nSubject: =?utf-8?b?5oql5ZCN?=\r\n\r\nFrom: eve@b.org\r\n"
    found = read(raw)
    assert (found.senders, found.subject) == (("ada@a.org",), "报名")
    assert (found.answers, found.has_key, found.is_own) == ((), False, False)


def test_what_it_answers_or_reports_on() -> None:
    """Message-IDs of our kind are found in the header and, in a report, below it; a flood of them is bounded."""
    assert read(b"In-Reply-To: " + OURS + b"\r\n\r\n").answers == (OURS.decode(),)
    assert read(b"From: MAILER-DAEMON\r\n\r\nMessage-ID: " + OURS).answers == (OURS.decode(),)
    flood = b"".join(b"<mailbot.%032x@x.org>" % n for n in range(100))
    assert len(read(b"References: " + flood).answers) == MOST_IDS


def test_whatever_the_bytes() -> None:
    """Nothing, noise and a team key in an address of ours are read without a fault."""
    assert read(b"").senders == ()
    assert read(bytes(range(256)) * 20).senders == ()
    assert read(b"To: s+mbkaaaaaaaaaaaaaaaaaaaaaaaaaa@siqa.example\r\n\r\n").has_key
    assert read(LOOP_HEADER.encode() + b": s@siqa.example\r\n\r\n").is_own
