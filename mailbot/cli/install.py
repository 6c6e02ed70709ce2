"""install-service: a systemd unit for this installation and this config."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import ConfigFile
from mailbot.errors import ConfigError, Permanent

if TYPE_CHECKING:
    from mailbot.config.schema import Config
    from mailbot.daemon import systemd

NAME = "mailbot.service"
SYSTEM_UNITS = Path("/etc/systemd/system")


def install_service(
    context: typer.Context,
    user: Annotated[bool, typer.Option("--user", help="For your own service manager; needs no root.")] = False,
    show: Annotated[bool, typer.Option("--print", help="Only print the unit.")] = False,
    config: ConfigFile = None,
) -> None:
    """Write a systemd unit: sandboxed, watched, restarted, with the passwords as credentials."""
    from mailbot.config import load  # noqa: PLC0415  # not for --help
    from mailbot.daemon import systemd  # noqa: PLC0415  # not for --help

    path = load.find(config or context.find_root().obj).absolute()
    place = systemd.Place(command=_command(), config=path, for_user=user, systemd=_systemd())
    loaded = load.load(path)
    if show:
        _show(loaded, place)
        return
    text = systemd.text(loaded, place)
    target = (_user_units() if user else SYSTEM_UNITS) / NAME
    known = target.exists()
    _write(target, text)
    scope = ["--user"] if user else []
    reloaded = _systemctl(*scope, "daemon-reload")
    typer.echo(f"{'Wrote anew' if known else 'Wrote'} {target}.")
    if not reloaded:
        typer.echo("systemd does not run here; where it does, it finds the unit at its start.")
    typer.echo(f"Next: systemctl {' '.join([*scope, 'enable', '--now', 'mailbot'])}")
    typer.echo(f"      systemctl {' '.join([*scope, 'status', 'mailbot'])}    says what it is doing")


def _show(config: Config, place: systemd.Place) -> None:
    """Print the unit, and to standard error why it could not serve where it stands."""
    from mailbot.daemon import systemd  # noqa: PLC0415  # not for --help

    try:
        text = systemd.text(config, place)
    except ConfigError as error:
        typer.echo(f"mailbot: as it stands {error}", err=True)
        text = systemd.text(config, replace(place, strict=False))
    typer.echo(text, nl=False)


def _command() -> Path:
    """Return this very command."""
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
    home = os.environ.get("XDG_CONFIG_HOME")
    return (Path(home) if home else Path.home() / ".config") / "systemd" / "user"


def _write(target: Path, text: str) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        target.chmod(0o644)
    except OSError as error:
        message = f"{target} cannot be written ({error.strerror}); run this as root, or with --user, or --print"
        raise Permanent(message) from error


def _systemctl(*arguments: str) -> bool:
    """Tell systemd something; tell whether it heard."""
    command = shutil.which("systemctl")
    if command is None:
        return False
    return subprocess.run((command, *arguments), capture_output=True, check=False).returncode == 0
