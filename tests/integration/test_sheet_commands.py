"""The Google Sheet as an organizer meets it: publish, dry run, doctor, and the daemon through an outage."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mailbot import flow
from mailbot.cli import main
from mailbot.config import load
from mailbot.demo.sheets import ACCOUNT
from tests.servers.sheets import BOOK, StrictSheets
from tests.unit.services import ADA, CARL, LABELS, Clock, in_process, submission, take

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = f"""\
preset = "siqa"
[challenge]
address = "submissions@siqa.example"
organizers = ["chair@siqa.example"]
[sheet]
spreadsheet = "https://docs.google.com/spreadsheets/d/{BOOK}/edit#gid=0"
credentials_file = "sheet.json"
timeout_seconds = 5
[tracks.siqa-s]
labels = "labels.json"
"""


@pytest.fixture
def config(tmp_path: Path, google: StrictSheets, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a config whose sheet is in the fake, and no pause between tries."""
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "labels.json").write_bytes((LABELS / "answer-s.json").read_bytes())
    (tmp_path / "sheet.json").write_bytes(google.key)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mailbot.board.sheet.show.API", google.url)
    monkeypatch.setattr("mailbot.board.sheet.http.FIRST_WAIT", 0.001)
    return tmp_path / "config.toml"


@pytest.fixture
def call(
    config: Path,  # noqa: ARG001  # it is found in the working folder
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str, str]]:
    """Give a way to call commands: it returns exit code, output and words on trouble."""

    def calling(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mailbot", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    return calling


def findings(out: str) -> dict[str, Any]:
    """Return the doctor's findings by part."""
    return {row["part"]: row for row in json.loads(out)}


def test_publish_writes_the_sheet(google: StrictSheets, call: Callable[..., tuple[int, str, str]]) -> None:
    """Files first, then the sheet, in the three requests that a board takes."""
    code, out, err = call("publish")
    assert (code, err) == (0, "")
    assert f"Shown in the Google Sheet {BOOK}" in out
    assert google.calls == ["token", "get", "batchUpdate", "values.batchUpdate"]
    about = google.book.named("About")
    assert any("The audit trail" in str(value) for value in about.values.values())


def test_publish_without_the_sheet_still_publishes(
    google: StrictSheets, call: Callable[..., tuple[int, str, str]], config: Path
) -> None:
    """The files are there and the board is kept; the exit code and a sentence say what is not done."""
    google.refuse(403, "The caller does not have permission", times=9)
    code, out, err = call("publish")
    assert code == 1
    said = "The Google Sheet is behind: Google answered 403: The caller does not have permission: share the sheet with"
    assert f"{said} {ACCOUNT}" in err
    assert "Published in" in out
    assert (config.parent / "state/published/page/index.html").exists()
    google.heal()
    assert call("publish")[0] == 0


def test_dry_run_lists_what_would_change(google: StrictSheets, call: Callable[..., tuple[int, str, str]]) -> None:
    """Cell by cell, and writes nothing."""
    code, out, _ = call("publish", "--dry-run")
    assert code == 0
    assert "SIQA-S: " in out
    assert "A1    (empty) -> 'Rank'" in out
    assert "batchUpdate" not in google.calls
    call("publish")
    google.book.named("SIQA-S").values[0, 1] = "Teams!"
    out = call("publish", "--dry-run")[1]
    assert "B1    'Teams!' -> 'Team'" in out


def test_dry_run_without_access_says_so(google: StrictSheets, call: Callable[..., tuple[int, str, str]]) -> None:
    """As any command that could not be carried out."""
    google.refuse(404, "Requested entity was not found.")
    code, _, err = call("publish", "--dry-run")
    assert code == 2
    assert "copy its address" in err


def test_the_doctor_says_whom_to_share_with(google: StrictSheets, call: Callable[..., tuple[int, str, str]]) -> None:
    """Without asking Google; and that the sheet is behind, and why."""
    call("publish")
    finding = findings(call("doctor", "--json")[1])["sheet"]
    assert (finding["level"], finding["detail"]) == ("green", f"up to date, written as {ACCOUNT}")
    google.refuse(503, times=9)
    call("publish")
    google.calls.clear()
    finding = findings(call("doctor", "--json")[1])["sheet"]
    assert (finding["level"], finding["detail"]) == ("yellow", f"behind, written as {ACCOUNT}")
    assert "503" in finding["fix"]
    assert google.calls == []


@pytest.mark.parametrize(
    ("status", "words", "level", "fix"),
    [(0, "", "green", ""), (403, "The caller does not have permission", "red", f"share the sheet with {ACCOUNT}")],
    ids=["fine", "not-shared"],
)
def test_the_doctor_tries_the_sheet(
    google: StrictSheets, call: Callable[..., tuple[int, str, str]], status: int, words: str, level: str, fix: str
) -> None:
    """With --online it sees that the sheet may be written, or names the fix; the mailbox is another matter."""
    if status:
        google.refuse(status, words, at="batchUpdate")
    finding = findings(call("doctor", "--online", "--json")[1])["sheet access"]
    assert finding["level"] == level
    assert finding["fix"].startswith(fix)
    assert google.book.title == "Leaderboard"


def test_a_board_is_withdrawn_and_page_feed_and_sheet_follow(
    google: StrictSheets, call: Callable[..., tuple[int, str, str]], config: Path
) -> None:
    """It shows what follows, wants --yes without a terminal, and leaves the board at its address with the reason."""
    clock, page = Clock(), config.parent / "state/published/page"
    (config.parent / "teams.csv").write_text(f"team,address\nPeepers,{ADA}\nCarlsen,{CARL}\n")
    config.write_text(config.read_text().replace("[sheet]", '[roster]\nfile = "teams.csv"\n[sheet]'))
    for sender in (ADA, CARL):
        clock.forward(hours=1)
        with flow.working(load.load(config), clock=clock) as service:
            take(in_process(service), submission(sender, sender=sender, tilt=clock().hour / 30), arrived_at=clock())
            clock.forward(minutes=1)
            service.weekly.publish(as_of=clock())
    assert call("publish", "--dry-run")[0] == 0
    address = [path.name for path in sorted((page / "weeks").iterdir()) if path.is_dir()][-1]
    withdraw = ("board", "withdraw", address, "--why", "a file was counted twice")
    code, out, err = call(*withdraw)
    assert (code, "cannot be undone" in err) == (2, True)
    assert "0 letters about it that wait are not sent; 0 were sent." in out
    assert "Carlsen" in (page / "index.html").read_text()
    code, out, _ = call(*withdraw, "--yes")
    assert (code, f"Shown in the Google Sheet {BOOK}" in out) == (0, True)
    shown = {str(value) for value in google.book.named("SIQA-S").values.values()}
    assert ("Peepers" in shown, "Carlsen" in shown) == (True, False)
    for name in ("index.html", "feed.xml"):
        assert "Carlsen" not in (page / name).read_text()
    assert "a file was counted twice" in (page / "weeks" / address / "index.html").read_text()
    assert "a file was counted twice" in (page / "weeks" / "index.html").read_text()
    assert (config.parent / "state/published/board.csv").read_text().count("Carlsen") == 0
    assert call(*withdraw, "--yes")[0] == 2
