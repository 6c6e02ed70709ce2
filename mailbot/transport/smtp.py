"""The only module that speaks SMTP: one lazily opened connection, whose errors end here."""

from __future__ import annotations

import re
import smtplib
import socket
import time
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from mailbot.errors import AuthenticationFailed, BadAddress, Permanent, Unreachable
from mailbot.system import crash, heartbeat
from mailbot.transport import server
from mailbot.transport.refusal import Stage, of_reply, passes

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Sequence

    from mailbot.config.servers import Smtp

_NAME = re.compile(
    r"(?=.{1,253}$)(?!.*\.(?:localdomain|localhost|local|arpa)\.?$)[a-z0-9-]+(\.[a-z0-9-]+)+", re.IGNORECASE
)
"""A host's full name, by which servers out there can know it."""

_NOT_GREETED = 421
"""The answer of a server that ends the connection (RFC 5321, section 3.8)."""

_SECRET = re.compile(r"[A-Za-z0-9+/=_-]{24,}")
"""What a server quotes of our login is not passed on."""

REST_SECONDS = 30.0
"""A connection that rested so long is not used again: servers and firewalls drop it without a word."""


class Sender:
    """Hands mails to the SMTP server."""

    def __init__(self, settings: Smtp, password: Callable[[], str]) -> None:
        """Keep the settings; the connection is opened by the first mail."""
        self._settings = settings
        self._password = password
        self._client: smtplib.SMTP | None = None
        self._used = 0.0

    def send(self, message: bytes, *, sender: str, recipient: str) -> None:
        """Send one mail. Raises Temporary or Permanent; after the first the connection is dropped."""
        if self._client and time.monotonic() - self._used > REST_SECONDS:
            self._client.close()
            self._client = None
        try:
            with _translated():
                self._client = self._client or self._connect()
                self._client.sendmail(sender, [recipient], message, _options(self._client, recipient))
            self._used = time.monotonic()
        except Permanent:
            raise
        except BaseException:  # nobody knows what the server thinks we are at
            self.close()
            raise

    def check(self) -> str:
        """Connect, say EHLO and log in, and send nothing; return our name there. Raises Temporary or Permanent."""
        with _translated():
            self._client = self._client or self._connect()
        return str(self._client.local_hostname)

    def close(self) -> None:
        """End the connection, if there is one."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.quit()
        except (OSError, smtplib.SMTPException):
            client.close()

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        trusted = server.tls_context(settings.ca_file) if settings.security != "none" else None
        timeout = settings.timeout_seconds
        if settings.security == "tls":
            client: smtplib.SMTP = _DirectTls(settings.host, settings.port, _UNSAID, timeout=timeout, context=trusted)
        else:
            client = _Pointed(settings.host, settings.port, _UNSAID, timeout=timeout)
        try:
            client.local_hostname = settings.hello or own_name(client)
            _greet(client)
            if settings.security == "starttls":
                _start_tls(client, trusted)
            self._log_in(client)
        except BaseException:
            client.close()
            raise
        return client

    def _log_in(self, client: smtplib.SMTP) -> None:
        user = self._settings.user
        if user and self._settings.auth == "password":
            client.login(user, self._password())
        elif user:
            _log_in_by_token(client, user, self._password())


_NO_STARTTLS = (
    'the SMTP server cannot be reached safely: it offers no STARTTLS on that port; set smtp.security to "tls" and'
    " smtp.port to 465"
)

_UNSAID = "[127.0.0.1]"
"""What smtplib would call us; it is replaced before anything is said, and spares a question to the name server."""


@cache
def _full_name() -> str:
    """Ask the host for its full name, once: the answer may take its time."""
    return socket.getfqdn()


def own_name(client: smtplib.SMTP) -> str:
    """Return the name that EHLO says: the host's full name, else its address as a literal (RFC 5321, section 4.1.4)."""
    if _NAME.fullmatch(_full_name()):
        return _full_name()
    address = str(client.sock.getsockname()[0]).partition("%")[0] if client.sock else "127.0.0.1"
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _start_tls(client: smtplib.SMTP, trusted: ssl.SSLContext | None) -> None:
    if not client.has_extn("starttls"):
        raise Unreachable(_NO_STARTTLS)
    client.starttls(context=trusted)
    _greet(client)


def _greet(client: smtplib.SMTP) -> None:
    """Say EHLO, or HELO to a server that knows no EHLO; the words of one that wants neither are kept."""
    code, text = client.ehlo()
    if code == _NOT_GREETED:  # it hangs up now, and would take its words along
        raise smtplib.SMTPHeloError(code, text)
    client.ehlo_or_helo_if_needed()


def _options(client: smtplib.SMTP, recipient: str) -> Sequence[str]:
    """Return what MAIL FROM asks for: SMTPUTF8 (RFC 6531) for an address beyond ASCII. Raises BadAddress without it."""
    if recipient.isascii():
        return ()
    if not client.has_extn("smtputf8"):
        message = "the SMTP server takes no address beyond ASCII (SMTPUTF8)"
        raise BadAddress(message)
    return ("SMTPUTF8", "BODY=8BITMIME")


def _log_in_by_token(client: smtplib.SMTP, user: str, token: str) -> None:
    """Log in with an access token: OAUTHBEARER (RFC 7628) where it is offered, else XOAUTH2.

    A server that refuses says why in a challenge, which is answered with a bare Control-A (section 3.2.3) or nothing.
    """
    if "OAUTHBEARER" in str(client.esmtp_features.get("auth", "")).upper().split():
        first, then = f"n,a={user.replace('=', '=3D').replace(',', '=2C')},\1auth=Bearer {token}\1\1", "\1"
        client.auth("OAUTHBEARER", lambda challenge=None: first if challenge is None else then)
    else:
        client.auth(
            "XOAUTH2", lambda challenge=None: f"user={user}\1auth=Bearer {token}\1\1" if challenge is None else ""
        )


class _Pointed(smtplib.SMTP):
    """Passes a crash point before every command and after every answer."""

    _verb = "greeting"

    def putcmd(self, cmd: str, args: str = "") -> None:
        """Send a command."""
        self._verb = cmd.partition(" ")[0].lower()
        crash.point(f"smtp.{self._verb}.before")
        super().putcmd(cmd, args)

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer."""
        answer = super().getreply()
        crash.point(f"smtp.{self._verb}.after")
        heartbeat.beat()
        return answer


class _DirectTls(_Pointed, smtplib.SMTP_SSL):
    """A connection under TLS from its first byte."""


@contextmanager
def _translated() -> Iterator[None]:
    """Translate smtplib's errors: what a refusal means depends on when it came, and on its words."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        meant = of_reply(error.smtp_code, error.smtp_error, Stage.BEFORE)
        said = _SECRET.sub("…", str(meant))
        if passes(error.smtp_code, error.smtp_error):
            message = f"{said}: it refuses all logins for now"
            raise Unreachable(message) from error
        message = f"{said}: it refused the login; check smtp.user and the password file"
        raise AuthenticationFailed(message) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise of_reply(code, text, Stage.RECIPIENT) from error
    except smtplib.SMTPDataError as error:
        raise of_reply(error.smtp_code, error.smtp_error, Stage.DATA) from error
    except smtplib.SMTPResponseException as error:
        raise of_reply(error.smtp_code, error.smtp_error, Stage.BEFORE) from error
    except (OSError, smtplib.SMTPException) as error:
        why = server.why_unreachable(error, "smtp") or error.__class__.__name__
        message = f"the SMTP server cannot be reached: {why}"
        raise Unreachable(message) from error
