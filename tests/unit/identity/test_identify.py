"""Whose mail it is, and whether anybody may be answered."""

from __future__ import annotations

from typing import Any

import pytest

from mailbot.config.address import canonical
from mailbot.identity.identify import Identity, identify
from mailbot.mail.automatic import ABSENCE
from mailbot.mail.model import Mail, Sign
from mailbot.model import Outcome, Team

TEAM = Team(id=1, name="Pixel Peepers", addresses=("ada@peepers.example", "bo@peepers.example"))
ROSTER = dict.fromkeys(TEAM.addresses, TEAM)
OWN = {"submissions@siqa.example"}


def _of(*senders: str, sign: Sign | None = None, original: tuple[str, ...] = (), **found: Any) -> Identity:  # noqa: ANN401  # flags of identify
    """Identify a mail from these senders."""
    automatic = "bulk mail" if sign else None
    return identify(Mail(senders=senders, automatic=automatic, sign=sign, original=original), ROSTER, OWN, **found)


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
@pytest.mark.parametrize("sign", [Sign.LOOP, Sign.REPORT, Sign.REPLY])
def test_a_machine_is_not_answered(sender: str, sign: Sign) -> None:
    """A mail with a strong sign is recorded for its team, with the reason, and nobody is answered."""
    found = _of(sender, sign=sign)
    assert (found.reply_to, found.outcome, found.reason) == (None, Outcome.AUTOMATIC, "bulk mail")
    assert found.team == ROSTER.get(sender)


def test_a_weak_sign_makes_no_machine_of_a_team() -> None:
    """Providers and forwarders put such fields on what people write; of a stranger they are enough."""
    assert _of("ada@peepers.example", sign=Sign.WEAK) == _of("ada@peepers.example")
    assert _of("eve@elsewhere.example", sign=Sign.WEAK).outcome is Outcome.AUTOMATIC


@pytest.mark.parametrize(
    ("sign", "found", "served"),
    [
        (Sign.REPLY, {"has_files": True}, True),
        (Sign.REPLY, {"has_files": True, "answers_us": True}, True),
        (Sign.REPLY, {"has_command": True}, True),
        (Sign.REPLY, {"has_command": True, "answers_us": True}, False),
        (Sign.WEAK, {"answers_us": True}, True),
        (Sign.REPORT, {"has_files": True}, False),
        (Sign.LOOP, {"has_files": True}, False),
    ],
)
def test_a_team_with_a_file_or_a_command_is_served(sign: Sign, found: dict[str, Any], *, served: bool) -> None:
    """Whatever the headers say, unless it is a report, our own mail, or a machine's answer to ours without a file."""
    assert (_of("ada@peepers.example", sign=sign, **found).outcome is None) is served


def test_an_absence_in_our_thread_is_a_machines() -> None:
    """Its subject and that it answers us are enough together; the subject of a person's question is not."""
    mail = Mail(senders=("ada@peepers.example",), automatic=ABSENCE, sign=Sign.WEAK)
    assert identify(mail, ROSTER, OWN, answers_us=True).outcome is Outcome.AUTOMATIC
    assert identify(mail, ROSTER, OWN).outcome is None


def test_a_group_that_is_ourselves_names_the_author() -> None:
    """From was rewritten to our own address: the author counts, and nothing can prove it."""
    found = _of("submissions@siqa.example", original=("ada@peepers.example",), sign=Sign.WEAK)
    assert found == Identity(team=TEAM, reply_to="ada@peepers.example", rewritten=True)
    assert _of("submissions@siqa.example", original=("submissions@siqa.example",)).outcome is Outcome.OWN
    assert _of("submissions@siqa.example", original=TEAM.addresses).outcome is Outcome.OWN
    looped = _of("submissions@siqa.example", original=("ada@peepers.example",), sign=Sign.LOOP)
    assert looped.outcome is Outcome.OWN
    assert _of("eve@elsewhere.example", original=("ada@peepers.example",)).team is None


@pytest.mark.parametrize("sender", ["submissions@siqa.example", "submissions+x@siqa.example"])
@pytest.mark.parametrize("others", [(), ("ada@peepers.example",)])
def test_our_own_mails_are_ours(sender: str, others: tuple[str, ...]) -> None:
    """A mail that claims to come from the submission address is never answered, whoever else it names."""
    assert _of(*others, sender, sign=Sign.WEAK) == Identity(
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
