"""Three weeks of a challenge as its organizer plays them: every act is looked at first, and taken back where it can be.

The clock is an argument and moves by hand; the parts are the real ones, in this process. What was written to whom is
told act by act: a letter more, or to another team, fails the act that wrote it.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from mailbot.board.page.rules import Awards
from mailbot.config import load
from mailbot.identity import confirmation, roster
from mailbot.identity.names import Reserved
from mailbot.identity.roster_table import mapping
from mailbot.ledger import events, held, mails, outbox, rulings, submissions, teams
from mailbot.letters import written
from mailbot.model import Exclusion, Outcome, Ruling, Status
from mailbot.operations import acceptance, deadlines, letters, rebuild, rescore, truths
from mailbot.operations import teams as changes
from tests.contest.contest import Clock, contest, mail, take

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mailbot.ledger import Tx
    from mailbot.letters.written import Drafts
    from mailbot.operations.teams import Plan
    from mailbot.service import Service

AMBER, BERYL, CITRINE, GREEN = (f"{name}@example.org" for name in ("amber", "beryl", "citrine", "gruen"))
SECOND, STRANGER, CHAIR = "second@example.org", "ada@home.example", "chair@example.net"
CLOSES = datetime.fromisoformat("2026-04-30T00:00:00+08:00")
PHASE: dict[str, Any] = {"[phases]": {"name": "test", "closes": CLOSES.isoformat()}}
WHY = "the committee decided so"


def at(text: str) -> datetime:
    """Return an instant of the contest's year and zone."""
    return datetime.fromisoformat(f"2026-{text}:00+08:00")


@dataclass
class Story:
    """A contest, and what was written in it so far."""

    wired: Service
    clock: Clock
    _seen: int = 0
    _shift: float = 0.0
    #: Everything that was told, over all acts.
    everything: Counter[tuple[str, str]] = field(default_factory=Counter)

    def go(self, until: str) -> None:
        """Let the time pass until an instant, and do what is due then, as the daemon does."""
        self.clock.instant = at(until)
        while self.wired.intake.step() or self.wired.weekly.step() or self.wired.letter_queue.step():
            pass

    def submit(self, sender: str, **fields: str) -> None:
        """Let a result file arrive, each a little worse than the one before."""
        self._shift += 0.1
        name = f"<{self._shift:.1f}@example.org>"
        take(self.wired, mail(sender, shift=self._shift, Message_ID=name, **fields), self.clock.instant)

    def told(self) -> Counter[tuple[str, str]]:
        """Return kind and recipient of each mail that was written since it was asked last, and take all as sent."""
        with self.wired.ledger.write("test") as tx:
            rows = [row for row in outbox.listing(tx) if row.id > self._seen]
            while (row := outbox.claim(tx, self.clock() + timedelta(days=1))) is not None:
                outbox.sent(tx, row.id, self.clock())
                events.append(tx, kind="reply-sent", subject=row.name, now=self.clock(), of=row.of)
        self._seen = max((row.id for row in rows), default=self._seen)
        found = Counter((row.kind, row.recipient) for row in rows)
        self.everything += found
        return found

    def board(self) -> list[tuple[int | None, str, float, str]]:
        """Return the board of now: rank, team, score and receipt."""
        (table,) = self.wired.weekly.board(self.clock()).tables
        return [(row.rank, row.team, row.score, row.receipt) for row in table.rows if not row.baseline]

    def send(self, drafts: Drafts) -> None:
        """Send letters that were shown."""
        with self.wired.ledger.write("test") as tx:
            written.queue(tx, self.wired.challenge, drafts.letters, self.clock())

    def change(self, plan: Plan) -> None:
        """Make a change of the roster that was shown."""
        with self.wired.ledger.write("test") as tx:
            changes.carry_out(tx, self.wired.config, plan, WHY, self.clock())


def test_three_weeks(tmp_path: Path) -> None:
    """No wrong letter, every inverse brings the same board back, and a rebuilt ledger agrees and owes nothing."""
    clock = Clock(at("04-13T09:00"))
    sections = PHASE
    with contest(tmp_path, clock, **sections) as wired:
        story = Story(wired, clock)
        _begin(story)
        _first_week(story)
        _labels_are_corrected(story, tmp_path)
        _teams_change(story)
        _the_rules_are_broken_and_bent(story)
        _the_deadline_passes(story)
        _final_results(story)
        clock.pass_by(days=14)
        while wired.weekly.step() or wired.letter_queue.step():
            pass
        assert {kind for kind, _ in story.told()} <= {"digest"}
        last = story.board()
        assert max(count for (kind, _), count in story.everything.items() if kind == "announcement") == 1
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    assert rebuild.rebuild(config, from_mailbox=False).differences == []
    with contest(tmp_path, clock, **sections) as wired:
        again = Story(wired, clock)
        assert again.board() == last
        with wired.ledger.read() as tx:
            assert [row.kind for row in outbox.listing(tx) if row.state == "queued"] == []
            assert events.first_broken(tx) is None


