"""Which parts of a mail may be result files: by name and content, whatever the Content-Disposition says.

Apple Mail sends attachments as `inline`, others without any disposition or as `application/octet-stream`; on the other
side, signatures, logos and calendar entries are attachments too.
"""

from __future__ import annotations

import re

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
