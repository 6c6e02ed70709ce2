"""What the standard library writes, `parse` reads back: files, names, senders, subjects."""

from __future__ import annotations

import unicodedata
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from encodings.aliases import aliases

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mailbot.config.address import normalise
from mailbot.mail.mime.addresses import addresses
from mailbot.mail.mime.params import clean_name, parameters
from mailbot.mail.mime.text import decode_words, text_of
from mailbot.mail.parse import parse

LETTERS = st.characters(categories=("L", "N"), include_characters=" -_.,'", max_codepoint=0xFFFF)
STEMS = st.text(LETTERS, min_size=1, max_size=40).filter(lambda stem: stem == stem.strip())
LOCAL = st.text("abcdefghijklmnopqrstuvwxyz0123456789._+-", min_size=1, max_size=20).filter(
    lambda local: not local.startswith(".") and not local.endswith(".") and ".." not in local,
)
DOMAINS = st.sampled_from(["example.org", "lab.example.net", "xn--bcher-kva.example"])


@given(
    files=st.lists(st.tuples(STEMS, st.binary(max_size=300)), max_size=5),
    cte=st.sampled_from(["base64", "quoted-printable"]),
    disposition=st.sampled_from(["attachment", "inline"]),
)
@settings(deadline=None, max_examples=150)
def test_files_come_back(files: list[tuple[str, bytes]], cte: str, disposition: str) -> None:
    """Every file comes back with its bytes and its name, in order, whatever its encoding and disposition."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "Ann <ann@example.org>"
    mail.set_content("Results.")
    for stem, data in files:
        mail.add_attachment(data, "application", "json", filename=f"{stem}.json", cte=cte, disposition=disposition)
    found = [(file.name, file.data) for file in parse(mail.as_bytes()).attachments]
    assert found == [(clean_name(f"{stem}.json"), data) for stem, data in files]


@given(name=STEMS, local=LOCAL, domain=DOMAINS)
@settings(deadline=None)
def test_sender_comes_back(name: str, local: str, domain: str) -> None:
    """One address with any display name is one sender."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(display_name=name, username=local, domain=domain)
    mail.set_content("Hello.")
    assert parse(mail.as_bytes()).senders == (f"{local}@{domain}",)


def test_a_domain_beyond_ascii_is_told_as_in_the_dns() -> None:
    """As a roster holds it (RFC 5891), whatever the mail wrote; what is no domain is marked or left as it is."""
    lab, ace = "\u5b9e\u9a8c\u5ba4.\u4e2d\u56fd", "xn--qbtm5249b.xn--fiqs8s"
    for local in ("zhang", "\u5f20"):
        for domain in (lab, ace.upper()):
            assert addresses([f"{local}@{domain}"]) == (f"{local}@{ace}",)
        assert normalise(f"{local}@{lab}") == f"{local}@{ace}"
    for strange in ("ann@\u2603.example", "ann@a\u200db.example", "ann@" + "\u5b9e" * 200):
        assert addresses([strange])[0].startswith("ann@")
    assert addresses(["ann@\u212aelvin.example"]) == ("ann@\ufffdelvin.example",)


@given(subject=STEMS)
@settings(deadline=None)
def test_subject_comes_back(subject: str) -> None:
    """A subject in any script, folded and encoded, is the same text."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    mail.set_content("Hello.")
    expected = " ".join(unicodedata.normalize("NFC", subject).split())
    assert parse(mail.as_bytes()).subject == expected


@given(st.text(max_size=200), st.sampled_from(["utf-8", "gb18030", "utf-16-le"]))
def test_text_comes_back(text: str, charset: str) -> None:
    """Text in its declared charset comes back, but for a mark of byte order."""
    assume(not text.startswith("\ufeff"))
    try:
        data = text.encode(charset)
    except UnicodeEncodeError:
        assume(condition=False)
        raise
    assert text_of(data, charset) == text


CHARSETS = sorted({name.replace("_", "-") for pair in aliases.items() for name in pair})
ODD = (
    b"\x00",
    b"a\x80",
    b"\xff\xfe",
    b"\xfe\xff\xd8\x00",
    b"\x00\x00\xd8\x00",
    b"+2AA-",
    b"\x1b$B!!",
    b"~{!!~}",
    b"\xed\xa0\x80",
)
"""Halves of characters, marks of byte order, escapes: what codecs stumble over."""


@given(st.binary(max_size=100) | st.sampled_from(ODD), st.sampled_from(CHARSETS) | st.text(max_size=45), st.booleans())
@example(b"status", "utf-16", True)  # noqa: FBT003  # drawn
def test_text_is_total(data: bytes, charset: str, declared: bool) -> None:  # noqa: FBT001  # drawn
    """Any bytes under any charset, declared or that of what stands around, are some text that can be written."""
    text = text_of(data, charset) if declared else text_of(data, around=charset)
    assert text.encode().decode() == text


@pytest.mark.parametrize("charset", CHARSETS)
def test_every_charset_is_read_or_passed_over(charset: str) -> None:
    """A name that Python knows may be a codec that fails in its own way, as UTF-16 without its mark does."""
    for data in (*ODD, b"status" * 50, bytes(range(256))):
        text_of(data, charset).encode()
        text_of(data, around=charset).encode()


@given(st.text(max_size=300))
def test_words_without_marks_stay(value: str) -> None:
    """What holds no encoded word is not changed."""
    assume("=?" not in value)
    assert decode_words(value) == value


def test_first_parameter_counts() -> None:
    """Of a parameter given twice the first counts, and RFC 2231 wins over a plain value."""
    assert parameters("x; a=1; A=2; b=plain; b*=utf-8''%C3%BC; c*1=2; c*0=1") == {
        "a": "1",
        "b": "ü",
        "b*": "utf-8''%C3%BC",
        "c": "12",
        "c*0": "1",
        "c*1": "2",
    }


def test_at_most_so_many_addresses() -> None:
    """Of a thousand addresses the first twenty are given: more than one is too many anyway."""
    assert len(addresses([", ".join(f"a{number}@example.org" for number in range(1000))])) == 20
