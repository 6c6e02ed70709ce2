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

from mailbot.cli.common import ConfigFile, load_config
from mailbot.errors import ConfigError, Permanent

if TYPE_CHECKING:
    from mailbot.config.schema import Config
    from mailbot.daemon import systemd
    from mailbot.transport.oauth import Tokens


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


def login(
    context: typer.Context,
    browser: Annotated[bool, typer.Option("--browser", help="By an address to open, not by a code.")] = False,
    config: ConfigFile = None,
) -> None:
    """Log in to the mail provider by OAuth, and keep what lets mailbot in from then on."""
    from mailbot.transport.oauth import Tokens  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    _check(loaded, browser=browser)
    tokens = Tokens(settings=loaded.oauth, path=loaded.tokens)
    if browser or not loaded.oauth.device_url:
        _by_address(tokens)
    else:
        _by_device(tokens)
    tokens.access_token()  # it works, or we say why now
    typer.echo(f"Logged in; {loaded.tokens} keeps it, readable by its owner alone.")
    if "oauth" not in {server.auth for server in (loaded.imap, loaded.smtp) if server}:
        typer.echo('Nothing uses it yet: set auth = "oauth" in [imap] and [smtp].')


def _check(config: Config, *, browser: bool) -> None:
    """Raise ConfigError, naming the keys that this way of logging in needs and that are missing."""
    known = config.oauth
    missing = [key for key in ("client_id", "token_url", "scope") if not getattr(known, key)]
    if browser and not known.auth_url:
        missing.append("auth_url")
    elif not known.device_url and not known.auth_url:
        missing.append("device_url")
    if missing:
        told = ", ".join(f"oauth.{key}" for key in missing)
        message = f"{told}: missing; a profile knows all but the client id, which the provider gives to an app"
        raise ConfigError(message)


def _by_device(tokens: Tokens) -> None:
    device = tokens.device()
    typer.echo(f"On any device, open {device.page} and enter the code {device.code}, then come back.")
    tokens.wait_for(device)


def _by_address(tokens: Tokens) -> None:
    address = tokens.address()
    typer.echo(f"Open this address in any browser and log in:\n\n{address.url}\n")
    typer.echo("In the end the browser shows an error, as nobody listens at 127.0.0.1: that is as it should be.")
    tokens.take(address, str(typer.prompt("Paste the address that it shows then")))
