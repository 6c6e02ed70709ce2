"""The commands: what they print for programs, their exit codes, and that they never end in a traceback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

from mailbot.cli import main
from mailbot.cli.app import app
from mailbot.cli.common import nameless
from tests.command import mailbot
from tests.unit.services import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """\
preset = "siqa"
[challenge]
address = "submissions@siqa.example"
[tracks.siqa-s]
labels = "labels.json"
"""


class Shell:
    """Calls commands in a folder with a config, as a person would."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Lay out the folder and go there."""
        self.folder = folder
        self._monkeypatch, self._capsys = monkeypatch, capsys
        (folder / "config.toml").write_text(CONFIG)
        (folder / "labels.json").write_bytes((LABELS / "answer-s.json").read_bytes())
        monkeypatch.chdir(folder)

    def __call__(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        """Call a command, which must end with the exit code; return what it printed, and what it said of trouble."""
        self._monkeypatch.setattr(sys, "argv", ["mailbot", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = self._capsys.readouterr()
        assert (ended.value.code or 0) == code, out + err
        return out, err

    def json(self, *arguments: str, code: int = 0) -> Any:  # noqa: ANN401  # any JSON
        """Call a command with --json and read what it printed."""
        return json.loads(self(*arguments, "--json", code=code)[0])

    def predictions(self, name: str = "s.json", rows: int = 8) -> str:
        """Write a result file and return its name."""
        items = [{"id": n, "perception": n / 2, "knowledge": 5 - n / 2} for n in range(1, rows + 1)]
        (self.folder / name).write_text(json.dumps({"team": "T", "method": "M", "track": "S", "predictions": items}))
        return name


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Give a folder to call commands in."""
    return Shell(tmp_path, monkeypatch, capsys)


# --- score -----------------------------------------------------------------------------------


def test_score_prints_what_programs_rely_on(shell: Shell) -> None:
    """An accepted file: one object with the fields that are promised, and exit code 0."""
    found = shell.json("score", shell.predictions(), "--track", "siqa-s", "--labels", "labels.json")
    assert set(found) >= {"ok", "track", "team", "method", "score", "metrics", "problems", "notes"}
    assert (found["ok"], found["track"], found["team"], found["method"]) == (True, "siqa-s", "T", "M")
    assert set(found["metrics"]) == {f"{x}_{y}" for x in ("perception", "knowledge") for y in ("srcc", "plcc")}
    assert isinstance(found["score"], float)


def test_score_of_a_refused_file_is_exit_code_1(shell: Shell) -> None:
    """A refused file: its problems by code, no score, and exit code 1; for people the same in words."""
    file = shell.predictions(rows=7)
    found = shell.json("score", file, "--track", "siqa-s", code=1)
    assert (found["ok"], found["score"]) == (False, None)
    assert [(one["code"], one["count"], one["examples"]) for one in found["problems"]] == [("missing-ids", 1, ["8"])]
    assert found["problems"][0]["message"] in shell("score", file, "--track", "siqa-s", code=1)[0]


@pytest.mark.parametrize(
    "arguments",
    [
        ("score",),
        ("score", "s.json"),
        ("score", "missing.json", "--track", "siqa-s"),
        ("score", "s.json", "--track", "siqa-x"),
        ("score", "s.json", "--track", "missing.toml", "--labels", "labels.json"),
        ("score", "s.json", "--track", "track.toml"),
        ("score", "s.json", "--track", "siqa-s", "--bootstrap", "0"),
        ("simulate-attack", "--track", "siqa-u"),
        ("simulate-attack", "--policy", "open"),
        ("simulate-attack", "--mails", "10,many"),
        ("simulate-attack", "--split", "0.01"),
        ("score", "s.json", "--track", "siqa-u"),
        ("score", "s.json", "--track", "siqa-s", "--labels", "missing.json"),
        ("score", "s.json", "--track", "siqa-s", "--labels", "config.toml"),
        ("score", ".", "--track", "siqa-s"),
        ("nonsense",),
        ("submissions", "show", "S-000001"),
        ("submissions", "show", "nonsense"),
        ("outbox", "show", "R-1"),
        ("rescore", "--submission", "S-000009"),
        ("rescore", "--tell", "--silent"),
        ("verify", "S-000009"),
        ("verify", "S-000009", "--signature", "n=9"),
        ("once",),
        ("send",),
        ("--config", "missing.toml", "teams", "list"),
        ("teams", "list", "--config", "missing.toml"),
        ("teams", "add", "Alpha", "nobody"),
        ("ingest", "missing.eml"),
    ],
)
def test_a_wrong_call_is_exit_code_2(shell: Shell, arguments: tuple[str, ...]) -> None:
    """What cannot be done is said in a sentence on standard error, and nothing is printed."""
    shell.predictions()
    out, err = shell(*arguments, code=2)
    assert err.strip()
    assert "Traceback" not in err
    assert out == "" or "Usage" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",),
        ("top", "--once"),
        ("trace", "M-1"),
        ("mails", "list"),
        ("teams", "list"),
        ("disputes",),
        ("audit", "verify"),
        ("board",),
        ("verify", "S-1"),
        ("truth", "list"),
        ("truth", "diff"),
    ],
)
def test_who_only_looks_begins_no_ledger(shell: Shell, arguments: tuple[str, ...]) -> None:
    """A `state` with a typing error shows no empty contest, and no folder is made for it."""
    _, err = shell(*arguments, code=2)
    assert f"no ledger in {shell.folder / 'state'} yet" in err
    assert not (shell.folder / "state").exists()


@pytest.mark.parametrize("said", [(), ("--accept", "--reject"), ("--reject", "--accept")])
def test_a_ruling_is_one_of_two(shell: Shell, said: tuple[str, ...]) -> None:
    """The team hears of it at once and it cannot be undone: which of the two is meant is never guessed."""
    _, err = shell("rule", "S-4", *said, "--why", "x", code=2)
    assert "say --accept or --reject" in err


def test_score_shows_how_sure_it_is_and_what_it_was_computed_with(shell: Shell) -> None:
    """By our kernels and by scipy's; the interval by influences and by resampling; the signature."""
    file = shell.predictions()
    ours = shell.json("score", file, "--track", "siqa-s", "--bootstrap", "200", "--seed", "3")
    theirs = shell.json("score", file, "--track", "siqa-s", "--reference")
    assert theirs["score"] == pytest.approx(ours["score"], rel=1e-12)
    assert (ours["by"], theirs["by"], theirs["bootstrap"]) == ("kernels", "reference", None)
    assert (ours["bootstrap"]["draws"], ours["bootstrap"]["seed"]) == (200, 3)
    assert ours["signature"].startswith("siqa-s/1 truth=")
    assert " n=8 seed=3 mailbot=" in ours["signature"]
    shown, _ = shell("score", file, "--track", "siqa-s", "--bootstrap", "200", "--seed", "3")
    for line in ("95 % interval", "bootstrap", "(200 resamples, seed 3)", ours["signature"]):
        assert line in shown


def test_score_takes_a_declared_track(shell: Shell) -> None:
    """Out of its own file, or the config's, the same number and the same scorer."""
    (shell.folder / "track.toml").write_text('name = "area"\n[[columns]]\nname = "area"\nmetrics = ["rmse"]\n')
    (shell.folder / "area.csv").write_text("id,area\na,1\nb,3\n")
    (shell.folder / "mine.csv").write_text("id,area\na,1\nb,4\n")
    with (shell.folder / "config.toml").open("a") as config:
        config.write('[tracks.area]\nlabels = "area.csv"\ndeclaration = "track.toml"\n[board]\noverall = ""\n')
    alone = shell.json("score", "mine.csv", "--track", "track.toml", "--labels", "area.csv")
    assert alone["score"] == pytest.approx(0.5**0.5)
    assert shell.json("score", "mine.csv", "--track", "area") == alone


# --- simulate-attack -------------------------------------------------------------------------


def test_attacks_are_simulated_on_made_up_labels(shell: Shell) -> None:
    """A row for each policy, and with a split for both parts; the same again at the same seed."""
    call = ("simulate-attack", "--mails", "3,9", "--repeats", "2", "--policy", "full", "--policy", "receipt")
    rows = shell.json(*call)
    assert [(row["track"], row["attack"], row["policy"], row["on"]) for row in rows] == [
        ("siqa-s", "differences", "full", "all"),
        ("siqa-s", "differences", "receipt", "all"),
    ]
    assert rows[0]["items"] == 8
    assert set(rows[0]["gains"]) == {"3", "9"}
    assert rows[1]["gains"] == {"3": 0.0, "9": 0.0}
    assert shell.json(*call) == rows
    assert shell.json(*call, "--seed", "4") != rows
    split = shell.json(*call, "--split", "0.5")
    assert [(row["on"], row["items"]) for row in split][:2] == [("public", 4), ("private", 4)]
    assert {row["policy"] for row in shell.json("simulate-attack", "--mails", "3", "--repeats", "1")} == {"full"}
    with (shell.folder / "config.toml").open("a") as config:
        config.write('[[phases]]\nname = "test"\nfeedback = "rounded"\nrounding = 0.5\n')
    assert {row["policy"] for row in shell.json("simulate-attack", "--mails", "3", "--repeats", "1")} == {"rounded"}
    assert "made-up labels, seed 0" in " ".join(shell(*call)[0].split())


# --- teams -----------------------------------------------------------------------------------


def test_teams_are_added_and_imported(shell: Shell) -> None:
    """Rows in order are taken, the others named with exit code 1."""
    assert "1 team(s) on the roster" in shell("teams", "add", "Alpha", "A@x.org", "b@x.org")[0]
    assert "0 team(s) on the roster" in shell("teams", "add", "Аlpha", "x@x.org", code=1)[0]  # noqa: RUF001  # Cyrillic
    (shell.folder / "more.csv").write_text("team,address\nBeta,c@x.org\nGamma,a@x.org\nDelta,nobody\n")
    out, err = shell("teams", "import", "more.csv", code=1)
    assert "1 team(s) on the roster" in out
    assert "team 'Gamma': a@x.org is another team's address already" in err
    assert "line 4: 'nobody' is no e-mail address" in err
    assert shell.json("teams", "list") == [
        {"team": "Alpha", "addresses": ["a@x.org", "b@x.org"], "letters": True, "confirmed": True},
        {"team": "Beta", "addresses": ["c@x.org"], "letters": True, "confirmed": True},
    ]


# --- from a mail to the board ----------------------------------------------------------------


def test_a_mail_can_be_followed_through_the_commands(shell: Shell) -> None:
    """ingest, submissions, outbox, mails, rescore, board and publish tell of one mail."""
    shell("teams", "add", "Alpha", "a@x.org")
    data = (shell.folder / shell.predictions()).read_text()
    (shell.folder / "mail.eml").write_text(
        "Received: from a by b; Thu, 12 Mar 2026 08:00:00 +0000\nFrom: a@x.org\nSubject: x\n"
        f"Content-Type: application/json; name=s.json\n\n{data}\n"
    )
    (mail,) = shell.json("ingest", "mail.eml")
    assert mail["outcome"] == "scored", mail["reason"]
    (submission,) = shell.json("submissions", "list")
    assert mail["submissions"][0] == {key: submission[key] for key in ("receipt", "track", "status", "score")}
    assert submission["arrived_at"] == "2026-03-12T16:00:00+08:00"
    assert shell.json("submissions", "show", "s1") == [submission]
    shown, _ = shell("submissions", "show", "s1")
    assert f"score        {submission['score']:.4f}\n" in shown
    assert f"Perception SRCC {submission['metrics']['perception_srcc']:.4f}, " in shown
    assert "{" not in shown
    assert [row["mail"] for row in shell.json("mails", "list")] == [submission["mail"]]
    assert [row["state"] for row in shell.json("outbox", "list")] == ["queued"]
    shown, _ = shell("outbox", "show", "R-000001")
    assert "To: a@x.org" in shown
    assert "S-000001 | SIQA-S | accepted" in shown
    verified = shell.json("verify", "s1")
    assert (verified["ok"], verified["scores"][0]["agrees"], verified["signature"]) == (True, True, None)
    line = verified["scores"][0]["signature"]
    assert "Score and measures agree" in shell("verify", "S-000001", "--signature", line)[0]
    shown, _ = shell("verify", "S-000001", "--signature", line.replace("n=8", "n=9"), code=1)
    assert "items: quoted 9, the ledger has 8" in shown
    assert shell.json("rescore", "--dry-run") == {"submissions": 0, "told": 0, "changes": []}
    rows = [row for row in shell.json("board") if not row.get("baseline")]
    assert {row["team"] for row in rows} == {"Alpha"}
    shell("publish", "--dry-run")
    assert not (shell.folder / "state" / "published").exists()
    shell("publish")
    assert (shell.folder / "state" / "published" / "page" / "index.html").exists()
    for listing in ("submissions", "outbox", "mails", "teams"):
        assert shell(listing, "list")[0].strip()


# --- init and help ---------------------------------------------------------------------------


def test_init_writes_a_config_that_loads(shell: Shell) -> None:
    """The config that init writes is one, once the labels and the roster are there; it is never overwritten."""
    out, _ = shell("init", "new", "--address", "s@siqa.example")
    assert "1. " in out
    assert "3. " in out
    assert (shell.folder / "new" / "secrets").stat().st_mode & 0o077 == 0
    for name in "su":
        target = shell.folder / "new" / "labels" / f"answer-{name}.json"
        target.write_bytes((LABELS / target.name).read_bytes())
    assert shell.json("teams", "list", "--config", "new/config.toml") == []
    _, err = shell("init", "new", code=2)
    assert "exists already" in err


def test_help_loads_nothing_slow() -> None:
    """--help answers without the database, the arrays or the config library."""
    code = (
        "import sys; sys.argv = ['mailbot', '--help']\n"
        "from mailbot.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "print([m for m in ('sqlalchemy', 'numpy', 'pydantic', 'jinja2', 'pandas', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "ingest" in done.stdout


@pytest.mark.parametrize("option", ["--version", "--help", "-h"])
def test_a_question_is_answered(shell: Shell, option: str) -> None:
    """What mailbot is, and which."""
    assert "mailbot" in shell(option)[0]


def test_a_board_shows_intervals_where_they_find_room(tmp_path: Path) -> None:
    """In a terminal of eighty columns too; a table that is wider than the terminal goes without."""
    folder = tmp_path / "leaves"
    shutil.copytree(Path(__file__).parents[3] / "docs/examples/leaves", folder)
    mailbot("ingest", "mails", folder=folder)
    usual = mailbot("board", folder=folder, environment={"COLUMNS": "80"}).out
    narrow = mailbot("board", folder=folder, environment={"COLUMNS": "40"}).out
    mass = usual[usual.index("Leaf mass") :]
    assert "95 %" in mass
    assert "±" in mass
    assert "±" not in narrow


def reasons(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # typer's click is its own matter
    """Yield every command with an option --why, with that option, of a command and of those below it."""
    yield from ((name, (command, one)) for one in command.params if one.name == "why")
    for word, below in getattr(command, "commands", {}).items():
        yield from reasons(below, f"{name} {word}".strip())


REASONS = dict(reasons(typer.main.get_command(app)))


@pytest.mark.parametrize("name", REASONS)
def test_no_reason_may_name_an_address(name: str) -> None:
    """It would stay in the trail, in every export of it, and behind `forget`."""
    command, option = REASONS[name]
    context = typer.Context(command)
    with pytest.raises(typer.BadParameter, match="name no address: it is kept for good"):
        option.process_value(context, "used test labels, told by ada@peepers.example")
    assert option.process_value(context, "a broken image") == "a broken image"


@pytest.mark.parametrize("why", ["ada＠peepers.example", "(<Ada+x@Peepers.Example>)", "由ada@例子.中国告知"])  # noqa: RUF001  # a full-width sign
def test_an_address_is_known_in_any_writing(why: str) -> None:
    """Full-width, in brackets, in a text without spaces."""
    with pytest.raises(typer.BadParameter):
        nameless(why)


@pytest.mark.parametrize("why", ["", "mAP@0.5 was computed wrong.", "P@1, recall@5. Both", "@ada said so", "a @ b.c"])
def test_what_is_no_address_may_be_said(why: str) -> None:
    """Measures have an @ too."""
    assert nameless(why) == why


def test_a_refused_reason_is_told_in_a_sentence(shell: Shell) -> None:
    """Without the address, with exit code 2."""
    out, err = shell("teams", "hide", "Peepers", "--why", "told by ada@peepers.example", code=2)
    assert "name no address: it is kept for good" in " ".join(err.replace("│", " ").split())
    assert "ada@" not in out + err
