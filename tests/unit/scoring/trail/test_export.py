"""Exports that somebody made up to harm whoever checks them: each is refused in a sentence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from scoring.trail import chain
from scoring.trail.chain import Entry
from scoring.trail.export import INTACT, LINES, UNFIT, WRONG_CALL, main

if TYPE_CHECKING:
    from pathlib import Path

ODD = {
    "brackets without end": b"[" * 200_000,
    "objects without end": b'{"a":' * 100_000,
    "no number": b"NaN",
    "a number of many digits": b"1" * 100_000,
    "nothing": b"null",
    "half a character": rb'{"id": "\ud800", "hash": "\ud800"}',
    "no row": b'{"id": [], "receipt": 7, "team": {}, "arrived_at": 5, "week": "x"}',
    "infinite": b'{"id": Infinity, "receipt": "S-1e9", "sha256": 1e999}',
    "other bytes": bytes(range(256)),
}


def made(folder: Path, *entries: Entry, files: dict[str, str] | None = None) -> Path:
    """Write an export with nothing in it but a trail."""
    before, lines = chain.GENESIS, []
    for entry in entries:
        before = chain.hash_of(before, entry)
        lines.append(json.dumps({**vars(entry), "hash": before}))
    (folder / "boards").mkdir(parents=True)
    (folder / "files").mkdir()
    for name in LINES.values():
        (folder / name).write_text("")
    (folder / "audit.jsonl").write_text("".join(f"{line}\n" for line in lines))
    (folder / "teams.csv").write_text("id,team\n")
    (folder / "manifest.json").write_text(json.dumps({"audit_head": before, "files": files or {}}))
    return folder


def entry(detail: str, *, subject: str = "M-000001") -> Entry:
    """Return an entry of a trail."""
    fields = {"at": "2026-04-13T09:00:00+00:00", "actor": "mailbot", "kind": "mail-recorded", "subject": subject}
    return Entry(id=1, **fields, detail=detail, hash="", mac=None)


def witness(folder: Path) -> str:
    """Return a receipt that prints the end of an export's trail."""
    head = json.loads((folder / "manifest.json").read_text())["audit_head"]
    path = folder.parent / "receipt.eml"
    path.write_text(f"Subject: x\nX-Mailbot-Audit: 1-{head}\n\nthanks\n")
    return str(path)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["manifest.json", "audit.jsonl", "teams.csv", *LINES.values()])
def test_a_file_that_is_none_is_told_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, odd: str
) -> None:
    """No traceback. Rows that a trail of the first version does not tell of may be anything."""
    export = made(tmp_path / "export")
    assert main([str(export)]) == INTACT
    (export / name).write_bytes(ODD[odd])
    is_held = name in {"manifest.json", "audit.jsonl"}
    assert main([str(export)]) in ({WRONG_CALL} if is_held else {WRONG_CALL, INTACT})
    assert len(capsys.readouterr().err.splitlines()) <= 1


def test_what_a_trail_tells_moves_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever publishes an export writes its texts; a team prints them."""
    export = made(tmp_path / "export", entry("{}", subject="\x1b[2J"), files={"\x1b[2Jx": ""})
    assert main([str(export), witness(export)]) == UNFIT
    (export / "manifest.json").write_text((export / "manifest.json").read_text().replace("\\u001b[2Jx", "audit.jsonl"))
    main([str(export), witness(export)])
    told = capsys.readouterr()
    assert "[2J" in told.out
    assert "\x1b" not in told.out + told.err


@pytest.mark.parametrize("submissions", [7, [7], [{}], [{"receipt": "S-1", "status": "x", "score": "y"}]])
def test_what_an_entry_tells_may_be_anything(tmp_path: Path, submissions: object) -> None:
    """It is signed by nobody whom the reader knows."""
    export = made(tmp_path / "export", entry(json.dumps({"submissions": submissions})))
    assert main([str(export), witness(export)]) == WRONG_CALL


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "link"])
def test_no_other_file_of_the_reader_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    """A name or a link that leads out of the export is a fault, whatever is there."""
    (tmp_path / "secret").write_text("x")
    export = made(tmp_path / "export", files={name: "0" * 64})
    (export / "link").symlink_to(tmp_path / "secret")
    assert main([str(export)]) == UNFIT
    assert "leads out of the export" in capsys.readouterr().out
