"""Parameters of Content-Type and Content-Disposition, and the file names in them (RFC 2045, 2183, 2231, 2047)."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from mailbot.mail.mime.text import decode_words, text_of
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailbot.mail.mime.headers import Headers

NAME_LENGTH = 100
"""Characters of a file name that are kept."""

_PARAM = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"?|[^;]*+)', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_SECTION = re.compile(r"([^*]+)\*(\d{1,3})(\*?)")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")


def media_type(headers: Headers) -> str:
    """Return the media type in lower case; `text/plain` when there is none or it is malformed (RFC 2045, 5.2)."""
    value = headers.text("content-type").partition(";")[0].strip().lower()
    return value if _MEDIA_TYPE.fullmatch(value) else "text/plain"


def disposition(headers: Headers) -> str:
    """Return the disposition in lower case, as `attachment` or `inline`; "" when there is none."""
    return headers.text("content-disposition").partition(";")[0].strip().lower()


def parameters(value: str) -> dict[str, str]:
    """Return the parameters of a field by name in lower case; of a name given twice, the first counts.

    RFC 2231 values are joined and decoded under their plain name, where they win over a plain value.
    """
    plain: dict[str, str] = {}
    for found in _PARAM.finditer(value):
        plain.setdefault(found[1].lower(), _unquoted(found[2].strip()))
    return plain | _continued(plain) | _extended(plain)


def file_name(headers: Headers) -> str:
    """Return the file name of a part for display, "" when it has none.

    Taken from the Content-Disposition, else from the Content-Type; written as in RFC 2231 or 2047, or as raw bytes.
    NFC, printable, without folders, at most `NAME_LENGTH` characters, the ending kept.
    """
    for field, name in (("content-disposition", "filename"), ("content-type", "name")):
        found = clean_name(decode_words(parameters(headers.text(field)).get(name, "")))
        if found:
            return found
    return ""


def clean_name(name: str) -> str:
    """Return a file name made fit to be shown: no folder, no control or direction characters, not too long."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(char for char in unicodedata.normalize("NFC", name) if unicodedata.category(char)[0] != "C")
    name = printable(" ".join(name.split()), limit=10_000)
    if not name.strip("."):
        return ""
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 21]}…{name[-20:]}"


def _unquoted(value: str) -> str:
    """Return a value without its quotes; a backslash escapes only a quote or itself, since Windows paths come raw."""
    if not value.startswith('"'):
        return value
    closed = len(value) > 1 and value.endswith('"')
    return _ESCAPED.sub(r"\1", value[1:-1] if closed else value[1:])


def _continued(plain: Mapping[str, str]) -> dict[str, str]:
    """Return the values that come in sections: `name*0*=utf-8''a%20; name*1=b` (RFC 2231, section 3)."""
    sections: dict[str, dict[int, tuple[str, bool]]] = {}
    for key, value in plain.items():
        found = _SECTION.fullmatch(key)
        if found:
            sections.setdefault(found[1], {})[int(found[2])] = (value, bool(found[3]))
    return {name: _joined(parts) for name, parts in sections.items()}


def _joined(parts: Mapping[int, tuple[str, bool]]) -> str:
    """Return the sections as one text: joined as bytes first, since a character may be cut in two."""
    charset, data = "", b""
    for number in range(len(parts)):
        value, encoded = parts.get(number, ("", False))
        if encoded and number == 0:
            charset, value = _charset_first(value)
        data += unquote_to_bytes(value) if encoded else value.encode("utf-8", "surrogatepass")
    return text_of(data, charset)


def _extended(plain: Mapping[str, str]) -> dict[str, str]:
    """Return the values written as `name*=utf-8''%E7%BB%93` (RFC 2231, section 4)."""
    found = {}
    for key, value in plain.items():
        if key.endswith("*") and key.count("*") == 1:
            charset, rest = _charset_first(value)
            found[key[:-1]] = text_of(unquote_to_bytes(rest), charset)
    return found


def _charset_first(value: str) -> tuple[str, str]:
    """Split `charset'language'rest`; without quotes all of it is the rest."""
    charset, quote, rest = value.partition("'")
    language, second, rest = rest.partition("'")
    return (charset, rest) if quote and second and len(language) < NAME_LENGTH else ("", value)
