"""`parse` is total and bounded: whatever arrives, a Mail comes out, and what was left out is named."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailbot.mail.mime.headers import KIB, Caps
from mailbot.mail.parse import parse
from scoring.text import REPLACEMENT

if TYPE_CHECKING:
    from mailbot.mail.model import Mail

ANN = b"From: Ann <ann@example.org>\r\nTo: siqa@contest.example\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
FILE = b'Content-Type: application/json; name="s.json"\r\nContent-Transfer-Encoding: base64\r\n\r\ne30=\r\n'
GOLDEN = sorted(path.read_bytes() for path in (Path(__file__).parents[2] / "mails").glob("*/*.eml"))


def codes(mail: Mail) -> list[str]:
    """Return the codes of a mail's faults."""
    return [fault.code for fault in mail.faults]


# --- overloads: each took the standard library's parser minutes, gigabytes or its stack ----------------------


def test_subject_of_encoded_words() -> None:
    """A Subject of 924 KB of encoded words is left out with the rest of the header, and the cap is named."""
    header = ANN + b"Subject: " + b"=?utf-8?q?a?= " * 66_000 + b"\r\n"
    mail = parse(header + b"\r\nhi")
    assert (mail.senders, mail.subject, mail.text) == (("ann@example.org",), "", "hi")
    assert codes(mail) == ["headers-too-long"]
    assert f"902.4 KiB, {len(header) - 64 * KIB:,} bytes over the limit of 64 KiB" in mail.faults[0].message


@pytest.mark.parametrize("name", [b"To", b"Cc", b"DKIM-Signature", b"X-Spam-Report"])
def test_unread_field_may_be_long(name: bytes) -> None:
    """50 KB of quotation marks in a field that is not read are no fault."""
    mail = parse(ANN + name + b": " + b'"' * 50_000 + b"\r\n\r\nhi")
    assert (mail.senders, mail.text, mail.faults) == (("ann@example.org",), "hi", ())


@pytest.mark.parametrize("junk", [b'"' * 50_000, b"(" * 20_000, b"a@b.example, " * 16_000])
def test_overlong_from_is_nobody(junk: bytes) -> None:
    """Of a From field over the cap nobody can say whom it names, so there is no sender."""
    mail = parse(b"From: ann@example.org, " + junk + b"\r\n\r\nhi")
    assert mail.senders == ()
    assert set(codes(mail)) <= {"header-too-long", "headers-too-long"}
    assert mail.faults


def test_from_hidden_behind_the_cap() -> None:
    """A second From behind the part of the header that is read takes the first one's word away."""
    junk = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 60) for number in range(1500))
    assert parse(ANN + junk + b"\r\nhi").senders == ("ann@example.org",)
    assert parse(ANN + junk + b"From: evil@example.net\r\n\r\nhi").senders == ()


def test_100_000_parts() -> None:
    """Of 100,000 empty parts as many are looked at as the cap allows; the fault tells how many there are."""
    mail = parse(ANN + MIXED + b"--b\r\n" + FILE + b"--b\r\n\r\n\r\n" * 100_000 + b"--b--\r\n")
    assert [file.name for file in mail.attachments] == ["s.json"]
    assert [fault.message for fault in mail.faults] == ["The mail has about 100,002 parts; at most 100 are looked at."]


def test_1000_nested_multiparts() -> None:
    """A thousand containers within one another are opened eight deep."""
    nest = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(1000))
    assert codes(parse(ANN + nest)) == ["too-deep"]


def test_8000_parameters() -> None:
    """A Content-Type of 8,000 parameters is read as far as a field is read."""
    mail = parse(ANN + b"Content-Type: text/plain; charset=utf-8" + b"; a=b" * 8000 + b"\r\n\r\nhi")
    assert (mail.text, codes(mail)) == ("hi", ["header-too-long"])
    assert mail.faults[0].examples == ("content-type",)


@pytest.mark.parametrize("name", ["filename*%d*=a", "filename*%d=a", "a%d*=utf-8''a", "%d"])
def test_parameters_of_a_name(name: str) -> None:
    """Hundreds of sections of a file name are read within the cap of a field."""
    fields = "; ".join(name.replace("%d", str(number)) for number in range(500))
    part = f"Content-Disposition: attachment; {fields}\r\n\r\n{{}}\r\n".encode()
    mail = parse(ANN + MIXED + b"--b\r\n" + part + b"--b--\r\n")
    assert all(len(file.name) <= 100 for file in mail.attachments)
    assert len(mail.attachments) == 1


