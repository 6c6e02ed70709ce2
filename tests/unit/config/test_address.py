"""Tests for addresses that are known for valid without a long look: that look finds the same."""

from __future__ import annotations

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from hypothesis import example, given
from hypothesis import strategies as st

from mailbot.config.address import is_plain, normalise, parsed

PIECE = st.text("ab0.+_-x", min_size=1, max_size=70)
LABEL = st.text("ab0-xn", min_size=1, max_size=66)


@given(address=st.builds("{}@{}.{}".format, PIECE, st.lists(LABEL, min_size=1, max_size=5).map(".".join), LABEL))
@example(address=f"{'a' * 64}@example.org")
@example(address=f"{'a' * 65}@example.org")
@example(address=f"ada@{'a' * 63}.org")
@example(address=f"ada@{'a' * 64}.org")
@example(address=f"ada@{'a.' * 125}")
@example(address=f"ada@{'a.' * 124}bc")
@example(address=f"ada@{'a.' * 123}bcde")
@example(address="submissions@siqa-challenge.example.org")
def test_a_plain_address_is_valid_as_it_stands(address: str) -> None:
    """Whatever is plain is an address to the library too, which changes nothing of it."""
    if is_plain(address):
        found = parsed(address)
        assert (found.ascii_email, found.normalized) == (address, address)
        assert f"{found.local_part}@{found.ascii_domain}".lower() == normalise(address) == address


@pytest.mark.parametrize("address", ["submissions@siqa.example", "o.l-d+x_1@mail.163.com", "a@xn.test"])
def test_most_addresses_are_plain(address: str) -> None:
    """An ordinary one is."""
    assert is_plain(address)


@pytest.mark.parametrize("name", sorted({*SPECIAL_USE_DOMAIN_NAMES} - {"test"}))
def test_a_reserved_name_is_not_plain(name: str) -> None:
    """What the library refuses as a domain that no mail reaches is left to it."""
    assert not is_plain(f"ada@example.{name}")
    with pytest.raises(ValueError, match="special-use"):
        parsed(f"ada@example.{name}")


@pytest.mark.parametrize(
    "address",
    ["Ada@example.org", "ada@Example.org", "ada@example.org\n", " ada@example.org", "ada@example"],
)
def test_anything_else_is_left_to_the_library(address: str) -> None:
    """What is changed, or is no address, is not plain."""
    assert not is_plain(address)
