"""The organizers may let a team submit beyond the quota: it counts, all are told, a rebuilt ledger has it again."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot import flow
from mailbot.config import load
from mailbot.daemon import status
from mailbot.ledger import outbox, quota, submissions, teams
from mailbot.operations import rebuild
from tests.command import mailbot
from tests.contest.contest import Clock, mail, take, write_config
from tests.contest.test_letters import AMBER, BERYL, WEDNESDAY, letters, text, turn
from tests.unit.services import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.service import Service

WHY = "Our server was down on Tuesday."


@contextmanager
def contest(folder: Path, clock: Clock) -> Iterator[Service]:
    """Open a service that takes one submission a week."""
    path = write_config(folder)
    path.write_text(path.read_text().replace("per_week = 50", "per_week = 1"))
    with flow.working(load.load(path), clock=clock) as wired:
        yield in_process(wired)


def send(wired: Service, clock: Clock, sender: str) -> None:
    """Take a good file, a minute after the last and with other values."""
    clock.pass_by(minutes=1)
    raw = mail(sender, shift=clock.instant.minute / 64, Message_ID=f"<{clock.instant:%d%H%M}@x>")
    take(wired, raw, clock.instant)


def statuses(wired: Service) -> list[str]:
    """Return what became of each submission."""
    with wired.ledger.read() as tx:
        return [str(row.status) for row in submissions.listing(tx)]


def grant(wired: Service, clock: Clock, more: int) -> None:
    """Let Amber have more."""
    with wired.ledger.write("test") as tx:
        amber = teams.with_name(tx, "Amber")
        assert amber is not None
        quota.grant(tx, wired.challenge.quota, amber, "siqa-s", more=more, why=WHY, now=clock())


def test_a_grant_counts_for_its_team_and_week_alone(tmp_path: Path) -> None:
    """Nothing is taken that came before it, from another team, or the week after; a rebuilt ledger says the same."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        for _ in range(2):
            send(wired, clock, AMBER)
        grant(wired, clock, 1)
        grant(wired, clock, 1)
        for sender in (AMBER, AMBER, AMBER, BERYL, BERYL):
            send(wired, clock, sender)
        clock.pass_by(weeks=1)
        for _ in range(2):
            send(wired, clock, AMBER)
        found = statuses(wired)
    over, fine = "over-quota", "accepted"
    assert found == [fine, over, fine, fine, over, fine, over, fine, over]
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    rebuild.rebuild(config, from_mailbox=False)
    with contest(tmp_path, clock) as wired:
        assert statuses(wired) == found


def test_reply_letter_and_digest_tell_of_it(tmp_path: Path) -> None:
    """The reply counts to what the team may have now; the organizers read who got it, and why."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        grant(wired, clock, 2)
        send(wired, clock, AMBER)
        with wired.ledger.read() as tx:
            (reply,) = outbox.listing(tx)
            (used,) = status.look(tx, wired.config, now=clock()).used
        assert (used.team, used.week, used.per_week) == ("Amber", 1, 3)
        assert "1 of 3 used this week on SIQA-S" in text(reply)
        turn(wired, clock, WEDNESDAY - timedelta(hours=11))  # in this week still
        wired.weekly.publish(as_of=clock(), letters=True)
        wired.letter_queue.step()
        assert "2 of 3 submissions left this week" in text(letters(wired.ledger)[-1])
        turn(wired, clock, WEDNESDAY)
        told = text(letters(wired.ledger, "digest")[-1])
    assert f"Amber, siqa-s: 2 more this week ({WHY})" in told


def test_the_command_names_what_it_did_and_what_is_wrong(tmp_path: Path) -> None:
    """A team or a track that is not there is named; so is the phase, where another one would not count the grant."""
    path = write_config(tmp_path)
    out = mailbot("teams", "grant", "--yes", "amber", "siqa-s", "--more", "2", "--why", WHY, folder=tmp_path).out
    assert out == "Amber may have 52 submissions accepted on siqa-s this week, and has 52 left.\n"
    assert "no team" in mailbot("teams", "grant", "Zircon", "siqa-s", "--why", WHY, folder=tmp_path, code=2).err
    assert "has siqa-s" in mailbot("teams", "grant", "Amber", "siqa-x", "--why", WHY, folder=tmp_path, code=2).err
    phase = '[[phases]]\nname = "finals"\nopens = 2020-01-01T00:00:00Z\nper_week = 4\n'
    path.write_text(f"{path.read_text()}\n{phase}")
    out = mailbot("teams", "grant", "--yes", "Amber", "siqa-s", "--why", WHY, folder=tmp_path).out
    assert "may have 5 submissions accepted on siqa-s this week in phase finals (in no other phase), and has 5" in out
