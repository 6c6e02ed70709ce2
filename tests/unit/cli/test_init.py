"""init: the interview and its flags; what they write loads, and no secret is readable by others or in the config."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config import load
from mailbot.config.providers import PROFILES
from mailbot.config.servers import Imap, secret
from mailbot.errors import ConfigError
from tests.command import MAILBOT, mailbot
from tests.unit.services import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.cli.conftest import Shell

MOST_KEYS = 15
ROOT = Path(__file__).parents[3]
SHEET = "https://docs.google.com/spreadsheets/d/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_abcde/edit"
LABEL_FLAGS = [flag for n in "us" for flag in ("--labels", f"siqa-{n}={LABELS}/answer-{n}.json")]
SECONDS = 30.0


def _keys(table: dict[str, Any]) -> int:
    """Count the keys that hold a value."""
    return sum(_keys(value) if isinstance(value, dict) else 1 for value in table.values())


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def _answer(folder: Path, arguments: Sequence[str], answers: Sequence[tuple[str, str]], code: int = 0) -> str:
    """Run the command on a terminal, type each answer when its question stands there; return what was to be seen."""
    leader, follower = pty.openpty()
    process = subprocess.Popen((MAILBOT, *arguments), cwd=folder, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    seen, waiting = "", list(answers)
    while select.select([leader], [], [], SECONDS)[0]:
        try:
            seen += os.read(leader, 4096).decode()
        except OSError:  # the terminal is gone when the command has ended
            break
        if waiting and waiting[0][0] in seen:
            question, answer = waiting.pop(0)
            seen = seen.replace(question, question.upper())  # answered: it is not waited for twice
            os.write(leader, f"{answer}\n".encode())
    os.close(leader)
    assert process.wait(SECONDS) == code, seen
    assert not waiting, seen
    return seen


def test_flags_are_enough(tmp_path: Path) -> None:
    """The whole non-interactive form asks nothing, and with the labels its config loads."""
    form = "init contest --yes --preset siqa --profile generic --address submissions@example.org"
    done = mailbot(*form.split(), *LABEL_FLAGS, folder=tmp_path)
    config = load.load(tmp_path / "contest/config.toml")
    assert config.imap is not None
    assert config.smtp is not None
    assert (config.imap.host, config.smtp.host) == ("imap.example.org", "smtp.example.org")
    assert config.imap.user == config.challenge.address == "submissions@example.org"
    assert mailbot("teams", "list", "--json", "--config", "contest/config.toml", folder=tmp_path).json == []
    assert "mailbot --config contest/config.toml doctor" in done.out
    assert "write your own address and hosts where config.toml says example.org" in done.out


def test_the_next_steps_can_be_pasted(tmp_path: Path) -> None:
    """Whatever the folder is called; and they ask to replace nothing that was given."""
    done = mailbot("init", "比赛 夹", "--yes", "--address", "s@lab.cn", folder=tmp_path)
    assert "example.org" not in done.out
    assert done.out.count("mailbot --config '比赛 夹/config.toml' ") == 5
    for line in done.out.splitlines():
        if "mailbot --config" in line:
            assert "比赛 夹/config.toml" in shlex.split(line.replace("`", " "))


def test_an_own_server_may_have_other_ports(tmp_path: Path) -> None:
    """The config of a server that no profile knows shows where to say so, with what holds until then."""
    mailbot("init", "c", "--yes", "--address", "s@lab.cn", folder=tmp_path)
    path = tmp_path / "c/config.toml"
    before = load.load(path)
    path.write_text(re.sub(r"^# (port|security) = ", r"\1 = ", path.read_text(), flags=re.MULTILINE))
    assert path.read_text().count("security = ") == path.read_text().count("port = ") == 2
    assert load.load(path) == before


@pytest.mark.parametrize("name", PROFILES)
def test_few_keys_make_a_service(tmp_path: Path, name: str) -> None:
    """Whatever the provider, the config has few keys, and its own hosts, ports and folders are known."""
    flags = ("--profile", name, "--address", "s@x.org", "--organizer", "o@x.org", "--sheet", SHEET)
    said = mailbot("init", "c", "--yes", *flags, folder=tmp_path).out
    assert "secrets/sheet.json" in said
    assert ("mailbot login" in said) is (name == "microsoft")
    text = (tmp_path / "c/config.toml").read_text()
    assert _keys(tomllib.loads(text)) <= MOST_KEYS
    config = load.load(tmp_path / "c/config.toml")
    assert config.imap is not None
    assert config.smtp is not None
    assert config.imap.extra_folders == PROFILES[name].imap.get("extra_folders", ())
    assert config.smtp.port == {"microsoft": 587}.get(name, 465)


def test_nobody_else_can_read_what_is_private(tmp_path: Path) -> None:
    """Secrets, labels and the roster are the owner's alone, whatever the umask."""
    subprocess.run((MAILBOT, "init", "c", "--yes", *LABEL_FLAGS), cwd=tmp_path, check=True, umask=0)
    folder = tmp_path / "c"
    assert {_mode(folder / name) for name in ("state", "labels", "secrets")} == {0o700}
    private = [*(folder / "secrets").iterdir(), *(folder / "labels").iterdir(), folder / "teams.csv"]
    assert {_mode(path) for path in private} == {0o600}
    assert len(private) == 5


