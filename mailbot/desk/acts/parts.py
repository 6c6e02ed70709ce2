"""What acts are made of: the fields of their forms, the effect that is shown before, and what is said after."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from mailbot.desk.page import without_secrets
from mailbot.errors import Permanent
from mailbot.letters import written
from mailbot.operations.letters import would_write
from mailbot.operations.teams import moves

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mailbot.board.rank_changes import Change
    from mailbot.config.challenge import Challenge
    from mailbot.desk.page import Ask
    from mailbot.ledger import Tx
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.letters.written import Written
    from mailbot.mail.envelope import Outgoing
    from mailbot.service import Service


@dataclass(frozen=True, kw_only=True)
class Field:
    """What a form asks for."""

    name: str
    label: str
    #: ``text``, ``area``, ``choice``, ``check``, ``file``, ``instant`` or ``fixed``, which the act was called with.
    kind: str = "text"
    help: str = ""
    needed: bool = True
    #: Whether nothing is chosen beforehand, as a slip would hit somebody else.
    is_open: bool = False
    #: Values and what they are called, of a ``choice``.
    choices: Callable[[Ask], Sequence[tuple[str, str]]] = lambda _: ()


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail that the act would send."""

    to: str
    subject: str
    text: str

    @classmethod
    def queued(cls, row: OutgoingRow | Outgoing) -> Letter:
        """Read one out of the outbox, without codes and keys: who only looks could write as a team."""
        message = message_from_bytes(row.message, policy=policy.default)
        part = message.get_body(("plain",))
        text = part.get_content().replace("\r\n", "\n") if part else ""
        return cls(to=row.recipient, subject=without_secrets(str(message["Subject"])), text=without_secrets(text))

    @classmethod
    def drafted(cls, challenge: Challenge, draft: Written) -> Letter:
        """Read a draft, with the foot that it gets."""
        return cls(to=draft.recipient, subject=draft.title, text=written.whole(challenge, draft))


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What an act would do."""

    #: A sentence each.
    says: Sequence[str]
    letters: Sequence[Letter] = ()
    #: Further rows that show it, as the ranks that change: headings and cells.
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    #: What else has to be agreed to, by the name of a box: a file with other items.
    agree: Mapping[str, str] = field(default_factory=dict)
    #: A letter that can be edited: its subject and text.
    draft: tuple[str, str] | None = None

    @property
    def digest(self) -> str:
        """Tell one effect from another."""
        seen = (*self.says, *(f"{one.to} {one.subject}" for one in self.letters), *map("|".join, self.rows))
        return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:32]


def number(text: str, letter: str) -> int:
    """Read an id that was typed, as ``S-000012``, ``s-12`` or ``12``. Raises Permanent."""
    found = re.fullmatch(r"0*([0-9]{1,18})", text.upper().removeprefix(f"{letter}-"))
    if found is None:
        message = f"{text!r} is not an id; it looks like {letter}-000012"
        raise Permanent(message)
    return int(found[1])


HEADINGS = ("Table", "Team", "Rank before", "after", "Score before", "after")
"""Of :func:`moved`."""

MOST_ROWS = 60
"""So many rank changes are listed; the rest are counted."""


def moved(changes: Sequence[Change]) -> list[list[str]]:
    """Return the rows that show how places change."""
    return [
        [one.table, one.team, *("–" if rank is None else str(rank) for rank in one.ranks),
         *("–" if score is None else f"{score:.2f}" for score in one.scores)]
        for one in changes[:MOST_ROWS]
    ]  # fmt: skip


def tracks(ask: Ask) -> Sequence[tuple[str, str]]:
    """Return the tracks, to choose from."""
    return [(name, name) for name in ask.desk.config.tracks]


@dataclass(frozen=True, kw_only=True)
class Deed:
    """An act in hand: what was asked, and the parts to do it with."""

    ask: Ask
    service: Service
    why: str
    #: Takes how much of a long act is done, and of how much.
    told: Callable[[int, int], None] = lambda _done, _total: None

    def get(self, name: str) -> str:
        """Return what the form holds under a name."""
        return self.ask.get(name)

    def id(self, name: str, letter: str) -> int:
        """Return the number of an id in the form. Raises Permanent."""
        return number(self.get(name), letter)

    def drafted(self, drafts: Sequence[Written]) -> list[Letter]:
        """Return drafts as their readers will see them."""
        return [Letter.drafted(self.service.challenge, one) for one in drafts]

    def would_write(self, act: Callable[[Tx], object]) -> list[Letter]:
        """Return the mails that an act would queue; it is undone."""
        return [Letter.queued(row) for row in would_write(self.service.ledger, act)]

    def moves(self, act: Callable[[Tx], object]) -> list[list[str]]:
        """Return the rows that show how places would change by an act; it is undone."""
        return moved(moves(self.service, act))


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done, and where to go from there."""

    says: Sequence[str]
    href: str
    #: What is there; "" for a screen of the menu, or what has an id.
    label: str = ""
    #: What may be done next: an act, what is written on its button, and what its form holds already.
    offers: Sequence[tuple[str, str, Mapping[str, str]]] = ()
    #: A table of what was asked for.
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
