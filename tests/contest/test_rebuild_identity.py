"""A ledger made anew knows who sent each mail without asking anybody again: keys may have left the DNS since."""

from __future__ import annotations

import email
import secrets
from email.message import EmailMessage
from email.policy import default
from typing import TYPE_CHECKING

from mailbot.config import load
from mailbot.identity import confirmation
from mailbot.identity import keys as secret
from mailbot.ledger import events, mails, observations, outbox, teams
from mailbot.mail import teamkey
from mailbot.operations import rebuild
from tests.contest.contest import Clock, contest, mail, take
from tests.contest.test_rebuild import told
from tests.integration.identity_cases import record, signed
from tests.servers.dns import Nameserver

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

AMBER, BERYL = "amber@example.org", "beryl@example.org"


def _answer(wired: Service, sender: str) -> bytes:
    """Return the team's word on the mail that was asked about last."""
    with wired.ledger.read() as tx:
        asked = email.message_from_bytes(outbox.listing(tx)[-1].message, policy=default)
    answer = EmailMessage()
    answer["From"], answer["To"], answer["Subject"] = sender, "submissions@example.test", f"Re: {asked['Subject']}"
    answer.set_content("confirm\n")
    return answer.as_bytes()


def _key(wired: Service, team: str, clock: Clock) -> str:
    with wired.ledger.write("team-key") as tx:
        given = secret.new_key(
            tx,
            team,
            secret=secret.of(wired.config.state, wired.ledger),
            randomness=secrets.token_bytes(teamkey.BYTES),
            now=clock(),
        )
    assert given is not None
    return given[1]


def _live(wired: Service, clock: Clock) -> None:
    """Have mails come signed, keyed, held and confirmed, held and approved, held and left."""
    old, new = _key(wired, "Beryl", clock), _key(wired, "Beryl", clock)
    plays = [
        signed(mail(AMBER, shift=0.1, Message_ID="<1@x.org>"), "example.org"),
        mail(AMBER, shift=0.2, Message_ID="<2@x.org>"),
        mail(BERYL, shift=0.3, subject=f"x [key {new}]", Message_ID="<3@x.org>"),
        mail(BERYL, shift=0.4, subject=f"x [key {old}]", Message_ID="<4@x.org>"),
        mail(AMBER, shift=0.5, Message_ID="<5@x.org>"),
    ]
    for number, raw in enumerate(plays, 1):
        clock.pass_by(hours=1)
        take(wired, raw, clock.instant)
        if number == 2:
            clock.pass_by(minutes=5)
            answer = _answer(wired, AMBER)
            take(wired, answer, clock.instant)
            take(wired, answer + b"Once more.\n", clock.instant)
    with wired.ledger.write("approve") as tx:
        assert confirmation.approve(tx, 6, why="they called", now=clock())
        observations.note_authserv(tx, "mx", forged=True, now=clock())
        events.append(tx, kind="authserv-checked", subject="mx", now=clock(), forged=True)
    while wired.intake.step():
        pass


def _identities(wired: Service) -> dict[str, object]:
    with wired.ledger.read() as tx:
        return {
            "mails": [(row.outcome, row.reason, row.auth, row.auth_why) for row in mails.listing(tx)],
            "keys": teams.key_holders(tx),
        }


def test_a_rebuilt_ledger_asks_nobody(tmp_path: Path) -> None:
    """Levels, reasons, held mails, questions and answers come back although the nameserver is gone."""
    clock, require = Clock(), ["key", "dkim", "confirmed"]
    with Nameserver() as dns:
        dns.records["s1._domainkey.example.org"] = [record("honest")]
        identity = {"require": require, "nameservers": [dns.address]}
        with contest(tmp_path, clock, identity=identity) as wired:
            _live(wired, clock)
            before, identities = told(wired.ledger), _identities(wired)
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    assert rebuild.rebuild(config, from_mailbox=False).counts["not_in_the_trail"] == 0
    with contest(tmp_path, clock, identity=identity) as wired:
        assert told(wired.ledger) == before
        assert _identities(wired) == identities
    levels = [(row[0], row[2]) for row in identities["mails"]]  # type: ignore[attr-defined]  # a list of rows
    assert levels == [
        ("scored", "dkim"),
        ("scored", "confirmed"),
        ("confirmed", None),
        ("not-confirmed", None),
        ("scored", "key"),
        ("scored", "confirmed"),
        ("held", "none"),
    ]
