"""The doctor comes as far as it can: what stops it is a red row with its fix, and what was left out is said."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.cli import main
from tests.contest.contest import write_config

if TYPE_CHECKING:
    from pathlib import Path

Rows = dict[str, dict[str, Any]]

WITHOUT_LEDGER = {"python", "disk", "folders", "permissions", "mail servers", "organizers", "service"}


@pytest.fixture
def contest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a contest that was begun, and be in its folder."""
    write_config(tmp_path)
    (tmp_path / "state").mkdir(mode=0o700)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _doctor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[object, Rows]:
    """Return the exit code, and the findings by part."""
    monkeypatch.setattr(sys, "argv", ["mailbot", "doctor", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, {row["part"]: row for row in json.loads(capsys.readouterr().out)}


def test_a_whole_contest_has_every_row(
    contest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is left out, and nothing is left behind where the folders were tried."""
    code, rows = _doctor(monkeypatch, capsys)
    assert code == 0
    assert rows.keys() >= WITHOUT_LEDGER | {"config", "ledger", "audit trail"}
    assert "the rest" not in rows
    assert not (contest / "state/published").exists()


@pytest.mark.parametrize("cut", [0, 20_000], ids=["garbage", "damaged"])
def test_a_ledger_that_is_none_is_red_with_its_mend(
    cut: int, contest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is what the doctor is for: the way back is named, and all that needs no ledger was looked at."""
    _doctor(monkeypatch, capsys)
    ledger = contest / "state/ledger.db"
    ledger.write_bytes(ledger.read_bytes()[:cut] + b"garbage " * 4000)
    code, rows = _doctor(monkeypatch, capsys)
    assert (code, rows["ledger"]["level"]) == (1, "red")
    assert rows["ledger"]["fix"] == "`mailbot rebuild --from-spool`, or restore a backup"
    assert rows["the rest"]["detail"] == "not checked until the ledger can be used"
    assert rows.keys() >= WITHOUT_LEDGER


def test_a_database_out_of_reach_is_red_with_its_mend(
    contest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """PostgreSQL that does not answer is no reason to rebuild; the password of its URL is not told."""
    config = contest / "config.toml"
    url = "postgresql+psycopg://mailbot:geheim@127.0.0.1:1/mailbot"
    config.write_text(f'ledger_url = "{url}"\n{config.read_text()}')
    code, rows = _doctor(monkeypatch, capsys)
    assert (code, rows["ledger"]["level"]) == (1, "red")
    assert "can be reached from this host" in rows["ledger"]["fix"]
    assert "geheim" not in str(rows)
    assert rows.keys() >= WITHOUT_LEDGER


@pytest.mark.parametrize("missing", ["labels.json", "config.toml"])
def test_what_needs_no_labels_is_looked_at_without_them(
    missing: str, contest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest is said not to be looked at; without a config that is nearly all."""
    (contest / missing).unlink()
    monkeypatch.setattr("mailbot.config.load.DEFAULT_PATHS", (contest / "config.toml",))
    code, rows = _doctor(monkeypatch, capsys)
    assert (code, rows["config"]["level"]) == (2, "red")
    assert rows["the rest"]["detail"] == "not checked until the config can be used"
    assert (rows.keys() >= WITHOUT_LEDGER) is (missing == "labels.json")


def test_folders_that_cannot_be_written_are_red(
    contest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each is named by its key: the board's before it is published, the state's before anything else."""
    write_config(contest, board={"folder": "/proc/nope"})
    code, rows = _doctor(monkeypatch, capsys)
    assert (code, rows["folders"]["level"]) == (1, "red")
    assert rows["folders"]["detail"].startswith("board.folder: /proc/nope cannot be written (")
    (contest / "config.toml").write_text(f'state = "labels.json"\n{write_config(contest).read_text()}')
    code, rows = _doctor(monkeypatch, capsys)
    assert (code, rows["folders"]["level"], rows["config"]["level"]) == (2, "red", "red")


def test_a_split_that_is_too_small_is_a_mistake_of_the_config(
    contest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The row names the key and a way out."""
    write_config(contest, split={"public": 0.1})
    code, rows = _doctor(monkeypatch, capsys)
    assert (code, rows["config"]["level"]) == (2, "red")
    assert rows["config"]["detail"].startswith("split.public: ")
    assert "nearer to 0.5" in rows["config"]["fix"]


def test_the_secret_of_an_app_that_is_not_there_is_red(
    contest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without it every login would fail: it is a file that the config has mailbot read, like the others."""
    write_config(contest, oauth={"client_secret_file": "app"})
    code, rows = _doctor(monkeypatch, capsys)
    assert (code, rows["config"]["level"]) == (2, "red")
    assert f"oauth.client_secret_file: {contest}/app: No such file" in rows["config"]["detail"]
