"""desk: the contest in a browser, on this machine only."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import ConfigFile, act_as_organizer, begun, load_config, opened_ledger, set_up_journal
from mailbot.config import load
from mailbot.desk import OWN_NAME, PORT
from mailbot.errors import Permanent, how
from mailbot.ledger import events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from datetime import datetime
    from types import ModuleType

EXTRA = ("anyio", "multipart", "python_multipart", "starlette", "uvicorn")
"""Packages of the extra ``desk``, which an installation may lack."""


def desk(
    context: typer.Context,
    invite: Annotated[
        str, typer.Option("--invite", metavar="NAME", help="Only print a login link for somebody of this name.")
    ] = "",
    end: Annotated[
        str, typer.Option("--end", metavar="NAME", help="Only end the sessions and login links of this name.")
    ] = "",
    reader: Annotated[bool, typer.Option("--reader", help="Who uses the link may look, and change nothing.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port on 127.0.0.1.")] = PORT,
    file: Annotated[
        Path | None, typer.Option("--socket", metavar="FILE", help="Listen on a socket file instead of a port.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Open the organizers' desk: the contest in a browser, on this machine only. Prints a login link, good once.

    From another machine: `ssh -L 8437:127.0.0.1:8437 HOST`, then open the link there.

    Undo: each act there names its own, or says that it has none; --end takes an invitation back.
    """
    serve = _serve()
    path = load.find(config or context.find_root().obj)
    loaded = begun(load_config(context, config))
    act_as_organizer()
    opened = serve.opened(path)
    if end:
        with opened_ledger(loaded) as ledger:
            typer.echo(f"{opened.show_out(ledger, end)} session(s) or login link(s) of {end} are ended.")
        return
    if invite:
        with opened_ledger(loaded) as ledger:
            link = serve.login_link(opened, invite, reader=reader, port=port, ledger=ledger)
        typer.echo(f"For {invite}, once, within 15 minutes, while `mailbot desk` runs:\n\n  {link}\n")
        return
    set_up_journal(quiet=True)
    opened.door.sweep()
    on = serve.listening(port, file)
    # what a service prints stands in the system's journal, where no login link belongs; and mailbot is no person
    if serve.is_handed() or events.actor.get() == OWN_NAME:
        typer.echo("The desk is open, on this machine only. `mailbot desk --invite NAME` lets somebody in.")
    else:
        link = serve.login_link(opened, events.actor.get(), reader=reader, port=port)
        typer.echo(f"The desk is open, on this machine only. Log in, once, within 15 minutes:\n\n  {link}\n")
        typer.echo("Ctrl-C closes it. `mailbot desk --invite NAME` lets somebody else in.")
    try:
        serve.serve(opened, on)
    finally:
        on.close()
        opened.close()


IN_DEMO = "Organizer"
"""Who looks at the demo's desk: its audit trail keeps them apart from the daemon, which is mailbot there too."""


def _serve() -> ModuleType:
    """Return what serves the desk, which an installation may lack. Raises Permanent."""
    try:
        from mailbot.desk import serve  # noqa: PLC0415  # without the extra it cannot be imported
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        message = f"the desk's packages are not installed: {how('desk')}"
        raise Permanent(message) from error
    return serve


def serving(port: int) -> Callable[[Path, Callable[[], datetime]], AbstractContextManager[object]]:
    """Return what serves the desk on a config, on a thread of its own. Raises Permanent.

    The way in is printed once it is open.
    """
    serve = _serve()

    @contextmanager
    def served(path: Path, clock: Callable[[], datetime]) -> Iterator[None]:
        opened = serve.opened(path, clock)
        with serve.beside(opened, serve.listening(port)):
            link = serve.login_link(opened, IN_DEMO, reader=False, port=port)
            typer.echo(f"The desk is open, on this machine only. Log in, once, within 15 minutes:\n\n  {link}\n")
            typer.echo("Ctrl-C closes it, and ends the daemon.")
            yield

    return served
