"""The header of a mail that is still on the server: who wrote it and about what, as far as it can be told. Pure.

Like :mod:`mailbot.mail.mime.headers`, on which it stands, it takes time linear in the length of the header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailbot.mail import teamkey
from mailbot.mail.automatic import LOOP_HEADER
from mailbot.mail.mime.addresses import addresses, senders
from mailbot.mail.mime.headers import read_headers
from scoring.text import printable

MOST_IDS = 20
"""So many Message-IDs of a mail are looked at."""

LONGEST_SUBJECT = 300

_ID = re.compile(rb"<mailbot\.[0-9a-f]{32}@[^<>\s]{1,255}>")
"""A Message-ID as mailbot makes them (:func:`mailbot.mail.envelope.message_id`)."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """What is known of a mail without its body; nothing here is proven."""

    #: The addresses of From, lower case.
    senders: tuple[str, ...] = ()
    subject: str = field(default="", repr=False)  # it may hold a code
    #: Message-IDs of the kind that mailbot makes: of what it answers, or reports on.
    answers: tuple[str, ...] = ()
    #: Whether it carries what looks like a team key.
    has_key: bool = False
    #: Whether a mailbot sent it.
    is_own: bool = False


def read(raw: bytes) -> Head:
    """Read a header, or the beginning of a mail with its header; total.

    What a report on an undelivered mail holds below its header is looked at too, where it is there.
    """
    headers = read_headers(re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0])
    subject = printable(headers.decoded("subject"), LONGEST_SUBJECT)
    to = addresses([*headers.texts("to"), *headers.texts("cc"), *headers.texts("delivered-to")])
    return Head(
        senders=senders(headers),
        subject=subject,
        answers=tuple(dict.fromkeys(each.decode("ascii", "replace") for each in _ID.findall(raw)))[:MOST_IDS],
        has_key=bool(teamkey.found(subject, *to)),
        is_own=LOOP_HEADER.lower() in headers,
    )
