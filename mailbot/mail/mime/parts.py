"""The tree of a mail's parts (RFC 2046), walked without recursion and no further than the caps allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.mail.mime.headers import Caps, Headers, read_headers
from mailbot.mail.mime.params import media_type, parameters

if TYPE_CHECKING:
    from collections.abc import Iterator


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

    @property
    def is_container(self) -> bool:
        """Whether it holds parts."""
        return media_type(self.headers).startswith("multipart/")


@dataclass(frozen=True, kw_only=True)
class Tree:
    """The parts of a mail that were looked at, and what was left out."""

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
            broken += not children
            beyond += more
            stack.extend(reversed(children))
    parts = looked + len(stack) + beyond
    return Tree(leaves=tuple(leaves), parts=parts, too_deep=too_deep, broken=broken, headers=tuple(headers))


def read_part(raw: bytes, start: int, end: int, *, depth: int, caps: Caps) -> Part:
    """Return the part whose header block begins at `start`; with no empty line after it, there is no body."""
    head, body = _split(raw, start, end)
    return Part(headers=read_headers(raw[start:head], caps), start=body, end=max(body, end), depth=depth)


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
    boundary = parameters(part.headers.text("content-type")).get("boundary", "").rstrip()
    if not boundary:
        return [], 0
    mark = b"--" + boundary.encode("utf-8", "surrogatepass")
    children: list[Part] = []
    start = -1
    for line, after, closing in _delimiters(raw, mark, part):
        if start >= 0:
            children.append(read_part(raw, start, line, depth=part.depth + 1, caps=caps))
        start = -1 if closing else after
        if closing or len(children) == caps.parts:
            break
    if start < 0:
        return children, 0
    if len(children) == caps.parts:
        return children, raw.count(b"\n" + mark, start, part.end)
    return [*children, read_part(raw, start, part.end, depth=part.depth + 1, caps=caps)], 0


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
