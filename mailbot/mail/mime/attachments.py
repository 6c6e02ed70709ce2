"""The attachments of a mail: which parts may be result files, and the first text."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailbot.mail.mime import body, faults, tnef
from mailbot.mail.mime.params import clean_name, disposition, file_name, media_type
from mailbot.mail.mime.text import text_of
from mailbot.mail.mime.transfer import decode, uuencoded
from mailbot.mail.model import Attachment, Brought

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.mail.mime.headers import Caps
    from mailbot.mail.mime.parts import Part
    from scoring.model import Problem


_BYTES = "application/octet-stream"

_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")

_CLOSED = {
    "application/pkcs7-mime": "encrypted",
    "application/x-pkcs7-mime": "encrypted",
    "application/pgp-encrypted": "encrypted",
    "message/rfc822": "forwarded-as-attachment",
    "message/global": "forwarded-as-attachment",
}
"""Media types of parts that are not opened, and the fault each is named by."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the parts of a mail hold."""

    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    faults: tuple[Problem, ...] = ()
    passed: tuple[Brought, ...] = ()


@dataclass(kw_only=True)
class _Basket:
    """What was collected from the parts so far."""

    files: list[Attachment] = field(default_factory=list)
    #: Names of parts by the fault they cause.
    closed: dict[str, list[str]] = field(default_factory=dict)
    #: Names of files that are no candidates: pictures, papers, README.
    passed: list[str] = field(default_factory=list)
    #: The same, with what they are known again by.
    brought: list[Brought] = field(default_factory=list)
    #: Media type and source of each text a person reads.
    texts: list[tuple[str, str]] = field(default_factory=list)


def find(raw: bytes, leaves: Sequence[Part], caps: Caps) -> Found:
    """Return the candidates among the parts, at most as many and as large as the caps allow, and the first text."""
    basket = _Basket()
    for part in leaves:
        _sort(raw, part, basket)
    kept, over = _within(basket.files, caps)
    closed = [faults.advice(code, len(names), names) for code, names in basket.closed.items()]
    hints = _hints(basket, taken=bool(kept or over))
    return Found(
        text=_first_text(basket.texts),
        attachments=kept,
        faults=(*over, *closed, *hints),
        passed=tuple(basket.brought[: caps.attachments]),
    )


def _sort(raw: bytes, part: Part, basket: _Basket) -> None:
    """Put a part where it belongs."""
    content_type, name = media_type(part.headers), file_name(part.headers)
    code = _CLOSED.get(content_type)
    if content_type in _TNEF or name.lower() == "winmail.dat":
        _sort_winmail(_decoded(raw, part), name, basket)
    elif code and not is_wanted_by_name(name):
        basket.closed.setdefault(code, []).append(name)
    elif body.is_body(part):
        _sort_body(raw, part, content_type, basket)
    elif not is_unwanted(name, content_type):
        data = _decoded(raw, part)
        _sort_file(Attachment(name=name, content_type=content_type, data=data or b""), basket, whole=data is not None)
    elif name and not _is_decoration(part, content_type):
        basket.passed.append(name)
        data = _decoded(raw, part)
        basket.brought += [brought(name, data)] if data else []


