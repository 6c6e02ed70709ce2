"""The servers that mailbot talks to in the demo: IMAP by pymap, SMTP by aiosmtpd, in one thread, on loopback only."""

from __future__ import annotations

import asyncio
import threading
from argparse import Namespace
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Login
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import BuiltinHash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from aiosmtpd.smtp import Envelope, Session

LOOPBACK = "127.0.0.1"
SECONDS = 20.0
"""So long the peers may take over a task that takes milliseconds."""


class _Config(Config):
    """pymap's settings; its own greeting asks the DNS for this machine's name, which can hang without a network."""

    @property
    def greeting(self) -> bytes:
        return b"The demo's mailbox"


@dataclass
class _Letterbox:
    """Takes every mail that mailbot sends."""

    received: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802  # aiosmtpd's name and arguments
        """Keep a mail and accept it."""
        self.received.append(envelope.original_content or b"")
        return "250 OK"


class Peers:
    """Both servers, listening."""

    def __init__(self, loop: asyncio.AbstractEventLoop, user: str, password: str) -> None:
        """Prepare the mailbox of ``user``; ``start`` opens the ports."""
        self._loop = loop
        settings = Namespace(passlib_cfg=None, proxy_protocol=None)
        self._config = _Config(
            settings, host=LOOPBACK, port=0, demo_data=False, demo_user=user, demo_password=password,
            tls_enabled=False, hash_context=BuiltinHash(rounds=1),
        )  # fmt: skip
        self._login = Login(self._config)
        self._letterbox = _Letterbox()
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None] | None] = set()

    async def start(self) -> None:
        """Listen on two free ports."""
        self._config.apply_context()
        password = await Passwords(self._config).hash_password(self._config.demo_password)
        account = UserMetadata(self._config, self._config.demo_user, password=password)
        await self._login.demo_user_identity.set(account)
        self._servers = [
            await asyncio.start_server(self._imap, host=LOOPBACK, port=0),
            await self._loop.create_server(self._smtp, host=LOOPBACK, port=0),
        ]

    async def stop(self) -> None:
        """Close the ports and end what is under way."""
        for server in self._servers:
            server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def imap_port(self) -> int:
        """Where the mailbox can be read."""
        return int(self._servers[0].sockets[0].getsockname()[1])

    @property
    def smtp_port(self) -> int:
        """Where mails are taken."""
        return int(self._servers[1].sockets[0].getsockname()[1])

    @property
    def received(self) -> list[bytes]:
        """The mails that mailbot sent so far, as they came over the wire."""
        return list(self._letterbox.received)

    def deliver(self, raw: bytes, arrived_at: datetime) -> None:
        """Put a mail into the inbox, as the mail server does that takes it from the world."""
        asyncio.run_coroutine_threadsafe(self._append(raw, arrived_at), self._loop).result(SECONDS)

    async def _append(self, raw: bytes, arrived_at: datetime) -> None:
        self._config.apply_context()
        async with self._login.demo_user_identity.new_session() as session:
            await session.append_messages("INBOX", [AppendMessage(raw, arrived_at)])

    async def _imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection, its task held: asyncio keeps only weak references, and so does pymap's own way in."""
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            await IMAPServer(self._login, self._config)(reader, writer, SocketInfo.get(writer, None))
        finally:
            self._connections.discard(task)

    def _smtp(self) -> SMTP:
        return SMTP(self._letterbox, hostname="localhost", loop=self._loop)


@contextmanager
def running(user: str, password: str) -> Iterator[Peers]:
    """Run both servers in a thread of this process, so that they end with it however it ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="peers", daemon=True)
    thread.start()
    peers = Peers(loop, user, password)
    try:
        asyncio.run_coroutine_threadsafe(peers.start(), loop).result(SECONDS)
        yield peers
    finally:
        asyncio.run_coroutine_threadsafe(peers.stop(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()
