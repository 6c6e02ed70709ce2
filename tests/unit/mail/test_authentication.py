"""Authentication-Results: whose word counts, and what it says."""

from __future__ import annotations

import pytest

from mailbot.mail.authentication import vouched
from mailbot.mail.model import Vouched

MX = "mx.bot.example"
GOOD = f"{MX}; spf=pass smtp.mailfrom=good.example; dmarc=pass (p=none) header.from=good.example"
BAD = f"{MX}; dmarc=fail header.from=good.example"
PASS = Vouched(authserv_id=MX, result="pass", header_from="good.example")
FAIL = Vouched(authserv_id=MX, result="fail", header_from="good.example")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([GOOD], PASS),
        ([GOOD.upper()], PASS),
        ([BAD, GOOD], FAIL),
        (["mx.elsewhere.example; dmarc=pass header.from=good.example"], None),
        (["mx.elsewhere.example; dmarc=fail header.from=good.example", GOOD], PASS),
        ([f"{MX} 1; dmarc=pass header.from=good.example"], PASS),
        ([f"{MX} (rspamd); dmarc=pass header.from=good.example"], PASS),
        ([f"{MX}.evil.example; dmarc=pass header.from=good.example"], None),
        ([f'"{MX}"; dmarc=pass header.from=good.example'], None),
        (["dmarc=pass header.from=good.example"], None),
        ([f"{MX}; none"], Vouched(authserv_id=MX)),
        ([f"{MX}; dkim=pass header.d=good.example"], Vouched(authserv_id=MX)),
        ([f"{MX}; dmarc=pass header.from=good.example; dmarc=fail header.from=good.example"], Vouched(authserv_id=MX)),
        ([f"{MX}; dmarc=pass header.from=good.example {'(' * 5000}"], Vouched(authserv_id=MX)),
        ([f"{MX}; dmarc={'=' * 50}"], Vouched(authserv_id=MX)),
        ([], None),
    ],
)
def test_the_topmost_trusted_field_counts(values: list[str], expected: Vouched | None) -> None:
    """The first field of a trusted server, and no other; what breaks the grammar says nothing."""
    assert vouched(values, {MX}) == expected


@pytest.mark.parametrize(
    "hidden",
    [
        f'{MX}; dmarc=fail header.from=good.example; spf=pass smtp.mailfrom="; dmarc=pass header.from=good.example"@b',
        f"{MX}; dmarc=fail (; dmarc=pass header.from=good.example) header.from=good.example",
        f'{MX}; dmarc=fail reason="; dmarc=pass header.from=good.example" header.from=good.example',
    ],
)
def test_what_a_sender_can_write_is_no_verdict(hidden: str) -> None:
    """A quoted local part, a comment and a reason may hold anything."""
    assert vouched([hidden], {MX}) == FAIL


def test_a_field_without_a_name_counts_only_on_top() -> None:
    """Microsoft leaves its name out; below the top anybody may have written such a field."""
    nameless = (
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=good.example; dmarc=pass action=none header.from=good.example"
    )
    assert vouched([nameless], {""}) == Vouched(authserv_id="", result="pass", header_from="good.example")
    assert vouched([BAD, nameless], {""}) is None
