"""install-service and login: what a host needs before mailbot serves on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import ConfigFile, load_config
from mailbot.config import load
from mailbot.daemon.systemd import DESK, DESK_SOCKET, SERVICE
from mailbot.desk import PORT
from mailbot.errors import ConfigError
from mailbot.operations import install
from mailbot.transport.oauth import Tokens
from scoring.text import inert

if TYPE_CHECKING:
    from mailbot.config.schema import Config


def install_service(
    context: typer.Context,
    user: Annotated[bool, typer.Option("--user", help="For your own service manager; needs no root.")] = False,
    show: Annotated[bool, typer.Option("--print", help="Only print the unit.")] = False,
    desk: Annotated[bool, typer.Option("--desk", help="The organizers' desk instead of the daemon.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The desk's port on 127.0.0.1.")] = PORT,
    config: ConfigFile = None,
) -> None:
    """Write a systemd unit: sandboxed, watched, restarted, with the passwords as credentials.

    Undo: `systemctl disable --now mailbot` (`mailbot-desk.socket` for the desk), and delete the unit that it names.
    """
    path = load.find(config or context.find_root().obj).absolute()
    place, loaded = install.place(path, for_user=user), load.load(path)
    if show:
        text, problem = install.shown(loaded, place, DESK if desk else SERVICE)
        if problem:
            typer.echo(f"mailbot: as it stands {problem}", err=True)
        typer.echo(text, nl=False)
        return
    done = install.install_desk(loaded, place, port) if desk else install.install(loaded, place)
    typer.echo(f"{'Rewrote' if done.replaced else 'Wrote'} {done.path}.")
    if not done.reloaded:
        typer.echo("systemd does not run here; where it does, it finds the unit at its start.")
    unit = DESK_SOCKET if desk else "mailbot"
    typer.echo(f"Next: systemctl {' '.join([*done.scope, 'enable', '--now', unit])}")
    if desk:
        typer.echo("      mailbot desk --invite NAME    prints a login link, good once")
        return
    typer.echo(f"      systemctl {' '.join([*done.scope, 'status', unit])}    says what it is doing")


def login(
    context: typer.Context,
    browser: Annotated[
        bool, typer.Option("--browser", help="Log in at an address to open, instead of with a code.")
    ] = False,
    config: ConfigFile = None,
) -> None:
    """Log in to the mail provider by OAuth and store the refresh token.

    Undo: delete `oauth.json` in the state folder.
    """
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
    """Raise ConfigError naming the keys that this way of logging in needs and that are missing."""
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
    typer.echo(inert(f"On any device, open {device.page} and enter the code {device.code}, then come back."))
    tokens.wait_for(device)


def _by_address(tokens: Tokens) -> None:
    address = tokens.address()
    typer.echo(f"Open this address in any browser and log in:\n\n{address.url}\n")
    typer.echo("In the end the browser shows an error, as nobody listens at 127.0.0.1: that is as it should be.")
    tokens.take(address, str(typer.prompt("Paste the address that it shows then")))
