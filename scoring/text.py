"""Words for messages: foreign text made inert, numbers counted, lists kept short.

Standard library only.
"""

from __future__ import annotations

import json
import unicodedata
from itertools import islice
from typing import TYPE_CHECKING

from scoring.model import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterable

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
SPACES = frozenset("\t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029")


def printable(text: str, limit: int = 60) -> str:
    """``text`` on one line, without control, bidi or surrogate characters, at most ``limit`` characters.

    White space is squeezed to single spaces; what no reader can see becomes U+FFFD; the text is NFC.
    """
    if text.isascii() and text.isprintable():
        return _shortened(" ".join(text.split()), limit)
    text = text[: 8 * limit]  # enough to fill the limit whatever is squeezed, and no more work than that
    spaced = "".join(" " if char in SPACES else char for char in text)
    squeezed = " ".join(unicodedata.normalize("NFC", spaced).split())
    inert = "".join(REPLACEMENT if unicodedata.category(char).startswith("C") else char for char in squeezed)
    return _shortened(inert, limit)


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of characters that a terminal acts on, or that no reader can see."""


def inert(text: str) -> str:
    """``text`` as it is, lines kept, but for characters that a terminal would act on or that reorder text."""
    if text.isprintable():
        return text
    return "".join(c if c == "\n" or unicodedata.category(c) not in _UNSEEN else REPLACEMENT for c in text)


def escaped(told: str) -> str:
    """JSON with such characters written as escapes, so that it can be shown on a terminal and means the same."""
    plain = (c if c == "\n" or unicodedata.category(c) not in _UNSEEN else json.dumps(c)[1:-1] for c in told)
    return told if told.replace("\n", "").isprintable() else "".join(plain)


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def quoted(text: str, limit: int = 40) -> str:
    """``text`` made inert, in double quotes."""
    return f'"{printable(text, limit)}"'


def counted(count: int, one: str, many: str = "") -> str:
    """``1 id``, ``1,050 ids``; ``many`` is ``one`` with an s unless given."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def first(examples: Iterable[str]) -> tuple[str, ...]:
    """At most :data:`~scoring.model.EXAMPLES` of the examples."""
    return tuple(islice(examples, EXAMPLES))


def listed(words: Iterable[str], most: int = 8) -> str:
    """Return ``a, b, c``; beyond ``most`` words the rest is counted."""
    every = list(words)
    rest = len(every) - most
    shown = ", ".join(every[:most])
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def texts_in(data: bytes, n: int) -> list[str]:
    """Return a column of ``n`` texts from its bytes, a JSON list. Raises ValueError for what is none."""
    found = json.loads(data)
    if not isinstance(found, list) or len(found) != n or not all(isinstance(each, str) for each in found):
        raise ValueError("no column of texts")
    return found
