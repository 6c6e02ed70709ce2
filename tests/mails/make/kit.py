"""What the golden mails are made of: result files, encodings, containers, and the expected `Mail`."""

from __future__ import annotations

import base64
import hashlib
import textwrap
from dataclasses import dataclass, field
from typing import Any

S = (
    b'{"team": "Aurora Lab", "method": "IQA-Net v2", "track": "S", "predictions": [\n'
    b'  {"id": 1, "perception": 2.1192, "knowledge": 1.5401},\n'
    b'  {"id": 2, "perception": 3.102, "knowledge": 3.0308},\n'
    b'  {"id": 3, "perception": 1.7778, "knowledge": 1.1995}\n]}\n'
)
U = (
    b'{"team": "Aurora Lab", "method": "IQA-Net v2", "track": "U", "predictions": [\n'
    b'  {"id": 1, "type": "what", "precision": "D"},\n'
    b'  {"id": 2, "type": "yes-or-no", "precision": "B"}\n]}\n'
)
CSV = b"id,perception,knowledge\r\n1,2.1192,1.5401\r\n2,3.102,3.0308\r\n3,1.7778,1.1995\r\n"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
JSON = "application/json"
SUBJECT = "[SIQA Submission] Aurora Lab - IQA-Net v2"
TO = "siqa@contest.example"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A golden mail: where it lies, its bytes, and the `Mail` it must give."""

    path: str
    raw: bytes
    mail: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class File:
    """An attachment that must come out."""

    name: str
    data: bytes = S
    content_type: str = JSON

    def described(self) -> dict[str, Any]:
        """Return what the twin says of it."""
        digest = hashlib.sha256(self.data).hexdigest()
        return {"name": self.name, "content_type": self.content_type, "size": len(self.data), "sha256": digest}


SIGNS = {
    None: None,
    "written by mailbot": "loop",
    "delivery or read report": "report",
    "auto-replied": "reply",
    "auto-reply field": "reply",
    "auto-reply precedence": "reply",
    "out-of-office reply": "reply",
    "out-of-office subject": "weak",
    "Auto-Submitted": "weak",
    "bulk mail": "weak",
    "mailing list": "weak",
    "machine address": "weak",
}
"""How certain each reason makes it that a machine wrote a mail."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The `Mail` that must come out; the defaults are those of a plain submission by Ann."""

    senders: tuple[str, ...] = ("ann.lee@example.org",)
    subject: str = SUBJECT
    message_id: str | None = "<20260303131405.4711@example.org>"
    references: tuple[str, ...] = ()
    text: str = "Please find our results attached."
    attachments: tuple[File, ...] = field(default_factory=lambda: (File(name="siqa-s.json"),))
    automatic: str | None = None
    faults: tuple[tuple[str, int, tuple[str, ...]], ...] = ()


def case(path: str, mail: str | bytes, expected: Expected, *, line_end: str = "\r\n") -> Case:
    """Return a golden mail from its text, lines ended as on the wire unless told otherwise."""
    raw = mail.encode() if isinstance(mail, str) else mail
    faults = [{"code": code, "count": count, "examples": list(names)} for code, count, names in expected.faults]
    twin = {
        "senders": list(expected.senders),
        "subject": expected.subject,
        "message_id": expected.message_id,
        "references": list(expected.references),
        "text": expected.text,
        "attachments": [file.described() for file in expected.attachments],
        "automatic": expected.automatic,
        "sign": SIGNS[expected.automatic],
        "faults": faults,
    }
    return Case(path=path, raw=raw.replace(b"\n", line_end.encode()), mail=twin)


def b64(data: bytes | str, charset: str = "utf-8") -> str:
    """Return base64 in lines of 76."""
    raw = data.encode(charset) if isinstance(data, str) else data
    return "\n".join(textwrap.wrap(base64.b64encode(raw).decode(), 76))


def word(text: str, charset: str = "utf-8") -> str:
    """Return an encoded word in base64 (RFC 2047)."""
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset)).decode()}?="


def multi(kind: str, boundary: str, *parts: str, preamble: str = "") -> str:
    """Return a container: its Content-Type field, an empty line, its parts."""
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'Content-Type: multipart/{kind};\n\tboundary="{boundary}"\n\n{preamble}{inner}--{boundary}--\n'


def head(*more: str, sender: str = "Ann Lee <ann.lee@example.org>", subject: str = SUBJECT) -> str:
    """Return plain header fields, `more` after them, without the Content-Type."""
    lines = (
        "Return-Path: <ann.lee@example.org>",
        "Received: from mail.example.org (mail.example.org [192.0.2.25])",
        f"\tby mx.contest.example with ESMTPS id 4F0rAb for <{TO}>; Tue, 3 Mar 2026 13:14:07 +0000",
        "Date: Tue, 3 Mar 2026 21:14:05 +0800",
        f"From: {sender}",
        f"To: {TO}",
        f"Subject: {subject}",
        "Message-ID: <20260303131405.4711@example.org>",
        *more,
        "MIME-Version: 1.0",
    )
    return "".join(f"{line}\n" for line in lines)


TEXT = "Content-Type: text/plain; charset=utf-8\n\nPlease find our results attached.\n"


def attached(fields: str, data: bytes = S) -> str:
    """Return a part in base64 under these fields."""
    return f"{fields}\nContent-Transfer-Encoding: base64\n\n{b64(data)}"


def plain(*parts: str, more: str = "", **named: str) -> str:
    """Return a mail of a text and these parts, in no client's particular style."""
    return head(*([more] if more else []), **named) + multi("mixed", "=_cut-here_7f3a", TEXT, *parts)