def _begin(story: Story) -> None:
    """Import a roster as Excel saves it, welcome its teams once, tell all of the opening once."""
    data = "Team name;Email Address\r\nCitrine;citrine@example.org\r\nGrün;gruen@example.org\r\n".encode("cp1252")
    read = roster.read_csv(data, mapping('team="Team name",address="Email Address"'))
    assert read.mistakes == ()
    config = story.wired.config
    terms = roster.Terms(again=True, reserved=Reserved.of(config))
    with story.wired.ledger.write("test") as tx:
        assert roster.enter(tx, read.entries, story.clock(), state=config.state, terms=terms) == []
    new = ["Citrine", "Grün"]
    assert letters.send_welcome(story.wired, letters.look_welcome(story.wired, new).letters) == 2
    assert letters.look_welcome(story.wired, new).letters == []
    assert story.told() == Counter([("welcome", CITRINE), ("welcome", GREEN)])
    for expected in (4, 0):
        with story.wired.ledger.read() as tx:
            drafts = written.announcement(tx, None, "We begin", "The test set is out.")
        assert len(drafts.letters) == expected
        story.send(drafts)
    assert story.told() == Counter(("announcement", each) for each in (AMBER, BERYL, CITRINE, GREEN))


def _first_week(story: Story) -> None:
    """Answer files, give a stranger's mail to its team, tell each team on Wednesday how it stands."""
    for sender in (AMBER, BERYL, CITRINE):
        story.submit(sender)
    assert story.told() == Counter(("reply", each) for each in (AMBER, BERYL, CITRINE))
    story.submit(STRANGER)
    assert {recipient for _, recipient in story.told()} <= {STRANGER, CHAIR}
    with story.wired.ledger.write("test") as tx:
        unknown = next(row for row in mails.listing(tx) if row.outcome is Outcome.UNKNOWN_SENDER)
        green = teams.with_name(tx, "grün")
        assert green is not None
        assert held.assign(tx, unknown.id, green.id, why=WHY, now=story.clock())
    story.go("04-14T09:00")
    assert story.told() == Counter([("reply", GREEN)])
    story.go("04-15T10:00")
    everybody = (AMBER, BERYL, CITRINE, GREEN)
    assert story.told() == Counter([*(("standing", each) for each in everybody), ("digest", CHAIR)])
    assert [row[:2] for row in story.board()] == [(1, "Amber"), (2, "Beryl"), (3, "Citrine"), (4, "Grün")]


def _labels_are_corrected(story: Story, folder: Path) -> None:
    """Do what the preview says, tell the teams, go back, and find the board as it was."""
    wired, before = story.wired, story.board()
    rows = json.loads((folder / "labels.json").read_text())["predictions"]
    rows[2]["perception"], rows[3]["perception"] = rows[3]["perception"], rows[2]["perception"]
    (folder / "new.json").write_text(json.dumps({"predictions": rows}))
    stage = wired.config.stage_named(None, story.clock())
    effect = truths.effect(wired, truths.from_file(wired, folder / "new.json", None), stage)
    assert (effect.other_items, effect.many) == (False, False)
    old = effect.before
    for number, made in enumerate((effect.made, old)):
        wired.labels.choose(made, WHY, story.clock(), stage=stage.key)
        plan = rescore.plan(wired, track="siqa-s")
        preview = rescore.preview(wired, plan)
        for _ in rescore.rescore(wired, plan):
            pass
        assert rescore.changes(wired, plan) == preview
        told = letters.tell_rescored(wired, track="siqa-s")
        assert {kind for kind, _ in story.told()} <= {"rescored"}
        if number == 0:
            assert told == effect.letters > 0
        assert (story.board() == before) is (number == 1)


def _teams_change(story: Story) -> None:
    """Change leader, name and addresses and take each back; merge two teams for good; write to nobody for it."""
    wired, before = story.wired, story.board()
    story.go("04-20T09:00")
    config = wired.config
    with wired.ledger.write("test") as tx:
        roster.add(tx, roster.entry("Amber", [SECOND]), story.clock(), state=config.state)
        teams.mark_bouncing(tx, AMBER, story.clock())
        receipt = next(row for row in outbox.listing(tx) if row.kind == "reply" and row.recipient == AMBER)
        again = letters.look_again(tx, wired.challenge, receipt.id, SECOND)
        letters.send_again(tx, wired.challenge, again, WHY, story.clock())
        teams.mark_bouncing(tx, AMBER, None)
    assert story.told() == Counter([("resent", SECOND)])
    steps: list[Callable[[Tx], Plan]] = [
        lambda tx: changes.leader(tx, "Amber", SECOND),
        lambda tx: changes.leader(tx, "Amber", AMBER),
        lambda tx: changes.rename(tx, config, "Citrine", "Citron"),
        lambda tx: changes.rename(tx, config, "Citron", "Citrine"),
    ]
    for step in steps:
        with wired.ledger.read() as tx:
            plan = step(tx)
        assert plan.inverse
        story.change(plan)
    with wired.ledger.read() as tx:
        story_teams = {team.name: team.addresses for team in teams.everyone(tx)}
        removal = changes.removal(tx, "Amber", SECOND)
    assert story_teams["Amber"] == (AMBER, SECOND)
    story.change(removal)
    assert story.board() == before
    with wired.ledger.read() as tx:
        merger = changes.merger(tx, "Grün", "Citrine")
    assert merger.inverse is None
    story.change(merger)
    assert [row[1] for row in story.board()] == ["Amber", "Beryl", "Citrine"]
    assert story.told() == Counter()


