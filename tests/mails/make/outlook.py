"""What Outlook and Exchange do to mails: winmail.dat, and a notice in place of a mail; and links in place of files."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tests.mails.make.kit import CSV, Case, Expected, File, S, attached, case, head, multi, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAM = "application/octet-stream"
WINMAIL = 'Content-Type: application/ms-tnef; name="winmail.dat"\nContent-Disposition: attachment'
SENT = 'Content-Type: application/json; name="siqa-s.json"\nContent-Disposition: attachment'
SAYS = "Please find our results attached."
VERSION, CODEPAGE, BEGIN, TITLE, DATA, PROPERTIES = (
    0x00089006,
    0x00069007,
    0x00069002,
    0x00018010,
    0x0006800F,
    0x00069005,
)


def cases() -> Iterator[Case]:
    """Yield mails with winmail.dat, with links, and Exchange's notice."""
    yield from _winmail()
    yield from _links()
    yield _notice()


def tnef(*attributes: bytes, codepage: int = 1252) -> bytes:
    """Return a TNEF stream ([MS-OXTNEF] 2.1.1)."""
    first = attribute(VERSION, struct.pack("<I", 0x10000)) + attribute(CODEPAGE, struct.pack("<II", codepage, 0))
    return struct.pack("<IH", 0x223E9F78, 1) + first + b"".join(attributes)


def attribute(kind: int, value: bytes) -> bytes:
    """Return an attribute with its checksum."""
    return struct.pack("<BII", 2, kind, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def file(title: bytes, data: bytes, *more: bytes) -> bytes:
    """Return the attributes of a file."""
    begin = attribute(BEGIN, struct.pack("<HI8x", 1, 0xFFFFFFFF))
    return begin + attribute(TITLE, title + b"\0") + attribute(DATA, data) + b"".join(more)


def long_name(name: str) -> bytes:
    """Return the properties of a file, among them its long name."""
    text = (name + "\0").encode("utf-16-le")
    method = struct.pack("<HHI", 0x0003, 0x3705, 1)
    named = struct.pack("<HH16sII", 0x0003, 0x8001, bytes(16), 0, 7) + struct.pack("<I", 5)
    padded = struct.pack("<HHII", 0x001F, 0x3707, 1, len(text)) + text + bytes(-len(text) % 4)
    return attribute(PROPERTIES, struct.pack("<I", 3) + method + named + padded)


def _winmail() -> Iterator[Case]:
    both = tnef(file(b"SIQA-S~1.JSO", S, long_name("结果-s.json")), file(b"u.csv", CSV), file(b"logo.png", b"\x89PNG"))
    taken = (File(name="结果-s.json", content_type=STREAM), File(name="u.csv", data=CSV, content_type=STREAM))
    yield case("wrappers/winmail", plain(attached(WINMAIL, both)), Expected(attachments=taken))
    gbk = tnef(file("感知.json".encode("gbk"), S), codepage=936)
    yield case(
        "wrappers/winmail-gbk",
        plain(attached(WINMAIL, gbk)),
        Expected(attachments=(File(name="感知.json", content_type=STREAM),)),
    )
    looks = tnef(attribute(PROPERTIES, bytes(4)))
    yield case("wrappers/winmail-without-files", plain(attached(WINMAIL, looks), attached(SENT)), Expected())
    damaged = tnef(file(b"u.csv", CSV), file(b"s.json", S).replace(b"2.1192", b"2.1193"))
    yield case(
        "wrappers/winmail-damaged",
        plain(attached(WINMAIL, damaged)),
        Expected(
            attachments=(File(name="u.csv", data=CSV, content_type=STREAM),), faults=(("winmail", 1, ("winmail.dat",)),)
        ),
    )
    cut = plain(attached(WINMAIL, both[:100]))
    yield case("wrappers/winmail-cut", cut, Expected(attachments=(), faults=(("winmail", 1, ("winmail.dat",)),)))


def _links() -> Iterator[Case]:
    big = "https://mail.qq.com/cgi-bin/ftnExs_download?t=exs_ftn_download&k=1234"
    said = f"{SAYS}\nU is too big: {big}"
    yield case(
        "without/cloud-link-beside-a-file",
        _saying(said),
        Expected(text=said, faults=(("cloud-link", 1, ("QQ Mail",)),)),
    )
    signed = f"{SAYS}\n--\nCode: https://drive.google.com/drive/folders/1a2b, weights: https://pan.baidu.com/s/1x"
    yield case("without/links-in-a-signature", _saying(signed), Expected(text=signed))
    quoted = f"{SAYS}\n> {SAYS}\n> {big}"
    yield case("without/link-in-a-quotation", _saying(quoted), Expected(text=quoted))


def _saying(words: str) -> str:
    text = f"Content-Type: text/plain; charset=utf-8\n\n{words}\n"
    return head() + multi("mixed", "=_links", text, attached(SENT))


def _notice() -> Case:
    words = (
        "The server couldn't retrieve the following message:\n\n"
        'Subject: "results"\nFrom: "Ann Lee" (ann.lee@example.org)\n'
        "Sent date: 3/3/2026 1:14:05 PM\n\nThe message hasn't been deleted. You might be able to view it using either "
        "Outlook or Outlook Web App. You can also contact the sender to find out what the message says."
    )
    mail = head(subject="results") + f"Content-Type: text/plain; charset=us-ascii\n\n{words}\n"
    expected = Expected(subject="results", text=words, attachments=(), faults=(("substitute", 1, ()),))
    return case("without/exchange-notice", mail, expected)
