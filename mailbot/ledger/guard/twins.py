"""Which mails are one: moved by somebody, or renumbered by the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import mails
from mailbot.model import Id, MailState, Outcome

if TYPE_CHECKING:
    from mailbot.ledger.engine import Tx
    from mailbot.ledger.mails import MailRow


def twin(tx: Tx, row: MailRow, fingerprint: str) -> str | None:
    """Return the name of a recorded mail that is this very one, seen at another place.

    The same bytes that arrived at the same instant were moved by somebody. After a change of UIDVALIDITY every place
    of a mailbox is new (RFC 9051, section 2.3.1.1), and a server may have written the bytes anew, so there what the
    mail says decides.
    """
    moved = (mails.c.sha256 == row.sha256, mails.c.arrived_at == row.arrived_at)
    renumbered = (
        mails.c.fingerprint == fingerprint,
        mails.c.mailbox == row.place.mailbox,
        mails.c.uidvalidity != row.place.uidvalidity,
    )
    found = min(
        (mail for where in (moved, renumbered) for mail in _recorded(tx, *where) if mail != row.id), default=None
    )
    return Id.MAIL.of(found) if found else None


def _recorded(tx: Tx, *where: sa.ColumnElement[bool]) -> list[int]:
    """Return those of a few mails that were recorded as new.

    Were the query to ask for the state too, SQLite would look through all mails of that state.
    """
    rows = tx.execute(sa.select(mails.c.id, mails.c.state, mails.c.outcome).where(*where))
    return [row.id for row in rows if row.state == MailState.RECORDED and row.outcome != Outcome.KNOWN]
