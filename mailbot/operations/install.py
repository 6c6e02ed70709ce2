"""The systemd unit of this installation: written where systemd finds it, or only shown."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.daemon import systemd
from mailbot.errors import ConfigError, Permanent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailbot.config.schema import Config

SYSTEM_UNITS = Path("/etc/systemd/system")


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A unit that was written."""

    path: Path
    #: Whether another was there before.
    replaced: bool
    #: Whether systemd runs here and has read it.
    reloaded: bool
    #: What ``systemctl`` needs before its command: ``--user``, or nothing.
    scope: tuple[str, ...]


def place(config: Path, *, for_user: bool) -> systemd.Place:
    """Return where this mailbot is installed and configured."""
    return systemd.Place.of(command=_command(), config=config, for_user=for_user, systemd=_systemd())


def install(config: Config, where: systemd.Place) -> Installed:
    """Write the unit and have systemd read it. Raises ConfigError when the service could not reach its files."""
    return _installed({systemd.SERVICE: systemd.text(config, where)}, where)


def install_desk(config: Config, where: systemd.Place, port: int) -> Installed:
    """Write the desk's unit and its socket's, which is the one to enable. Raises ConfigError as :func:`install`."""
    units = {systemd.DESK: systemd.text(config, where, systemd.DESK)}
    return _installed(units | {systemd.DESK_SOCKET: systemd.socket_text(config, port)}, where)


def _installed(units: Mapping[str, str], where: systemd.Place) -> Installed:
    folder = _user_units() if where.for_user else SYSTEM_UNITS
    target = folder / list(units)[-1]
    known = target.exists()
    for name, text in units.items():
        _write(folder / name, text)
    scope = ("--user",) if where.for_user else ()
    return Installed(path=target, replaced=known, reloaded=_systemctl(*scope, "daemon-reload"), scope=scope)


def shown(config: Config, where: systemd.Place, unit: str = systemd.SERVICE) -> tuple[str, str]:
    """Return a unit, and why the service could not reach its files with it; "" when it could."""
    try:
        return systemd.text(config, where, unit), ""
    except ConfigError as error:
        return systemd.text(config, replace(where, strict=False), unit), str(error)


def _command() -> Path:
    """Return the command ``mailbot`` of this installation."""
    beside = Path(sys.executable).with_name("mailbot")
    return beside if beside.exists() else Path(sys.argv[0]).absolute()


def _systemd() -> int:
    """Return the version of the systemd that is installed; 0 without one."""
    command = shutil.which("systemctl")
    if command is None:
        return 0
    done = subprocess.run((command, "--version"), capture_output=True, text=True, check=False)
    found = re.match(r"systemd (\d+)", done.stdout)
    return int(found[1]) if found else 0


def _user_units() -> Path:
    """Return where a user's own service manager looks for units."""
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "systemd" / "user"


def _write(target: Path, text: str) -> None:
    """Write the unit, for everybody to read. Raises Permanent."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(0o644)
    except OSError as error:
        message = f"{target} cannot be written ({error.strerror}); run this as root, or with --user, or --print"
        raise Permanent(message) from error


def _systemctl(*arguments: str) -> bool:
    """Call systemctl; return whether it succeeded."""
    command = shutil.which("systemctl")
    if command is None:
        return False
    return subprocess.run((command, *arguments), capture_output=True, check=False).returncode == 0
