"""Who a mail says it is from: the addresses, never the display names.

`email.utils.parseaddr('alice@good.org <evil@bad.org>')` gives alice on Python 3.11.7 (CVE-2023-27043) and dies of
recursion on parentheses. Here every address-like word outside quotes and comments counts, so that a field that could be
read in two ways gives two addresses, and the rule "exactly one sender" refuses it.
"""

from __future__ import annotations

import re
import unicodedata
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING

import idna

from scoring.text import REPLACEMENT, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mailbot.mail.mime.headers import Headers

MOST = 20
"""At most so many addresses are returned."""

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"(?!@)|\\.|[()]|[^"\\()]++|.', re.DOTALL)
_ADDRESS = re.compile(r"[^\s<>(),:;\"\\]*+")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_LENGTH = 254  # characters of an address (RFC 5321, 4.5.3.1.3)


def senders(headers: Headers) -> tuple[str, ...]:
    """Return the addresses of all From fields, lower case, each once, in order.

    Empty also when a From field is longer than is read, or stands behind the part of the header that is: then nobody
    can say whom the mail is from.
    """
    too_long = any(len(value) > headers.value_bytes for value in headers.raw("from"))
    if too_long or headers.from_unread:
        return ()
    return addresses(headers.texts("from"))


def addresses(values: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses in the values of address fields (RFC 5322, 3.4), lower case, each once, in order.

    Only A to Z are lowered, and what Unicode would normalise is marked as strange: the Kelvin sign must not become the
    k of somebody else's address. A domain beyond ASCII is told as in the DNS, as a roster holds it.
    """
    found = (word for value in values for word in _words(value))
    return tuple(dict.fromkeys(found))[:MOST]


def _words(value: str) -> Iterator[str]:
    """Yield the words with an @ outside quotes and comments, all of them when it is doubtful where those end."""
    for word in _ADDRESS.findall(_outside(value)):
        if "@" in word:
            known = word if unicodedata.is_normalized("NFC", word) else _FOREIGN.sub(REPLACEMENT, word)
            yield _in_ascii(printable(known, limit=_LENGTH).translate(_LOWER))


def _in_ascii(address: str) -> str:
    """Return an address with its domain in ASCII (RFC 5891); as it is, where that cannot be or need not be.

    What is left beyond ASCII after that takes SMTPUTF8 (RFC 6531) to be mailed to.
    """
    local, at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        found = f"{local}{at}{idna.encode(domain).decode()}"
    except idna.IDNAError:
        return address
    return found if len(found) <= _LENGTH else address


def _outside(value: str) -> str:
    """Return `value` without quoted strings and comments; all of it when one does not close or holds the other.

    A mark stays where a quoted string was: `"x"alice@good.org` is not alice.
    """
    kept: list[str] = []
    depth = 0
    for piece in _PIECE.findall(value):
        depth += (piece == "(") - (piece == ")")
        if piece == '"' or depth < 0 or (depth and piece[0] == '"'):
            return value
        if depth == 0:
            kept.append({'"': REPLACEMENT, "\\": REPLACEMENT, ")": " "}.get(piece[0], piece))
    return value if depth else "".join(kept)
