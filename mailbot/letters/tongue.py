"""Which language a team is written to in on our own account: the one it chose, else that of the last reply it got."""

from __future__ import annotations

from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from mailbot.languages import ENGLISH, TAGS
from mailbot.ledger import outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.ledger import Tx
    from mailbot.model import Team


def languages(tx: Tx) -> Callable[[Team], str]:
    """Return what tells a team's language; English for one that was never answered."""
    replies = outbox.last_replies(tx)
    return lambda team: team.language or _language_of(replies.get(team.id, b""))


def _language_of(reply: bytes) -> str:
    """Return the language that the header of a reply names (RFC 3282)."""
    tag = str(BytesHeaderParser().parsebytes(reply)["Content-Language"])
    return next((language for language, its in TAGS.items() if its == tag), ENGLISH)
