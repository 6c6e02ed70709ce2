"""Find what a team hands in besides result files: a paper, a link to its code. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.mail.subject import own_lines
from mailbot.model import Item
from scoring.files.sniff import suffix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.config.contest import EntrySection
    from mailbot.mail.model import Brought
    from mailbot.mail.open import Opened
    from scoring.model import Evaluation


MOST = 5
"""So many things of one mail are taken."""

_TAGS = re.compile(r"\[([^\]]{0,60})\]")

_LINK = re.compile(r"https?://([a-z0-9.-]{1,80})(?::\d{1,5})?(/[^\s<>\"'()]{0,300})?", re.IGNORECASE)

_RESULT_NAME = re.compile(
    r"(?:^|[^a-z])(?:pred(?:iction)?s?|results?|submissions?|answers?)(?:[^a-z]|$)", re.IGNORECASE
)

_DUMPS = {".npy", ".npz", ".parquet", ".feather", ".arrow", ".mat", ".xlsx", ".xls", ".ods"}
"""Endings of files that hold tables or arrays, and no code."""

NO_RESULT = {"no-result-file", "unsupported-format", "too-many-members", "nested-archive"}
"""Problems of what is no result file: a paper, the archive of a repository."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a mail hands in."""

    kind: EntrySection
    items: tuple[Item, ...]


def find(opened: Opened, kinds: Sequence[EntrySection]) -> Entry | None:
    """Return what a mail hands in, None when it is for another purpose.

    A kind that stands in the subject's brackets decides; else the mail must bring no result file, nor anything that was
    meant as one: under the tag of submissions, or by the name or the form of what it holds.
    """
    tags = " ".join(_TAGS.findall(opened.mail.subject)).casefold().split()
    named = [kind for kind in kinds if kind.kind in tags]
    if not named and ("submission" in tags or _looks_like_result(opened)):
        return None
    if not named and any(
        not NO_RESULT.issuperset(p.code for p in c.problems) or not c.problems for c in opened.candidates
    ):
        return None
    for kind in named or kinds:
        if items := (*_files(opened.brought, kind), *_links(opened.mail.text, kind, asked=not named)):
            return Entry(kind=kind, items=items[:MOST])
    return None


def _looks_like_result(opened: Opened) -> bool:
    """Whether a file, or what an archive holds that cannot be read, is called like results or is a dump of a table."""
    named = [file.name for file in opened.brought]
    named += [name for each in opened.candidates for problem in each.problems for name in problem.examples]
    return any(_RESULT_NAME.search(name) or suffix(name) in _DUMPS for name in named)


def may_be_one(evaluation: Evaluation) -> bool:
    """Whether a refused file may have been meant as something else: no track is told, or it is no result file."""
    return evaluation.track is None or any(problem.code in NO_RESULT for problem in evaluation.problems)


def _files(brought: Sequence[Brought], kind: EntrySection) -> list[Item]:
    return [
        Item(what=file.name, sha256=file.sha256, size=file.size)
        for file in brought
        if file.name.lower().endswith(kind.types or ("\0",))
    ]


def _links(text: str, kind: EntrySection, *, asked: bool) -> list[Item]:
    """Return the links that count, in what the sender wrote; a host alone is no repository.

    Where the subject names no kind (``asked``), a line that asks something hands nothing in.
    """
    lines = [line for line in own_lines(text) if not (asked and "?" in _LINK.sub("", line))]
    found = [match for line in lines for match in _LINK.finditer(line)]
    links = [
        match[0].rstrip(".,;:")
        for match in found
        if len((match[2] or "").strip("/")) and any(_is_at(match[1].lower(), host) for host in kind.hosts)
    ]
    return [Item(what=link) for link in dict.fromkeys(links)]


def _is_at(host: str, wanted: str) -> bool:
    return host == wanted or host.endswith(f".{wanted}")
