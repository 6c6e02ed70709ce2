"""What a part of a mail is: perhaps a result file, something that comes along with one, or closed to us."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.mail.mime.parts import Part

BYTES = "application/octet-stream"

PGP = "application/pgp-encrypted"

TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")

_MAILS = ("message/rfc822", "message/global", "message/news")

_CLOSED = {
    "application/pkcs7-mime": "encrypted",
    "application/x-pkcs7-mime": "encrypted",
    PGP: "encrypted",
    "application/x-microsoft-rpmsg-message": "encrypted",
    "message/partial": "partial",
    "message/external-body": "external-body",
    "application/mac-binhex40": "binhex",
    "application/mac-binhex": "binhex",
} | dict.fromkeys(_MAILS, "forwarded-as-attachment")
"""Media types of parts that are not opened, and the fault each is named by."""

_PROTECTED = re.compile(r"\.(p7m|rpmsg|gpg|pgp|age|hqx)$", re.IGNORECASE)
_BY_ENDING = {"hqx": "binhex"}

_PROTECTED_START = re.compile(
    rb"\s*-----BEGIN PGP MESSAGE-----"
    rb"|.{0,8}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"  # CMS enveloped data (RFC 5652, section 6)
    rb"|.{0,8}\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17"  # CMS authenticated-enveloped data (RFC 5083)
    rb"|\x76\xe8\x04\x60\xc4\x11\xe3\x86|age-encryption\.org/v1\n",
    re.DOTALL,
)

_SIGNED_START = re.compile(rb".{0,8}\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", re.DOTALL)  # CMS signed data

_ARMOUR = re.compile(r"^-----BEGIN PGP MESSAGE-----\s*$", re.MULTILINE)

_YENC = re.compile(r"^=ybegin (?:part=\d+ )?(?:total=\d+ )?line=\d+ ", re.MULTILINE)

_BINHEX = "(This file must be converted with BinHex"

REACTION = "text/vnd.google.email-reaction+json"


def is_closed(part: Part, *, is_sealed: bool = False) -> str:
    """Return the fault of a part that cannot be opened, by its media type, its place or its name; "" for others.

    `is_sealed` says that a neighbour is `application/pgp-encrypted`: Exchange makes multipart/mixed of such a mail.
    """
    if part.within == "multipart/encrypted" or (is_sealed and part.content_type == BYTES and not part.name):
        return "encrypted"
    if part.within == "multipart/digest" and part.content_type in _MAILS:
        return "digest"
    if code := _CLOSED.get(part.content_type, ""):
        return code
    if part.encoding in ("yenc", "binhex"):
        return part.encoding
    ending = _PROTECTED.search(part.name)
    return _BY_ENDING.get(ending[1].lower(), "encrypted") if ending else ""


def is_signed(data: bytes) -> bool:
    """Whether bytes are S/MIME that is only signed, with the mail inside (opaque signing: RFC 8551, section 3.5.2)."""
    return bool(_SIGNED_START.match(data[:_SNIFFED]))


def is_protected(data: bytes) -> bool:
    """Whether bytes begin as an encrypted file does, whatever its name says."""
    return bool(_PROTECTED_START.match(data[:_SNIFFED]))


def closed_text(text: str) -> str:
    """Return the fault of a text that is an encrypted or encoded file, "" for a text that can be read."""
    if _ARMOUR.search(text):
        return "encrypted"
    if _YENC.search(text):
        return "yenc"
    return "binhex" if _BINHEX in text else ""


def is_reaction(part: Part) -> bool:
    """Whether a part is no more than an emoji about a mail of ours (Gmail's form, and RFC 9078)."""
    return part.content_type == REACTION or part.disposition == "reaction"


_CALENDAR_ANSWER = re.compile(rb"^METHOD:[ \t]*REPLY\b", re.IGNORECASE | re.MULTILINE)

_REPORTS = ("message/disposition-notification", "message/delivery-status")


def notice(part: Part, data: Callable[[], bytes | None]) -> str:
    """Return what a mail with this part is, which a mail program wrote for its user; "" for any other part.

    It may be an emoji about a mail of ours, an answer to an invitation (RFC 5546, section 3.2.3), or a receipt outside
    of multipart/report. `data` decodes the part.
    """
    if is_reaction(part):
        return "emoji reaction"
    if part.content_type in _REPORTS:
        return "delivery or read report"
    if part.content_type == "text/calendar" and _CALENDAR_ANSWER.search((data() or b"")[:_SNIFFED]):
        return "answer to an invitation"
    return ""


def is_decoration(part: Part) -> bool:
    """Whether a part that is no candidate is a signature, or a picture within the text."""
    inline_image = part.content_type.startswith("image/") and part.disposition != "attachment"
    signature = part.content_type.startswith(("application/pgp", "application/pkcs7", "application/x-pkcs7"))
    return inline_image or signature or is_artifact(part.name)


_ARTIFACT = re.compile(
    r"ATT\d{5}\.(txt|html?|bin|dat|c)|.*\.(p7s|sig)|signature\.asc|(OpenPGP_|publickey).*\.asc|oledata\.mso"
    r"|(image|graycol|ecblank|pic)\d{3,5}\.(png|gif|jpe?g|wmz|emz)|mime-attachment(\.txt)?",
    re.IGNORECASE,
)


def is_artifact(name: str) -> bool:
    """Whether a file of this name is what mail programs add: signatures, keys, Exchange's ATT00001.txt."""
    return bool(_ARTIFACT.fullmatch(name))


_RESULT = re.compile(r".\.(json|jsonl|ndjson|csv|tsv)(\.gz|\.zip)?$|.\.(gz|zip)$", re.IGNORECASE)

_OTHER = re.compile(
    r"\.(pdf|docx?|odt|rtf|pptx?|odp|html?|md|tex|bib|eml|msg|py|ipynb|m|c|cpp|sh|ya?ml|toml|log"
    r"|png|jpe?g|gif|bmp|svg|webp|heic|tiff?|mp[34]|mov|wav|vcf|vcard|ics|p7[sm]|asc|sig|pgp|key)$",
    re.IGNORECASE,
)
"""Endings of files that come along with results: papers, code, pictures, signatures."""

_UNDER_THE_TAG = re.compile(r"\[[^\]\n]{0,60}submission\b[^\]\n]{0,20}\]", re.IGNORECASE)

_DOCUMENT = re.compile(r"\.(pdf|docx?|odt|rtf|html?|md|tex|ya?ml|toml|log)$", re.IGNORECASE)

_NAMED_LIKE_RESULTS = re.compile(
    r"(?:pred|result|submi|answer|score|结果|预测|提交|答案)[^/\n]{0,80}\.(html?|md|tex|ya?ml|toml)$",
    re.IGNORECASE,
)


def is_meant_as_result(name: str, subject: str) -> bool:
    """Whether a file that is no candidate is meant as one, in a mail without any: refused, it says what it lacks.

    A document under the tag of a submission is, and a table in another form whose name says what it holds.
    """
    if _UNDER_THE_TAG.search(subject):
        return bool(_DOCUMENT.search(name))
    return bool(_NAMED_LIKE_RESULTS.search(name))


_NEVER = re.compile(
    r"(image|audio|video|font|message|multipart)/.*|text/(html|calendar|enriched|rtf|(x-)?vcard|directory|x-amp-html)"
    r"|application/(pgp-.*|(x-)?pkcs7-.*|ics|applefile|ms-tnef|vnd\.ms-tnef|rtf|pdf)",
)

_OF_A_PROGRAM = re.compile(r"[a-z]+/.+\+(json|xml|zip|gzip)")
"""Data that mail programs put beside a text for one another, as ld+json (RFC 6838, section 4.2.8)."""

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
    if is_wanted_by_name(name):
        return False
    other = _OTHER.search(name) if name else _OF_A_PROGRAM.fullmatch(content_type)
    return bool(other or _NEVER.fullmatch(content_type))


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


_PASTED = re.compile(
    r"^[ \t]{0,20}[\[{]\s{0,200}[\[{\"]"  # JSON, fenced or not
    r'|^[ \t]{0,20}"?(?:id|index|question_id|image_id)"?[ \t]{0,20}[,;\t|]',  # the first line of a table
    re.IGNORECASE | re.MULTILINE,
)


def holds_data(text: str) -> bool:
    """Whether results were pasted into a text, below a greeting or not."""
    return bool(_PASTED.search(text))
