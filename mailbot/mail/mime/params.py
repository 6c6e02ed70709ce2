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

_KNOWN = r"(?:boundary|charset|(?:file)?name|type|format|protocol|report-type|access-type|micalg)[*0-9]{0,5}\s{0,9}="
_MISSING = rf"[\s,]{{1,20}}+(?={_KNOWN})"
_PARAM = re.compile(
    rf"""(?:;\s*+|{_MISSING})([^\s=;"]++)\s*+=\s*+("(?:[^"\\]|\\.)*+"?|(?:(?!{_MISSING})[^;])*+)""",
    re.DOTALL | re.IGNORECASE,
)
"""A parameter; before those that matter, the semicolon may be missing."""

_TOKENS = ("boundary", "charset")
_ESCAPED = re.compile(r'\\(["\\])')
_SECTION = re.compile(r"([^*]+)\*(\d{1,3})(\*?)")
_COMMENT = re.compile(r"\([^()]*+\)")
_MEDIA_TYPE = re.compile(r'[\s"]*+([a-z0-9!#$&^_.+-]{1,60})\s*+/\s*+([a-z0-9!#$&^_.+*-]{1,100})(?![^\s";,(])')
_MULTIPART = re.compile(r'[\s"]*+multipart(?![^\s";,(])')


def media_type(headers: Headers, default: str = "text/plain") -> str:
    """Return the media type in lower case, whatever stands around it: quotes, comments, no semicolon.

    `default` where there is none, or none that can be told (RFC 2045, 5.2); `multipart` alone is `multipart/mixed`.
    """
    value = headers.text("content-type").lower()
    value = _COMMENT.sub(" ", value) if "(" in value else value
    found = _MEDIA_TYPE.match(value)
    if found:
        return f"{found[1]}/{found[2]}"
    return "multipart/mixed" if _MULTIPART.match(value) else default


def disposition(headers: Headers) -> str:
    """Return the disposition in lower case, as `attachment` or `inline`; "" when there is none."""
    return _first_token(headers.text("content-disposition").lower().partition(";")[0].strip(' \t"'))


def _first_token(value: str) -> str:
    """Return what stands before the first space or comment."""
    return re.split(r"[\s(]", value, maxsplit=1)[0]


def parameters(value: str) -> dict[str, str]:
    """Return the parameters of a field by name in lower case; of a name given twice, the first counts.

    RFC 2231 values are joined and decoded under their plain name, where they win over a plain value.
    """
    plain: dict[str, str] = {}
    for found in _PARAM.finditer(value):
        name = found[1].lower()
        plain.setdefault(name, _unquoted(found[2].strip(), is_token=name in _TOKENS))
    return plain | _continued(plain) | _extended(plain)


def file_name(headers: Headers) -> str:
    """Return the file name of a part for display, "" when it has none.

    Taken from the Content-Disposition, else from the Content-Type; written as in RFC 2231 or 2047, or as raw bytes.
    NFC, printable, without folders, at most `NAME_LENGTH` characters, the ending kept.
    """
    for field, name in (("content-disposition", "filename"), ("content-type", "name")):
        found = clean_name(_from_a_url(decode_words(parameters(headers.text(field)).get(name, ""))))
        if found:
            return found
    return ""


_ESCAPES = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f]){2}")


def _from_a_url(name: str) -> str:
    """Return a name without the percent-encoding that some web mailers leave in it, where that is text beyond ASCII."""
    if not name.isascii() or _ESCAPES.search(name) is None:
        return name
    try:
        return unquote_to_bytes(name).decode()
    except UnicodeDecodeError:
        return name


def clean_name(name: str) -> str:
    """Return a file name made fit to be shown: no folder, no control or direction characters, not too long."""
    name = re.split(r"[/\\]", name)[-1]
    name = "".join(char for char in unicodedata.normalize("NFC", name) if unicodedata.category(char)[0] != "C")
    name = printable(" ".join(name.split()), limit=10_000)
    if not name.strip("."):
        return ""
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 21]}…{name[-20:]}"


def _unquoted(value: str, *, is_token: bool) -> str:
    """Return a value without its quotes; a backslash escapes only a quote or itself, since Windows paths come raw.

    Without quotes, a token ends at a space or a comment; a file name does not.
    """
    if not value.startswith('"'):
        return _first_token(value) if is_token else value
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
    """Return the sections as one text: joined as bytes first, since a character may be cut in two.

    Whether they are numbered from 0 or from 1, or one was lost, they are joined in the order of their numbers.
    """
    charset, data = "", b""
    for place, (_, (value, encoded)) in enumerate(sorted(parts.items())):
        if encoded and place == 0:
            charset, rest = _charset_first(value)
            data += unquote_to_bytes(rest)
        else:
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
