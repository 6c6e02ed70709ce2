"""Which of several proofs counts."""

from __future__ import annotations

import pytest

from mailbot.identity.level import Proof, dmarc, weigh
from mailbot.mail.model import Claims, Signature, Vouched
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
        ({"recipients": ("bob@list.example",)}, "our address is neither in To nor in Cc"),
        ({"distrusted": ("mx",)}, "mx lets forged results through, as `doctor --check-auth` saw"),
    ],
)
def test_a_server_vouches_for_the_from_that_we_see(change: dict[str, object], why: str) -> None:
    """Any word but pass, another domain, a second From, or a server that was caught: nothing is proven."""
    passed = Vouched(authserv_id="mx", result="pass", header_from="a.example")
    asked: dict[str, object] = {"vouched": passed, "from_fields": 1, "distrusted": ()} | change
    distrusted = asked.pop("distrusted")
    claims = Claims(**{"recipients": (US,)} | asked)  # type: ignore[arg-type]  # a table of mixed kinds
    proof = dmarc(claims, "ada@a.example", own=[US], distrusted=distrusted)  # type: ignore[arg-type]  # as above
    assert (proof.holds, proof.why) == (False, why)


US = "us@siqa.example"
SENT_ON = "it may have been sent on: its signatures do not cover its subject, or that it was written to us"


@pytest.mark.parametrize(
    ("mailed_by", "signed", "why"),
    [
        ("", (), ""),
        ("", (("a.example", (US,)),), ""),
        ("", (("a.example", ()),), SENT_ON),
        ("", (("mail.a.example", ("bob@list.example",)),), SENT_ON),
        ("", (("a.example", (US,)), ("a.example", ())), SENT_ON),
        ("", (("a.example", (US,)), ("evil.example", ())), ""),
        ("bounces.a.example", (("a.example", ()),), ""),
        ("evil.example", (("a.example", ()),), SENT_ON),
    ],
)
def test_what_may_have_been_sent_on_proves_nothing(
    mailed_by: str, signed: tuple[tuple[str, tuple[str, ...]], ...], why: str
) -> None:
    """A server of the sender's domain sent it, or each signature of the domain says that it was written to us."""
    passed = Vouched(authserv_id="mx", result="pass", header_from="a.example", mailed_by=mailed_by)
    signatures = tuple(Signature(domain=domain, selector="s", written_to=to) for domain, to in signed)
    proof = dmarc(
        Claims(vouched=passed, recipients=(US,), signatures=signatures), "ada@a.example", own=[US], distrusted=()
    )
    assert (proof.holds, proof.why) == (not why, why or "mx vouches for the sender")
