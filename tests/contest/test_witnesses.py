"""Somebody who has an export and a receipt, and nothing of mailbot, finds out whether the audit trail is whole."""

from __future__ import annotations

import email
import hashlib
import json
import subprocess
import sys
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailbot.config import load
from mailbot.ledger import daybook, outbox
from scoring import pack
from tests.command import mailbot
from tests.contest.contest import mail, write_config

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]

MODULE = (sys.executable, "-S", "-m", "scoring", "audit")
"""Without site-packages: the standard library alone."""


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an export of a contest, two receipts and what checks them."""
    folder = tmp_path_factory.mktemp("contest")
    write_config(folder)
    (folder / "0.eml").write_bytes(mail("amber@example.org"))
    (folder / "1.eml").write_bytes(mail("beryl@example.org", shift=0.5, subject="提交结果 - 方法"))
    mailbot("ingest", "0.eml", "1.eml", folder=folder)
    mailbot("submissions", "hide", "S-1", "--why", "they asked for it", folder=folder)
    mailbot("publish", folder=folder)
    mailbot("export", "export", folder=folder)
    config = load.load(folder / "config.toml")
    ledger = daybook.open_ledger(config.ledger, config.state)
    with ledger.read() as tx:
        for row in outbox.listing(tx):
            (folder / f"{row.name}.eml").write_bytes(row.message)
    ledger.close()
    (folder / "checker.pyz").write_bytes(pack.packed())
    return folder


def _ran(*command: str, folder: Path, code: int) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60, env={"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_an_export_is_intact_and_the_receipts_fit(contest: Path) -> None:
    """Each receipt's line says what the trail has of its mail; the teams' checker says the same."""
    said = _ran(*MODULE, "export", "R-000001.eml", "R-000002.eml", "export/boards/000001.json", folder=contest, code=0)
    assert said.startswith("intact: ")
    assert "2 submissions, 2 scores" in said
    assert "R-000001.eml fits: entry" in said
    assert "mail-recorded M-000002: S-000002 accepted with " in said
    checker = (sys.executable, "-I", "checker.pyz", "audit")
    assert _ran(*checker, "export", "R-000001.eml", folder=contest, code=0).startswith("intact: ")
    organizers = mailbot("audit", "verify", "--receipt", "R-000001.eml", folder=contest).out
    assert "intact" in organizers


@pytest.mark.parametrize("name", ["R-000001.eml", "R-000002.eml"])
def test_a_receipt_prints_the_trail_in_a_line(contest: Path, name: str) -> None:
    """In its header, and in its text in either language; whoever copies the text alone is a witness too."""
    receipt = email.message_from_bytes((contest / name).read_bytes(), policy=default)
    body = receipt.get_body(("plain",))
    assert body is not None
    line = next(line for line in body.get_content().splitlines() if receipt["X-Mailbot-Audit"] in line)
    assert line.startswith(("Audit trail", "审计记录"))
    (contest / "pasted.txt").write_text(f"> {line}\n", encoding="utf-8")
    assert "pasted.txt fits" in _ran(*MODULE, "export", "pasted.txt", folder=contest, code=0)


def _row(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Change a file of the export, and the manifest with it: that proves nothing."""

    def change(folder: Path) -> None:
        path = folder / name
        assert old in path.read_text(encoding="utf-8")
        path.write_text(path.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
        _vouch(folder)

    return change


def _vouch(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    lines = (folder / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    manifest["audit_head"] = json.loads(lines[-1])["hash"]
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _cut(folder: Path) -> None:
    """Cut the trail off behind the first receipt's mail, and all that came after."""
    for name in folder.glob("*.jsonl"):
        lines = name.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if not any(each in line for each in ("M-000002", "S-000002", "hide"))]
        name.write_text("".join(kept[:6] if name.name == "audit.jsonl" else kept), encoding="utf-8")
    _vouch(folder)


CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a score": (_row("scores.jsonl", '"value": ', '"value": 1'), "the score of S-000001"),
    "a team": (_row("submissions.jsonl", '"team_id": 2', '"team_id": 1'), "the submission S-000002 is not what entry"),
    "a ruling": (_row("exclusions.jsonl", "they asked", "we asked"), "exclusions is not what entry"),
    "an entry": (_row("audit.jsonl", "they asked", "we asked"), "does not follow from the one before it"),
    "a name": (_row("teams.csv", "Amber", "Ember"), "the team with the id 1"),
    "a board": (_row("boards/000001.json", "Beryl", "Meryl"), "the published board 1"),
    "the end": (_cut, "R-000002.eml names entry"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_is_named(contest: Path, tmp_path: Path, what: str) -> None:
    """The first entry that does not fit is named, or the row that no entry tells of."""
    change, said = CHANGES[what]
    subprocess.run(["cp", "-r", contest / "export", tmp_path], check=True)  # noqa: S607  # a folder, whole
    change(tmp_path / "export")
    told = _ran(*MODULE, "export", str(contest / "R-000002.eml"), folder=tmp_path, code=1)
    assert told.startswith("NOT INTACT: ")
    assert said in told


def test_what_is_no_export_or_no_receipt_is_told(contest: Path, tmp_path: Path) -> None:
    """With a sentence and exit code 2."""
    assert "cannot read" in _ran(*MODULE, "nowhere", folder=tmp_path, code=2)
    (tmp_path / "manifest.json").write_text("[]")
    assert "is none of an export" in _ran(*MODULE, ".", folder=tmp_path, code=2)
    assert "prints no end" in _ran(*MODULE, "export", "0.eml", folder=contest, code=2)
    assert "prints no end" in mailbot("audit", "verify", "--receipt", "0.eml", folder=contest, code=2).err
