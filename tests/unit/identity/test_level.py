"""Which of several proofs counts."""

from __future__ import annotations

import pytest

from mailbot.identity.level import Proof, dmarc, weigh
from mailbot.mail.model import Claims, Vouched
from mailbot.model import AuthLevel, Verdict

KEY, DMARC, DKIM, CONFIRMED, NONE = AuthLevel
ALL = (KEY, DMARC, DKIM, NONE)


def _proofs(*holding: AuthLevel) -> list[Proof]:
    return [Proof(level=level, holds=level in holding, why=f"about {level}") for level in (KEY, DMARC, DKIM)]


@pytest.mark.parametrize(
    ("holding", "require", "level", "enough"),
    [
        ((KEY, DKIM), ALL, KEY, True),
        ((DKIM,), ALL, DKIM, True),
        ((KEY, DKIM), (DKIM, KEY), DKIM, True),
        ((KEY,), (DKIM,), KEY, False),
        ((), ALL, NONE, True),
        ((), (KEY, DMARC, DKIM), NONE, False),
        ((DMARC, DKIM), (KEY,), DMARC, False),
        ((DKIM,), (NONE,), NONE, True),
    ],
)
def test_the_first_required_level_that_is_proven_counts(
    holding: tuple[AuthLevel, ...],
    require: tuple[AuthLevel, ...],
    level: AuthLevel,
    enough: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """The order of the config decides; where nothing of it is proven, the surest is named and is not enough."""
    found = weigh(_proofs(*holding), require)
    assert (found.level, found.enough) == (level, enough)


def test_nothing_says_why_not() -> None:
    """A mail that proves nothing says of each proof why it does not hold."""
    assert weigh(_proofs(), (NONE,)) == Verdict(level=NONE, why="about key; about dmarc; about dkim")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"vouched": None}, ""),
        ({"vouched": Vouched(authserv_id="mx", result="fail", header_from="a.example")}, "mx says dmarc=fail"),
        ({"vouched": Vouched(authserv_id="mx", result="temperror")}, "mx says dmarc=temperror"),
        ({"vouched": Vouched(authserv_id="mx")}, "mx says dmarc=nothing"),
        ({"vouched": Vouched(authserv_id="mx", result="pass", header_from="b.example")}, "mx vouches for another From"),
        ({"vouched": Vouched(authserv_id="mx", result="pass")}, "mx vouches for another From"),
        ({"from_fields": 2}, "mx vouches for another From"),
        ({"to_us": False}, "our address is neither in To nor in Cc"),
        ({"distrusted": ("mx",)}, "mx lets forged results through, as `doctor --check-auth` saw"),
    ],
)
def test_a_server_vouches_for_the_from_that_we_see(change: dict[str, object], why: str) -> None:
    """Any word but pass, another domain, a second From, or a server that was caught: nothing is proven."""
    passed = Vouched(authserv_id="mx", result="pass", header_from="a.example")
    asked: dict[str, object] = {"vouched": passed, "from_fields": 1, "to_us": True, "distrusted": ()} | change
    claims = Claims(vouched=asked["vouched"], from_fields=asked["from_fields"])  # type: ignore[arg-type]  # a table of mixed kinds
    proof = dmarc(claims, "ada@a.example", to_us=asked["to_us"] is True, distrusted=asked["distrusted"])  # type: ignore[arg-type]  # as above
    assert (proof.holds, proof.why) == (False, why)
