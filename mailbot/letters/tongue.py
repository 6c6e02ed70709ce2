"""Which language a team is written to in on our own account: the one it chose, else that of the last reply it got.

The name of a team that was never answered tells the language too.
"""

from __future__ import annotations

from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING

from mailbot.ledger import outbox
from mailbot.mail.languages import TAGS, language_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.ledger import Tx
    from mailbot.model import Team


def languages(tx: Tx) -> Callable[[Team], str]:
    """Return what tells a team's language."""
    replies = outbox.last_replies(tx)
    return lambda team: team.language or _language_in(replies.get(team.id, b"")) or language_of(team.name)


def _language_in(reply: bytes) -> str | None:
    """Return the language that the header of a reply names (RFC 3282); None where it names none of ours."""
    tag = str(BytesHeaderParser().parsebytes(reply)["Content-Language"])
    return next((language for language, its in TAGS.items() if its == tag), None)
