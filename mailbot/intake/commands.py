"""Parse the command that a team mails: in the first line of the body, or in the subject. Pure.

Full-width letters count as plain ones and case does not matter; quoted text, signatures and forwarded mails are not
read. What nearly is a command is answered with help; all else is no command, as a subject that only begins like one.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from mailbot.mail.subject import own_lines, plain_lines, strip_reply, strip_tags
from mailbot.model import Id
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


LONGEST_TEXT = 2000
"""Characters of a dispute that are kept."""

NEAR = 0.75
"""How like a command a word must be to be one misspelt (:func:`difflib.get_close_matches`)."""


class Word(StrEnum):
    """What can be asked for."""

    HELP = "help"  # what else there is
    STATUS = "status"  # submissions, quota, deadlines
    CHECK = "check"  # a dry run of the files
    WITHDRAW = "withdraw"  # a submission shall count for nothing
    SELECT = "select"  # these submissions shall count
    LETTERS = "letters"  # whether letters are wanted
    DISPUTE = "dispute"  # a score is doubted; the organizers decide
    LANGUAGE = "language"  # of the replies


CHANGING = frozenset(set(Word) - {Word.HELP, Word.STATUS, Word.CHECK})
"""The words that change something, or have the organizers work: obeyed only when something proves who sent them."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One thing asked for."""

    word: Word
    #: Ids of the submissions named, each once, in order.
    submissions: tuple[int, ...] = ()
    #: For ``letters``: whether they are wanted.
    wanted: bool = True
    #: For ``language``: ``en`` or ``zh``.
    language: str = ""
    #: For ``dispute``: what is said of it.
    text: str = ""
    #: For ``help``: the line that could not be understood; "" where help was asked for.
    misread: str = ""

    @property
    def changes(self) -> bool:
        """Whether it changes anything."""
        return self.word in CHANGING

    def __str__(self) -> str:
        """Return it on one line, for lists: ``withdraw S-000012``, ``letters off``."""
        rest = [Id.SUBMISSION.of(number) for number in self.submissions]
        rest += ["on" if self.wanted else "off"] if self.word is Word.LETTERS else []
        return " ".join((self.word, *rest, *([self.language] if self.language else [])))


ALIASES = {
    "帮助": Word.HELP,
    "状态": Word.STATUS,
    "检查": Word.CHECK,
    "撤回": Word.WITHDRAW,
    "选择": Word.SELECT,
    "信件": Word.LETTERS,
    "申诉": Word.DISPUTE,
    "语言": Word.LANGUAGE,
}
"""The words in Chinese."""

LANGUAGES = {"en": "en", "english": "en", "英文": "en", "英语": "en", "zh": "zh", "chinese": "zh", "中文": "zh"}

SWITCHES = {"on": True, "off": False, "开": True, "关": False}

_AROUND = " \t.!?,;:…~。、“”‘’\"'`*()<>《》【】「」『』"  # noqa: RUF001  # people quote a word
"""What may stand around a command; full-width stops are plain ones by now (NFKC)."""

_WORDS: dict[str, Word] = {**{str(word): word for word in Word}, **ALIASES}

_RECEIPT = re.compile(r"s-?0*(\d{1,9})")

_BETWEEN = re.compile(r"[\s,;、，。]+")  # noqa: RUF001  # the stops of Chinese

_MEMBERS = re.compile(r"(?:members?|成员)(?: (?:add|remove|添加|增加|删除|移除)\b.*)?", re.IGNORECASE)


def read(subject: str, text: str, *, in_thread: bool = False, has_files: bool = False) -> Command | None:
    """Return the command of a mail, None when it has none.

    The body's first line goes before the subject: of an answer (``in_thread``, or by its ``Re:``, as robots write that
    name no Message-ID) the subject is that of the thread and counts only where nothing else is said. Beside files only
    ``check`` is a command: a submission is never lost to one.
    """
    lines = list(own_lines(text))
    found = _parsed(lines[0], lines[1:]) if lines else None
    is_answer = in_thread or strip_reply(subject) != subject
    if found is None and not (is_answer and lines):
        found = _parsed(strip_tags(plain_lines(subject)), lines)
    return None if found is not None and has_files and found.word is not Word.CHECK else found


