"""What somebody wants who sends no result file and no command: a person asks, thanks, or says a command in a sentence.

Nothing is carried out because of a sentence. The reply shows the command that would do it, for the team to send.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING

from mailbot.mail.subject import own_lines, plain_lines, strip_reply, strip_tags
from mailbot.model import Id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailbot.mail.model import Mail


class Aim(StrEnum):
    """What such a mail is."""

    FILE = "file"  # it was to bring a result file, which did not arrive as one
    THANKS = "thanks"  # it thanks, and says nothing else
    OTHER = "other"  # a question, or anything else that is for people


@dataclass(frozen=True, kw_only=True)
class Inquiry:
    """What somebody wants."""

    aim: Aim
    #: The command that would do what a sentence asks for, to be shown; "" where it asks for none.
    command: str = ""
    #: Whether it asks something.
    asks: bool = False

    @property
    def is_for_people(self) -> bool:
        """Whether the organizers are to read it."""
        return self.aim is Aim.OTHER or self.asks


_LOOKED_AT = 40
"""So many lines of what a person wrote are looked at."""

_RECEIPT = re.compile(r"(?<![\w-])s-0*(\d{1,9})(?![\w-])", re.IGNORECASE)

_ACTS = {
    "withdraw": re.compile(
        r"\b(?:withdraw\w*|retract\w*|revoke\w*|delete\w*|remove|discard|cancel\w*|take back)\b"
        r"|撤回|撤销|撤消|取消|删除|作废",
        re.IGNORECASE,
    ),
    "select": re.compile(r"\b(?:select\w*|choose|pick|use)\b|选择|选用|改选", re.IGNORECASE),
    "dispute": re.compile(r"\b(?:disput\w*|appeal\w*|contest|re-?check|re-?evaluate)\b|申诉|复核|复议", re.IGNORECASE),
}
"""By its command, the words of a sentence that, beside a submission, ask for what it does."""

_WISHES = {
    "withdraw S-12": re.compile(
        r"\b(?:withdraw|retract|delete|cancel)\b.{0,40}\b(?:submission|entry|file|result)"
        r"|撤回.{0,12}(?:提交|结果)",
        re.IGNORECASE,
    ),
    "status": re.compile(
        r"\bhow many\b.{0,40}\b(?:submissions?|left|remain)|\b(?:remaining|our|my) quota\b"
        r"|\bstatus of (?:our|my)\b|(?:剩余|还剩|还有).{0,8}(?:次|提交)|提交(?:记录|状态)",
        re.IGNORECASE,
    ),
    "letters off": re.compile(
        r"\b(?:unsubscribe|stop (?:these|the|sending) \w+|no more (?:letters|mails|emails))\b|退订|不再接收",
        re.IGNORECASE,
    ),
    "members add ADDRESS": re.compile(
        r"\badd\b.{0,60}\b(?:to|on) (?:our|my|the) team\b|\bnew (?:team )?member\b"
        r"|(?:添加|增加|加入).{0,12}(?:队员|成员)",
        re.IGNORECASE,
    ),
}
"""By what the command looks like, the words that ask for it with no submission beside them."""

_THANKS = re.compile(
    r"\b(?:thank|thanks|thx|merci|danke|gracias|grazie|cheers|received|noted|got it|ok|okay)\b"
    r"|谢谢|多谢|感谢|收到|辛苦",
    re.IGNORECASE,
)

_CHAT = 60
"""Characters that thanks may have besides a greeting and a name."""

_ASKS = re.compile(
    r"\?|(?:^|[.!,:;]\s+)(?:how|when|where|why|what|which|who|can|could|may|would|will|is|are|do|does|did|should)"
    r" (?:i|we|you|the|it|this|that|there|our|my|many|much|long|exactly|is|are|do|does|to)\b"
    r"|\b(?:could|can|would) you\b|\bplease (?:tell|explain|let (?:us|me)|advise|clarify|help)"
    r"|\b(?:we|i) (?:want|would like|wonder\w*) (?:to know|to ask|if|whether)"
    r"|请问|想问|咨询|吗|怎么|如何|为什么|什么时候|何时|哪里|能否|是否|可否|多少",
    re.IGNORECASE,
)
"""What a question looks like, with its mark or without."""

_FILE = re.compile(
    r"\b(?:attached|attachment|enclosed)\b|\bfind (?:our|my|the) (?:file|results?|submission)|附件|请查收|结果文件"
    r"|\bour (?:results?|submission|predictions?|file)\b.{0,20}\b(?:is|are|at|here|below|follows?)\b",
    re.IGNORECASE,
)
"""What announces a file."""

_ARRIVED = re.compile(r"\b(?:received|got)\b|收到", re.IGNORECASE)
"""What says that something of ours arrived: whoever thanks for that has forgotten no file."""

_TAG = re.compile(r"\[[^\]]{0,60}(?:submission|提交)[^\]]{0,60}\]", re.IGNORECASE)


def read(mail: Mail) -> Inquiry:
    """Return what a mail without a file and without a command is for."""
    lines = list(islice(own_lines(mail.text), _LOOKED_AT))
    subject = plain_lines(strip_reply(mail.subject))
    in_thread = bool(mail.references)
    said = [*lines] if in_thread and lines else [strip_tags(subject), *lines]
    asks = any(_ASKS.search(line) for line in said)
    command = _command(said)
    if mail.faults:
        return Inquiry(aim=Aim.FILE, command=command, asks=asks)
    if command or asks:
        return Inquiry(aim=Aim.OTHER, command=command, asks=asks)
    meant = not lines or any(_FILE.search(line) for line in said) or (not in_thread and _TAG.search(subject))
    if _is_thanks(lines) and (not meant or any(_ARRIVED.search(line) for line in lines)):
        return Inquiry(aim=Aim.THANKS)
    return Inquiry(aim=Aim.FILE if meant else Aim.OTHER)


def wants_an_answer(mail: Mail) -> bool:
    """Whether an answer to a mail of ours that brings no file is still for us.

    It may have meant to bring one (a link, an encrypted or damaged file, a pasted table), or ask for something.
    """
    found = read(mail)
    announced = any(_FILE.search(line) for line in own_lines(mail.text))
    return bool(mail.faults) or found.asks or bool(found.command) or announced


def _command(said: Sequence[str]) -> str:
    """Return the command that a sentence of a mail asks for in other words, "" without one."""
    receipts = list(dict.fromkeys(int(found) for line in said for found in _RECEIPT.findall(line)))
    if not receipts:
        return _first(_WISHES, said)
    shown = [Id.SUBMISSION.of(number) for number in receipts[:2]]
    word = _first(_ACTS, said)
    return f"{word} {shown[0]}: your text" if word == "dispute" else f"{word} {' '.join(shown)}" if word else ""


def _first(asked: Mapping[str, re.Pattern[str]], said: Sequence[str]) -> str:
    """Return the first command that some line asks for."""
    found = (name for name, words in asked.items() if any(words.search(line) for line in said))
    return next(found, "")


def _is_thanks(lines: Sequence[str]) -> bool:
    """Whether lines thank, or say that something arrived, and say nothing else."""
    return any(_THANKS.search(line) for line in lines) and sum(map(len, lines)) <= _CHAT * 2