def test_the_interview_asks_for_what_is_missing(tmp_path: Path) -> None:
    """On a terminal it asks, one question after another; the password is not shown and not in the config."""
    shutil.copy(LABELS / "answer-s.json", tmp_path / "truth.json")
    seen = _answer(
        tmp_path,
        ("init", "c"),
        [
            ("Which challenge (siqa, ", ""),
            ("Mail provider", "gmail"),
            ("Official submission address", "siqa@gmail.com"),
            ("Login name [siqa@gmail.com]", ""),
            ("Password (not shown; empty: later): ", "sesam oeffne dich"),
            ("Google Sheet", ""),
            ("Organizers", "chair@x.org; co-chair@x.org\uff0cthird@x.org"),
            ("Address for the teams' questions", "help@x.org"),
            ("Take mails that arrived since", "2026-03-01"),
            ("Submissions open", "2026-03-10"),
            ("Submissions close", "2026-04-26T12:00+00:00"),
            ("Label file of siqa-u", ""),
            ("Label file of siqa-s", "truth.json"),
        ],
    )
    assert "Preset siqa; for a challenge of your own" in seen
    assert "Takes mails of up to 50 MiB" in seen
    assert "app password" in seen
    assert "sesam" not in seen
    assert "sesam" not in (tmp_path / "c/config.toml").read_text()
    config = load.load(tmp_path / "c/config.toml")
    assert config.challenge.organizers == ("chair@x.org", "co-chair@x.org", "third@x.org")
    assert config.challenge.contact == "help@x.org"
    (phase,) = config.phases
    assert (str(phase.opens), str(phase.closes)) == ("2026-03-10 00:00:00+08:00", "2026-04-26 12:00:00+00:00")
    assert (tmp_path / "c/config.example.toml").read_bytes() == (ROOT / "config.example.toml").read_bytes()
    assert config.tracks["siqa-s"].labels == tmp_path / "c/labels/truth.json"
    assert config.imap is not None
    assert (config.imap.host, secret(config.imap, "imap")) == ("imap.gmail.com", "sesam oeffne dich")
    assert str(config.imap.since) == "2026-03-01 00:00:00+08:00"
    assert re.search(r"1\. .*answer-u\.json", seen)


