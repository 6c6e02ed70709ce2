"""Read a subject and a person's own lines: reply marks, tags, the method, quoted text. Pure."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_MARK = r"\s*+(?:re|aw|sv|antw|tr|vs|fwd?|wg|回复|答复|转发)\s*+[:：]"  # noqa: RUF001  # the colon that Chinese clients write
_TAG = r"\s*+\[[^\]]{0,200}+\]"
_MARKS = re.compile(rf"(?:{_MARK})++\s*+", re.IGNORECASE)
_MARKS_AND_TAGS = re.compile(rf"(?:{_MARK}|{_TAG})++\s*+", re.IGNORECASE)
_RE = re.compile(r"(?:\s*+re\s*+:)++\s*+", re.IGNORECASE)


def strip_reply(subject: str) -> str:
    """Return a subject without the marks that mail programs put before one that is answered or forwarded."""
    return _stripped(_MARKS.match(subject), subject)


def strip_tags(subject: str) -> str:
    """Return a subject without such marks and without tags in brackets, in whatever order they come."""
    return _stripped(_MARKS_AND_TAGS.match(subject), subject)


def strip_re(subject: str) -> str:
    """Return a subject without ``Re:``, so that an answer to it bears that once; other marks stay."""
    return _stripped(_RE.match(subject), subject)


def _stripped(marks: re.Match[str] | None, subject: str) -> str:
    return subject[marks.end() :] if marks else subject


def method_of(subject: str, team: str) -> str:
    """Take the method from a subject ``[tag] Team - Method``, when the file does not give it; "" when it has none.

    The team's own name may hold the separator, so it is taken off first where the subject begins with it.
    """
    rest = strip_tags(subject).strip()
    if rest.casefold().startswith(team.casefold()):
        rest = "x" + rest[len(team) :]
    _, separator, method = _split_dash(rest)
    return printable(method.strip(), 100) if separator else ""


def _split_dash(text: str) -> tuple[str, str, str]:
    """Split at the first dash with white space around it: hyphen, en dash, em dash."""
    found = re.search(r"(?<!\s)\s++[-–—]++\s++", text)  # the dashes mail clients write
    return (text[: found.start()], found.group(), text[found.end() :]) if found else (text, "", "")


_QUOTE = re.compile(r"[>|]")

_SCHRIEB = re.compile(r"\bschrieb", re.IGNORECASE)
_WROTE = re.compile(r"\b(?:wrote|writes)\Z|写道\Z", re.IGNORECASE)
_WROTE_LENGTH = 10
"""Characters at the end of a line in which the word and what stands before it is found."""

_ON = re.compile(r"(?:on|am|le|el|il|op) .{0,100}\d", re.IGNORECASE)
"""How a line begins that says when somebody wrote what is quoted."""

_REST = re.compile(r"--$|_{20,}$|-{3,} ?(?:original|forwarded|原始邮件)|(?:from|发件人) ?:", re.IGNORECASE)


def _says_who_wrote(line: str) -> bool:
    """Whether a line ends as those that mail programs put above what is quoted: ``Ann wrote:``."""
    said = line.removesuffix(":").rstrip()
    return line.endswith(":") and bool(_WROTE.search(said[-_WROTE_LENGTH:]) or _SCHRIEB.search(said))


def own_lines(text: str) -> Iterator[str]:
    """Yield the lines that the sender wrote: no quoted ones, none of a signature or of a mail below."""
    above: list[str] = []
    for line in _unwrapped(text.splitlines()):
        if _REST.match(line):
            break
        if _says_who_wrote(line) and any(above):
            break
        if line and not _QUOTE.match(line) and not _says_who_wrote(line):
            above.append(line)
    yield from above


def own_text(text: str) -> str:
    """Return what the sender wrote above what is quoted, as it was written."""
    lines, kept = text.splitlines(), list[str]()
    for at, line in enumerate(lines):
        plain = plain_lines(line)
        ahead = [" ".join(map(plain_lines, lines[at : at + n])) for n in ((1, 2, 3) if _ON.match(plain) else (1,))]
        if _REST.match(plain) or (any(map(_says_who_wrote, ahead)) and any(kept)):
            break
        if not _QUOTE.match(plain) and not _says_who_wrote(plain):
            kept.append(line.rstrip())
    return "\n".join(kept).strip()


def _unwrapped(lines: Sequence[str]) -> Iterator[str]:
    """Yield plain lines; the line that says who wrote what is quoted is one, where a mail program has wrapped it."""
    plain = [plain_lines(each) for each in lines]
    at = 0
    while at < len(plain):
        begun = _ON.match(plain[at])
        joined = next((n for n in (1, 2) if begun and _says_who_wrote(" ".join(plain[at : at + n + 1]))), 0)
        yield " ".join(plain[at : at + joined + 1])
        at += joined + 1


def plain_lines(line: str) -> str:
    """Return a line with full-width characters as plain ones (NFKC), white space squeezed."""
    return " ".join(unicodedata.normalize("NFKC", line).split())
