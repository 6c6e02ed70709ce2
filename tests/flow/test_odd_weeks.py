"""What organizers do in an odd contest: two of them at once, teams merged twice, a board withdrawn and made again."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import pytest

from mailbot.board import withdrawal
from mailbot.board.page.rules import Awards
from mailbot.errors import Permanent
from mailbot.ledger import outbox, rulings, submissions, teams
from mailbot.letters import written
from mailbot.model import Exclusion
from mailbot.operations import letters
from mailbot.operations import teams as changes
from tests.contest.contest import Clock, contest, mail, send_all, take
from tests.flow.test_three_weeks import PHASE, WHY, Story, at

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

AMBER, BERYL, CHAIR = "amber@example.org", "beryl@example.org", "chair@example.net"


def _begin(wired: Service, *senders: str) -> None:
    """Let a file of each arrive, each a little worse than the one before."""
    for number, sender in enumerate(senders, 1):
        take(wired, mail(sender, shift=number / 10, Message_ID=f"<{number}@example.org>"), wired.clock())
    send_all(wired)


def _kinds(wired: Service) -> Counter[tuple[str, str]]:
    """Return kind and recipient of every mail but replies."""
    with wired.ledger.read() as tx:
        return Counter((row.kind, row.recipient) for row in outbox.listing(tx) if row.kind != "reply")


def test_two_organizers_who_looked_at_once_write_once(tmp_path: Path) -> None:
    """Both have seen the same letters; the second one sends none, and is told where that is no matter of course."""
    clock = Clock()
    with contest(tmp_path, clock, **PHASE) as wired:
        _begin(wired, AMBER, BERYL)
        clock.pass_by(minutes=1)
        made = wired.weekly.board(clock(), final=True)
        with wired.ledger.read() as tx:
            given = Awards(**wired.config.awards.model_dump())
            award = [written.awards(tx, wired.challenge, made, given).letters for _ in range(2)]
            news = [written.announcement(tx, None, "News", "We begin.").letters for _ in range(2)]
            out = [written.disqualification(tx, wired.challenge, "Amber", WHY).letters for _ in range(2)]
            again = [letters.look_again(tx, wired.challenge, 1, None) for _ in range(2)]
            grants = changes.granted(tx, "Amber")
        welcome = [letters.look_welcome(wired, ["Amber", "Beryl"]).letters for _ in range(2)]
        assert [letters.send_welcome(wired, each) for each in welcome] == [2, 0]
        for drafts in (award, news, out):
            told = []
            for each in drafts:
                with wired.ledger.write("test") as tx:
                    told.append(written.queue(tx, wired.challenge, each, clock()))
            assert told == [len(drafts[0]), 0]
        with wired.ledger.write("test") as tx:
            letters.send_again(tx, wired.challenge, again[0], WHY, clock())
        with wired.ledger.write("test") as tx, pytest.raises(Permanent, match="sent again meanwhile"):
            letters.send_again(tx, wired.challenge, again[1], WHY, clock())
        grant = partial(changes.grant, more=1, why=WHY, now=clock(), after=grants)
        with wired.ledger.write("test") as tx:
            grant(tx, wired.challenge, "Amber", "siqa-s")
        with wired.ledger.write("test") as tx, pytest.raises(Permanent, match="granted Amber more meanwhile"):
            grant(tx, wired.challenge, "Amber", "siqa-s")
        assert max(_kinds(wired).values()) == 1


def test_teams_that_are_merged_twice_stay_one(tmp_path: Path) -> None:
    """Though a roster file still names them: their mails are the last one's, and nobody is written to."""
    clock = Clock()
    with contest(tmp_path, clock, **PHASE) as wired:
        _begin(wired, AMBER, BERYL)
        with wired.ledger.read() as tx:
            merger = changes.merger(tx, "Amber", "Beryl")
        with wired.ledger.write("test") as tx:
            changes.carry_out(tx, wired.config, merger, WHY, clock())
        with wired.ledger.write("test") as tx, pytest.raises(Permanent, match="Amber"):
            changes.carry_out(tx, wired.config, merger, WHY, clock())
        clock.pass_by(minutes=1)
        assert [row.team for row in wired.weekly.board(clock()).tables[0].rows if not row.baseline] == ["Beryl"]
    with contest(tmp_path, clock, **PHASE) as wired:  # the roster file is read again
        with wired.ledger.read() as tx:
            assert [team.name for team in teams.everyone(tx)] == ["Beryl"]
        take(wired, mail(AMBER, shift=0.3, Message_ID="<late@example.org>"), clock())
        with wired.ledger.read() as tx:
            assert {row.team for row in submissions.listing(tx)} == {"Beryl"}
        assert _kinds(wired) == Counter()


def test_a_board_that_is_withdrawn_published_again_and_made_final(tmp_path: Path) -> None:
    """Each board is told once; after the final results no weekly letter follows, whoever is taken back by then."""
    clock = Clock(at("04-13T09:00"))
    with contest(tmp_path, clock, **PHASE) as wired:
        story = Story(wired, clock)
        for sender in (AMBER, BERYL):
            story.submit(sender)
        story.told()
        story.go("04-15T10:00")
        everybody = Counter([("standing", AMBER), ("standing", BERYL)])
        assert story.told() == everybody + Counter([("digest", CHAIR)])
        withdrawal.carry_out(wired.ledger, withdrawal.look(wired.ledger, "2026-04-15"), WHY, clock())
        clock.pass_by(minutes=1)
        wired.weekly.publish(as_of=clock(), letters=True)
        story.go("04-16T10:00")
        assert story.told() == everybody
        story.go("05-02T10:00")
        story.told()
        assert _final(story) == Counter([("award", AMBER), ("award", BERYL)])
        for change, told in (
            (partial(rulings.exclude_team, name="Amber", kind=Exclusion.DISQUALIFIED), [("award", BERYL)]),
            (partial(rulings.reinstate_team, name="Amber"), [("award", BERYL)]),  # Amber's letter is true again
        ):
            with wired.ledger.write("test") as tx:
                change(tx, why=WHY, now=clock())
            clock.pass_by(minutes=1)
            assert _final(story) == Counter(told)
        story.go("05-13T12:00")
        assert {kind for kind, _ in story.told()} <= {"digest"}


def _final(story: Story) -> Counter[tuple[str, str]]:
    """Publish the final results of now and send the winners' letters; return what was told."""
    wired = story.wired
    made = wired.weekly.board(story.clock(), final=True)
    with wired.ledger.read() as tx:
        drafts = written.awards(tx, wired.challenge, made, Awards(**wired.config.awards.model_dump()))
    wired.weekly.publish(as_of=story.clock(), final=True)
    story.send(drafts)
    return story.told()
