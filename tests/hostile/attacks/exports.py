"""Attacks of whoever publishes an export: it was changed, and its manifest with it; the teams have their receipts."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.command import typed
from tests.hostile.attacks.host import folder_of
from tests.hostile.attacks.model import CARL, Attack
from tests.unit.services import submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.attacks.model import Ground

ROOT = Path(__file__).parents[3]


def _by_text(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Change a file of an export."""

    def change(export: Path) -> None:
        text = (export / name).read_text(encoding="utf-8")
        assert old in text
        (export / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def _cut(export: Path) -> None:
    """Leave the second mail out, and all that came after it."""
    for path in export.glob("*.jsonl"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        later = [place for place, line in enumerate(lines) if "M-000002" in line or "S-000002" in line]
        path.write_text("".join(lines[: min(later, default=len(lines))]), encoding="utf-8")


CHANGES: dict[str, Callable[[Path], None]] = {
    "a score": _by_text("scores.jsonl", '"value": ', '"value": 1'),
    "a submission's team": _by_text("submissions.jsonl", '"team_id": 1', '"team_id": 2'),
    "an entry": _by_text("audit.jsonl", '"mailbot"', '"nobody"'),
    "a team's name": _by_text("teams.csv", "Pixel", "Pixie"),
    "the last mail": _cut,
}


def _vouched(export: Path) -> None:
    """Write the manifest anew, as whoever publishes the export can."""
    path = export / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["files"] = {name: hashlib.sha256((export / name).read_bytes()).hexdigest() for name in manifest["files"]}
    last = (export / "audit.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    manifest["audit_head"] = json.loads(last)["hash"]
    path.write_text(json.dumps(manifest), encoding="utf-8")


def _changed(ground: Ground) -> str:
    """Publish an export with each change; a team checks it by the standard library alone, with its receipt."""
    ground.take(submission("First", To=ground.us))
    ground.take(submission("Second", sender=CARL, To=ground.us))
    folder = folder_of(ground, lambda _: None)
    typed("export", str(folder.parent / "export"), folder=folder)
    receipt = folder.parent / "receipt.eml"
    receipt.write_bytes(ground.receipts()[-1])
    missed = [] if _is_intact(folder.parent / "export", receipt) else ["nothing, for it is not intact as it was made"]
    for what, change in CHANGES.items():
        changed = Path(shutil.copytree(folder.parent / "export", folder.parent / "changed"))
        change(changed)
        _vouched(changed)
        missed += [what] if _is_intact(changed, receipt) else []
        shutil.rmtree(changed)
    shutil.rmtree(folder.parent)
    return ", ".join(missed)


def _is_intact(export: Path, receipt: Path) -> bool:
    """Ask ``python -m scoring audit``; another exit code than 0 and 1 is a mistake of this attack."""
    command = (sys.executable, "-S", "-m", "scoring", "audit", str(export), str(receipt))
    done = subprocess.run(command, capture_output=True, check=False, timeout=120, env={"PYTHONPATH": str(ROOT)})
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode == 0


ATTACKS = (Attack(name="export-changed-behind-a-receipt", play=_changed),)
