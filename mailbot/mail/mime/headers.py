"""The header block of a mail or of one of its parts: split, unfolded and decoded in time linear in its length.

Only the fields that are asked for are decoded, and of each only the first `value_bytes`; a DKIM or ARC field may be as
long as it likes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from mailbot.mail.mime.text import decode_words, text_of

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, kw_only=True)
class Caps:
    """Limits on one mail; whatever passes one is left out, and the team is told which and by how much."""

    #: Bytes of the whole mail, as fetched.
    message_bytes: int = 25 * MIB
    #: Bytes of one header block: the mail's own, or a part's.
    header_bytes: int = 64 * KIB
    #: Bytes of one field that is decoded; fields that are not read may be longer.
    value_bytes: int = 8 * KIB
    #: Parts that are looked at, containers included.
    parts: int = 100
    #: Containers within one another.
    depth: int = 8
    #: Attachments that are taken.
    attachments: int = 10
    #: Bytes of all attachments together, decoded.
    decoded_bytes: int = 30 * MIB


DEFAULT = Caps()


_FIELD = re.compile(rb"([!-9;-~]{1,100})[ \t]*:(.*)", re.DOTALL)
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_FROM = re.compile(rb"^from[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Headers:
    """The fields of one header block, in order; names are compared without case."""

    #: Name in lower case and unfolded value of each field.
    fields: tuple[tuple[str, bytes], ...] = ()
    #: Bytes of the block as it came, those over the cap included.
    size: int = 0
    #: Bytes of a value that are decoded.
    value_bytes: int = DEFAULT.value_bytes
    #: Whether a From field stands where the block is over its cap and was not read.
    from_unread: bool = False
    #: The charset that the mail's parts declare, for values of raw bytes; "" when they declare none.
    charset: str = ""

    @cached_property
    def _by_name(self) -> dict[str, tuple[bytes, ...]]:
        found: dict[str, list[bytes]] = {}
        for name, value in self.fields:
            found.setdefault(name, []).append(value)
        return {name: tuple(values) for name, values in found.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def raw(self, name: str) -> tuple[bytes, ...]:
        """Return the whole values of all fields called `name` (in lower case)."""
        return self._by_name.get(name, ())

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of all fields called `name` as text, encoded words left as they are."""
        return tuple(text_of(value[: self.value_bytes], around=self.charset).strip() for value in self.raw(name))

    def text(self, name: str) -> str:
        """Return the first value of `name` as text, "" when there is none.

        A Content-Type that is one encoded word is decoded: so some gateways write one with a byte beyond ASCII.
        """
        value = next(iter(self.texts(name)), "")
        return decode_words(value) if value.startswith("=?") and name.startswith("content-") else value

    def decoded(self, name: str) -> str:
        """Return the first value of `name` with its encoded words decoded."""
        return decode_words(self.text(name))


def read_headers(block: bytes, caps: Caps = DEFAULT) -> Headers:
    """Return the fields of a header block; lines that are no field are passed over, as is a field cut by the cap."""
    cut = len(block) > caps.header_bytes
    lines = _FOLD.sub(b"", block[: caps.header_bytes]).split(b"\n")
    found = (_FIELD.fullmatch(line) for line in (lines[:-1] if cut else lines))
    fields = tuple((field[1].decode("ascii").lower(), field[2].strip()) for field in found if field)
    froms = sum(name == "from" for name, _ in fields)
    return Headers(
        fields=fields,
        size=len(block),
        value_bytes=caps.value_bytes,
        from_unread=cut and len(_FROM.findall(block)) != froms,
    )
