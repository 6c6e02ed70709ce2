"""The only module that speaks SMTP: one lazily opened connection, whose errors end here."""

from __future__ import annotations

import re
import smtplib
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mailbot.errors import BadAddress, Permanent, Temporary
from mailbot.system import crash, heartbeat
from mailbot.transport import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mailbot.config.servers import Smtp

_ADDRESS = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")  # servers quote the address; it stays out of the journal

_OTHER_THAN_ADDRESS = re.compile(r"5\.(?:2\.[02-9]|[3-9]\.)")
"""Enhanced status codes (RFC 3463) of refusals that say nothing against the address: a full mailbox, a policy."""

TOO_LARGE = 552
"""The answer to MAIL FROM with a SIZE beyond the server's limit (RFC 1870, section 6.1)."""

NAME = "[127.0.0.1]"
"""What EHLO says we are: an address literal (RFC 5321, section 4.1.3), so that no name server has to be asked."""

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

    def check(self) -> None:
        """Connect and log in, and send nothing. Raises Temporary or Permanent."""
        with _translated():
            self._client = self._client or self._connect()

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
            client: smtplib.SMTP = _DirectTls(settings.host, settings.port, NAME, timeout=timeout, context=trusted)
        else:
            client = _Pointed(settings.host, settings.port, NAME, timeout=timeout)
        try:
            if settings.security == "starttls":
                client.starttls(context=trusted)
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


def _options(client: smtplib.SMTP, recipient: str) -> Sequence[str]:
    """Return what MAIL FROM asks for: SMTPUTF8 (RFC 6531) for an address beyond ASCII. Raises BadAddress without it."""
    if recipient.isascii():
        return ()
    client.ehlo_or_helo_if_needed()
    if not client.has_extn("smtputf8"):
        message = "the SMTP server takes no address beyond ASCII (SMTPUTF8)"
        raise BadAddress(message)
    return ("SMTPUTF8", "BODY=8BITMIME")


def _log_in_by_token(client: smtplib.SMTP, user: str, token: str) -> None:
    """Log in with an access token: OAUTHBEARER (RFC 7628) where it is offered, else XOAUTH2.

    A server that refuses says why in a challenge, which is answered with a bare Control-A (section 3.2.3) or nothing.
    """
    client.ehlo_or_helo_if_needed()
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
    """RFC 5321, section 4.2.1: 4yz may pass, 5yz will not; a refused login is ours to mend, not the mail's fault."""
    try:
        yield
    except smtplib.SMTPAuthenticationError as error:
        message = "the SMTP server refused the login: check smtp.user and the password file"
        raise Temporary(message) from error
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        refused = _by_code(code, text)
        raise (BadAddress(str(refused)) if _is_bad_address(code, text) else refused) from error
    except smtplib.SMTPDataError as error:
        raise _by_code(error.smtp_code, error.smtp_error) from error
    except (
        smtplib.SMTPResponseException
    ) as error:  # refused before it came to this mail: ours to mend, but for its size
        refused = _by_code(error.smtp_code, error.smtp_error)
        raise (refused if error.smtp_code == TOO_LARGE else Temporary(str(refused))) from error
    except (OSError, smtplib.SMTPException) as error:
        message = (
            f"the SMTP server is not to be had: {server.why_unreachable(error, 'smtp') or error.__class__.__name__}"
        )
        raise Temporary(message) from error


def _by_code(code: int, text: bytes | str) -> Permanent | Temporary:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    message = f"the SMTP server said {code} {_ADDRESS.sub('<address>', said[:200])}"
    return Permanent(message) if 500 <= code < 600 else Temporary(message)  # noqa: PLR2004  # the reply classes of RFC 5321


def _is_bad_address(code: int, text: bytes | str) -> bool:
    """Whether a refused recipient is unknown there: 550, 551 or 553, unless the enhanced code says something else."""
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return code in {550, 551, 553} and not _OTHER_THAN_ADDRESS.match(said)
