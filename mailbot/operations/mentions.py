"""Whether a mail of nobody has to do with a team: by an address in it, or by the name where a team is named. Pure."""

from __future__ import annotations

import email
import email.policy
import json
import re
from typing import TYPE_CHECKING

from mailbot.intake.rules import name_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mailbot.mail.open import Opened

_BEFORE = re.compile(r"\A(?:\s*\[[^\]]{0,200}\]|\s*\w{1,4}\s?[:\uff1a])*+\s*")
"""Before the name in a subject: tags, and what mail programs put there: ``Re: [SIQA Submission] Name - Method``."""
_AFTER = re.compile(r"\Z|\s[-\u2013\u2014|:]")
_TEAM = re.compile(rb'"team"\s*:\s*("(?:[^"\\]|\\.){0,400}")')


def has_words(raw: bytes, words: Collection[str]) -> bool:
    """Whether a mail holds one of the words, whatever its case, in its bytes or in its decoded texts."""
    texts = [raw.decode("utf-8", "replace"), *_texts(raw)]
    return any(word.casefold() in text.casefold() for text in texts for word in words)


def is_for_team(opened: Opened, name: str) -> bool:
    """Whether a mail is handed in for a team: its subject begins with the name, or a file says that it is the team's.

    ``[SIQA Submission] AI - Method`` is for the team AI, ``A question about AI`` is not.
    """
    key = name_key(name)
    begun = name_key(_BEFORE.sub("", opened.mail.subject, count=1))
    at_its_place = begun.startswith(key) and _AFTER.match(begun[len(key) :]) is not None
    return at_its_place or any(key in _teams(candidate.data) for candidate in opened.candidates)


def has_in_subject(opened: Opened, name: str) -> bool:
    """Whether the name stands somewhere in the subject, as words of their own."""
    return re.search(rf"(?<!\w){re.escape(name_key(name))}(?!\w)", name_key(opened.mail.subject)) is not None


def _teams(data: bytes) -> set[str]:
    """Return the teams that a JSON file names, by their keys; what is no JSON text is passed over."""
    found = set()
    for text in _TEAM.findall(data):
        try:
            found.add(name_key(json.loads(text)))
        except ValueError:
            continue
    return found


def _texts(raw: bytes) -> Iterator[str]:
    for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
        if part.get_content_maintype() == "text":
            data = part.get_payload(decode=True)
            yield data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
