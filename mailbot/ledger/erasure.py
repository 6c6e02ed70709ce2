"""Find which mails may be dropped, and erase the personal data of a forgotten team."""

from __future__ import annotations

import hashlib
from pathlib import PurePath
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.submissions import receipt
from mailbot.ledger.tables import addresses, boards, disputes, entries, mails, outbox, submissions, team_keys, teams
from mailbot.ledger.trail.rows import ORDER, touch
from mailbot.model import Id, MailState, Outcome, name_key

if TYPE_CHECKING:
    from collections.abc import Collection

    from mailbot.ledger.engine import Tx


_AT_ONCE = 500
"""So many mails are named in one statement: engines bound its length."""

_SILENT = {"recipient": "", "subject": "", "message": b"", "error": None}
"""What is left of a mail of ours that was to somebody who is forgotten."""


def still_needed(tx: Tx) -> set[str]:
    """Return the SHA-256 of the mails with which something is still to be done: not recorded, held, or disputed."""
    unfinished = sa.or_(mails.c.state != MailState.RECORDED, mails.c.outcome == Outcome.HELD)
    disputed = (
        sa.select(submissions.c.mail_id)
        .join(disputes, disputes.c.submission_id == submissions.c.id)
        .where(disputes.c.verdict.is_(None))
    )
    asked = sa.select(disputes.c.mail_id).where(disputes.c.verdict.is_(None))
    where = sa.or_(unfinished, mails.c.id.in_(disputed), mails.c.id.in_(asked))
    return set(tx.scalars(sa.select(mails.c.sha256).where(where)))


def of_team(tx: Tx, team_id: int) -> list[str]:
    """Return the SHA-256 of every mail that is a team's."""
    return list(tx.scalars(sa.select(mails.c.sha256).where(mails.c.team_id == team_id).distinct()))


def of_nobody(tx: Tx) -> dict[str, str]:
    """Return the SHA-256 and the name of every mail that is no team's: strangers' mails, bounces, automatic answers."""
    found = tx.execute(sa.select(mails.c.sha256, mails.c.id).where(mails.c.team_id.is_(None)).order_by(mails.c.id))
    return {row.sha256: Id.MAIL.of(row.id) for row in found}


def forget(tx: Tx, team_id: int, pseudonym: str, gone: Collection[str]) -> None:
    """Take a team's name, addresses, keys and words out; its scores stay. ``gone``: addresses it has or had."""
    named = {"name": pseudonym, "name_key": name_key(pseudonym)}
    silent = {"letters": False, "language": None, "unconfirmed_since": None}
    tx.execute(sa.update(teams).where(teams.c.id == team_id).values(**named, **silent))
    touch(tx, "teams", team_id)
    touch(tx, ORDER, team_id)
    touch(tx, "addresses", *tx.scalars(sa.select(addresses.c.address).where(addresses.c.team_id == team_id)))
    touch(tx, "team_keys", *tx.scalars(sa.select(team_keys.c.id).where(team_keys.c.team_id == team_id)))
    tx.execute(sa.delete(addresses).where(addresses.c.team_id == team_id))
    tx.execute(sa.delete(team_keys).where(team_keys.c.team_id == team_id))
    own = sa.select(mails.c.id).where(mails.c.team_id == team_id)
    ours = sa.or_(outbox.c.team_id == team_id, outbox.c.mail_id.in_(own), outbox.c.recipient.in_(list(gone)))
    tx.execute(sa.update(outbox).where(ours).values(**_SILENT))
    tx.execute(
        sa.update(mails)
        .where(mails.c.team_id == team_id)
        .values(reason=None, trace=None, auth_why=None, sender=None, subject=None)
    )
    handed_in = sa.update(entries).where(entries.c.team_id == team_id).values(what="")
    touch(tx, "entries", *tx.scalars(handed_in.returning(entries.c.id)))
    disputed = sa.select(submissions.c.id).where(submissions.c.team_id == team_id)
    of_theirs = sa.update(disputes).where(disputes.c.submission_id.in_(disputed)).values(text="", why=None)
    touch(tx, "disputes", *tx.scalars(of_theirs.returning(disputes.c.id)))
    _plain_submissions(tx, team_id)


def blank_mails(tx: Tx, digests: Collection[str]) -> None:
    """Take out who sent mails that were dropped with a team that is forgotten, their subjects, and what we answered."""
    for start in range(0, len(digests), _AT_ONCE):
        some = list(digests)[start : start + _AT_ONCE]
        tx.execute(sa.update(mails).where(mails.c.sha256.in_(some)).values(sender=None, subject=None))
        answered = sa.select(mails.c.id).where(mails.c.sha256.in_(some))
        tx.execute(sa.update(outbox).where(outbox.c.mail_id.in_(answered)).values(**_SILENT))


def _plain_submissions(tx: Tx, team_id: int) -> None:
    """Leave of each submission what was scored and how, not what its team called it or wrote into it."""
    for row in tx.execute(sa.select(submissions).where(submissions.c.team_id == team_id)).all():
        plain = {
            "method": "",
            "file_name": f"{receipt(row.id)}{PurePath(row.file_name).suffix[:8]}",
            "problems": [_plain(one) for one in row.problems],
            "notes": [_plain(one) for one in row.notes],
        }
        tx.execute(sa.update(submissions).where(submissions.c.id == row.id).values(**plain))
        touch(tx, "submissions", row.id)


def _plain(told: dict[str, object]) -> dict[str, object]:
    """Return a problem or a note without the words of the file that it quotes."""
    return told | {"message": str(told["code"])} | ({"examples": []} if "examples" in told else {})


def replace_board(tx: Tx, board_id: int, text: str) -> str:
    """Put another text in the place of a published board; return its SHA-256."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    tx.execute(sa.update(boards).where(boards.c.id == board_id).values(board=text, sha256=digest))
    touch(tx, "boards", board_id)
    return digest


def blank(tx: Tx, outgoing_id: int) -> None:
    """Take the words out of one of our mails."""
    tx.execute(sa.update(outbox).where(outbox.c.id == outgoing_id).values(subject="", message=b""))
