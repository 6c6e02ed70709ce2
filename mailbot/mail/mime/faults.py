"""The faults that a mail can have as a mail, in words for the team.

A fault never spoils an attachment: what stands in `Mail.attachments` is whole, and each fault names what does not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailbot.mail.mime.headers import KIB, MIB
from scoring.model import EXAMPLES, Problem
from scoring.text import listed, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.mail.mime.headers import Caps
    from mailbot.mail.mime.links import Link


ADVICE = {
    "winmail": "Outlook packed your attachments into winmail.dat, and that arrived damaged: not all of it can be read. "
    "Please send the mail as plain text or HTML (Format Text > Plain Text) with the file attached.",
    "encrypted": "The mail or its file is encrypted, so it cannot be read here. "
    "Please send it unencrypted, with the file attached.",
    "smime-signed": "The mail is signed with S/MIME in a form that hides its files (opaque signing). "
    "Please send it unsigned, or signed in clear text, with the file attached.",
    "forwarded-as-attachment": "The mail holds another mail as an attachment; files inside that one are not looked at. "
    "Please attach the result file itself.",
    "digest": "The mail is a digest of other mails (multipart/digest); files inside those are not looked at. "
    "Please attach the result file itself.",
    "partial": "The mail is one piece of a mail that a mail program cut up (message/partial); pieces are not put "
    "together here. Please send the file in one mail, packed as .zip or .gz.",
    "external-body": "The mail only says where a file can be fetched (message/external-body); it is not fetched. "
    "Please attach the file itself.",
    "yenc": "The file was sent as yEnc, which is not read here. Please attach it as a mail program does (base64).",
    "binhex": "The file was sent as BinHex, which is not read here. "
    "Please attach it as a mail program does (base64), or packed as .zip.",
    "undecodable": "An attachment arrived damaged: its base64 or uuencode cannot be read. "
    "Please attach the file again; packing it as .zip protects it on the way.",
    "broken-structure": "The mail says it has several parts, but they cannot be told apart (no usable boundary). "
    "Please send it again, if possible with another mail program.",
    "pasted": "The results seem to be pasted into the text of the mail. Please attach them as a file.",
    "not-a-result-file": "None of the attached files looks like results. "
    "Please attach a .json, .jsonl, .csv or .tsv file; it may be packed as .zip or .gz.",
    "no-body": "The mail has no content below its header.",
    "substitute": "Our mail server could not hand over your mail and put a notice in its place. Please send it again.",
}


def advice(code: str, count: int = 1, examples: Sequence[str] = ()) -> Problem:
    """Return the fault `code` with its fixed sentence; `examples` are names of files or fields."""
    return Problem(code=code, count=count, examples=_shown(examples), message=ADVICE[code])


def cloud_links(links: Sequence[Link]) -> Problem:
    """Return the fault of links to files in stores, one for each link; one that a filter had hidden is shown."""
    names = [link.store for link in links]
    shown = listed(dict.fromkeys(f"{store}: {target}" if target else store for store, target in links), 3)
    message = (
        f"A file seems to lie behind a link ({printable(shown, _LINKS_SHOWN)}); links are not followed, so it was not "
        "fetched. Please attach the file itself, as .json or .csv, or packed as .zip or .gz."
    )
    return Problem(code="cloud-link", count=len(links), examples=_shown(list(dict.fromkeys(names))), message=message)


_LINKS_SHOWN = 400  # characters


def message_too_long(size: int, caps: Caps) -> Problem:
    """Return the fault of a mail of `size` bytes; nothing below its header was read."""
    passed = _bytes_over(size, caps.message_bytes)
    message = f"The mail is too large: {passed}. Nothing below its header was read. Packing the file as .zip helps."
    return Problem(code="message-too-long", count=1, message=message)


def headers_too_long(sizes: Sequence[int], caps: Caps) -> Problem:
    """Return the fault of header blocks of these sizes in bytes; only the beginning of each was read."""
    message = f"A header block is too long: {_bytes_over(max(sizes), caps.header_bytes)}. Only its beginning was read."
    return Problem(code="headers-too-long", count=len(sizes), message=message)


def values_too_long(sizes: Sequence[tuple[str, int]], caps: Caps) -> Problem:
    """Return the fault of header fields of these names and sizes in bytes; only the beginning of each was read."""
    longest = _bytes_over(max(size for _, size in sizes), caps.value_bytes)
    message = f"A header field is too long: {longest}. Only its beginning was read."
    return Problem(
        code="header-too-long", count=len(sizes), examples=_shown([name for name, _ in sizes]), message=message
    )


def too_many_parts(parts: int, caps: Caps) -> Problem:
    """Return the fault of a mail of `parts` parts; those over the cap were not looked at."""
    message = f"The mail has about {parts:,} parts; at most {caps.parts:,} are looked at."
    return Problem(code="too-many-parts", count=parts - caps.parts, message=message)


def too_deep(containers: int, caps: Caps) -> Problem:
    """Return the fault of parts nested too deep; those inside were not looked at."""
    message = f"Parts of the mail are nested more than {caps.depth} deep; those inside were not looked at."
    return Problem(code="too-deep", count=containers, message=message)


def too_many_attachments(names: Sequence[str], caps: Caps) -> Problem:
    """Return the fault of the attachments `names` that came after the last one taken."""
    total = caps.attachments + len(names)
    message = f"The mail has {total:,} attachments; at most {caps.attachments:,} are taken, the first ones."
    return Problem(code="too-many-attachments", count=len(names), examples=_shown(names), message=message)


def too_much_data(names: Sequence[str], total: int, caps: Caps) -> Problem:
    """Return the fault of the attachments `names` left out because all together decode to `total` bytes."""
    passed = _bytes_over(total, caps.decoded_bytes)
    message = f"The attachments are too large together: {passed}. Those named here were not taken."
    return Problem(code="too-much-data", count=len(names), examples=_shown(names), message=message)


def _shown(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(printable(name or "(no name)", limit=100) for name in names[:EXAMPLES])


def _bytes_over(found: int, cap: int) -> str:
    unit, name = (MIB, "MiB") if cap >= MIB else (KIB, "KiB")
    return f"{found / unit:,.1f} {name}, {(found - cap):,} bytes over the limit of {cap / unit:,.0f} {name}"


HEAD_BYTES = 65536

_RAW = re.compile(
    rb"^subject:\s*retrieval using the imap4 protocol failed for the following message", re.IGNORECASE | re.MULTILINE
)

_SUBJECT = re.compile(r"\s*retrieval using the imap4 protocol failed for the following message", re.IGNORECASE)

_TEXT = re.compile(r"\s*the server couldn.t retrieve the following message", re.IGNORECASE)


def is_substitute(subject: str, text: str) -> bool:
    """Whether a mail of this decoded subject and text is such a notice (Exchange 2007 and later)."""
    return bool(_SUBJECT.match(subject) or _TEXT.match(text))


def looks_substituted(raw: bytes) -> bool:
    """Whether a mail as fetched is such a notice, by its Subject field: cheap, and before it is parsed."""
    return bool(_RAW.search(raw[:HEAD_BYTES].partition(b"\r\n\r\n")[0]))
