"""A reply is written as an EmailMessage would write it, byte for byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailbot.mail.alternative import written
from mailbot.mail.envelope import POLICY, TRAIL_HEADER
from mailbot.mail.mime.text import literal

BOUNDARY = "=_mailbot.0123456789abcdef0123456789abcdef"
ANYTHING = st.text(max_size=200)
HARD = st.text("ab =?_<>@\"(),;:\\.\té中\u3000~=\u2028'", max_size=120)  # of what the grammars of fields are about
WORDS = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=90), max_size=30)
INSTANTS = st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
RECIPIENTS = [
    "ada@peepers.example",
    "o'hara+x@a-b.example",
    "ada.b@x.y.example",
    "李@例子.example",
    "é@peepers.example",
]


def _by_email(fields: dict[str, str], text: str, html: str, *, utf8: bool) -> bytes:
    """Write a mail by the email package, in the way in which replies were written by it."""
    message = EmailMessage(policy=POLICY.clone(utf8=utf8))
    for name, value in fields.items():
        message[name] = value
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message["Content-Language"] = "zh-Hans"
    message.set_boundary(BOUNDARY)
    return message.as_bytes()


def _same(fields: dict[str, str], text: str = "x\n", html: str = "<p>x</p>\n", *, utf8: bool = False) -> None:
    def made() -> bytes:
        return written(fields.items(), text=text, html=html, language="zh-Hans", boundary=BOUNDARY, utf8=utf8)

    try:
        expected = _by_email(fields, text, html, utf8=utf8)
    except Exception as error:  # noqa: BLE001  # what the email package cannot write, we cannot either
        with pytest.raises(type(error)):
            made()
        return
    assert made() == expected


@given(st.one_of(ANYTHING, HARD, WORDS.map(" ".join)))
@example("Re: [SIQA Submission] x - y")
@example("=?utf-8?q?a?=")
@example("x" * 2_000)
@example("word " * 500)
def test_any_subject_is_written_alike(subject: str) -> None:
    """Whatever a mail's subject is: it is a reply's too."""
    for utf8 in (False, True):
        _same({"From": '"SIQA" <a@siqa.example>', "Subject": literal(f"Re: {subject}")}, utf8=utf8)


@given(st.lists(st.one_of(HARD, ANYTHING, WORDS.map("".join)).map(literal), min_size=1, max_size=22))
@example(["a@x.example"])
@example(["a" * 700, "b" * 700])
@example(["=?utf-8?q?a?="])
def test_any_thread_is_written_alike(thread: list[str]) -> None:
    """Message-IDs come from mails of others, and may be odd and long."""
    ids = [f"<{one}>" for one in thread]
    _same({"To": "ada@peepers.example", "In-Reply-To": ids[-1], "References": " ".join(ids)})


@pytest.mark.parametrize("recipient", RECIPIENTS)
def test_the_fields_of_a_reply_are_written_alike(recipient: str) -> None:
    """Those that every reply has, to every sort of address."""
    fields = {
        "From": '"SIQA" <submissions@siqa.example>',
        "To": recipient,
        "Reply-To": "submissions@siqa.example, chair@siqa.example",
        "Subject": "Re: x",
        "Date": format_datetime(datetime(2026, 3, 12, 8, tzinfo=timezone(timedelta(hours=8)))),
        "Message-ID": "<mailbot.0123456789abcdef0123456789abcdef@siqa.example>",
        "Auto-Submitted": "auto-replied",
        "X-Auto-Response-Suppress": "All",
        "X-Mailbot-Loop": "submissions@siqa.example",
        TRAIL_HEADER: f"12 {'a' * 64}",
    }
    _same(fields, utf8=not recipient.isascii())


@given(INSTANTS)
def test_any_date_is_written_alike(instant: datetime) -> None:
    """Of whatever day."""
    _same({"Date": format_datetime(instant)})


@given(st.one_of(ANYTHING, HARD), st.text("a=\r\n \t.é中\u2028\x0c-", max_size=3_000))
@example("", "")
@example("-- \n", "x" * 2_000)
@example("a \n b\t\n", f"--{BOUNDARY}--\n.\n..\nFrom x\n")
def test_any_body_is_written_alike(text: str, html: str) -> None:
    """Its lines too, however they end and however long they are."""
    _same({"Subject": "Re: x"}, text, html)


def test_what_no_field_can_hold_is_refused() -> None:
    """A line break would begin another field."""
    with pytest.raises(ValueError, match="linefeed"):
        written([("Subject", "a\nBcc: x@y")], text="", html="", language="en", boundary=BOUNDARY, utf8=False)
