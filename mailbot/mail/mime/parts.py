"""The tree of a mail's parts (RFC 2046), walked without recursion and no further than the caps allow."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from mailbot.mail.mime.headers import Caps, Headers, read_headers
from mailbot.mail.mime.params import disposition, file_name, media_type, parameters
from mailbot.mail.mime.transfer import encoding_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


_LOOKS = 1000
"""At most so many places that look like a delimiter are looked at in one container."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a mail, or the mail itself: its headers, and where its body lies in the raw bytes."""

    headers: Headers
    start: int
    end: int
    #: Containers around it.
    depth: int
    #: The media type of the container that it lies in; "" for the mail itself.
    within: str = ""
    #: Boundaries of the containers around it.
    around: tuple[str, ...] = ()

    @cached_property
    def content_type(self) -> str:
        """The media type; what lies in a digest is a mail unless it says otherwise (RFC 2046, section 5.1.5)."""
        return media_type(self.headers, "message/rfc822" if self.within == "multipart/digest" else "text/plain")

    @cached_property
    def name(self) -> str:
        """The file name for display, "" when it has none."""
        return file_name(self.headers)

    @cached_property
    def disposition(self) -> str:
        """How it is to be shown: `attachment`, `inline`, or ""."""
        return disposition(self.headers)

    @cached_property
    def encoding(self) -> str:
        """The transfer encoding, "" when there is none to undo."""
        return encoding_of(self.headers)

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of its Content-Type."""
        return parameters(self.headers.text("content-type"))

    @property
    def boundary(self) -> str:
        """What its parts are told apart by."""
        return self.parameters.get("boundary", "").rstrip()

    @property
    def is_container(self) -> bool:
        """Whether it holds parts: it says so, or it has a boundary and a media type that nobody knows."""
        major = self.content_type.partition("/")[0]
        return major == "multipart" or (major not in _MAJOR and bool(self.boundary))


_MAJOR = ("text", "image", "audio", "video", "font", "model", "application", "message", "example", "chemical")
"""The top-level media types of the register (RFC 2046, RFC 6838, section 4.2), and one that is in use."""


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The parts of a mail that were looked at, and what was left out."""

    #: The mail itself.
    top: Part
    #: Parts that hold no others, in order.
    leaves: tuple[Part, ...] = ()
    #: All parts there are, as far as they were counted; more than the cap when some were left out.
    parts: int = 0
    #: Containers left closed because they lie too deep.
    too_deep: int = 0
    #: Containers whose boundary is missing, or does not occur.
    broken: int = 0
    #: The headers of all parts that were looked at, the mail's own first.
    headers: tuple[Headers, ...] = ()


def walk(raw: bytes, top: Part, caps: Caps) -> Tree:
    """Return the leaves of a mail; `top` is the mail itself."""
    stack, leaves, headers = [top], list[Part](), list[Headers]()
    looked = beyond = too_deep = broken = 0
    while stack and looked < caps.parts:
        part = stack.pop()
        looked += 1
        headers.append(part.headers)
        if not part.is_container:
            leaves.append(part)
        elif part.depth >= caps.depth:
            too_deep += 1
        else:
            children, more = _children(raw, part, caps)
            broken += not children and part.boundary not in part.around
            beyond += more
            stack.extend(reversed(children))
    parts = looked + len(stack) + beyond
    charset = next(
        (found for leaf in leaves if (found := leaf.parameters.get("charset", "").lower()) not in _UNICODE), ""
    )
    told = tuple(replace(each, charset=charset) for each in headers) if charset else tuple(headers)
    leaves = [replace(leaf, headers=replace(leaf.headers, charset=charset)) for leaf in leaves] if charset else leaves
    return Tree(top=top, leaves=tuple(leaves), parts=parts, too_deep=too_deep, broken=broken, headers=told)


_UNICODE = ("", "utf-8", "utf8", "us-ascii", "ascii")


def read_part(raw: bytes, start: int, end: int, *, depth: int, caps: Caps, parent: Part | None = None) -> Part:
    """Return the part whose header block begins at `start`."""
    head, body = _split(raw, start, end)
    headers = read_headers(raw[start:head], caps)
    if early := _end_of_fields(raw, start, head, headers, caps):
        fewer = read_headers(raw[start:early], caps)
        is_doubtful = headers.from_unread or len(fewer.raw("from")) != len(headers.raw("from"))
        headers, body = replace(fewer, from_unread=is_doubtful), early
    within, around = (parent.content_type, (*parent.around, parent.boundary)) if parent else ("", ())
    return Part(headers=headers, start=body, end=max(body, end), depth=depth, within=within, around=around)


