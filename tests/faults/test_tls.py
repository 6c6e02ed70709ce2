"""Real TLS servers that are set up wrong: what is told, with what to do, is an error after which we come again."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import trustme

from mailbot.config.servers import Imap, Smtp
from mailbot.errors import Temporary, Unreachable
from mailbot.transport.imap.mailbox import Mailbox
from mailbot.transport.smtp import Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime.now(UTC)
AUTHORITY = trustme.CA()


def _expired() -> trustme.LeafCert:
    return AUTHORITY.issue_cert("localhost", not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1))


def _not_yet() -> trustme.LeafCert:
    return AUTHORITY.issue_cert("localhost", not_before=NOW + timedelta(days=1), not_after=NOW + timedelta(days=9))


def _of_another_name() -> trustme.LeafCert:
    return AUTHORITY.issue_cert("mail.siqa.example")


def _of_another_authority() -> trustme.LeafCert:
    return trustme.CA().issue_cert("localhost")


def _good() -> trustme.LeafCert:
    return AUTHORITY.issue_cert("localhost")


@contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve every connection to a port, one after the other."""
    listener = socket.create_server(("localhost", 0))

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    serve(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def _with(leaf: trustme.LeafCert, *, most: ssl.TLSVersion | None = None) -> Callable[[socket.socket], None]:
    """Return what shakes hands with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    if most:
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it is what the test is about
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, most
    return lambda connection: context.wrap_socket(connection, server_side=True).close()


def _alert(number: int) -> Callable[[socket.socket], None]:
    """Return what answers the first message of TLS with a fatal alert (RFC 8446, section 6)."""

    def serve(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(bytes([21, 3, 3, 0, 2, 2, number]))

    return serve


def _in_clear(connection: socket.socket) -> None:
    connection.sendall(b"* OK ready\r\n")
    connection.recv(4096)


SERVERS: dict[str, tuple[Callable[[socket.socket], None], str]] = {
    "expired": (_with(_expired()), "the provider must renew it, unless this host's clock is wrong"),
    "not yet valid": (_with(_not_yet()), "most likely this host's clock is wrong"),
    "another name": (_with(_of_another_name()), "host must be a name in the certificate"),
    "another authority": (_with(_of_another_authority()), "ca_file must be its authority"),
    "old": (_with(_good(), most=ssl.TLSVersion.TLSv1_1), "it speaks no version of TLS that is safe"),
    "handshake failure": (_alert(40), "it shares no cipher with us"),
    "protocol version": (_alert(70), "it speaks no version of TLS that is safe"),
    "unrecognized name": (_alert(112), "it serves no such name"),
    "internal error": (_alert(80), 'internal error": ask the provider'),
    "no TLS": (_in_clear, 'security to "starttls"'),
}


@pytest.mark.parametrize("name", SERVERS)
def test_what_is_wrong_is_told_with_what_to_do(name: str, tmp_path: Path) -> None:
    """Of the server that mails come from and of the one that takes ours; both are tried again."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    serve, told = SERVERS[name]
    with _listening(serve) as port:
        given = {"host": "localhost", "port": port, "security": "tls", "ca_file": tmp_path / "ca.pem", "user": "u"}
        with pytest.raises(Temporary) as found:
            Mailbox(Imap.model_validate(given), "secret")
        assert told in str(found.value)
        sender = Sender(Smtp.model_validate(given), lambda: "secret")
        with pytest.raises(Unreachable, match="cannot be reached") as found:
            sender.send(b"x", sender="a@siqa.example", recipient="b@siqa.example")
        assert told in str(found.value)


@pytest.mark.parametrize("section", ["imap", "smtp"])
def test_a_server_without_starttls_is_named(section: str) -> None:
    """The password is not sent in clear; the key that asks for STARTTLS is named."""
    greeting = {"imap": b"* OK [CAPABILITY IMAP4rev1] ready\r\n", "smtp": b"220 mx.siqa.example ready\r\n"}[section]

    def serve(connection: socket.socket) -> None:
        connection.sendall(greeting)
        while said := connection.recv(4096):
            assert b"secret" not in said
            tag = said.split()[0]
            connection.sendall(
                b"250 mx.siqa.example\r\n"
                if section == "smtp"
                else b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK done\r\n"
            )

    with _listening(serve) as port:
        given = {"host": "localhost", "port": port, "security": "starttls", "user": "u"}
        reach: dict[str, Callable[[], object]] = {
            "imap": lambda: Mailbox(Imap.model_validate(given), "secret"),
            "smtp": lambda: Sender(Smtp.model_validate(given), lambda: "secret").check(),
        }
        with pytest.raises(Temporary, match=f'{section}.security to "tls"'):
            reach[section]()
