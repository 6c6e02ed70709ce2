"""The doctor's row of a config that cannot be used names the fix of that very mistake."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from mailbot.cli import main

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = """\
preset = "siqa"
[challenge]
address = "s@x.org"
[tracks.siqa-s]
labels = "labels.json"
"""


@pytest.mark.parametrize(
    ("config", "labels", "fix"),
    [
        (None, None, "call it in the contest's folder, or with `mailbot --config FILE doctor`"),
        ("preset = siqa", None, "fix the line named; "),
        (CONFIG + "labls = 1", None, "fix the keys named; "),
        (CONFIG, None, "put each file where its key says"),
        (CONFIG, "[]", "fix these label files"),
    ],
    ids=["no config", "no TOML", "unknown key", "no labels", "wrong labels"],
)
def test_the_mend_fits_the_mistake(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    config: str | None,
    labels: str | None,
    fix: str,
) -> None:
    """A file that is missing is put there, and is no key to be fixed; the exit code is 2 each time."""
    for name, text in (("config.toml", config), ("labels.json", labels)):
        if text is not None:
            (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mailbot.config.load.DEFAULT_PATHS", (tmp_path / "config.toml",))
    monkeypatch.setattr(sys, "argv", ["mailbot", "doctor", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    row, rest = json.loads(capsys.readouterr().out)[-2:]
    assert (ended.value.code, row["part"], row["level"]) == (2, "config", "red")
    assert (rest["part"], rest["level"]) == ("the rest", "yellow")
    assert row["fix"].startswith(fix)
