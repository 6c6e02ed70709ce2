"""Connect to an IMAP server and log in: by LOGIN, by SASL where that cannot carry the password, or with a token."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import imapclient
from imapclient.exceptions import IMAPClientError

from mailbot import __version__
from mailbot.errors import AuthenticationFailed, Temporary
from mailbot.transport import server
from mailbot.transport.imap.trouble import LOST, translated

if TYPE_CHECKING:
    from mailbot.config.servers import Imap


def connect(settings: Imap) -> Any:  # noqa: ANN401  # imapclient ships no types
    """Connect, in TLS unless the server is on this very machine. Raises Temporary."""
    timeout = imapclient.SocketTimeout(connect=min(30, settings.timeout_seconds), read=settings.timeout_seconds)
    trusted = server.tls_context(settings.ca_file) if settings.security != "none" else None
    direct = settings.security == "tls"
    with translated("connect"):
        client = imapclient.IMAPClient(
            settings.host, port=settings.port, ssl=direct, ssl_context=trusted if direct else None, timeout=timeout
        )
        if settings.security == "starttls":
            _start_tls(client, trusted)
    client._imap.debug = 0  # noqa: SLF001  # else imapclient has every mail written out in a message that nobody logs
    return client


def _start_tls(client: Any, trusted: Any) -> None:  # noqa: ANN401
    if b"STARTTLS" not in client.capabilities():
        client.shutdown()
        message = 'the IMAP server offers no STARTTLS on that port: set imap.security to "tls" and imap.port to 993'
        raise Temporary(message)
    client.starttls(trusted)


def log_in(client: Any, settings: Imap, password: str) -> None:  # noqa: ANN401
    """Log in with a password or, where the settings say so, an access token; then say who we are.

    Raises Temporary (AuthenticationFailed when the login is refused); no message holds the password, even where the
    server repeats it.
    """
    try:
        with translated("login"):
            offered = set(client.capabilities())
            if client._imap.state == "NONAUTH":  # noqa: SLF001  # else the server's greeting was PREAUTH
                _prove(client, offered, settings, password)
    except Temporary as error:
        said = _without(str(error), settings.user, password)
        if said != str(error):
            raise error.__class__(said) from None
        raise
    with translated("login"):
        client.normalise_times = False  # keep the zone of INTERNALDATE
        _introduce(client)


def _without(text: str, user: str, password: str) -> str:
    """Take a password out of what a server says, in each form in which it was sent."""
    in_base64 = b64encode(f"\0{user}\0{password}".encode()).decode()
    for form in (in_base64, password.replace("\\", "\\\\").replace('"', '\\"'), password):
        text = text.replace(form, "(the password)")
    return text


def _prove(client: Any, offered: set[bytes], settings: Imap, password: str) -> None:  # noqa: ANN401
    user, plain = settings.user, (settings.user + password).isascii()
    if settings.auth != "password":
        _by_token(client, offered, user, password)
    elif plain and b"LOGINDISABLED" not in offered:
        client.login(user, password)
    elif b"AUTH=PLAIN" in offered:  # RFC 4616: UTF-8
        client.plain_login(user, password)
    elif b"AUTH=LOGIN" in offered:
        client.sasl_login("LOGIN", lambda asked: user if b"user" in asked.lower() else password)
    elif plain:
        message = "the IMAP server takes no password here (LOGINDISABLED)"
        raise AuthenticationFailed(f'{message}: set imap.security to "tls" or "starttls", or imap.auth to "oauth"')
    else:
        message = "imap.user or the password has characters beyond ASCII, which the command LOGIN cannot carry"
        raise AuthenticationFailed(f"{message}, and the IMAP server offers no AUTH=PLAIN: set an ASCII password")


def _by_token(client: Any, offered: set[bytes], user: str, token: str) -> None:  # noqa: ANN401
    mechanisms = {name for name in offered if name.startswith(b"AUTH=")}
    if b"AUTH=OAUTHBEARER" in mechanisms:  # RFC 7628
        client.oauthbearer_login(user, token)
    elif b"AUTH=XOAUTH2" in mechanisms or not mechanisms:
        client.oauth2_login(user, token)
    else:
        message = "the IMAP server takes no access tokens (neither AUTH=XOAUTH2 nor AUTH=OAUTHBEARER)"
        raise AuthenticationFailed(f'{message}: set imap.auth to "password", or see whether imap.host is right')


def _introduce(client: Any) -> None:  # noqa: ANN401
    """Say who we are (RFC 2971): NetEase opens no folder for a client that has not; an answer to it is not needed."""
    if b"ID" in client.capabilities():
        try:
            client.id_({"name": "mailbot", "version": __version__})
        except LOST:
            raise
        except (IMAPClientError, ValueError, TypeError, LookupError):
            return
