"""Mails out of mbox files."""

from __future__ import annotations

import mailbox
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.mail.mbox import messages

REPORTED = Path(__file__).parents[2] / "mails" / "mbox" / "from-our-side.mbox"
LINE = b"From ann@example.org Tue Apr 21 09:12:44 2026\n"
MAIL = b"From: ann@example.org\nSubject: a\n\nDear chairs,\n\nFrom our side all is done.\n"


def test_a_sentence_that_begins_with_from_splits_no_mail() -> None:
    """The mail that was reported stays whole, its file with it."""
    (mail,) = messages(REPORTED.read_bytes())
    assert (mail.count(b"From our side all is done."), mail.count(b"harbour_s.json")) == (1, 2)


@pytest.mark.parametrize(
    "line",
    [
        "From ann@example.org Tue Apr 21 09:12:44 2026",
        "From ann@example.org  Tue Apr  1 9:12 CEST 2026",
        "From - Tue Apr 21 09:12:44 2026",
        "From 1234567890@xxx Tue Apr 21 09:12:44 +0000 2026",
        "From MAILER-DAEMON Tue Apr 21 09:12:44 2026 remote from host",
        "From ann lee@example.org Tue, 21 Apr 2026 09:12:44 +0200",
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_mails_begin_at_every_form_of_the_line(line: str, end: str) -> None:
    """As Berkeley mail, Thunderbird, Gmail's export and UUCP write it, with either line end."""
    box = (f"{line}\n".encode() + MAIL + b"\n") * 3
    mail = MAIL.replace(b"\n", end.encode())
    assert list(messages(box.replace(b"\n", end.encode()))) == [mail, mail, mail]


@pytest.mark.parametrize(
    "text",
    [
        b"From our side all is done.\n",
        b"\nFrom Monday 09:12 on we are away.\n",
        b"x\nFrom ann@example.org Tue Apr 21 09:12:44 2026\nA: b\n",
        b"\nFrom ann@example.org Tue Apr 21 09:12:44 2026\nno field\n",
    ],
    ids=["a sentence", "below an empty line", "no empty line above", "no field below"],
)
def test_what_is_no_such_line_stays_in_its_mail(text: bytes) -> None:
    """The line needs an empty line above, a date at its end and a field below."""
    assert list(messages(LINE + b"A: b\n\n" + text)) == [b"A: b\n\n" + text]


def test_quoted_lines_are_as_they_were_written() -> None:
    """One > is taken off, as mboxrd puts one on."""
    assert list(messages(LINE + b"A: b\n\n>From x\n>>From y\n> From z\n")) == [b"A: b\n\nFrom x\n>From y\n> From z\n"]


def test_lengths_count_where_all_of_them_hold() -> None:
    """In mboxcl2 a text may hold what looks like a mail; it ends where its length says."""
    text = b"\n" + LINE + b"From: evil@example.org\n\nx\n"
    mail = b"A: b\nContent-Length: %d\n\n%b" % (len(text), text)
    assert list(messages(LINE + mail + b"\n" + LINE + mail)) == [mail, mail]


def test_a_length_that_a_sender_wrote_hides_no_mail() -> None:
    """One mail with a length among others without any: it counts for nothing."""
    honest = b"From: ann@example.org\n\nx\n"
    length = len(b"x\n\n" + LINE + honest)
    hiding = b"From: evil@example.org\nContent-Length: %d\n\nx\n" % length
    assert list(messages(LINE + hiding + b"\n" + LINE + honest + b"\n" + LINE + honest)) == [hiding, honest, honest]


def test_a_file_of_no_mail_is_one() -> None:
    """A mail that bears such a line without a date is read as a mail."""
    assert list(messages(b"From nobody\nA: b\n\nx")) == [b"From nobody\nA: b\n\nx"]


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60), min_size=1, max_size=4))
def test_what_python_writes_comes_out(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    """`mailbox.mbox` quotes such lines; each mail comes out as it went in."""
    path = tmp_path_factory.mktemp("mbox") / "box"
    mails = [b"A: b\n\n" + text.encode() + b"\n" for text in texts]
    box = mailbox.mbox(path)
    for mail in mails:
        box.add(mail)
    box.close()
    found = list(messages(path.read_bytes()))
    assert len(found) == len(mails)
    if not any(b">From " in mail for mail in mails):  # of mboxo nobody can tell
        assert [mail.rstrip(b"\n") for mail in found] == [mail.rstrip(b"\n") for mail in mails]
