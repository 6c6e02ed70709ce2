"""The doctor against real servers: every row green when all is well, and the right one red when it is not."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mailbot.config import load
from mailbot.operations.doctor import host as doctor_host
from tests.command import mailbot

if TYPE_CHECKING:
    import pytest

    from tests.integration.bot import Bot
    from tests.servers.dovecot import Mailbox

ONLINE = {"dns", "imap login", "folders", "idle", "move", "quota", "smtp login", "mailbox"}


def _doctor(bot: Bot, *flags: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """Return the findings by part; where a part has several, the last."""
    rows = mailbot("doctor", "--json", *flags, folder=bot.folder, code=code).json
    return {row["part"]: row for row in rows}


def test_a_mail_to_self_goes_the_whole_path(posted: Bot, mailbox: Mailbox) -> None:
    """Sent through exim4, delivered by Dovecot, seen again, with its time; the service answers nobody for it."""
    mailbox.append(b"From: a@x.org\n\nspam\n", folder="Junk")
    found = _doctor(posted, "--mail")
    assert found.keys() >= ONLINE | {"mail to self", "clock"}
    assert {part for part in (*ONLINE, "mail to self", "clock") if found[part]["level"] != "green"} <= {"mailbox"}
    assert "came back to INBOX after" in found["mail to self"]["detail"]
    posted.once()
    assert {row["outcome"] for row in posted.rows("mails")} == {"own", "unknown-sender"}
    assert posted.rows("outbox") == []


def test_a_wrong_password_is_red_with_its_mend(posted: Bot) -> None:
    """The logins are red, the exit code is 1, and everything else is looked at all the same."""
    (posted.folder / "password").write_text("sesame\n")
    found = _doctor(posted, "--online", code=1)
    assert {part for part, row in found.items() if row["level"] == "red"} == {"imap login", "mailbox", "smtp login"}
    assert "docs/operations/providers.md" in found["imap login"]["fix"]
    assert "sesame" not in str(found)


def test_tls_at_the_wrong_port_is_red_with_the_key(posted: Bot) -> None:
    """Port 587 with the default "tls" is the commonest mistake: the row says which key to set."""
    config = posted.folder / "config.toml"
    config.write_text(config.read_text().replace('security = "starttls"', 'security = "tls"'))
    found = _doctor(posted, "--online", code=1)
    assert 'set smtp.security to "starttls"' in found["smtp login"]["detail"]


def test_a_missing_folder_is_named(bot: Bot) -> None:
    """A folder of extra_folders that is not there is yellow: what lands in spam would not be seen."""
    found = _doctor(bot, "--online")["folders"]
    assert (found["level"], found["detail"]) == ("yellow", "not there: Junk")


def test_a_password_that_others_can_read_is_red() -> None:
    """A file of mode 644 is red or yellow, unless a folder above it lets nobody else pass."""
    with TemporaryDirectory() as name:  # pytest's own folders let nobody else in
        folder = Path(name)
        for file in ("password", "labels"):
            (folder / file).write_text("x\n")
            (folder / file).chmod(0o644)
        (folder / "state").mkdir(mode=0o700)
        given = {
            "preset": "siqa",
            "challenge": {"address": "s@x.org"},
            "imap": {"host": "h", "password_file": "password"},
            "tracks": {"siqa-s": {"labels": "labels"}},
        }
        config = load.build(given, base=folder)
        assert [row.level for row in doctor_host.permissions(config)] == ["green"]
        folder.chmod(0o755)
        assert [(row.level, row.fix) for row in doctor_host.permissions(config)] == [
            ("red", f"chmod 600 {folder}/password"),
            ("yellow", f"chmod go= {folder}/labels"),
        ]


def test_every_secret_that_others_can_read_is_red() -> None:
    """That of the app for OAuth too, and those that mailbot keeps in its state folder."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "state").mkdir(mode=0o711)
        secrets = ["app", "state/oauth.json", "state/identity.secret", "state/split.secret"]
        for file in (*secrets, "labels"):
            (folder / file).touch()
            (folder / file).chmod(0o644)
        (folder / "labels").chmod(0o600)
        folder.chmod(0o755)
        given = {
            "preset": "siqa",
            "challenge": {"address": "s@x.org"},
            "oauth": {"client_secret_file": "app"},
            "tracks": {"siqa-s": {"labels": "labels"}},
        }
        rows = list(doctor_host.permissions(load.build(given, base=folder)))
        assert [(row.level, row.fix) for row in rows] == [("red", f"chmod 600 {folder}/{file}") for file in secrets]


def test_a_config_that_cannot_be_used_is_exit_code_2(bot: Bot) -> None:
    """The doctor still looks at what it can, and tells every mistake."""
    config = bot.folder / "config.toml"
    config.write_text(config.read_text().replace("workers = 1", "workers = 0\nwrokers = 1"))
    found = _doctor(bot, code=2)
    assert found["python"]["level"] == "green"
    assert "workers: must be at least 1 (got 0)" in found["config"]["detail"]
    assert "did you mean 'workers'?" in found["config"]["detail"]


def test_a_failed_service_is_red(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What systemd says of the unit is told: state, restarts, the daemon's word, and whether its watchdog is on."""
    said = tmp_path / "said"
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\n[ "$1" = --user ] || cat {said}\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    said.write_text("LoadState=loaded\nActiveState=failed\nSubState=failed\nResult=watchdog\nNRestarts=5\n")
    assert [(row.part, row.level) for row in doctor_host.service()] == [("service", "red"), ("watchdog", "yellow")]
    said.write_text(
        "LoadState=loaded\nActiveState=active\nSubState=running\nNRestarts=0\nWatchdogUSec=2min\nStatusText=asleep\n"
    )
    service, watchdog = doctor_host.service()
    assert (service.level, service.detail) == ("green", "active (running), restarted 0 times: asleep")
    assert (watchdog.level, watchdog.detail) == ("green", "every 2min")
