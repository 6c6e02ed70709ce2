"""A ledger whose URL only the engine finds fault with is a mistake in the config, told without the URL."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from mailbot.cli import main
from mailbot.errors import ConfigError
from mailbot.ledger import Ledger
from tests.command import mailbot
from tests.contest.contest import write_config

if TYPE_CHECKING:
    from pathlib import Path


def test_a_port_that_is_no_number_is_a_mistake_of_the_config() -> None:
    """As is a URL that SQLAlchemy cannot read at all; what stands in it is not repeated."""
    for url in ("postgresql+psycopg://u:hush-hush@h:port/db", "hush-hush"):
        with pytest.raises(ConfigError, match=r"^ledger_url: is not a URL of a ledger") as refused:
            Ledger(url)
        assert "hush-hush" not in str(refused.value)


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fix is the extra that brings it."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "psycopg"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(
        ConfigError, match=r"not installed \(psycopg\): `.* -m pip install --upgrade 'SOURCE\[postgres\]'`"
    ):
        Ledger("postgresql+psycopg://u@h/db")


def test_a_daemon_that_starts_before_its_database_is_started_anew(tmp_path: Path) -> None:
    """Exit code 1: after 2 systemd would leave a host that was switched on without its mailbot."""
    config = write_config(tmp_path)
    config.write_text(f'ledger_url = "postgresql+psycopg://u:hush-hush@127.0.0.1:1/db"\n{config.read_text()}')
    said = mailbot("run", folder=tmp_path, code=1).err
    assert said.startswith("mailbot: the ledger cannot be used now: ")
    assert "hush-hush" not in said


def test_the_doctor_tells_it_with_exit_code_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is a row of the doctor's, and no traceback."""
    config = 'preset = "siqa"\nledger_url = "postgres://u:hush-hush@h/db"\n[challenge]\naddress = "s@x.org"\n'
    (tmp_path / "config.toml").write_text(f'{config}[tracks.siqa-s]\nlabels = "labels.json"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["mailbot", "doctor", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    out = capsys.readouterr().out
    assert ended.value.code == 2
    assert "ledger_url: must be" in {row["part"]: row["detail"] for row in json.loads(out)}["config"]
    assert "hush-hush" not in out
