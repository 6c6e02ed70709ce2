"""`mailbot ids`: what teams are given for the checker."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.command import mailbot

BASE = Path(__file__).parents[2] / "flow" / "base"


def test_it_prints_the_ids_and_no_label(tmp_path: Path) -> None:
    """A heading for each track, then one id a line."""
    shutil.copytree(BASE, tmp_path / "work")
    config = tmp_path / "work" / "config.toml"
    config.write_text(config.read_text().replace("{smtp_port}", "25"))
    printed = mailbot("ids", "--track", "siqa-s", folder=tmp_path / "work").out.splitlines()
    assert printed == ["# track siqa-s", *(str(n) for n in range(1, len(printed)))]
    assert len(printed) > 2
