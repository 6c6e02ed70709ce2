"""What a mail's `Mail` does not show of those that were misread: papers, reports, what results come out as."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailbot.mail.open import open_mail, taken_out
from scoring.files.read import decode

MISREAD = Path(__file__).parents[2] / "mails" / "misread"


def read(name: str) -> bytes:
    """Return one of those mails."""
    return (MISREAD / f"{name}.eml").read_bytes()


@pytest.mark.parametrize("name", ["paper-in-winmail", "paper-with-space-after-base64"])
def test_a_paper_comes_out_as_it_was_sent(name: str) -> None:
    """Also out of a winmail.dat, and where the transfer encoding has a space behind it."""
    raw = read(name)
    (paper,) = open_mail(raw, len(raw)).brought
    assert (paper.name, taken_out(raw, paper.sha256)) == ("paper.pdf", b"%PDF-1.4 paper of the example lab\n")


def test_only_the_mail_that_came_back_has_failed() -> None:
    """A mail of the same thread, named in its References, arrived."""
    raw = read("report-quotes-references")
    assert open_mail(raw, len(raw)).undelivered == (f"<mailbot.{'b' * 32}@example.net>",)


def test_a_result_in_latin_1_keeps_its_words() -> None:
    """A German method is no Chinese one, and the team is told as what the file was read."""
    raw = read("latin1-read-as-gb18030")
    (file,) = open_mail(raw, len(raw)).candidates
    decoded = decode(file.data)
    assert isinstance(decoded, tuple)
    assert '"method": "Größe-1"' in decoded[0]
    assert [note.code for note in decoded[1]] == ["windows-1252"]


def test_the_link_behind_a_filter_is_named() -> None:
    """The reply says where it leads."""
    raw = read("links-behind-a-link-guard")
    (fault,) = open_mail(raw, len(raw)).mail.faults
    assert "Google Drive: drive.google.com/file/d/1AbC/view" in fault.message
