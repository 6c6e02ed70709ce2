"""No regular expression of ours backtracks: each is applied to 64 KB of its own fragments, over and over.

The bound is on processor time, and far from what a linear search takes: 64 KB take some milliseconds, and minutes where
the time grows with the square of the length.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from mailbot.mail.mime.body import shown
from mailbot.mail.open import open_mail
from tests.hostile import regexes

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 0.5
"""Of processor time, for one text of 64 KB."""

MAIL_SECONDS = 3.0
"""Of processor time, for one mail with such texts; a child has 20."""

UNTOLD = {
    "mailbot/cli/common.py": "what an organizer types",
    "mailbot/mail/languages.py": "reasons of ours, of some hundred characters",
    "mailbot/operations/forget.py": "the name of a team, escaped",
    "scoring/files/legacy_text.py": "one byte",
    "scoring/files/strict.py": "plain words, in a tuple beside",
}
"""Where patterns are made while the program runs, and what they are applied to or made of."""


@pytest.mark.parametrize("package", ["mailbot", "scoring"])
def test_each_regular_expression_takes_linear_time(package: str) -> None:
    """Each is found in the source, so that a new one cannot be forgotten."""
    slow = {}
    for found in regexes.every():
        if found.place.startswith(package):
            seconds, text = regexes.slowest(found, SECONDS)
            if seconds > SECONDS:
                slow[found.place] = f"{seconds:.1f} s for {text}"
    assert slow == {}


def test_a_pattern_that_backtracks_is_found() -> None:
    """The texts that are tried find the patterns of the report, and one that is exponential."""
    for pattern in (r"\s+[-]+\s+", r"\s*(\w+)\s*(?:\s1)?\s*(?:\(.*\)\s*)?(?:;|$)", r"(a+)+b"):
        found = regexes.Found("here:1", pattern, 0, frozenset(["search"]))
        assert regexes.slowest(found, SECONDS)[0] > SECONDS, pattern


def test_patterns_made_while_the_program_runs_are_known() -> None:
    """Each such place was looked at by a person."""
    assert {place.partition(":")[0] for place in regexes.untold()} == set(UNTOLD)


FIELDS = (
    "Subject", "From", "To", "Reply-To", "References", "Message-ID", "Date", "Received", "Authentication-Results",
    "DKIM-Signature", "Auto-Submitted", "List-Id", "Content-Type", "Content-Disposition", "Content-Transfer-Encoding",
)  # fmt: skip

PUMPS = (
    " ",
    "\t",
    "a ",
    "(",
    '"',
    "\\",
    "<",
    "@",
    ",",
    ";",
    "=?",
    "=?utf-8?q?a?= ",
    "a=b;",
    "[x] ",
    "re: ",
    "a@b,",
    "- ",
)


def _mails(pump: str) -> Iterator[tuple[str, bytes]]:
    """Yield mails of 64 KB: in each another field, or the text, is one fragment over and over."""
    text = pump * (regexes.LENGTH // 8 // len(pump))
    for field in FIELDS:
        begin = (
            "a"
            if field == "Authentication-Results"
            else "multipart/mixed; boundary="
            if field == "Content-Type"
            else ""
        )
        head = f"{field}: {begin}{text}x\r\n" * 8
        yield field, f"From: a@b.example\r\n{head}\r\n--b\r\n\r\nx\r\n".encode()
    yield "the text", f"From: a@b.example\r\nSubject: x\r\n\r\n{text * 8}x\r\n".encode()


@pytest.mark.parametrize("pump", PUMPS)
def test_each_field_of_a_mail_takes_linear_time(pump: str) -> None:
    """What the library and the packages do with a field is held to the same, by mails of 64 KB."""
    slow = {}
    for what, raw in _mails(pump):
        started = time.thread_time()
        open_mail(raw, len(raw))
        if (taken := time.thread_time() - started) > MAIL_SECONDS:
            slow[what] = taken
    assert slow == {}


TAGS = (
    "<a ", "<a b='", '<a b="', "<!--", "<!--x>", "<![x>", "<?x>", "</a ", "<a b='>'", "<a b=\"'>\"",
    "<a href='<a b='>", "<a =", "<a/", "<br/>", "<script>", "<textarea>", "&#x", "&amp",
)  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_html_is_cleaned_in_linear_time(tag: str) -> None:
    """Python's own parser looks for the end of a tag, or of a quotation, in all that follows."""
    text = tag * (64 * 1024 // len(tag))
    began = time.process_time()
    shown(text)
    assert time.process_time() - began < SECONDS
