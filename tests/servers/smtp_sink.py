"""An SMTP server that keeps what it is sent and answers as a test tells it to."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.servers.process import LOOPBACK, free_port

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session

    from tests.servers.certificates import Certificates

_OK = "250 OK"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """One mail that a client handed over."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class SmtpSink:
    """Takes every mail, unless told otherwise; with certificates only after STARTTLS and AUTH (any user, "secret")."""

    password = "secret"  # noqa: S105  nothing outside the tests knows it

    def __init__(self, certificates: Certificates | None = None, *, utf8: bool = False) -> None:
        """Take the certificates for STARTTLS; without them there is neither TLS nor AUTH. ``utf8``: SMTPUTF8."""
        self.port = free_port()
        #: Every mail that was taken, in order, also when the client never heard so.
        self.sent: list[Sent] = []
        self._recipient_answers: defaultdict[str, deque[str]] = defaultdict(deque)
        self._data_answers: deque[str] = deque()
        #: What clients called themselves, in order.
        self.names: list[str] = []
        self._hello_answers: deque[str] = deque()
        self._cuts = 0
        self._certificates = certificates
        self._utf8 = utf8
        self._controller: Controller | None = None

    def answer_hello(self, *answers: str) -> None:
        """Give these answers, in order, to the next EHLO, and hang up; then take it again."""
        self._hello_answers.extend(answers)

    def answer_recipient(self, address: str, *answers: str) -> None:
        """Give these answers, in order, to the next RCPT TO for the address; then take it again."""
        self._recipient_answers[address].extend(answers)

    def answer_data(self, *answers: str) -> None:
        """Give these answers, in order, to the next mails after their last line; then take them again."""
        self._data_answers.extend(answers)

    def cut_after_data(self, times: int = 1) -> None:
        """Take the next mails but break the connection in place of the answer."""
        self._cuts += times

    def start(self) -> None:
        """Listen in a thread of its own."""
        self._controller = self._listener()
        self._controller.start()

    def stop(self) -> None:
        """End the thread and close the port; start may follow."""
        if self._controller is not None:
            self._controller.stop(no_assert=True)
            self._controller = None

    def _listener(self) -> Controller:
        """Return what listens; it can be started once."""
        return Controller(
            self,
            hostname=LOOPBACK,
            port=self.port,
            enable_SMTPUTF8=self._utf8,
            tls_context=_tls_context(self._certificates) if self._certificates else None,
            require_starttls=self._certificates is not None,
            auth_required=self._certificates is not None,
            authenticator=_authenticate,
        )

    async def handle_EHLO(  # noqa: N802  aiosmtpd finds it by this name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,  # noqa: ARG002  aiosmtpd passes five arguments
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Answer EHLO."""
        self.names.append(hostname)
        if not self._hello_answers:
            session.host_name = hostname
            return responses
        await server.push(self._hello_answers.popleft())
        if isinstance(server.transport, asyncio.Transport):
            server.transport.close()
        return []

    async def handle_RCPT(  # noqa: N802  aiosmtpd finds it by this name
        self,
        server: SMTP,  # noqa: ARG002  aiosmtpd passes five arguments
        session: Session,  # noqa: ARG002  aiosmtpd passes five arguments
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],  # noqa: ARG002  aiosmtpd passes five arguments
    ) -> str:
        """Answer RCPT TO."""
        answers = self._recipient_answers[address]
        if answers:
            return answers.popleft()
        envelope.rcpt_tos.append(address)
        return _OK

    async def handle_DATA(  # noqa: N802  aiosmtpd finds it by this name
        self,
        server: SMTP,
        session: Session,  # noqa: ARG002  aiosmtpd passes three arguments
        envelope: Envelope,
    ) -> str:
        """Answer the end of a mail."""
        if self._data_answers:
            return self._data_answers.popleft()
        content = envelope.original_content or b""
        self.sent.append(
            Sent(sender=envelope.mail_from or "", recipients=tuple(envelope.rcpt_tos), content=content),
        )
        if self._cuts and isinstance(server.transport, asyncio.Transport):
            self._cuts -= 1
            server.transport.abort()
        return _OK


def _tls_context(certificates: Certificates) -> ssl.SSLContext:
    """Return the server's side of TLS."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    return context


def _authenticate(
    server: SMTP,  # noqa: ARG001  aiosmtpd passes five arguments
    session: Session,  # noqa: ARG001  aiosmtpd passes five arguments
    envelope: Envelope,  # noqa: ARG001  aiosmtpd passes five arguments
    mechanism: str,  # noqa: ARG001  aiosmtpd passes five arguments
    data: object,
) -> AuthResult:
    """Let any user in who knows the password."""
    known = isinstance(data, LoginPassword) and data.password == SmtpSink.password.encode()
    return AuthResult(success=known, handled=False)  # not handled: aiosmtpd is to send the answer
