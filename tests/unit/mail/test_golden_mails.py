"""Every golden mail in tests/mails gives exactly the `Mail` that its twin describes."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mailbot.mail.open import open_mail, taken_out
from mailbot.mail.parse import parse

ROOT = Path(__file__).parents[3]
MAILS = sorted((ROOT / "tests" / "mails").glob("*/*.eml"))


def described(raw: bytes) -> dict[str, Any]:
    """Return a mail as its twin describes it."""
    mail = parse(raw)
    return {
        "senders": list(mail.senders),
        "subject": mail.subject,
        "message_id": mail.message_id,
        "references": list(mail.references),
        "text": mail.text,
        "attachments": [
            {
                "name": file.name,
                "content_type": file.content_type,
                "size": len(file.data),
                "sha256": hashlib.sha256(file.data).hexdigest(),
            }
            for file in mail.attachments
        ],
        "automatic": mail.automatic,
        "sign": mail.sign,
        "faults": [
            {"code": fault.code, "count": fault.count, "examples": list(fault.examples)} for fault in mail.faults
        ],
    }


@pytest.mark.parametrize("path", MAILS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_golden_mail(path: Path) -> None:
    """A golden mail is read as its twin says, field by field."""
    assert described(path.read_bytes()) == json.loads(path.with_suffix(".json").read_text("utf-8"))


@pytest.mark.parametrize("path", MAILS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_listed_can_be_taken_out(path: Path) -> None:
    """Every file that a mail is said to bring comes out of it again, whole."""
    raw = path.read_bytes()
    for file in open_mail(raw, len(raw)).brought:
        data = taken_out(raw, file.sha256)
        assert data is not None
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)


def test_corpus_is_complete() -> None:
    """Every mail has a twin and every twin a mail, and there are enough of them to mean something."""
    twins = {path.with_suffix(".eml") for path in (ROOT / "tests" / "mails").glob("*/*.json")}
    assert twins == set(MAILS)
    assert len(MAILS) >= 100


def test_generator_agrees_with_the_files() -> None:
    """The mails that a program writes are the mails that lie there."""
    command = [sys.executable, "-m", "tests.mails.make", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