_FIELD = re.compile(rb"^(?:[A-Za-z][A-Za-z0-9_.-]{0,99}+[ \t]*+:|[ \t]|\r?\n|\Z)", re.MULTILINE)
_LAST_FIELD = re.compile(rb"^[A-Za-z][A-Za-z0-9_.-]{0,99}+[ \t]*+:[^\n]*+\n(?:[ \t][^\n]*+\n)*+", re.MULTILINE)


def _end_of_fields(raw: bytes, start: int, head: int, headers: Headers, caps: Caps) -> int:
    """Return where the body starts of a part with no empty line after its header; 0 when there is one.

    That is at the delimiter of the header's own boundary, or at the first line after the last field that is none.
    """
    content_type = headers.text("content-type")
    mark = parameters(content_type).get("boundary", "").rstrip() if "boundary" in content_type.lower() else ""
    at = raw.find(b"\n--" + mark.encode("utf-8", "surrogatepass"), start, head) if mark else -1
    if at >= 0:
        return at + 1
    last = raw.rfind(b"\n", start, max(head - 2, start)) + 1 or start
    if head - last <= _LINE_END or _FIELD.match(raw, last, head):
        return 0
    end = start
    for found in _LAST_FIELD.finditer(raw, start, min(head, start + caps.header_bytes)):
        end = found.end()
    return end


_LINE_END = 2  # bytes


def _split(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the header block ends and where the body starts: at the first empty line."""
    if raw.startswith((b"\n", b"\r\n"), start, end):
        return start, raw.index(b"\n", start, end) + 1
    crlf = raw.find(b"\n\r\n", start, end)
    lf = raw.find(b"\n\n", start, end if crlf < 0 else crlf)
    if lf >= 0:
        return lf + 1, lf + 2
    return (crlf + 1, crlf + 3) if crlf >= 0 else (end, end)


def _children(raw: bytes, part: Part, caps: Caps) -> tuple[list[Part], int]:
    """Return the parts of a container, and how many more there are than may be looked at."""
    mark = mark_of(raw, part)
    if not mark:
        return [], 0
    children: list[Part] = []
    start = -1
    for line, after, closing in _delimiters(raw, mark, part):
        if start >= 0:
            children.append(read_part(raw, start, line, depth=part.depth + 1, caps=caps, parent=part))
        start = -1 if closing else after
        if len(children) == caps.parts:
            break
    if start < 0:
        return children, 0
    if len(children) == caps.parts:
        return children, raw.count(b"\n" + mark, start, part.end)
    return [*children, read_part(raw, start, part.end, depth=part.depth + 1, caps=caps, parent=part)], 0


def mark_of(raw: bytes, part: Part) -> bytes:
    """Return how the lines between the parts begin; a few programs put quotes around a boundary twice."""
    for boundary in dict.fromkeys((part.boundary, part.boundary.strip("'\"<>\\"))):
        mark = b"--" + boundary.encode("utf-8", "surrogatepass")
        if boundary and raw.find(b"\n" + mark, max(part.start - 1, 0), part.end) >= 0:
            return mark
    return b""


def _delimiters(raw: bytes, mark: bytes, part: Part) -> Iterator[tuple[int, int, bool]]:
    """Yield each delimiter line: where the line break before it starts, where the next line starts, is it the last."""
    at = max(part.start - 1, 0)
    for _ in range(_LOOKS):
        at = raw.find(b"\n" + mark, at, part.end)
        if at < 0:
            return
        tail_start = at + 1 + len(mark)
        line_end = raw.find(b"\n", tail_start, part.end)
        after = part.end if line_end < 0 else line_end + 1
        tail = raw[tail_start : min(after, tail_start + 100)].strip()
        if tail in (b"", b"--"):
            before = at - 1 if at > part.start and raw[at - 1 : at] == b"\r" else at
            yield max(before, part.start), after, tail == b"--"
        at = after - 1
