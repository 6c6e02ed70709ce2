"""truth add, void and diff tell the track where it can only be one, and want a reason."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from tests.command import mailbot
from tests.unit.services import LABELS

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
preset = "siqa"
[challenge]
address = "submissions@siqa.example"
[tracks.siqa-s]
labels = "answer-s.json"
[tracks.siqa-u]
labels = "answer-u.json"
"""


def _contest(folder: Path) -> int:
    """Lay out a contest of two tracks; return how many items siqa-u has."""
    (folder / "config.toml").write_text(CONFIG)
    (folder / "state").mkdir()
    for name in ("answer-s.json", "answer-u.json"):
        shutil.copy(LABELS / name, folder)
    rows = json.loads((folder / "answer-u.json").read_text())
    rows[0]["answer"] = "B" if rows[0]["answer"] == "A" else "A"
    (folder / "new.json").write_text(json.dumps(rows))
    return len(rows)


def _in_force(folder: Path) -> list[str]:
    rows = mailbot("truth", "list", "--json", folder=folder).json
    return [f"{row['track']} {row['why']}" for row in rows if row["in_force"]]


def test_a_label_file_tells_its_track(tmp_path: Path) -> None:
    """By its columns; a file that is none's is refused, and --track says why."""
    _contest(tmp_path)
    assert "SIQA-U" in mailbot("truth", "add", "new.json", "--why", "One letter was wrong.", folder=tmp_path).out
    assert "siqa-u One letter was wrong." in _in_force(tmp_path)
    (difference,) = mailbot("truth", "diff", "--json", folder=tmp_path).json
    assert difference == {"item": 1, "what": "precision"}
    (tmp_path / "none.json").write_text("[]")
    assert "--track" in mailbot("truth", "add", "none.json", "--why", "x", folder=tmp_path, code=2).err
    told = mailbot("truth", "add", "none.json", "--track", "siqa-s", "--why", "x", folder=tmp_path, code=2).err
    assert "none.json cannot be used" in told


def test_items_tell_their_track(tmp_path: Path) -> None:
    """Where only one has them all; otherwise --track must."""
    last = str(_contest(tmp_path))
    assert "SIQA-U" in mailbot("truth", "void", last, "--why", "A broken image.", folder=tmp_path).out
    assert "--track" in mailbot("truth", "void", "1", "--why", "x", folder=tmp_path, code=2).err


def test_a_reason_is_said(tmp_path: Path) -> None:
    """An empty one is none; nothing is changed."""
    _contest(tmp_path)
    before = _in_force(tmp_path)
    for asked in (("void", "1"), ("add", "new.json")):
        assert "say why" in mailbot("truth", *asked, "--track", "siqa-u", "--why", " ", folder=tmp_path, code=2).err
    assert _in_force(tmp_path) == before
