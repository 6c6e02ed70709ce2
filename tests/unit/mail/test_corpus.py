"""`make corpus`: what it says of a folder of mails."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.corpus import main

if TYPE_CHECKING:
    import pytest

MAILS = Path(__file__).parents[2] / "mails"


def test_where_the_two_readers_differ_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """What the library misses, and what it lists that mailbot names as closed; nothing breaks on an mbox either."""
    assert main([str(MAILS / "misread"), str(MAILS / "mbox")]) == 0
    told = capsys.readouterr().out
    assert "two-uuencoded-files.eml: only here: 'submission-u.json', application/octet-stream, 201 bytes" in told
    assert "gpg-file.eml: only there: 's.json.gpg'" in told
    assert "told here: ['encrypted']" in told
    assert "base64-padded-in-pieces.eml: content differs: 'submission-s.json': 201 bytes here, 40 there" in told