def _the_rules_are_broken_and_bent(story: Story) -> None:
    """Disqualify a team and reinstate it, rule on a dispute, move a deadline for one team."""
    wired, before = story.wired, story.board()
    with wired.ledger.read() as tx:
        drafts = written.disqualification(tx, wired.challenge, "Beryl", WHY)
    assert story.told() == Counter()
    with wired.ledger.write("test") as tx:
        rulings.exclude_team(tx, "Beryl", Exclusion.DISQUALIFIED, WHY, story.clock())
    story.send(drafts)
    assert story.told() == Counter([("disqualified", BERYL)])
    story.go("04-22T10:00")
    assert ("standing", BERYL) not in (told := story.told())
    assert told[("digest", CHAIR)] == 1
    with wired.ledger.write("test") as tx:
        rulings.reinstate_team(tx, "Beryl", WHY, story.clock())
    assert story.board() == before
    dispute = EmailMessage()
    dispute["From"], dispute["To"], dispute["Subject"] = AMBER, "submissions@example.test", "dispute S-1: item 3"
    dispute.set_content("")
    take(wired, dispute.as_bytes(), story.clock())
    assert story.told() == Counter([("confirm", AMBER)])  # nothing proves who sent it
    assert "held" in (wired.weekly.too_early(()) or "")
    with wired.ledger.write("test") as tx:
        assert confirmation.approve(tx, mails.listing(tx)[-1].id, why=WHY, now=story.clock())
    story.go("04-22T12:00")
    assert story.told() == Counter([("dispute", CHAIR), ("reply", AMBER)])
    assert "dispute" in (wired.weekly.too_early(()) or "")
    with wired.ledger.write("test") as tx:
        wired.disputes.rule(tx, 1, Ruling.REJECTED, WHY)
    assert story.told() == Counter([("dispute-ruled", AMBER)])
    assert wired.weekly.too_early(()) is None
    move = deadlines.look(wired, "test", CLOSES + timedelta(hours=2), team="Amber")
    assert [row.recipient for row in deadlines.letters(wired, move, WHY)] == [AMBER]
    assert deadlines.carry_out(wired, move, WHY, tell=True) == 1
    assert story.told() == Counter([("extended", AMBER)])


def _the_deadline_passes(story: Story) -> None:
    """Remind the teams; take who has more time, refuse who is late, let one in by hand and take that back."""
    story.go("04-23T00:10")
    story.go("04-29T00:10")
    story.go("04-29T10:00")
    told = story.told()
    assert {recipient for kind, recipient in told if kind == "reminder"} == {AMBER, BERYL, CITRINE}
    assert max(count for (kind, _), count in told.items() if kind == "reminder") == 2  # a week and a day before
    story.go("04-30T01:00")
    story.told()
    story.submit(AMBER)
    story.submit(CITRINE)
    with story.wired.ledger.read() as tx:
        late = submissions.listing(tx)[-2:]
    assert [(row.team, row.status) for row in late] == [("Amber", Status.ACCEPTED), ("Citrine", Status.CLOSED)]
    assert story.told() == Counter([("reply", AMBER), ("reply", CITRINE)])
    acceptance.carry_out(story.wired, acceptance.look(story.wired, late[-1].id), WHY)
    assert story.told() == Counter([("accepted", CITRINE)])
    story.clock.pass_by(minutes=1)
    assert late[-1].receipt in [row[3] for row in story.board()]
    with story.wired.ledger.write("test") as tx:
        rulings.exclude(tx, late[-1].id, Exclusion.HIDDEN, WHY, story.clock())  # the inverse
    assert late[-1].receipt not in [row[3] for row in story.board()]


def _final_results(story: Story) -> None:
    """Publish when nothing stands against it, and send the winners the letters that were shown, once."""
    story.go("05-02T10:00")
    wired = story.wired
    assert wired.weekly.too_early(wired.challenge.phases) is None
    story.told()
    made = wired.weekly.board(story.clock(), final=True)
    given = Awards(**wired.config.awards.model_dump())
    with wired.ledger.read() as tx:
        drafts = written.awards(tx, wired.challenge, made, given)
    assert [one.team.name for one in drafts.letters] == [row[1] for row in story.board()][:3]
    assert "First place" in drafts.letters[0].text
    wired.weekly.publish(as_of=story.clock(), final=True)
    story.send(drafts)
    assert story.told() == Counter(("award", each) for each in (AMBER, BERYL, CITRINE))
    with wired.ledger.read() as tx:
        assert written.awards(tx, wired.challenge, made, given).letters == []
