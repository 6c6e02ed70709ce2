"""Team keys: found in any case, taken out of what is shown, kept only hashed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.mail import teamkey

KEY = teamkey.made(bytes(range(16)))


@given(st.binary(min_size=16, max_size=16))
def test_a_key_has_128_bits(randomness: bytes) -> None:
    """A key is found again whatever its bits and its case, and other bits give another key."""
    made = teamkey.made(randomness)
    assert teamkey.found(f"submit+{made.upper()}@x.example") == (made,)
    assert teamkey.made(bytes([randomness[0] ^ 1]) + randomness[1:]) != made


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"[SIQA] Peepers - Net [key {KEY}]", "[SIQA] Peepers - Net"),
        (f"[key: {KEY.upper()}] Peepers - Net", "Peepers - Net"),
        (f"【key：{KEY}】 Peepers", "Peepers"),  # noqa: RUF001  # full-width brackets and colons are what Chinese input methods write
        (f"Peepers {KEY}", "Peepers"),
        (f"Peepers ({KEY}) - Net", "Peepers - Net"),
        ("a key to success", "a key to success"),
    ],
)
def test_no_key_is_shown(text: str, shown: str) -> None:
    """A subject is shown without the key, and without what stands around it."""
    assert teamkey.stripped(text) == shown


def test_few_keys_are_looked_up() -> None:
    """A subject full of keys costs no more than a few look-ups."""
    assert len(teamkey.found(" ".join(teamkey.made(bytes([n] * 16)) for n in range(50)))) == teamkey.MOST


def test_a_hash_needs_the_secret() -> None:
    """The same key under another secret is another hash, so that a stolen ledger tests no guess."""
    assert teamkey.hashed(b"a" * 32, KEY) == teamkey.hashed(b"a" * 32, KEY)
    assert teamkey.hashed(b"a" * 32, KEY) != teamkey.hashed(b"b" * 32, KEY)
    assert KEY not in teamkey.hashed(b"a" * 32, KEY)