def brought(name: str, data: bytes) -> Brought:
    """Return what a file is known again by."""
    return Brought(name=name, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def _decoded(raw: bytes, part: Part) -> bytes | None:
    return decode(raw[part.start : part.end], part.headers.text("content-transfer-encoding"))


def _sort_winmail(data: bytes | None, name: str, basket: _Basket) -> None:
    """Take the files out of a winmail.dat; it often holds none, only the looks of the text."""
    if data is not None and not tnef.is_tnef(data) and is_wanted_by_name(name):
        _sort_file(Attachment(name=name, content_type=_BYTES, data=data), basket, whole=True)
        return
    packed, whole = tnef.files(data or b"")
    for sent_name, content in packed:
        inner = clean_name(sent_name)
        if is_unwanted(inner, _BYTES):
            basket.passed.append(inner)
        else:
            _sort_file(Attachment(name=inner, content_type=_BYTES, data=content), basket, whole=True)
    if not whole:
        basket.closed.setdefault("winmail", []).append(name)


def _is_decoration(part: Part, content_type: str) -> bool:
    """Whether a part that is no candidate is a signature, or a picture within the text."""
    inline_image = content_type.startswith("image/") and disposition(part.headers) != "attachment"
    return inline_image or content_type.startswith(("application/pgp", "application/pkcs7", "application/x-pkcs7"))


def _sort_file(file: Attachment, basket: _Basket, *, whole: bool) -> None:
    if not whole:
        basket.closed.setdefault("undecodable", []).append(file.name)
    elif is_candidate(file.name, file.content_type, file.data):
        basket.files.append(file)
    elif file.name:
        basket.passed.append(file.name)


def _sort_body(raw: bytes, part: Part, content_type: str, basket: _Basket) -> None:
    """Keep the text of a body, and take the uuencoded file out of it if there is one (mailx, old Outlook)."""
    packed = uuencoded(raw[part.start : part.end]) if content_type == "text/plain" else None
    text = body.source(raw, part)
    if packed:
        name, data, begin = packed
        text = body.source(raw[: part.start + begin], part)
        file = Attachment(name=clean_name(text_of(name)), content_type=_BYTES, data=data or b"")
        _sort_file(file, basket, whole=data is not None)
    basket.texts.append((content_type, text))


def _within(files: Sequence[Attachment], caps: Caps) -> tuple[tuple[Attachment, ...], list[Problem]]:
    """Return the first files that the caps allow, and the faults for the others."""
    kept, late = files[: caps.attachments], files[caps.attachments :]
    found = [faults.too_many_attachments([file.name for file in late], caps)] if late else []
    total, fitting, large = 0, list[Attachment](), list[str]()
    for file in kept:
        total += len(file.data)
        if total <= caps.decoded_bytes:
            fitting.append(file)
        else:
            large.append(file.name)
    if large:
        found.append(faults.too_much_data(large, total, caps))
    return tuple(fitting), found


def _hints(basket: _Basket, *, taken: bool) -> list[Problem]:
    """Return what may explain that a mail without candidates has none, or that a file is missing beside those taken."""
    stores = body.stores((text for _, text in basket.texts), beside_a_file=taken)
    if stores:
        return [faults.cloud_links(stores)]
    if taken:
        return []
    if any(kind == "text/plain" and looks_like_data(text.encode("utf-8", "replace")) for kind, text in basket.texts):
        return [faults.advice("pasted")]
    return [faults.advice("not-a-result-file", len(basket.passed), basket.passed)] if basket.passed else []


def _first_text(texts: Sequence[tuple[str, str]]) -> str:
    """Return the first plain text that says something, else the first HTML that does."""
    for wanted in ("text/plain", "text/html"):
        for kind, text in texts:
            shown = body.readable(text, kind) if kind == wanted else ""
            if shown:
                return shown
    return ""


_RESULT = re.compile(r".\.(json|jsonl|ndjson|csv|tsv)(\.gz|\.zip)?$|.\.(gz|zip)$", re.IGNORECASE)

_OTHER = re.compile(
    r"\.(pdf|docx?|odt|rtf|pptx?|odp|html?|md|tex|bib|eml|msg|py|ipynb|m|c|cpp|sh|ya?ml|toml|log"
    r"|png|jpe?g|gif|bmp|svg|webp|heic|tiff?|mp[34]|mov|wav|vcf|vcard|ics|p7[sm]|asc|sig|pgp|key)$",
    re.IGNORECASE,
)
"""Endings of files that come along with results: papers, code, pictures, signatures."""

_NEVER = re.compile(
    r"(image|audio|video|font|message|multipart)/.*|text/(html|calendar|enriched|rtf|(x-)?vcard|directory|x-amp-html)"
    r"|application/(pgp-.*|(x-)?pkcs7-.*|ics|applefile|ms-tnef|vnd\.ms-tnef|rtf|pdf)",
)

_DATA = re.compile(
    rb"\s*[\[{]\s*[\[{\"\]}]"  # JSON: an object, or a list of rows
    rb'|\s*"?(id|index|question_id|image_id)"?\s*[,;\t]'  # the first line of a table
    rb"|\x1f\x8b\x08|PK\x03\x04",  # gzip, zip
    re.IGNORECASE,
)

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

_SNIFFED = 4096  # bytes


def is_wanted_by_name(name: str) -> bool:
    """Whether a file of this name is a candidate whatever its media type and content."""
    return bool(_RESULT.search(name))


def is_unwanted(name: str, content_type: str) -> bool:
    """Whether a part can be passed over without decoding it: a picture, a signature, a paper, a calendar entry."""
    return not is_wanted_by_name(name) and bool(_OTHER.search(name) or _NEVER.fullmatch(content_type))


def is_candidate(name: str, content_type: str, data: bytes) -> bool:
    """Whether a decoded part that is not unwanted may be a result file.

    A text file under an ending that says nothing (`README.txt`) is one if it begins like data; any other file is one,
    so that the team is told by its reader why an .xlsx or a .pkl cannot be scored.
    """
    return is_wanted_by_name(name) or not content_type.startswith("text/") or looks_like_data(data)


def looks_like_data(data: bytes) -> bool:
    """Whether bytes begin like JSON, like a table with ids, or like a packed file."""
    start = data[:_SNIFFED]
    for bom in _BOMS:
        start = start.removeprefix(bom)
    return bool(_DATA.match(start.replace(b"\0", b"")))
