"""`make demo-cluster`: with a worker and a leader killed on the way, the board is that of `make demo`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.command import mailbot

ROOT = Path(__file__).parents[2]


def _events(journal: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]


@pytest.mark.long
def test_two_hosts_and_a_cluster_make_the_board_of_one(tmp_path: Path) -> None:
    """The tables agree, each mail was recorded once, by the one host or the other, and the ledger came home whole."""
    alone, clustered = tmp_path / "alone", tmp_path / "clustered"
    mailbot("demo", "--out", str(alone), folder=tmp_path)
    subprocess.run((sys.executable, "-m", "tests.clustered", str(clustered)), cwd=ROOT, check=True)
    boards = [json.loads((folder / "board.json").read_bytes())["tables"] for folder in (alone, clustered)]
    assert boards[0] == boards[1]
    assert len(boards[0]) == 3
    one, two = (_events(clustered / f"journal-{name}.log") for name in ("one", "two"))
    assert [sum(event["event"] == "leading" for event in events) for events in (one, two)] == [1, 1]
    recorded = [event["mail"] for event in (*one, *two) if event["event"] == "mail-recorded"]
    assert len(set(recorded)) == len(list((clustered / "inbox").iterdir()))
    assert {path.name for path in (clustered / "replies").iterdir()} == {
        path.name for path in (alone / "replies").iterdir()
    }
    assert mailbot("audit", "verify", folder=clustered).code == 0
