"""A contest that version 0.1.0 left behind opens, restores and rebuilds to the same boards.

``kept/demo-0.1.0.tar.xz`` is that version's demo at its end: config, labels, roster, its backup (ledger, spool,
daybook, versions of the labels), its last published board.json and what ``submissions list --json`` said.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from mailbot import flow
from mailbot.board.codec import board_as_json, board_from_json
from mailbot.config import load
from mailbot.ledger import boards, events
from mailbot.operations.rebuild import rebuild
from tests.command import mailbot

KEPT = Path(__file__).parent / "kept" / "demo-0.1.0.tar.xz"


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the contest, its backup restored; the tests of this module go on from one another."""
    folder = tmp_path_factory.mktemp("kept")
    with tarfile.open(KEPT) as archive:
        archive.extractall(folder, filter="data")
    mailbot("restore", "backup", "--config", "config.toml", folder=folder / "contest")
    return folder / "contest"


def _published(folder: Path) -> tuple[list[str], list[tuple[str, str, str, str]]]:
    """Return the boards that the ledger keeps, as text, and the audit trail."""
    with flow.opened(load.load(folder / "config.toml"), enter=False) as wired, wired.ledger.read() as tx:
        trail = [(one.kind, one.subject, one.detail, one.hash) for one in events.since(tx, 0)]
        return [row.board for row in boards.listing(tx)], trail


def test_it_restores(contest: Path) -> None:
    """The backup agrees with its manifest, the trail is whole, and every submission is as it was."""
    mailbot("audit", "verify", folder=contest)
    assert _submissions(contest) == json.loads((contest / "submissions.json").read_text(encoding="utf-8"))


def _submissions(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = mailbot("submissions", "list", "--json", folder=folder).json
    return found


def _wordless(submissions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out how problems and notes are worded; their codes and counts stay."""
    for row in submissions:
        for told in (*row["problems"], *row["notes"]):
            del told["message"]
    return submissions


def test_each_board_comes_out_the_same(contest: Path) -> None:
    """Ranks, scores, intervals and tie groups of every published board follow from the ledger and its instant."""
    published, _ = _published(contest)
    assert len(published) == 3
    assert json.loads(published[-1]) == json.loads((contest / "board.json").read_text(encoding="utf-8"))
    with flow.opened(load.load(contest / "config.toml"), enter=False) as wired:
        for text in published:
            old = board_from_json(json.loads(text))
            made = board_as_json(wired.weekly.board(old.as_of))
            assert _steady(made["tables"]) == _steady(json.loads(text)["tables"])


def test_it_is_rebuilt_from_the_spool(contest: Path) -> None:
    """With the ledger lost, mails and daybook give the same submissions, the same boards and the same trail."""
    published, trail = _published(contest)
    (contest / "state" / "ledger.db").unlink()
    rebuilt = rebuild(load.load(contest / "config.toml"), from_mailbox=False)
    assert all(told.startswith("the board of ") for told in rebuilt.differences)  # on a machine unlike the first
    again, same = _published(contest)
    assert [_whole(one) for one in again] == [_whole(one) for one in published]
    assert same == trail
    mailbot("audit", "verify", folder=contest)
    then = json.loads((contest / "submissions.json").read_text(encoding="utf-8"))
    assert _wordless(_submissions(contest)) == _wordless(then)  # a rebuild reads the files again, with words of today


def _whole(board: str) -> dict[str, Any]:
    """Return a published board whose tables are steady."""
    read: dict[str, Any] = json.loads(board)
    return {**read, "tables": _steady(read["tables"])}


def _steady(tables: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Round what that version left to the last digit of the machine's linear algebra: how likely neighbours swap."""
    for row in (row for table in tables for row in table["rows"]):
        if row["flip"] is not None:
            row["flip"] = float(f"{row['flip']:.9g}")
    return tables
