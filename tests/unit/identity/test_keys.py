"""The secret behind the keys: made once, and never replaced without a word."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from mailbot.cli import main
from mailbot.errors import ConfigError
from mailbot.identity import keys
from mailbot.ledger import daybook, events
from mailbot.operations.doctor import identity as doctor_auth
from tests.contest.contest import write_config
from tests.unit.services import NOW, Clock, keyed, served

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_made_while_nothing_is_signed(tmp_path: Path) -> None:
    """A new contest needs no act of its own; from its first entry in the audit trail the secret stays what it is."""
    ledger = daybook.open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}", tmp_path)
    made = keys.of(tmp_path, ledger)
    assert len(made) == 32
    assert keys.of(tmp_path, ledger) == made
    (tmp_path / keys.FILE).unlink()
    assert keys.of(tmp_path, ledger) != made
    with ledger.write() as tx:
        events.append(tx, kind="ledger-begun", subject="SIQA", now=NOW)
    (tmp_path / keys.FILE).unlink()
    with pytest.raises(ConfigError, match="the audit trail's signatures"):
        keys.of(tmp_path, ledger)
    ledger.close()


def test_a_lost_one_is_red_and_not_made_again(tmp_path: Path) -> None:
    """The keys that teams have would be void without anybody knowing; both ways on are named."""
    with served(tmp_path, Clock()) as service:
        keyed(service, b"")
        path = service.config.state / keys.FILE
        kept = path.read_bytes()
        path.unlink()
        with pytest.raises(ConfigError, match="restore it from the backup; or, to start again") as refused:
            keys.of(service.config.state, service.ledger)
        row = next(doctor_auth.identity(service))
        assert (row.part, row.level, row.fix) == ("team keys", "red", refused.value.fix)
        assert not path.exists()
        path.write_bytes(kept)
        assert next(doctor_auth.identity(service)).part == "identity"


def test_what_is_no_secret_is_told(tmp_path: Path) -> None:
    """A file that was cut off, or written by hand, gives a sentence; what it holds is not told."""
    with served(tmp_path, Clock()) as service:
        (service.config.state / keys.FILE).write_text("hush-hush")
        with pytest.raises(ConfigError, match="holds no secret") as refused:
            keys.of(service.config.state, service.ledger)
        assert "hush-hush" not in str(refused.value)


def test_nothing_begins_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever takes or answers mails ends with exit code 2 before it has begun, and systemd does not try again."""
    write_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    for command in (["teams", "import", "teams.csv"], ["teams", "key", "--yes", "Amber"]):
        monkeypatch.setattr(sys, "argv", ["mailbot", *command])
        with pytest.raises(SystemExit):
            main()
    (tmp_path / "state" / keys.FILE).unlink()
    for command in (["send"], ["teams", "key", "--yes", "Amber"]):
        monkeypatch.setattr(sys, "argv", ["mailbot", *command])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        assert "identity.secret is lost, and with it every team's key" in capsys.readouterr().err
