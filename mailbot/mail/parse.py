"""Raw bytes to a `Mail`: total, bounded, and linear in the length of the mail.

What is hostile or broken becomes a fault in the mail, never an exception; what passes a cap is left out and named.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from mailbot.mail import teamkey
from mailbot.mail.authentication import read_claims
from mailbot.mail.automatic import looks_automatic, notice_in
from mailbot.mail.mime import faults, kinds
from mailbot.mail.mime.addresses import addresses, senders
from mailbot.mail.mime.attachments import brought, find
from mailbot.mail.mime.body import is_body, shown, source
from mailbot.mail.mime.faults import is_substitute
from mailbot.mail.mime.headers import DEFAULT, Caps
from mailbot.mail.mime.parts import Tree, mark_of, read_part, walk
from mailbot.mail.mime.transfer import decode
from mailbot.mail.model import Mail
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mailbot.mail.mime.attachments import Found
    from mailbot.mail.mime.headers import Headers
    from mailbot.mail.model import Attachment
    from scoring.model import Problem

__all__ = ["Caps", "parse"]

SUBJECT_LENGTH = 250
"""Characters of a subject that are kept."""

_ID = re.compile(r"<(?![!-;=?-~]{0,250}=\?)[!-;=?-~]{1,250}>")
"""What may be echoed in In-Reply-To and References: nothing that holds an encoded word (see `words.literal`)."""

_ENDS = 20  # ids kept of each end of a long thread
_MOST_IDS = 64 * 1024  # bytes of References that are looked at
_READ_FIELDS = ("from", "subject", "message-id", "content-type", "content-disposition")
_AHEAD = re.compile(rb"(?:\xef\xbb\xbf)?(?:[ \t]{0,9}\r?\n){0,20}(?:From [^\n]{0,300}\n)?")
"""A byte order mark, empty lines, and the first line of an mbox."""


def parse(raw: bytes, caps: Caps = DEFAULT, trusted: Collection[str] = ()) -> Mail:
    """Return what is to be known of a mail from its bytes as fetched; total.

    `trusted` names the servers whose Authentication-Results count. A team key is taken out of subject and text.
    Of a mail over `caps.message_bytes` only the header is read. Attachments are whole: each fault names what is not.
    """
    raw, tree = tree_of(raw, caps)
    found = find(raw, tree.leaves, caps)
    headers = tree.headers[0]
    found = _with_meant(found, headers.decoded("subject"))
    said = headers.decoded("subject")
    subject = printable(teamkey.stripped(said), SUBJECT_LENGTH)
    sign = looks_automatic(
        headers, has_attachment=bool(found.attachments), notice=found.notice or notice_in(found.text)
    )
    notice = [faults.advice("substitute")] if is_substitute(subject, found.text) else []
    return Mail(
        senders=senders(headers),
        subject=subject,
        message_id=_message_id(headers),
        references=_references(headers),
        text=teamkey.masked(found.text),
        attachments=found.attachments,
        passed=tuple(brought(file) for file in found.passed),
        claims=read_claims(headers, said, trusted),
        automatic=sign[1] if sign else None,
        sign=sign[0] if sign else None,
        original=_original(headers),
        faults=(*notice, *_over_caps(raw, tree, caps), *found.faults),
    )


def _with_meant(found: Found, subject: str) -> Found:
    """Return what was found, with what is meant as a result file among the candidates if there is no other."""
    meant = tuple(file for file in found.passed if kinds.is_meant_as_result(file.name, subject))
    if found.attachments or not meant:
        return found
    others = tuple(file for file in found.passed if file not in meant)
    told = tuple(fault for fault in found.faults if fault.code != "not-a-result-file")
    return replace(found, attachments=meant, passed=others, faults=told)


def tree_of(raw: bytes, caps: Caps) -> tuple[bytes, Tree]:
    """Return the bytes that are to be read and the parts in them; of a mail over `caps.message_bytes` only its header.

    Lines of an old Macintosh end with a bare carriage return; SAP encodes all parts of a mail together, as if they were
    one (RFC 2045, section 6.4, forbids it).
    """
    raw = raw if b"\n" in raw else raw.replace(b"\r", b"\n")
    top = read_part(raw, _start(raw), len(raw), depth=0, caps=caps)
    if len(raw) > caps.message_bytes:
        return raw, Tree(top=top, headers=(top.headers,))
    if top.is_container and top.encoding and not mark_of(raw, top):
        raw = raw[: top.start] + (decode(raw[top.start :], top.encoding) or b"")
        top = replace(top, end=len(raw))
    return raw, walk(raw, top, caps)


def files(raw: bytes, caps: Caps) -> Iterator[Attachment]:
    """Yield every file of a mail that its `Mail` names, candidate or not: what is listed can be taken out."""
    raw, tree = tree_of(raw, caps)
    found = find(raw, tree.leaves, caps)
    yield from found.attachments
    yield from found.passed


def rich(raw: bytes, caps: Caps) -> str:
    """Return the first HTML text of a mail, safe to show (see :func:`.body.shown`); "" without one."""
    raw, tree = tree_of(raw, caps)
    parts = [part for part in tree.leaves if part.content_type == "text/html" and is_body(part)]
    found = (shown(source(part, raw[part.start : part.end])) for part in parts)
    return teamkey.masked(next((text for text in found if text.strip()), ""))


def _start(raw: bytes) -> int:
    """Return where the header begins."""
    ahead = _AHEAD.match(raw)
    return ahead.end() if ahead else 0


def _message_id(headers: Headers) -> str | None:
    """Return the Message-ID if there is exactly one and it may be echoed."""
    values = headers.texts("message-id")
    return values[0] if len(values) == 1 and _ID.fullmatch(values[0]) else None


def _references(headers: Headers) -> tuple[str, ...]:
    """Return the ids of References, else of In-Reply-To: of a long thread the first and the last ones."""
    for name in ("references", "in-reply-to"):
        value = b" ".join(headers.raw(name))[:_MOST_IDS].decode("latin-1")
        ids = tuple(dict.fromkeys(_ID.findall(value)))
        if ids:
            return ids if len(ids) <= 2 * _ENDS else ids[:_ENDS] + ids[-_ENDS:]
    return ()


def _original(headers: Headers) -> tuple[str, ...]:
    """Return who wrote a mail by the first of the fields in which a group or list keeps that when it rewrites From.

    Google Groups writes X-Original-From, and X-Original-Sender on all its mail; lists that follow Mailman's advice on
    DMARC put the author into Reply-To.
    """
    is_list = any(name in headers for name in ("list-id", "list-post", "mailing-list"))
    for name in ("x-original-from", "x-original-sender", *(("reply-to",) if is_list else ())):
        if found := addresses(headers.texts(name)):
            return tuple(dict.fromkeys(found))
    return ()


def _over_caps(raw: bytes, tree: Tree, caps: Caps) -> Iterator[Problem]:
    """Yield what was left out of the mail because it passes a cap, or cannot be told apart."""
    if len(raw) > caps.message_bytes:
        yield faults.message_too_long(len(raw), caps)
    elif not raw[tree.top.start : tree.top.start + caps.header_bytes].strip():
        yield faults.advice("no-body")
    yield from _over_header_caps(tree.headers, caps)
    if tree.parts > caps.parts:
        yield faults.too_many_parts(tree.parts, caps)
    if tree.too_deep:
        yield faults.too_deep(tree.too_deep, caps)
    if tree.broken:
        yield faults.advice("broken-structure", tree.broken)


def _over_header_caps(blocks: tuple[Headers, ...], caps: Caps) -> Iterator[Problem]:
    sizes = [headers.size for headers in blocks if headers.size > caps.header_bytes]
    if sizes:
        yield faults.headers_too_long(sizes, caps)
    long = [
        (name, len(value))
        for headers in blocks
        for name in _READ_FIELDS
        for value in headers.raw(name)
        if len(value) > caps.value_bytes
    ]
    if long:
        yield faults.values_too_long(long, caps)
