"""`mailbot demo`, run as a user does: every mail is dealt with as it deserves, and the files tell so."""

from __future__ import annotations

import base64
import csv
import email
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.command import mailbot
from tests.groups import wait_for_the_end_of
from tests.pictures.__main__ import MOST, WORDS, headings, pages

if TYPE_CHECKING:
    from email.message import EmailMessage

    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]
MAILBOT = (sys.executable, "-c", "from mailbot.cli import main; main()")

BOARDS, TEAMS = 3, 12
WEEKLY = "[mailbot] The week in numbers"

#: What becomes of each mail: its outcome, and the track and status of each submission in it.
ACCEPTED_U, ACCEPTED_S = ("siqa-u", "accepted"), ("siqa-s", "accepted")
EXPECTED: dict[str, tuple[str, list[tuple[str | None, str]]]] = {
    "01-lumen-lab-u": ("scored", [ACCEPTED_U]),
    "02-lumen-lab-s": ("scored", [ACCEPTED_S]),
    "03-qingteng-zip": ("scored", [ACCEPTED_U, ACCEPTED_S]),
    "04-fig-leaf-both": ("scored", [ACCEPTED_U, ACCEPTED_S]),
    "05-nordlicht-s-csv": ("scored", [ACCEPTED_S]),
    "06-axis-label-broken": ("refused", [(None, "refused")]),
    "07-axis-label-fixed": ("scored", [ACCEPTED_U]),
    "08-mozi-u-csv": ("scored", [ACCEPTED_U]),
    "09-owl-u-refusals": ("scored", [ACCEPTED_U]),
    "10-nebuleuse-wrong-ids": ("refused", [("siqa-s", "refused")]),
    "11-nebuleuse-s-jsonl": ("scored", [ACCEPTED_S]),
    "12-unknown-sender": ("unknown-sender", []),
    "13-vega-s-gz": ("scored", [ACCEPTED_S]),
    "14-hetu-nan": ("refused", [("siqa-s", "refused")]),
    "15-hetu-s": ("scored", [ACCEPTED_S]),
    "16-sixty-pixels-forgot": ("no-submission", []),
    "17-sixty-pixels-u": ("scored", [ACCEPTED_U]),
    "18-plot-twist-u": ("scored", [ACCEPTED_U]),
    "19-lumen-lab-s-second": ("scored", [ACCEPTED_S]),
    "20-lumen-lab-over-quota": ("refused", [("siqa-s", "over-quota")]),
    "21-qingteng-u-second": ("scored", [ACCEPTED_U]),
    "22-owl-s-tsv": ("scored", [ACCEPTED_S]),
    "23-nordlicht-u-utf16": ("scored", [ACCEPTED_U]),
    "24-fig-leaf-s-second": ("scored", [ACCEPTED_S]),
    "25-vega-u": ("scored", [ACCEPTED_U]),
    "26-mozi-s": ("scored", [ACCEPTED_S]),
    "27-lumen-lab-s-new-week": ("scored", [ACCEPTED_S]),
    "28-plot-twist-s-csv": ("scored", [ACCEPTED_S]),
    "29-out-of-office": ("automatic", []),
    "30-qingteng-third": ("scored", [ACCEPTED_U, ACCEPTED_S]),
    "31-nordlicht-s-second": ("scored", [ACCEPTED_S]),
    "32-axis-label-s": ("scored", [ACCEPTED_S]),
    "33-sixty-pixels-s": ("scored", [ACCEPTED_S]),
    "34-lumen-lab-u-second": ("scored", [ACCEPTED_U]),
    "35-plot-twist-late": ("scored", [ACCEPTED_U]),
    "36-hetu-u": ("scored", [ACCEPTED_U]),
    "37-fig-leaf-third": ("scored", [ACCEPTED_U, ACCEPTED_S]),
    "38-owl-s-second": ("scored", [ACCEPTED_S]),
    "39-qingteng-u-worse": ("scored", [ACCEPTED_U]),
    "40-out-of-office-again": ("automatic", []),
}
UNANSWERED = {"12-unknown-sender", "29-out-of-office", "40-out-of-office-again"}

#: Words that the reply to a mail must hold, where it is not an ordinary receipt.
TOLD = {
    "06-axis-label-broken": "not valid JSON at line",
    "09-owl-u-refusals": "12 answers are no letter",
    "10-nebuleuse-wrong-ids": "begin at 0",
    "14-hetu-nan": "NaN",
    "16-sixty-pixels-forgot": "no result file",
    "20-lumen-lab-over-quota": "quota",
}

