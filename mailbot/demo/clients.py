"""Mails as mail programs write them: each has its own way with names, charsets, dispositions and fields. Pure."""

from __future__ import annotations

import base64
import quopri
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.demo.forms import File

WORD = 45
"""Bytes in an encoded word: 60 in base64, so that with its frame it stays within the 75 of RFC 2047."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a person sends."""

    sender: str
    address: str
    to: str
    subject: str
    text: str
    sent_at: datetime
    message_id: str
    files: Sequence[File] = ()
    #: Further fields, as lines.
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Client:
    """The habits of a mail program."""

    #: Lines that give it away.
    fields: tuple[str, ...]
    charset: str
    #: How a file's name is written as a parameter: its key and value, as in ``filename="a.json"``.
    param: Callable[[str, str, str], str]
    boundary: str
    disposition: str = "attachment"
    #: Media type by the end of a file's name; anything else is ``application/octet-stream``.
    types: tuple[tuple[str, str], ...] = ()
    #: Whether the text comes as HTML as well.
    html: bool = True


def word(text: str, charset: str) -> str:
    """Write a field's text: as it is when ASCII, else as encoded words on lines of their own (RFC 2047)."""
    if text.isascii():
        return text
    words, chunk = [], ""
    for letter in text:
        if len((chunk + letter).encode(charset)) > WORD:
            words.append(chunk)
            chunk = ""
        chunk += letter
    encoded = (base64.b64encode(part.encode(charset)).decode() for part in [*words, chunk])
    return "\r\n ".join(f"=?{charset}?B?{part}?=" for part in encoded)


def quoted_word(key: str, value: str, charset: str) -> str:
    """Write a parameter as an encoded word in quotes: forbidden by RFC 2047, and what most programs do."""
    return f'{key}="{word(value, charset)}"'


def percent(key: str, value: str, charset: str) -> str:
    """Write a parameter after RFC 2231: ``filename*=utf-8''caf%C3%A9.json``."""
    return f'{key}="{value}"' if value.isascii() else f"{key}*={charset}''{quote(value.encode(charset), safe='')}"


def write(client: Client, letter: Letter) -> bytes:
    """Write a mail as the program would, with the field that the receiving server puts on top."""
    body = _text(client, letter.text)
    if letter.files:
        body = _multipart("mixed", client.boundary, [body, *(_attachment(client, file) for file in letter.files)])
    host, date = letter.address.partition("@")[2], format_datetime(letter.sent_at)
    head = [
        f"Received: from mail.{host} (mail.{host} [192.0.2.7]) by mx.{letter.to.partition('@')[2]} with ESMTPS; {date}",
        f"From: {word(letter.sender, client.charset)} <{letter.address}>",
        f"To: <{letter.to}>",
        f"Subject: {word(letter.subject, client.charset)}",
        f"Date: {date}",
        f"Message-ID: {letter.message_id}",
        *client.fields,
        *letter.fields,
        "MIME-Version: 1.0",
    ]
    return ("\r\n".join(head) + "\r\n" + body + "\r\n").encode("ascii")


def _text(client: Client, text: str) -> str:
    plain = _part(f"text/plain; charset={client.charset}", text, client.charset)
    if not client.html:
        return plain
    marked_up = "".join(f"<div>{line or '<br>'}</div>" for line in text.split("\n"))
    html = _part(f"text/html; charset={client.charset}", marked_up, client.charset)
    return _multipart("alternative", client.boundary + "a", [plain, html])


def _part(content_type: str, text: str, charset: str) -> str:
    coded = quopri.encodestring(text.replace("\n", "\r\n").encode(charset)).decode("ascii")
    return f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{coded}"


def _attachment(client: Client, file: File) -> str:
    kind = next((kind for end, kind in client.types if file.name.endswith(end)), "application/octet-stream")
    lines = [
        f"Content-Type: {kind};\r\n\t{client.param('name', file.name, client.charset)}",
        f"Content-Disposition: {client.disposition};\r\n\t{client.param('filename', file.name, client.charset)}",
        "Content-Transfer-Encoding: base64",
    ]
    coded = base64.encodebytes(file.data).decode("ascii").strip().replace("\n", "\r\n")
    return "\r\n".join(lines) + "\r\n\r\n" + coded


def _multipart(kind: str, boundary: str, parts: Sequence[str]) -> str:
    inside = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n{inside}--{boundary}--'


_PLAIN = ((".json", "application/json"), (".csv", "text/csv"), (".gz", "application/gzip"), (".zip", "application/zip"))
_WINDOWS = ((".csv", "application/vnd.ms-excel"), (".zip", "application/x-zip-compressed"))

GMAIL = Client(fields=(), charset="utf-8", param=quoted_word, boundary="0000000000008f3c2a0612ab4d17", types=_PLAIN)
OUTLOOK = Client(
    fields=("X-MS-Has-Attach: yes", "X-Mailer: Microsoft Outlook 16.0", "Thread-Index: Adp4m2Jx0sQ7"),
    charset="utf-8", param=quoted_word, boundary="_004_PR3P189MB09D2A7", types=_WINDOWS,
)  # fmt: skip
APPLE_MAIL = Client(
    fields=("X-Mailer: Apple Mail (2.3826.700.81)",), charset="utf-8", param=percent, html=False,
    boundary="Apple-Mail=_5B2F1C77-9E0D", disposition="inline", types=_PLAIN,
)  # fmt: skip
QQ_MAIL = Client(
    fields=("X-QQ-MIME: TCMime 1.0 by Tencent", "X-Mailer: QQMail 2.x"), charset="gb18030", param=quoted_word,
    boundary="----=_NextPart_69DF2B61_0F0B2A10",
)  # fmt: skip
FOXMAIL = Client(
    fields=("X-Has-Attach: yes", "X-Mailer: Foxmail 7.2.25.375[cn]"), charset="GBK", param=quoted_word,
    boundary="----=_001_NextPart840163574268_=----",
)  # fmt: skip
THUNDERBIRD = Client(
    fields=("User-Agent: Mozilla Thunderbird",), charset="utf-8", param=percent, html=False,
    boundary="------------k2mWn8QkXr0Yt4bZ", types=_PLAIN,
)  # fmt: skip
MUTT = Client(
    fields=("User-Agent: Mutt/2.2.13",), charset="us-ascii", param=percent, html=False, boundary="vGgW1X5XWziG23Ko",
    types=((".json", "application/json"), (".tsv", "text/tab-separated-values")),
)  # fmt: skip
