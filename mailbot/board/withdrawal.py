"""Take a published board back: it is kept, marked and shown with the reason, and everything else follows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.board.codec import board_from_json
from mailbot.board.page.site import editions
from mailbot.errors import Permanent
from mailbot.ledger import boards, events, outbox
from mailbot.model import ReplyState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mailbot.board.model import Board
    from mailbot.ledger import Ledger
    from mailbot.ledger.boards import BoardRow

KIND = "board-withdrawn"

WITHHELD = "its board was withdrawn"


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """What taking a board back would do."""

    row: BoardRow
    board: Board
    #: The numbers of its letters that still wait; they are not sent then.
    waiting: Sequence[int]
    #: How many of its letters were sent: nothing takes those back.
    sent: int
    #: The board that is the newest one then; None when none stands.
    then: Board | None


def look(ledger: Ledger, date: str) -> Withdrawal:
    """Find a board by its date, or by its address on the page (2026-03-18-1405), and say what would follow.

    Raises Permanent when there is no such board that stands, or more than one.
    """
    with ledger.read() as tx:
        rows = boards.listing(tx, withdrawn=True)
        letters = outbox.listing(tx)
    made = [board_from_json(json.loads(row.board)) for row in rows]
    addresses = {id(edition.board): edition.address for edition in editions(made)}
    standing = [(row, one) for row, one in zip(rows, made, strict=True) if row.withdrawn is None]
    named = [(row, one, addresses[id(one)]) for row, one in standing]
    found = [each for each in named if each[2] == date] if date.count("-") > 2 else []  # noqa: PLR2004  # of a date
    found = found or [each for each in named if f"{each[1].as_of:%Y-%m-%d}" == date]
    if len(found) != 1:
        known = ", ".join(address for _, _, address in (found or named)[-10:]) or "none"
        message = f"{date!r} names {len(found)} published boards that stand; there are {known}"
        raise Permanent(message)
    row, board, _ = found[0]
    own = [letter for letter in letters if (letter.key or "").startswith(f"board:{row.sha256}:")]
    rest = [one for _, one in standing if one is not board]
    return Withdrawal(
        row=row,
        board=board,
        waiting=[letter.id for letter in own if letter.state is ReplyState.QUEUED],
        sent=sum(letter.state in {ReplyState.SENT, ReplyState.SENDING} for letter in own),
        then=rest[-1] if rest else None,
    )


def carry_out(ledger: Ledger, found: Withdrawal, why: str, now: datetime) -> None:
    """Take the board back; page and sheet are for the caller to bring up to date. Raises Permanent."""
    with ledger.write("board-withdrawn") as tx:
        if not boards.withdraw(tx, found.row.sha256, why=why, now=now):
            message = "the board was withdrawn meanwhile"
            raise Permanent(message)
        outbox.withhold(tx, only=found.waiting, error=WITHHELD)
        events.append(tx, kind=KIND, subject="board", now=now, board=found.row.sha256, why=why)


def again(ledger: Ledger, told: Mapping[str, str], now: datetime) -> None:
    """Take a board back as the trail of a lost ledger tells."""
    with ledger.write("rebuild") as tx:
        letters = [row.id for row in outbox.listing(tx) if (row.key or "").startswith(f"board:{told['board']}:")]
        boards.withdraw(tx, told["board"], why=told["why"], now=now)
        outbox.withhold(tx, only=letters, error=WITHHELD)