#: The mail whose file counts for a team on a track in the end: the latest that was accepted.
COUNTS = {
    ("Lumen Lab", "siqa-s"): "27-lumen-lab-s-new-week",
    ("青藤视觉", "siqa-u"): "39-qingteng-u-worse",
    ("Owl & Microscope", "siqa-u"): "09-owl-u-refusals",
    ("Nordlicht", "siqa-u"): "23-nordlicht-u-utf16",
    ("墨子图像组", "siqa-u"): "08-mozi-u-csv",
    ("PlotTwist", "siqa-u"): "35-plot-twist-late",
}


def _run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run mailbot in a folder of the user's, on a terminal of 80 columns."""
    environment = os.environ | {"COLUMNS": "80", "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        (*MAILBOT, *arguments), cwd=cwd, env=environment, capture_output=True, encoding="utf-8", check=False
    )


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Play the demo once, with a sheet, from a folder that is not the project's."""
    home = tmp_path_factory.mktemp("home")
    return home / "demo", _run("demo", "--out", "demo", "--sheet", cwd=home)


@pytest.fixture(scope="module")
def folder(played: tuple[Path, subprocess.CompletedProcess[str]]) -> Path:
    """Give the folder that the demo left."""
    place, ran = played
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return place


def _json(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """Ask mailbot about the demo's ledger."""
    asked = ("--config", str(folder / "config.toml"), *arguments, "--json")
    rows: list[dict[str, Any]] = mailbot(*asked, folder=folder.parent).json
    return rows


def _mails(folder: Path) -> dict[str, EmailMessage]:
    """Read the mails of a folder, by file name."""
    return {p.stem: email.message_from_bytes(p.read_bytes(), policy=default) for p in sorted(folder.glob("*.eml"))}


def test_the_pictures_of_the_handbook_are_current(folder: Path, chromium: Browser) -> None:
    """What they show has the headings that the demo's page, mails and sheet have now; else `make pictures`."""
    shown = json.loads(WORDS.read_text(encoding="utf-8"))
    for name, page in pages(chromium, folder):
        assert headings(page) == shown.pop(name), f"docs/pictures/{name}.png is stale: make pictures"
        page.close()
    assert shown == {}
    made = {path.name: path.stat().st_size for path in WORDS.parent.iterdir()}
    assert {name.partition(".")[0] for name in made} >= {
        "board",
        "reply",
        "letter",
        "sheet",
        "terminal",
        "desk",
        "desk-act",
        "desk-board",
        "demo",
    }
    assert max(made.values()) < MOST


def test_every_mail_is_dealt_with_as_it_deserves(folder: Path) -> None:
    """The outcome of each mail, and the track and status of each of its submissions, are the expected ones."""
    made: dict[str, list[tuple[str | None, str]]] = {}
    for one in _json(folder, "submissions", "list"):
        made.setdefault(one["mail"], []).append((one["track"], one["status"]))
    rows = _json(folder, "mails", "list")
    found = [(row["outcome"], made.get(row["mail"], [])) for row in rows]
    assert dict(zip(_mails(folder / "inbox"), found, strict=True)) == EXPECTED
    assert {row["filed_to"] for row in rows} == {"Processed"}


def test_every_reply_joins_the_thread_of_its_mail(folder: Path) -> None:
    """Each mail has one reply, to its sender and in its thread; strangers and machines have none."""
    mails, replies = _mails(folder / "inbox"), _mails(folder / "replies")
    assert set(replies) == set(EXPECTED) - UNANSWERED
    for name, reply in replies.items():
        assert str(reply["In-Reply-To"]).strip() == str(mails[name]["Message-ID"]).strip()
        assert str(mails[name]["Message-ID"]).strip() in str(reply["References"])
        assert _address(reply, "To") == _address(mails[name], "From")
        assert reply["Auto-Submitted"] == "auto-replied"


def test_every_team_hears_of_every_board_once(folder: Path) -> None:
    """After each board one letter to each team, from the second on with a chart, and one to the organizer."""
    mails = list(_mails(folder / "letters").values())
    letters = [letter for letter in mails if "unknown senders" not in str(letter["Subject"])]
    assert len(mails) == len(letters) + 1  # the organizer hears of the stranger's file
    assert {letter["Auto-Submitted"] for letter in letters} == {"auto-generated"}
    boards: dict[str, list[EmailMessage]] = {}
    for letter in letters:  # subjects are in each team's language, so those of one occasion are told by their instant
        subject = str(letter["Subject"]).partition(":")[0]
        boards.setdefault(subject if subject == WEEKLY else str(letter["Date"]), []).append(letter)
    told = {occasion: len({_address(one, "To") for one in its}) for occasion, its in boards.items()}
    assert told == {occasion: len(its) for occasion, its in boards.items() if occasion != WEEKLY} | {WEEKLY: 1}
    assert sorted(told.values()) == [1, *[TEAMS] * BOARDS, TEAMS]
    charts = [
        sum(part.get_content_type() == "image/png" for one in its for part in one.walk()) for its in boards.values()
    ]
    assert sorted(charts) == [0, 0, 0, TEAMS, TEAMS]


def _address(mail: EmailMessage, header: str) -> str:
    return str(mail[header].addresses[0].addr_spec)


@pytest.mark.parametrize(("name", "words"), TOLD.items())
def test_replies_name_the_mistake(folder: Path, name: str, words: str) -> None:
    """A reply that is no ordinary receipt says why in its text."""
    body = _mails(folder / "replies")[name].get_body(("plain",))
    assert body is not None
    assert words in " ".join(body.get_content().split())


@pytest.mark.parametrize(("team", "track"), COUNTS)
def test_board_says_what_the_bare_scorer_says(folder: Path, tmp_path: Path, team: str, track: str) -> None:
    """The score on the board is that of `python -m scoring` on the attachment of the team's latest mail."""
    attachment = next(_mails(folder / "inbox")[COUNTS[team, track]].iter_attachments())
    file = tmp_path / f"result{Path(attachment.get_filename() or '').suffix}"
    file.write_bytes(base64.b64decode(str(attachment.get_payload())))
    labels = folder / "labels" / f"answer-{track[-1]}.json"
    command = (sys.executable, "-m", "scoring", str(file), str(labels), "--track", track, "--json")
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    assert _board(folder)[team][track] == round(json.loads(ran.stdout)["score"], 2)


def _board(folder: Path) -> dict[str, dict[str, float]]:
    """Return the scores of the published CSV, by team and table; baselines are left out."""
    found: dict[str, dict[str, float]] = {}
    with (folder / "board.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["rank"]:
                found.setdefault(row["team"], {})[row["table"]] = float(row["score"])
    return found


def test_folder_holds_what_programs_rely_on(folder: Path) -> None:
    """The published board and the ledger lie where the operations guide says."""
    for name in ("page/index.html", "board.csv", "board.xlsx", "board.json", "ledger.db", "config.toml", "teams.csv"):
        assert (folder / name).stat().st_size > 0, name
    assert "Lumen Lab" in (folder / "page" / "index.html").read_text(encoding="utf-8")


def test_config_works_with_the_other_commands(folder: Path) -> None:
    """The board that `mailbot board` makes from the demo's ledger is the published one."""
    overall = {r["team"]: r["score"] for r in _json(folder, "board") if r["table"] == "overall" and not r["baseline"]}
    assert overall == {team: tables["overall"] for team, tables in _board(folder).items()}
    assert len(overall) == 12


def test_screen_tells_the_story(played: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Every team is named, the outcome of each mail stands in its line, and the journal stays off the screen."""
    _, ran = played
    told = [line for line in ran.stdout.splitlines() if re.match(r"  [A-Z][a-z]{2} \d{2} \d{2}:\d{2}  ", line)]
    assert len(told) == len(EXPECTED) + BOARDS
    assert "zero-based-ids" in next(line for line in told if "ids from 0" in line)
    assert "mail-recorded" not in ran.stdout
    assert ran.stderr == ""


def _tables(folder: Path) -> object:
    """Return the tables of the board; the head of the audit trail below them is each run's own."""
    return json.loads((folder / "board.json").read_bytes())["tables"]


def test_the_sheet_shows_the_board(played: tuple[Path, subprocess.CompletedProcess[str]], folder: Path) -> None:
    """With --sheet the daemon's own loop writes the board in three requests, and the cells are read back and shown."""
    shown = played[1].stdout.partition("The Google Sheet, as its readers see it")[2]
    told = r"Overall +\n.*Rank .*\n1 +Lumen Lab .*History +\n.*2026-04-22 .*About +\n.*Audit trail +The audit trail"
    assert re.search(told, shown, re.DOTALL), shown
    track = shown.partition("SIQA-S ")[2].partition("History ")[0]
    assert len(re.findall(r" \d\.\d{4}  +\d\d\.\d\d  ± \d\.\d\d .* S-\d{6}", track)) == 12, track
    journal = (folder / "journal.log").read_text(encoding="utf-8")
    written = [json.loads(line) for line in journal.splitlines() if '"event": "sheet-written"' in line]
    assert [event["requests"] for event in written] == [3] * BOARDS
    assert "[sheet]" not in (folder / "config.toml").read_text(encoding="utf-8")


@pytest.mark.long
def test_second_run_replaces_the_first(folder: Path) -> None:
    """A demo in an earlier demo's folder gives the same board without a sheet, and leaves alone what is not its own."""
    before = _tables(folder)
    (folder / "notes.txt").write_text("mine")
    (folder / "replies" / "stale.eml").write_text("of the run before")
    ran = _run("demo", "--out", str(folder), cwd=folder.parent)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Google Sheet" not in ran.stdout
    assert _tables(folder) == before
    assert (folder / "notes.txt").read_text() == "mine"
    assert not (folder / "replies" / "stale.eml").exists()


def test_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    """A folder that holds other things is left as it is, and the sentence says what to do."""
    (tmp_path / "thesis.tex").write_text("years of work")
    assert "--out DIR" in mailbot("demo", "--out", str(tmp_path), folder=tmp_path, code=2).err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_missing_servers_are_named(tmp_path: Path) -> None:
    """Without the extra, one sentence says what to install."""
    without = "import sys; sys.modules['pymap'] = None; from mailbot.cli import main; main()"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = (sys.executable, "-c", without, "demo", "--out", str(tmp_path / "demo"))
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "pip install --upgrade 'SOURCE[demo]'`, where SOURCE is the folder of mailbot's source" in ran.stderr
    assert not (tmp_path / "demo").exists()


def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    """Ctrl-C in the middle of the week ends the demo with 130, says where the files are, and leaves no process."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = (*MAILBOT, "demo", "--out", str(tmp_path / "demo"))
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        start_new_session=True,
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert any("Lumen Lab" in line for line in running.stdout)
        running.send_signal(signal.SIGINT)
        rest, errors = running.communicate()
    assert running.returncode == 130
    assert "Stopped" in rest
    assert errors == ""
    wait_for_the_end_of(running.pid)


def test_the_desk_stays_open_on_the_demos_contest(tmp_path: Path) -> None:
    """Its link lets in, the daemon runs on beside it and sends what is written there; Ctrl-C ends both."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = (*MAILBOT, "demo", "--out", str(tmp_path / "demo"), "--desk", "--port", str(port))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
        start_new_session=True,
    ) as running:  # fmt: skip
        try:
            assert running.stdout is not None
            link = next((found[0] for line in running.stdout if (found := re.search(r"http://\S+", line))), "")
            home, key = link.split("/login?key=")
            with requests.Session() as browser:
                assert browser.post(f"{home}/login", data={"key": key}, timeout=60).status_code == 200
                today = browser.get(f"{home}/", timeout=60).text
                assert "does not run" not in today
                assert "2026-05" in today
                assert "<p>Organizer" in today  # the audit trail keeps a person apart from mailbot
                csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', today)
                assert csrf
                form = {"csrf": csrf[1], "to": "Lumen Lab", "subject": "About the talk", "text": "Dear team, see you."}
                seen = browser.post(f"{home}/act/announce", data=form | {"step": "look"}, timeout=60).text
                known = re.search(r'name="seen" value="([0-9a-f]+)"', seen)
                assert known
                browser.post(f"{home}/act/announce", data=form | {"step": "do", "seen": known[1]}, timeout=60)
                until = time.monotonic() + 60
                sent = f"{home}/letters?words=talk&what=sent"
                while "About the talk" not in browser.get(sent, timeout=60).text:
                    assert time.monotonic() < until
                    time.sleep(0.2)
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate()
        finally:
            if running.poll() is None:
                running.kill()
    assert (running.returncode, errors) == (0, "")
    wait_for_the_end_of(running.pid)
