"""What a mail is answered: the outcome as text and HTML, in the thread. Pure; templates give subject and body only."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator


def method_of(subject: str, team: str) -> str:
    """Take the method from a subject ``[tag] Team - Method``, when the file does not give it; "" when it has none.

    The team's own name may hold the separator, so it is taken off first where the subject begins with it.
    """
    rest = re.sub(r"^(\s*(re|fwd?|aw|wg|回复|答复|转发)\s*[:：])+", "", subject, flags=re.IGNORECASE)  # noqa: RUF001  # full-width colons are what Chinese clients write
    rest = re.sub(r"^(\s*\[[^\]]*\])+", "", rest).strip()
    if rest.casefold().startswith(team.casefold()):
        rest = "x" + rest[len(team) :]
    _, separator, method = _split_dash(rest)
    return printable(method.strip(), 100) if separator else ""


def _split_dash(text: str) -> tuple[str, str, str]:
    """Split at the first dash with white space around it: hyphen, en dash, em dash."""
    found = re.search(r"\s+[-–—]+\s+", text)  # the dashes mail clients write
    return (text[: found.start()], found.group(), text[found.end() :]) if found else (text, "", "")


_QUOTE = re.compile(r"[>|]")

_WROTE = re.compile(r".*(?:\bwrote|\bwrites|\bschrieb.*|写道)\s*:$", re.IGNORECASE)

_REST = re.compile(r"--$|_{20,}$|-{3,} ?(?:original|forwarded|原始邮件)|(?:from|发件人) ?:", re.IGNORECASE)


def own_lines(text: str) -> Iterator[str]:
    """Yield the lines that the sender wrote: no quoted ones, none of a signature or of a mail below."""
    above: list[str] = []
    for line in (plain_lines(each) for each in text.splitlines()):
        if _REST.match(line):
            break
        if _WROTE.match(line) and any(above):
            break
        if line and not _QUOTE.match(line) and not _WROTE.match(line):
            above.append(line)
    yield from above


def plain_lines(line: str) -> str:
    """Return a line with full-width characters as plain ones (NFKC), white space squeezed."""
    return " ".join(unicodedata.normalize("NFKC", line).split())
