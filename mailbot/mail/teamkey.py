"""Team keys: 128 secret bits in an address or a subject; stored hashed, removed from everything shown. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

BYTES = 16
"""A key has 128 bits."""

PREFIX = "mbk"
"""How a key begins: so it is found wherever it stands, also by those who search for leaked secrets."""

MOST = 4
"""At most so many keys of one mail are looked up."""

_KEY = re.compile(rf"{PREFIX}[a-z2-7]{{26}}", re.IGNORECASE)
_OPENS = ("[", "(", "<", "（", "【")  # noqa: RUF001  # as Chinese input methods write
_CLOSES = re.compile(r"\s*+[\])>）】]")  # noqa: RUF001  # the same
_WORD = re.compile(r"\bkey\Z", re.IGNORECASE)


def made(randomness: bytes) -> str:
    """Write BYTES random bytes as a key: lower case, so that a mail server may change its case."""
    return PREFIX + base64.b32encode(randomness).decode("ascii").rstrip("=").lower()


def found(*texts: str) -> tuple[str, ...]:
    """Return the keys in texts, each once, lower case."""
    keys = (match.group().lower() for text in texts for match in _KEY.finditer(text))
    return tuple(dict.fromkeys(keys))[:MOST]


def stripped(text: str) -> str:
    """Return a text without the keys in it, and without the brackets and the word around each."""
    kept, at = [], 0
    for key in _KEY.finditer(text):
        kept.append(_without_word(text[at : key.start()]))
        closes = _CLOSES.match(text, key.end())
        at = closes.end() if closes else key.end()
    return "".join([*kept, text[at:]]).strip() if at else text


def _without_word(before: str) -> str:
    """Return what stands before a key without ``(key:``, or what is there of it, and the white space around."""
    head = before.rstrip()
    said = (head[:-1] if head.endswith((":", "=", "：")) else head).rstrip()  # noqa: RUF001  # the same
    if _WORD.search(said[-4:]):
        head = said[:-3].rstrip()
    return head[:-1].rstrip() if head.endswith(_OPENS) else head


def masked(text: str) -> str:
    """Return a text of many lines with a mark in the place of each key."""
    return _KEY.sub("[key]", text)


def hashed(secret: bytes, key: str) -> str:
    """Return what the ledger keeps of a key: HMAC-SHA256, hex. Without the secret nobody can test a guess."""
    return hmac.new(secret, f"team-key {key}".encode(), hashlib.sha256).hexdigest()