def _parsed(line: str, below: Sequence[str]) -> Command | None:
    """Read one line as a command; ``below`` is what the sender wrote after it."""
    line = _without_translation(line)
    head, _, rest = line.strip(_AROUND).partition(" ")
    head, colon, tail = head.casefold().partition(":")
    rest = f"{tail} {rest}".strip() if colon else rest
    word = _WORDS.get(head)
    if word is None:
        if glued := _glued(head, line, rest, below):
            return glued
        return _help(line) if _MEMBERS.fullmatch(f"{head} {rest}".strip()) else _misspelt(line, head, rest)
    if word in {Word.WITHDRAW, Word.SELECT} and "?" in line:
        return None  # it asks whether
    return _READERS[word](word, line, rest, below)


def _without_translation(line: str) -> str:
    """Return a line without the Chinese form in brackets behind it, as our list of commands shows them both."""
    bare = line.strip(" .!?;:…。")
    head, bracket, tail = bare.rpartition("(")
    return head if bracket and bare.endswith(")") and tail.startswith((*ALIASES, "成员")) else line


def _glued(head: str, line: str, rest: str, below: Sequence[str]) -> Command | None:
    """Read a command in Chinese with no space behind its word (``撤回S-12``); None where a text begins so."""
    alias = next((alias for alias in ALIASES if head.startswith(alias)), None)
    if alias is None:
        return None
    found = _READERS[ALIASES[alias]](ALIASES[alias], line, f"{head.removeprefix(alias)} {rest}".strip(), below)
    return None if found is None or found.misread else found


def _misspelt(line: str, head: str, rest: str) -> Command | None:
    """Return help for a line that looks like a command: nearly one of its words, and nothing else but receipts."""
    near = bool(difflib.get_close_matches(head, _WORDS, 1, NEAR))
    return _help(line) if near and (not rest or _receipts(rest) or rest in SWITCHES or rest in LANGUAGES) else None


def _help(line: str) -> Command:
    return Command(word=Word.HELP, misread=printable(line, 60))


def _receipts(text: str) -> tuple[int, ...]:
    """Return the ids in a text that names receipts and nothing else; () for any other."""
    words = [word for word in _BETWEEN.split(text.casefold()) if word not in ("", "and", "&", "和")]
    found = [_RECEIPT.fullmatch(word) for word in words]
    return tuple(dict.fromkeys(int(each[1]) for each in found if each)) if all(found) else ()


def _bare(word: Word, _line: str, rest: str, _below: Sequence[str]) -> Command | None:
    return None if rest and rest != "please" and _WORDS.get(rest) is not word else Command(word=word)


def _with_receipts(word: Word, line: str, rest: str, _below: Sequence[str]) -> Command | None:
    ids = _receipts(rest)
    if ids:
        return Command(word=word, submissions=ids)
    return _help(line) if not rest or _RECEIPT.search(rest.casefold()) else None


def _letters(word: Word, line: str, rest: str, _below: Sequence[str]) -> Command | None:
    if (said := rest.casefold()) in SWITCHES:
        return Command(word=word, wanted=SWITCHES[said])
    return None if " " in rest else _help(line)


def _language(word: Word, line: str, rest: str, _below: Sequence[str]) -> Command | None:
    if (said := rest.casefold()) in LANGUAGES:
        return Command(word=word, language=LANGUAGES[said])
    return None if " " in rest else _help(line)


def _dispute(word: Word, line: str, rest: str, below: Sequence[str]) -> Command | None:
    _, _, said = line.lstrip(_AROUND).partition(" ")  # with the stop at its end, if it has one
    named = re.match(
        rf"{_RECEIPT.pattern}\s*[:,.]?\s*(.*)", said if _RECEIPT.match(said.casefold()) else rest, re.IGNORECASE
    )
    if not named:
        return None if rest else _help(line)
    text = "\n".join(part for part in (named[2], *below) if part)[:LONGEST_TEXT]
    return Command(word=word, submissions=(int(named[1]),), text=text) if text else _help(line)


_READERS: dict[Word, Callable[[Word, str, str, Sequence[str]], Command | None]] = {
    Word.HELP: _bare,
    Word.STATUS: _bare,
    Word.CHECK: _bare,
    Word.WITHDRAW: _with_receipts,
    Word.SELECT: _with_receipts,
    Word.LETTERS: _letters,
    Word.DISPUTE: _dispute,
    Word.LANGUAGE: _language,
}
