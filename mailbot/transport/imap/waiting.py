"""Wait for a server's word: IDLE (RFC 2177) beside a bell."""

from __future__ import annotations

import imaplib
import re
import select
from typing import TYPE_CHECKING, Any

from imapclient.exceptions import IMAPClientError

from mailbot.transport.imap.trouble import LOST, translated

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.system.bell import Bell

_REFUSED = re.compile(r"response: b['\"]\S+ (?:NO|BAD)\b")


def idle(client: Any, seconds: float, bell: Bell, idling: Callable[[], None]) -> bool | None:  # noqa: ANN401
    """Idle until the server says something, the bell rings or the time is over; call ``idling`` once it is under way.

    Return whether the server spoke; None when it refuses to idle.
    """
    with translated("idle"):
        if not _begin(client):
            return None
        idling()
        spoken = _said_more(client)
        ready = [] if spoken else select.select([client.socket(), bell], [], [], seconds)[0]
        client.idle_done()
    if bell in ready:
        bell.wait(0)
    return spoken or len(ready) > (bell in ready)


def _begin(client: Any) -> bool:  # noqa: ANN401
    try:
        client.idle()
    except LOST:
        raise
    except IMAPClientError as error:
        if not _REFUSED.search(str(error)):
            raise  # it may idle all the same: this connection is of no use any more
        return False
    return True


def _said_more(client: Any) -> bool:  # noqa: ANN401
    """Whether a line came along with the leave to idle: it is in imaplib's buffer, and the socket stays quiet."""
    sock = client.socket()
    seconds = sock.gettimeout()
    sock.settimeout(0)
    try:
        return bool(client._imap._get_line())  # noqa: SLF001  # idle_check() asks the socket alone
    except (OSError, imaplib.IMAP4.abort):  # a clear connection with nothing to read looks like one that is closed
        return False
    finally:
        sock.settimeout(seconds)
