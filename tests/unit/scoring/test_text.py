"""Words for messages."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.text import counted, listed, printable


@given(st.text(), st.integers(min_value=1, max_value=80))
def test_whatever_goes_in_is_short_inert_and_encodable(text: str, limit: int) -> None:
    """No control, bidi or surrogate character comes out, and never more than the limit."""
    shown = printable(text, limit)
    assert len(shown) <= limit
    assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for char in shown)
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("two\r\n\tlines", "two lines"),
        ("a\u202eb", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ("e\u0301", "é"),
        ("重庆 team", "重庆 team"),
        ("=1+1", "=1+1"),
    ],
)
def test_what_can_be_seen_stays_and_what_cannot_is_marked(text: str, shown: str) -> None:
    """Letters of any script stay; invisible ones become U+FFFD; white space is squeezed."""
    assert printable(text) == shown


def test_long_text_ends_in_an_ellipsis() -> None:
    """The limit counts the ellipsis."""
    assert printable("x" * 100, 5) == "xxxx…"


def test_numbers_go_with_their_nouns() -> None:
    """One is singular, thousands have a comma."""
    assert [counted(1, "id"), counted(1050, "id"), counted(0, "row")] == ["1 id", "1,050 ids", "0 rows"]


def test_long_lists_are_counted() -> None:
    """What is not shown is counted."""
    assert listed("abcd", most=2) == "a, b and 2 more"
