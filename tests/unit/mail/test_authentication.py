"""Authentication-Results: whose word counts, and what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailbot.mail.authentication import OUTSIDE, read_claims, vouched
from mailbot.mail.mime.headers import read_headers
from mailbot.mail.model import Vouched

MX = "mx.bot.example"
GOOD = f"{MX}; spf=pass smtp.mailfrom=good.example; dmarc=pass (p=none) header.from=good.example"
BAD = f"{MX}; dmarc=fail header.from=good.example"
PASS = Vouched(authserv_id=MX, result="pass", header_from="good.example", mailed_by="good.example")
ALONE = replace(PASS, mailed_by="")
FAIL = Vouched(authserv_id=MX, result="fail", header_from="good.example")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([GOOD], PASS),
        ([GOOD.upper()], PASS),
        ([BAD, GOOD], FAIL),
        ([GOOD, BAD], FAIL),
        ([GOOD, GOOD], PASS),
        ([f"{MX}; arc=none (no signatures found)", f"{MX}; spf=pass smtp.mailfrom=good.example", GOOD], PASS),
        ([f"{MX}; none", f"{MX}; bimi=skipped (DMARC Policy is not at enforcement)", GOOD], PASS),
        ([GOOD, f"{MX}; dmarc=pass header.from=other.example"], Vouched(authserv_id=MX)),
        ([GOOD, f"{MX}; dmarc=pass header.from=good.example {'(' * 5000}"], Vouched(authserv_id=MX)),
        ([f"{MX}; dmarc=(", GOOD], Vouched(authserv_id=MX)),
        ([f"{MX}; none", "mx.elsewhere.example; none", GOOD], Vouched(authserv_id=MX)),
        ([f"{MX}; none", "nobody can tell whose", GOOD], Vouched(authserv_id=MX)),
        ([f"{MX}; none", OUTSIDE, GOOD], Vouched(authserv_id=MX)),
        ([OUTSIDE, f"{MX}; none", GOOD], PASS),
        ([f"a{' ' * 4000}x", GOOD], PASS),
        (["mx.elsewhere.example; dmarc=pass header.from=good.example"], None),
        (["mx.elsewhere.example; dmarc=fail header.from=good.example", GOOD], PASS),
        ([f"{MX} 1; dmarc=pass header.from=good.example"], ALONE),
        ([f"{MX} (rspamd); dmarc=pass header.from=good.example"], ALONE),
        ([f"{MX}.evil.example; dmarc=pass header.from=good.example"], None),
        ([f'"{MX}"; dmarc=pass header.from=good.example'], None),
        (["dmarc=pass header.from=good.example"], None),
        ([GOOD, f"{MX}; spf=pass smtp.mailfrom=ada@bounces.good.example"], ALONE),
        ([GOOD, f"{MX}; spf=fail smtp.mailfrom=good.example"], ALONE),
        ([GOOD, f"{MX}; spf=("], ALONE),
        ([GOOD, f"{MX}; spf=none smtp.helo=evil.example"], ALONE),
        ([f"{MX}; dmarc=pass header.from=good.example; spf=softfail smtp.mailfrom=good.example"], ALONE),
        ([f"{MX}; dmarc=pass header.from=good.example; spf=pass smtp.helo=good.example"], ALONE),
        ([f"{MX}; dmarc=pass header.from=good.example (spf=pass smtp.mailfrom=good.example)"], ALONE),
        ([f"{MX}; dmarc=pass header.from=good.example", f"{MX}; spf=pass smtp.mailfrom=Ada@Good.example."], PASS),
        ([f"{MX}; none"], Vouched(authserv_id=MX)),
        ([f"{MX}; dkim=pass header.d=good.example"], Vouched(authserv_id=MX)),
        ([f"{MX}; dmarc=pass header.from=good.example; dmarc=fail header.from=good.example"], Vouched(authserv_id=MX)),
        ([f"{MX}; dmarc=pass header.from=good.example {'(' * 5000}"], Vouched(authserv_id=MX)),
        ([f"{MX}; dmarc={'=' * 50}"], Vouched(authserv_id=MX)),
        ([], None),
    ],
)
def test_the_fields_of_the_topmost_trusted_server_count(values: list[str], expected: Vouched | None) -> None:
    """All of them together, down to the first of another; what breaks the grammar, or differs, says nothing."""
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
    assert vouched([nameless], {""}) == replace(PASS, authserv_id="")
    assert vouched([BAD, nameless], {""}) is None


TRUSTED_NOTHING = f"Authentication-Results: {MX}; arc=none\r\n"
PASSED = f"Authentication-Results: {MX}; dmarc=pass header.from=good.example\r\n"


@pytest.mark.parametrize(
    ("received", "is_one_statement"),
    [
        ("from localhost (localhost [127.0.0.1]) by mx.bot.example (Postfix) with ESMTP id 1", True),
        ("from mx.bot.example ([::1]) by mx.bot.example with LMTP id 1", True),
        ("by mx.bot.example (Postfix, from userid 112) id 1", True),
        ("from evil.example (evil.example [203.0.113.9]) by mx.bot.example with ESMTP id 1", False),
        ("from localhost (evil.example [203.0.113.9]) by mx.bot.example with ESMTP id 1", False),
        ("from [127.0.0.1] (evil.example [203.0.113.9]) by mx.bot.example with ESMTP id 1", False),
        ("from localhost by mx.bot.example", False),
        ("(qmail 1 invoked from network); 1 Jan 2026 00:00:00 -0000", False),
    ],
)
def test_what_came_with_a_mail_from_outside_is_no_part_of_it(received: str, is_one_statement: bool) -> None:  # noqa: FBT001  # a parameter of the test
    """A server may hand a mail on within itself; whatever lies below the hop from another host, a sender may forge."""
    block = f"{TRUSTED_NOTHING}Received: {received}\r\n{PASSED}From: ada@good.example\r\n"
    found = read_claims(read_headers(block.encode()), "", {MX}).vouched
    assert found == (ALONE if is_one_statement else Vouched(authserv_id=MX))