@pytest.mark.parametrize(
    "shape",
    [
        b"\n" * 5_000_000,
        b" " * 5_000_000,
        b"a: b\n" * 1_000_000,
        b"a\n b" * 1_000_000,
        ANN + b"\r" * 5_000_000,
        ANN + MIXED + b"--bX\n" * 1_000_000,
        ANN + MIXED + b"\r\n--b " + b" " * 5_000_000,
        ANN + b"\r\nbegin 644 x.json\n" + b"!\n" * 2_500_000 + b"end\n",
        ANN + b"\r\n" + b"begin 644 x\n" * 400_000,
        ANN + b"Content-Type: text/html\r\n\r\n" + b"<a" * 2_500_000,
        ANN + b"Content-Type: text/html\r\n\r\n" + b"<style>" * 700_000,
        ANN + b"Content-Type: text/html\r\n\r\n" + b"https://a." * 500_000,
        ANN + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 2_500_000,
        ANN
        + b"Content-Type: application/json\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + b"=\n" * 2_500_000,
    ],
)
def test_five_megabytes_of_one_thing(shape: bytes) -> None:
    """Five megabytes of any one thing give a Mail with little in it."""
    mail = parse(shape)
    assert len(mail.text) <= 4000
    assert sum(len(file.data) for file in mail.attachments) <= len(shape)


# --- caps: each is named, with by how much it was passed -----------------------------------------------------


def test_message_over_the_cap() -> None:
    """Of a mail over the cap only the header is read, and the team is told by how much it is over."""
    raw = ANN + b"Subject: big\r\n\r\n" + b"x" * 3000
    mail = parse(raw, Caps(message_bytes=2 * KIB))
    assert (mail.senders, mail.subject, mail.text) == (("ann@example.org",), "big", "")
    assert codes(mail) == ["message-too-long"]
    assert f"{len(raw) - 2 * KIB:,} bytes over the limit of 2 KiB" in mail.faults[0].message


def test_decoded_over_the_cap() -> None:
    """Attachments are taken while their decoded sum is within the cap, and the others are named."""
    parts = b"".join(
        b"--b\r\nContent-Type: application/json; name=%d.json\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n"
        % (number, base64.b64encode(b"x" * 600))
        for number in range(3)
    )
    mail = parse(ANN + MIXED + parts + b"--b--\r\n", Caps(decoded_bytes=KIB))
    assert [file.name for file in mail.attachments] == ["0.json"]
    assert [(fault.code, fault.examples) for fault in mail.faults] == [("too-much-data", ("1.json", "2.json"))]
    assert "776 bytes over the limit of 1 KiB" in mail.faults[0].message


# --- totality -------------------------------------------------------------------------------------------------


@given(st.binary(max_size=2000))
@example(b"")
@example(b"\r\n")
@example(b"From:")
@example(b"\xff\xfe\x00")
@settings(deadline=None, max_examples=300)
def test_any_bytes_give_a_mail(raw: bytes) -> None:
    """Arbitrary bytes give a Mail whose shown fields are inert."""
    check_inert(parse(raw))


@given(st.sampled_from(GOLDEN), st.data())
@settings(deadline=None, max_examples=500)
def test_any_mutation_gives_a_mail(raw: bytes, data: st.DataObject) -> None:
    """A golden mail cut, spliced or overwritten anywhere still gives a Mail whose shown fields are inert."""
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, len(raw)))
    put = data.draw(st.one_of(st.binary(max_size=20), st.sampled_from(GOLDEN), st.just(raw[start:end] * 2)))
    check_inert(parse(raw[:start] + put + raw[end:]))


TOKENS = [
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b'"', b"(", b"<", b">", b"@", b",", b"\\", b"\xff", b"{}"),
    *(b"--b", b"--b--", b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: message/rfc822"),
    *(b"From: ", b"Subject: ", b"Message-ID: <a@b>", b"References: ", b"=?utf-8?B?", b"=?gb18030?Q?=E7", b"?="),
    *(b"Content-Disposition: attachment; filename=", b"filename*=utf-8''%", b"; name*0*="),
    *(b"Content-Transfer-Encoding: base64", b"Content-Type: text/html; charset=utf-7", b"begin 644 a.csv\n", b"end\n"),
]


@given(st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join))
@settings(deadline=None, max_examples=500)
def test_any_tokens_give_a_mail(raw: bytes) -> None:
    """The marks of MIME in any order give a Mail whose shown fields are inert."""
    check_inert(parse(raw))


def check_inert(mail: Mail) -> None:
    """Hold what every Mail promises."""
    shown = [mail.subject, mail.text.replace("\n", ""), *mail.senders, *(file.name for file in mail.attachments)]
    shown += [example for fault in mail.faults for example in fault.examples]
    for text in shown:
        assert all(char.isprintable() or char in f"{REPLACEMENT}\u3000\xa0" for char in text), text
        text.encode()
    assert all("/" not in file.name and len(file.name) <= 100 for file in mail.attachments)
    assert all(len(sender) <= 254 for sender in mail.senders)
    assert len(mail.references) <= 40
    assert all(fault.count > 0 and fault.message for fault in mail.faults)
