"""Whose mail it is, and whether anybody may be answered."""

from __future__ import annotations

import pytest

from mailbot.config.address import canonical
from mailbot.identity.identify import Identity, identify
from mailbot.mail.model import Mail
from mailbot.model import Outcome, Team

TEAM = Team(id=1, name="Pixel Peepers", addresses=("ada@peepers.example", "bo@peepers.example"))
ROSTER = dict.fromkeys(TEAM.addresses, TEAM)
OWN = {"submissions@siqa.example"}


def _of(*senders: str, automatic: str | None = None) -> Identity:
    """Identify a mail from these senders."""
    return identify(Mail(senders=senders, automatic=automatic), ROSTER, OWN)


@pytest.mark.parametrize("sender", TEAM.addresses)
def test_a_team_is_answered_where_it_wrote_from(sender: str) -> None:
    """Every address of a team is the team's, and the reply goes to the one that wrote."""
    assert _of(sender) == Identity(team=TEAM, reply_to=sender)


def test_a_stranger_is_known_as_one() -> None:
    """Whoever is on no team has no team; whether to answer is the config's word."""
    found = _of("eve@elsewhere.example")
    assert (found.team, found.reply_to, found.outcome) == (None, "eve@elsewhere.example", Outcome.UNKNOWN_SENDER)


@pytest.mark.parametrize(
    "sender", ["eve@", "@", "eve@[?", "eve@elsewhere", "(c)@x.example", "e\ufffdve@x.example", "a..b@x.example"]
)
def test_no_stranger_is_written_to_at_what_is_no_address(sender: str) -> None:
    """No header could hold it, or no roster; the mail is a stranger's all the same."""
    found = _of(sender)
    assert (found.team, found.reply_to, found.outcome) == (None, None, Outcome.UNKNOWN_SENDER)


@pytest.mark.parametrize("senders", [(), ("ada@peepers.example", "eve@elsewhere.example"), TEAM.addresses])
def test_only_one_sender_is_a_sender(senders: tuple[str, ...]) -> None:
    """A mail with no From address, or with several, belongs to nobody and is not answered."""
    found = _of(*senders)
    assert (found.team, found.reply_to, found.outcome) == (None, None, Outcome.UNKNOWN_SENDER)
    assert found.reason == f"{len(senders)} From addresses"


@pytest.mark.parametrize("sender", ["ada@peepers.example", "eve@elsewhere.example"])
def test_a_machine_is_never_answered(sender: str) -> None:
    """An automatic mail is recorded for its team, with the reason, and nobody is answered."""
    found = _of(sender, automatic="bulk mail")
    assert (found.reply_to, found.outcome, found.reason) == (None, Outcome.AUTOMATIC, "bulk mail")
    assert found.team == ROSTER.get(sender)


@pytest.mark.parametrize("sender", ["submissions@siqa.example", "submissions+x@siqa.example"])
@pytest.mark.parametrize("others", [(), ("ada@peepers.example",)])
def test_our_own_mails_are_ours(sender: str, others: tuple[str, ...]) -> None:
    """A mail that claims to come from the submission address is never answered, whoever else it names."""
    assert _of(*others, sender, automatic="bulk mail") == Identity(
        outcome=Outcome.OWN, reason="it comes from the submission address itself"
    )


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Bot+tag@A.org", "bot@a.org"),
        ("bot@a.org", "bot@a.org"),
        ("bot+a+b@a.org", "bot@a.org"),
        ("+x@a.org", "@a.org"),
        ('"a@b"@a.org', '"a@b"@a.org'),
    ],
)
def test_the_plus_part_is_no_other_mailbox(address: str, expected: str) -> None:
    """Case and the plus part are left out of an address."""
    assert canonical(address) == expected
