"""How much of a mail is read."""

from __future__ import annotations

from dataclasses import dataclass

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
