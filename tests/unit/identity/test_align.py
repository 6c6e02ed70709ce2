"""Which signing domains speak for which From: the public suffix list, and DMARC records that are stricter."""

from __future__ import annotations

import pytest

from mailbot.identity.align import aligned, organisation, walk


@pytest.mark.parametrize(
    ("author", "signer", "records", "expected"),
    [
        ("uni.example", "uni.example", {}, True),
        ("cs.uni.example", "uni.example", {}, True),
        ("uni.example", "mail.uni.example", {}, True),
        ("uni.example", "other.example", {}, False),
        ("uni.example", "notuni.example", {}, False),
        ("team.co.uk", "co.uk", {}, False),
        ("team.co.uk", "rival.co.uk", {}, False),
        ("lab.team.co.uk", "team.co.uk", {}, True),
        ("ada.github.io", "bob.github.io", {}, False),
        ("uni.example", "cs.uni.example", {"_dmarc.uni.example": "v=DMARC1; p=reject; adkim=s"}, False),
        ("uni.example", "uni.example", {"_dmarc.uni.example": "v=DMARC1; p=reject; adkim=s"}, True),
        ("cs.uni.example", "uni.example", {"_dmarc.uni.example": "v=DMARC1; p=none; adkim=r"}, True),
        ("cs.uni.example", "uni.example", {"_dmarc.uni.example": "v=DMARC1; p=none; ADKIM = S"}, False),
        ("a.reg.example", "b.reg.example", {"_dmarc.reg.example": "v=DMARC1; psd=y"}, False),
        ("x.a.reg.example", "a.reg.example", {"_dmarc.reg.example": "v=DMARC1; psd=y"}, True),
        ("cs.uni.example", "uni.example", {"_dmarc.cs.uni.example": "v=DMARC1; psd=n"}, False),
    ],
)
def test_alignment(author: str, signer: str, records: dict[str, str], expected: bool) -> None:  # noqa: FBT001  # a column of the table
    """The list decides, and a record only ever makes it stricter."""
    assert aligned(author, signer, records) is expected


def test_the_walk_asks_eight_names_at_most() -> None:
    """A name of many labels is asked for itself, and then from its last seven labels on (RFC 9989)."""
    assert list(walk("a.b.example")) == ["_dmarc.a.b.example", "_dmarc.b.example", "_dmarc.example"]
    deep = list(walk("a.b.c.d.e.f.g.h.i.example"))
    assert len(deep) == 8
    assert deep[:2] == ["_dmarc.a.b.c.d.e.f.g.h.i.example", "_dmarc.d.e.f.g.h.i.example"]


def test_a_public_suffix_is_no_organisation() -> None:
    """Nobody registers ``co.uk``, so it has no registered domain."""
    assert organisation("co.uk") is None
    assert organisation("lab.team.co.uk") == "team.co.uk"