def test_the_interview_asks_again_and_says_why(tmp_path: Path) -> None:
    """A wrong answer costs one question, not all that was said before."""
    shutil.copy(LABELS / "answer-s.json", tmp_path / "truth.json")
    seen = _answer(
        tmp_path,
        ("init", "c", "--user", "siqa"),
        [
            ("Which challenge (siqa, ", "sica"),
            ("'sica' is not a challenge to begin with", "siqa"),
            ("Mail provider [generic]: ", "hotmail"),
            ("write one of gmail", "gmail"),
            ("Official submission address [submissions@example.org]: ", "nobody"),
            ("'nobody' is not an e-mail address", "siqa@gmail.com"),
            ("Password (not shown; empty: later): ", ""),
            ("Google Sheet for the leaderboard (address or id; empty: none): ", "my sheet"),
            ("Error: sheet.spreadsheet", ""),
            ("Organizers who get the alerts (addresses): ", "the chair"),
            ("Error: challenge.organizers", "chair@x.org"),
            ("Address for the teams' questions, shown in every reply (empty: none): ", "help"),
            ("Error: challenge.contact", ""),
            ("Take mails that arrived since", "long ago"),
            ("'long ago' is not a date", ""),
            ("Submissions open", "in March"),
            ("'in March' is not a date", "2026-03-10"),
            ("Submissions close", "2026-03-09"),
            ("Error: phases", ""),
            ("Label file of siqa-u (empty: later): ", "truth.json"),
            ("Error: tracks.siqa-u.labels: truth.json: ", ""),
            ("Label file of siqa-s (empty: later): ", "none.json"),
            ("none.json: No such file", "truth.json"),
        ],
    )
    assert "Traceback" not in seen
    assert "answer-u.json" not in seen.partition("Label file")[0]  # of a file that nobody named yet nothing is said
    config = load.load(tmp_path / "c/config.toml")
    assert (config.challenge.address, config.challenge.organizers) == ("siqa@gmail.com", ("chair@x.org",))
    assert config.tracks["siqa-s"].labels == tmp_path / "c/labels/truth.json"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--address", "nobody"), "challenge.address: 'nobody' is not an e-mail address"),
        (("--profile", "hotmail"), "write one of gmail, microsoft, qq, netease, generic"),
        (("--sheet", "my sheet"), "sheet.spreadsheet: "),
        (("--preset", "sica"), "'sica' is not a preset; write one of siqa"),
        (("--labels", "siqa-x=a.json"), "--labels siqa-x: no track of siqa; write it as siqa-u=FILE"),
        (("--labels", "siqa-s=none.json"), "tracks.siqa-s.labels: none.json: No such file"),
        (("--labels", f"siqa-s={LABELS}/answer-u.json"), "The label file has no column"),
    ],
)
def test_a_wrong_answer_writes_nothing(tmp_path: Path, flags: tuple[str, str], said: str) -> None:
    """What mailbot would refuse later is refused at once, with what is allowed, and no folder is left behind."""
    done = mailbot("init", "c", "--yes", *flags, folder=tmp_path, code=2)
    assert said in done.err
    assert "c/labels/" not in done.err  # files that are not there yet are no mistake
    assert not (tmp_path / "c").exists()


def test_nothing_that_is_there_is_overwritten(tmp_path: Path) -> None:
    """A config that is there refuses a second init; a password and a roster that are there stay."""
    (tmp_path / "c/secrets").mkdir(parents=True)
    (tmp_path / "c/secrets/imap").write_text("mine\n")
    (tmp_path / "c/teams.csv").write_text("team,address\nA,a@x.org\n")
    mailbot("init", "c", "--yes", folder=tmp_path)
    assert (tmp_path / "c/secrets/imap").read_text() == "mine\n"
    assert "a@x.org" in (tmp_path / "c/teams.csv").read_text()
    assert "exists already" in mailbot("init", "c", "--yes", folder=tmp_path, code=2).err


def test_label_files_of_one_name_are_all_kept(tmp_path: Path) -> None:
    """Each is named by its track then, and the config finds it there."""
    flags = []
    for letter in "us":
        (tmp_path / letter).mkdir()
        shutil.copy(LABELS / f"answer-{letter}.json", tmp_path / letter / "labels.json")
        flags += ["--labels", f"siqa-{letter}={letter}/labels.json"]
    mailbot("init", "c", "--yes", *flags, folder=tmp_path)
    for name, track in load.load(tmp_path / "c/config.toml").tracks.items():
        assert track.labels == tmp_path / f"c/labels/{name}-labels.json"
        assert track.labels.read_bytes() == (LABELS / f"answer-{name[-1]}.json").read_bytes()


def test_a_label_file_may_lie_at_home(tmp_path: Path) -> None:
    """No shell takes the ``~`` out of the middle of a word."""
    home, flags = {"HOME": str(LABELS)}, ("--labels", "siqa-u=~/answer-u.json")
    mailbot("init", "c", "--yes", *flags, folder=tmp_path, environment=home)
    assert (tmp_path / "c/labels/answer-u.json").read_bytes() == (LABELS / "answer-u.json").read_bytes()


def test_another_file_than_the_one_that_is_there_is_refused(tmp_path: Path) -> None:
    """Neither is what is there lost, nor what is given without a word; the same file again is no trouble."""
    mailbot("init", "c", "--yes", *LABEL_FLAGS, folder=tmp_path)
    (tmp_path / "c/config.toml").unlink()
    label = tmp_path / "c/labels/answer-u.json"
    label.write_text("another")
    done = mailbot("init", "c", "--yes", *LABEL_FLAGS, folder=tmp_path, code=2)
    assert done.err == "mailbot: c has another labels/answer-u.json than you give; move it away first\n"
    assert (label.read_text(), (tmp_path / "c/config.toml").exists()) == ("another", False)
    shutil.copy(LABELS / "answer-u.json", label)
    mailbot("init", "c", "--yes", *LABEL_FLAGS, folder=tmp_path)


