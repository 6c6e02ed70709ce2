"""The systemd unit is written where systemd looks for it, or only shown."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mailbot.config import load
from mailbot.errors import ConfigError, Permanent
from mailbot.operations import install

GIVEN = {
    "preset": "siqa",
    "challenge": {"address": "s@siqa.example"},
    "tracks": {"siqa-s": {"labels": "labels/answer-s.json"}},
}


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give a user's folder of settings, on a host without systemd."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "settings"


def test_the_unit_of_a_user_is_written_and_written_again(tmp_path: Path, home: Path) -> None:
    """Where the user's own service manager finds it; nobody is told when no systemd runs."""
    config, place = load.build(GIVEN, base=tmp_path), install.place(tmp_path / "config.toml", for_user=True)
    done = install.install(config, place)
    assert done.path == home / "systemd" / "user" / "mailbot.service"
    assert (done.replaced, done.reloaded, done.scope) == (False, False, ("--user",))
    assert f"--config {tmp_path}/config.toml run" in done.path.read_text()
    assert done.path.stat().st_mode & 0o777 == 0o644
    assert install.install(config, place).replaced


def test_the_desk_is_a_socket_and_what_it_starts(tmp_path: Path, home: Path) -> None:
    """The socket is on this machine's loopback, and is what is enabled; the service serves on it."""
    config, place = load.build(GIVEN, base=tmp_path), install.place(tmp_path / "config.toml", for_user=True)
    done = install.install_desk(config, place, 9000)
    units = home / "systemd" / "user"
    assert done.path == units / "mailbot-desk.socket"
    assert "ListenStream=127.0.0.1:9000\n" in done.path.read_text()
    assert f"--config {tmp_path}/config.toml desk\n" in (units / "mailbot-desk.service").read_text()
    assert not (units / "mailbot.service").exists()


def test_systemd_reads_the_unit(tmp_path: Path) -> None:
    """That of the system, or of the user."""
    command = tmp_path / "systemctl"
    command.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/told"\necho systemd 255\n')
    command.chmod(0o755)
    place = install.place(tmp_path / "config.toml", for_user=True)
    assert place.systemd == 255
    assert install.install(load.build(GIVEN, base=tmp_path), place).reloaded
    assert (tmp_path / "told").read_text().splitlines() == ["--version", "--user daemon-reload"]


def test_the_command_is_that_of_this_installation(tmp_path: Path) -> None:
    """The unit calls the mailbot that wrote it."""
    place = install.place(tmp_path / "config.toml", for_user=False)
    assert (place.command, place.systemd) == (Path(sys.executable).with_name("mailbot"), 0)


def test_a_unit_that_cannot_serve_is_shown_and_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside it stands why; it is refused only where it would be installed."""
    monkeypatch.setattr(install, "SYSTEM_UNITS", tmp_path / "units")
    monkeypatch.setattr("mailbot.daemon.systemd.DYNAMIC", range(1 << 32))  # whoever owns the folder is made up
    config, place = load.build(GIVEN, base=tmp_path), install.place(tmp_path / "config.toml", for_user=False)
    text, problem = install.shown(config, place)
    assert "DynamicUser=yes" in text
    assert "the service could not write to" in problem
    with pytest.raises(ConfigError, match="the service could not write to"):
        install.install(config, place)
    assert not (tmp_path / "units").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, home: Path) -> None:
    """With the ways that are left."""
    home.write_text("a file")
    place = install.place(tmp_path / "config.toml", for_user=True)
    with pytest.raises(Permanent, match=r"cannot be written .*run this as root, or with --user, or --print"):
        install.install(load.build(GIVEN, base=tmp_path), place)
