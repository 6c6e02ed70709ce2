"""Read what a mail asks of the roster: register a team, confirm it, add or remove a member. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from mailbot.config.address import normalise
from mailbot.mail.subject import strip_reply
from mailbot.model import name_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mailbot.mail.model import Mail
    from mailbot.model import Team

MOST_MEMBERS = 10
"""Addresses of a team that came by mail: each member is written to, and nobody shall make a cannon of that."""


class Wish(StrEnum):
    """What is wanted."""

    REGISTER = "register"  # a new team, by somebody who is on none
    CONFIRM = "confirm"  # the registration of a team that was entered by a form or a file
    ADD = "members add"  # addresses to the team, by its leader
    REMOVE = "members remove"  # addresses off the team, by its leader
    JOIN = "join"  # a team that its leader wants the sender on, by the code of the invitation
    LEAVE = "leave"  # the team, by a member


@dataclass(frozen=True, kw_only=True)
class Request:
    """One wish."""

    wish: Wish
    #: The team's name as the mail has it; only to register.
    name: str = ""
    #: Normalised, each once, in order; to register, the sender's first.
    addresses: tuple[str, ...] = ()
    #: To join: which team.
    team_id: int = 0
    #: To confirm: whether it bears the code that the team was sent.
    has_code: bool = False

    @property
    def changes(self) -> bool:
        """Whether it changes who is on a team: done only when something proves who sent it."""
        return self.wish in (Wish.ADD, Wish.REMOVE, Wish.LEAVE)

    def __str__(self) -> str:
        """Return it on one line: ``members add name@example.org``."""
        return " ".join((self.wish, *self.addresses))


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of a request, to be told."""

    request: Request
    #: Why nothing was done; "" when it was.
    fault: str = ""
    #: The team's first key; "" when it has got one before.
    key: str = field(default="", repr=False)
    #: Addresses that are on a team already, so that they cannot be on another.
    left_out: tuple[str, ...] = ()
    #: Addresses that were asked whether to be on the team, and those that were not, as they were asked lately.
    invited: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()


_REGISTER = re.compile(r"\s*+\[(?=[^\]]*?(?:registration|报名|注册))[^\]]*+\]\s*+(.*)", re.IGNORECASE)


def is_register(subject: str) -> bool:
    """Whether a subject without reply marks is that of a registration."""
    return _REGISTER.match(subject) is not None


_CONFIRM = re.compile(r"(?:confirm(?:ed)?|确认(?:报名)?)[\s.!,。]*+(.*)", re.IGNORECASE)
_MEMBERS = re.compile(r"(?:members?|成员)\s*(add|remove|添加|增加|删除|移除)[\s:]*+(.*)", re.IGNORECASE)
_LEAVE = re.compile(r"(?:leave(?: (?:the )?team)?|退出(?:团队|队伍)?)[\s.!。]*", re.IGNORECASE)
_ADDS = ("add", "添加", "增加")
_NO_ADDRESS = r"\s<>,;:()\[\]\"'\u2e80-\u9fff\uff00-\uffef"
"""What stands between addresses; Chinese is written without spaces, so its letters and stops too."""
_WORD = re.compile(f"[^{_NO_ADDRESS}]++")


def of_stranger(mail: Mail, own: Collection[str]) -> Request | None:
    """Return the registration that a mail of somebody on no team asks for: ``[… Registration] Team name``."""
    found = _REGISTER.fullmatch(_plain(mail.subject))
    if found is None:
        return None
    name = re.sub(r"^(\s*\[[^\]]*\])+\s*", "", mail.subject)  # as written, for the checks of names
    members = [each for line in _own_lines(mail.text) for each in _addresses(line) if each not in own]
    return Request(wish=Wish.REGISTER, name=name, addresses=tuple(dict.fromkeys([mail.senders[0], *members])))


def of_team(mail: Mail, team: Team) -> Request | None:
    """Return what a mail of a team asks for, in its subject or first line."""
    first = next(_own_lines(mail.text), "")
    may_confirm = team.unconfirmed or not mail.references  # in a thread the word may answer a question about a mail
    for line in (strip_reply(_plain(mail.subject)), _plain(first)):
        if may_confirm and (found := _CONFIRM.fullmatch(line)) and _is_name(found[1], team):
            return Request(wish=Wish.CONFIRM)
        if _LEAVE.fullmatch(line):
            return Request(wish=Wish.LEAVE)
        if (found := _MEMBERS.fullmatch(line)) and (named := tuple(dict.fromkeys(_addresses(found[2])))):
            return Request(wish=Wish.ADD if found[1].casefold() in _ADDS else Wish.REMOVE, addresses=named)
    return None


def _is_name(said: str, team: Team) -> bool:
    """Whether a team confirms itself: by the word alone, or with its name."""
    return not said.strip() or name_key(said) == name_key(team.name)


def _plain(line: str) -> str:
    """Return a line with full-width characters as plain ones."""
    return " ".join(unicodedata.normalize("NFKC", line).split())


def _own_lines(text: str) -> Iterator[str]:
    """Yield the lines that the sender wrote: no quoted ones, nothing below a signature's mark."""
    for line in text.splitlines():
        if line.rstrip() == "--":
            return
        if line.strip() and not line.lstrip().startswith((">", "|")):
            yield line


def _addresses(line: str) -> Iterator[str]:
    for found in _WORD.finditer(line):
        if "@" not in found.group()[1:-1]:
            continue
        try:
            yield normalise(found.group().removeprefix("mailto:").rstrip("."))
        except ValueError:
            continue