HIDDEN = "Password (not shown; empty: later): "
LATER = [
    (question, "")
    for question in (
        "Google Sheet",
        "Organizers",
        "Address for the teams' questions",
        "Take mails that arrived since",
        "Submissions open",
        "Submissions close",
        "Label file of siqa-u",
        "Label file of siqa-s",
    )
]
GMAIL = ("init", "c", "--preset", "siqa", "--profile", "gmail", "--address", "siqa@gmail.com", "--user", "siqa")


def test_a_password_goes_where_none_is_yet(tmp_path: Path) -> None:
    """An empty file that an earlier init left is filled; one that holds another password stays, and is said."""
    mailbot("init", "c", "--yes", folder=tmp_path)
    (tmp_path / "c/config.toml").unlink()
    seen = _answer(tmp_path, GMAIL, [(HIDDEN, "geheim"), *LATER])
    assert "write the passwords" not in seen
    secrets = [tmp_path / "c/secrets" / name for name in ("imap", "smtp")]
    assert [(path.read_text(), _mode(path)) for path in secrets] == [("geheim\n", 0o600)] * 2
    (tmp_path / "c/config.toml").unlink()
    secrets[1].write_text("")
    seen = _answer(tmp_path, GMAIL, [(HIDDEN, "another"), *LATER], code=2)
    assert "c has another secrets/imap than you give" in seen
    assert (secrets[1].read_text(), (tmp_path / "c/config.toml").exists()) == ("", False)


def test_an_interview_that_is_broken_off_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-D, as Ctrl-C, at the last question: init can be called again."""
    seen = _answer(tmp_path, GMAIL, [(HIDDEN, ""), *LATER[:-1], (LATER[-1][0], "\x04")], code=1)
    assert "Aborted" in seen
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/x"])
def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path, place: str) -> None:
    """Not in a traceback, and what is there stays."""
    (tmp_path / "file").write_text("mine")
    done = mailbot("init", place, "--yes", folder=tmp_path, code=2)
    assert re.fullmatch(r"mailbot: \S+ (is a file|cannot be used \().+\n", done.err)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_password_that_was_never_written_is_named(tmp_path: Path) -> None:
    """The empty file that init leaves is no password."""
    (tmp_path / "imap").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"imap\.password_file: .* has no password on its first line"):
        secret(Imap(host="h", password_file=tmp_path / "imap"), "imap")


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


def test_an_own_challenge_begins_with_a_sample_of_its_labels(tmp_path: Path) -> None:
    """Init asks what each column is, with what it takes it for as the default, and scores a sample at once."""
    (tmp_path / "mine.csv").write_text("key;stars;note\n" + "".join(f"k{n};{n * 7 % 5};x{n}\n" for n in range(1, 31)))
    seen = _answer(
        tmp_path,
        ("init", "c", "--profile", "generic", "--address", "s@lab.cn", "--user", "s"),
        [
            ("Which challenge (siqa, ", "own"),
            ("A label file that shows what yours look like", "none.csv"),
            ("none.csv: there is no such file", "mine.csv"),
            ("What is the column key", "identifier"),
            ("write one of id, numbers", "id"),
            ("What is the column stars", "label"),
            ("What is the column note", "nothing"),
            ("IMAP host", "imap.lab.cn"),
            ("SMTP host", "smtp.lab.cn"),
            ("IMAP port [993]: ", "70000"),
            ("Error: imap.port", "143"),
            ("SMTP port [465]: ", "587"),
            ("Password (not shown; empty: later): ", ""),
            *LATER[:6],
        ],
    )
    assert "Traceback" not in seen
    config = load.load(tmp_path / "c/config.toml")
    assert config.imap is not None
    assert config.smtp is not None
    assert [(one.port, one.security) for one in (config.imap, config.smtp)] == [(143, "starttls"), (587, "starttls")]
    (track,) = config.tracks.values()
    assert [column["name"] for column in track.declared["columns"]] == ["stars"]
    assert "Scored by" in seen


def test_dates_and_ports_are_flags_too(tmp_path: Path) -> None:
    """Whoever asks nothing can say them."""
    flags = ("--opens", "2026-03-10", "--closes", "2026-04-26", "--imap-port", "143", "--address", "s@lab.cn")
    mailbot("init", "c", "--yes", *flags, folder=tmp_path)
    config = load.load(tmp_path / "c/config.toml")
    assert config.imap is not None
    assert (config.imap.port, str(config.phases[0].closes)) == (143, "2026-04-26 00:00:00+08:00")
    assert "is not a date" in mailbot("init", "d", "--yes", "--opens", "soon", folder=tmp_path, code=2).err
    assert not (tmp_path / "d").exists()
