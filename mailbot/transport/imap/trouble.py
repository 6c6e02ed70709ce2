"""What the driver's errors mean for us: no answer of a server, however odd, leaves this package as another error."""

from __future__ import annotations

import ast
import imaplib
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError, ProtocolError

from mailbot.errors import AuthenticationFailed, MailbotError, Refused, Temporary, Throttled
from mailbot.system import crash, heartbeat
from mailbot.transport import refusal, server
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

LOST = (OSError, imaplib.IMAP4.abort)
"""What the driver raises when the connection is gone, or cannot be used any more."""

LONGEST_WORDS = 200
"""So many characters of what a server says are passed on."""

_THROTTLING = re.compile(r"THROTTL|OVERQUOTA|too many simultaneous|bandwidth", re.IGNORECASE)
_WRAPPED = re.compile(r"""(?:\w+ command error: (\w+ )\[)?(b'.*'|b".*")\]?""", re.DOTALL)
"""What the driver makes of a server's words: a representation of their bytes, in brackets where they came with BAD."""

_NO_MAILBOX = "User is authenticated but not connected"  # Microsoft's answer to a missing licence or a wrong scope

_OFTEN = re.compile(r"frequen|too (?:many|often)|rate.?limit", re.IGNORECASE)
"""A login is refused because of how often we come, whatever other reasons the server lists, as NetEase's do."""

_PASSING = re.compile(r"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", re.IGNORECASE)
"""A login is refused for a while: the response codes of RFC 5530, section 3."""

_HINTS = (
    (
        re.compile(r"application.specific|app.?(?:lication)? password|authorization code|授权码", re.IGNORECASE),
        "imap.password_file needs a password made for programs: see its settings and docs/operations/providers.md",
    ),
    (
        re.compile(
            r"not enabled for imap|imap (?:access )?(?:is )?(?:disabled|not enabled|not allowed)|service is not open",
            re.IGNORECASE,
        ),
        "switch IMAP on in the settings of the provider's web mailbox",
    ),
    (
        re.compile(r"WEBALERT|web login|web browser|log ?in via", re.IGNORECASE),
        "log in once with a web browser, and follow what the provider says there",
    ),
    (
        re.compile(r"basic auth", re.IGNORECASE),
        'the provider no longer accepts passwords: set imap.auth to "oauth" and run `mailbot login`',
    ),
    (
        re.compile(r"PRIVACYREQUIRED|LOGINDISABLED|plaintext|cleartext", re.IGNORECASE),
        'set imap.security to "tls" or "starttls"',
    ),
    (
        re.compile(r"\[EXPIRED\]|password (?:has )?expired", re.IGNORECASE),
        "the password has expired: write the new one to imap.password_file",
    ),
    (re.compile(r"AUTHORIZATIONFAILED", re.IGNORECASE), "this user may not open the mailbox: check imap.user"),
)
"""What to do about the reasons that servers give for a refused login, the first that fits."""

_ANY_HINT = "check imap.user and the password file"


@contextmanager
def translated(command: str) -> Iterator[None]:
    """Turn the driver's errors into ours; ``command`` names the crash points."""
    try:
        with crash.around(f"imap.{command}"):
            yield
        heartbeat.beat()
    except MailbotError:
        raise
    except Exception as error:  # the driver raises KeyError, UnicodeError and more on odd answers
        raise meaning(error, command) from error


def meaning(error: Exception, command: str = "") -> Temporary:
    """Name what a driver's error means for us; a move that is refused says nothing about how often we come."""
    said = words(error)
    if isinstance(error, LoginError):
        return _login_refused(error, said)
    if _THROTTLING.search(said) and command != "move":
        return Throttled(f"the IMAP server asks us to come less often: {said}")
    if _NO_MAILBOX in said:
        return AuthenticationFailed(f"the IMAP server accepts the login but opens no mailbox: {said}")
    return _lost(error, said) if isinstance(error, LOST) else _refused(error, said, command or "this")


def words(error: Exception) -> str:
    """Return what a server said, without the wrapping of the driver: one line, printable, not long."""
    said = str(error)
    if found := _WRAPPED.fullmatch(said):
        said = (found[1] or "") + ast.literal_eval(found[2]).decode("utf-8", "replace")
    return printable(" ".join(said.split()), LONGEST_WORDS)


def is_about_us(error: Exception) -> bool:
    """Whether the server refuses us, whatever we ask for."""
    return isinstance(meaning(error), AuthenticationFailed | Throttled)


def hint(said: str) -> str:
    """Return what to do about a login that a server refuses in these words."""
    return next((fix for pattern, fix in _HINTS if pattern.search(said)), _ANY_HINT)


def _login_refused(error: LoginError, said: str) -> Temporary:
    if isinstance(error.__context__, imaplib.IMAP4.abort):  # the driver calls a connection lost at login a refusal
        return _lost(error, said)
    if _NO_MAILBOX in said:
        return AuthenticationFailed(f"the IMAP server accepts the login but opens no mailbox: {said}")
    if _OFTEN.search(said) or _THROTTLING.search(said):
        return Throttled(f"the IMAP server asks us to come less often: {said}")
    if _PASSING.search(said) or refusal.is_for_now(said):
        return Temporary(f"the IMAP server refuses all logins for now: {said}")
    advice = f"{hint(said)}; the server says: {said or 'nothing'}"
    return AuthenticationFailed(f"the IMAP server refused the login: {advice}")


def _refused(error: Exception, said: str, command: str) -> Refused:
    if isinstance(error, CapabilityError):
        return Refused(f"the IMAP server cannot do this: {said}")
    if isinstance(error, IMAPClientError) and not isinstance(error, ProtocolError):
        return Refused(f"the IMAP server refuses {command}: {said}")
    return Refused(f"the IMAP server's answer to {command} cannot be used: {error.__class__.__name__}: {said}")


def _lost(error: Exception, said: str) -> Temporary:
    reason = server.why_unreachable(error, "imap") or f"{error.__class__.__name__}: {said}"
    return Temporary(f"the IMAP server cannot be reached: {reason}")
