"""login: get access to the mailbox by OAuth, once, by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import ConfigFile, load_config
from mailbot.errors import ConfigError

if TYPE_CHECKING:
    from mailbot.config.schema import Config
    from mailbot.transport.oauth import Tokens


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
