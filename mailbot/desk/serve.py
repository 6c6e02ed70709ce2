"""Serve the desk: on this machine's loopback, on a socket file, or on the socket that systemd hands over."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from mailbot.config.calendar import now
from mailbot.desk import PORT
from mailbot.desk.app import build
from mailbot.desk.connection import Connection
from mailbot.desk.desk import Desk
from mailbot.desk.door import Role
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from mailbot.ledger import Ledger

LOOPBACK = "127.0.0.1"

FIRST_HANDED = 3
"""The first descriptor that systemd hands over: sd_listen_fds(3)."""

ENDS_SECONDS = 5
"""So long requests in hand may go on when the desk is told to end."""


def opened(path: Path, clock: Callable[[], datetime] = now) -> Desk:
    """Return the desk of a config file. Raises ConfigError."""
    return Desk(path=path, clock=clock)


def login_link(desk: Desk, name: str, *, reader: bool, port: int = PORT, ledger: Ledger | None = None) -> str:
    """Return a link that lets somebody in once, who may act or only read. Raises MailbotError.

    With a ``ledger`` its audit trail names who is let in; who opens the desk is named by what he does.
    """
    role = Role.READER if reader else Role.ORGANIZER
    key = desk.let_in(ledger, name, role) if ledger else desk.door.invite(name, role)
    return f"http://{LOOPBACK}:{port}/login?key={key}"


def listening(port: int = PORT, file: Path | None = None) -> socket.socket:
    """Return the socket to serve on: it takes connections already. Raises Permanent."""
    if handed := _handed():
        return handed
    if file is not None:
        _make_way(file)
    made = socket.socket(socket.AF_UNIX if file else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if file is None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((LOOPBACK, port))
        else:
            mask = os.umask(0o177)  # its owner's alone
            try:
                made.bind(str(file))
            finally:
                os.umask(mask)
        made.listen()  # who reads the link may follow it at once
    except OSError as error:
        made.close()
        message = (
            f"the desk cannot listen on {file} ({error}): name another file with --socket"
            if file
            else f"the desk cannot listen on {LOOPBACK}:{port} ({error.strerror}); --port names another port"
        )
        raise Permanent(message) from error
    return made


def _make_way(file: Path) -> None:
    """Delete the socket file of a desk that is gone. Raises Permanent for one in use, and for any other file."""
    if not file.exists() and not file.is_symlink():
        return
    if not file.is_socket() or file.is_symlink():
        message = f"{file} is no socket: --socket names a file that is not there yet"
        raise Permanent(message)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        try:
            other.connect(str(file))
        except ConnectionRefusedError:
            file.unlink(missing_ok=True)
            return
    message = f"a desk is open on {file} already: stop it, or name another file with --socket"
    raise Permanent(message)


def is_handed() -> bool:
    """Whether systemd hands a socket over, as to the unit that `mailbot install-service --desk` writes."""
    return os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1"


def _handed() -> socket.socket | None:
    """Return the socket of a systemd unit. Raises Permanent for one that other machines could reach."""
    if not is_handed():
        return None
    made = socket.socket(fileno=FIRST_HANDED)
    name = made.getsockname()
    if made.family != socket.AF_UNIX and name[0] not in {LOOPBACK, "::1"}:
        message = f"the desk is given a socket on {name[0]}: it serves this machine alone"
        raise Permanent(message)
    return made


def serve(desk: Desk, on: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM. No request is logged: a login link would stand in the log."""
    _server(desk).run(sockets=[on])


@contextmanager
def beside(desk: Desk, on: socket.socket) -> Iterator[None]:
    """Serve on a thread of its own for as long as the context lasts; no signal is taken."""
    server = _server(desk)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [on]}, name="desk")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        on.close()
        desk.close()


def _server(desk: Desk) -> uvicorn.Server:
    config = uvicorn.Config(
        build(desk),
        http=Connection,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        lifespan="off",
        timeout_graceful_shutdown=ENDS_SECONDS,
        h11_max_incomplete_event_size=32 << 10,
    )
    server = uvicorn.Server(config)
    desk.ends = lambda: server.should_exit
    return server
