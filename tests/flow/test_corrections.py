"""Labels that are corrected again and again: each team's mails add up to the score that it has.

The clock moves by hand; a reader of each team's mails and of the published boards says what that team knows.
"""

from __future__ import annotations

import email
import json
import re
import tempfile
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailbot.board.rank_changes import compared
from mailbot.ledger import outbox
from mailbot.operations import letters, rescore, truths
from tests.contest.contest import Clock, contest, mail, take

if TYPE_CHECKING:
    from mailbot.board.model import Board
    from mailbot.service import Service

SENDERS = ("amber@example.org", "beryl@example.org")
TEAMS = {"Amber": SENDERS[0], "Beryl": SENDERS[1]}
WHY = "the committee decided so"

SHIFTS = (0.0, 0.4, 1.1)
"""How far the labels of each version lie from the first, item by item."""

RECEIPT = re.compile(r"(S-\d+) \| .*\n\s+Score: ([\d.]+)")
STATUS = re.compile(r"(S-\d+)  .*  accepted  ([\d.]+)")
LETTER = re.compile(r"(S-\d+), the submission that counts for you: ([\d.]+) before, ([\d.]+) now\.")
OTHER = re.compile(r"Until now (S-\d+) counted with ([\d.]+); now (S-\d+) counts with ([\d.]+)\.")

STEPS = st.one_of(
    st.tuples(st.just("labels"), st.sampled_from(range(len(SHIFTS)))),
    st.tuples(st.just("submit"), st.sampled_from(SENDERS)),
    st.tuples(st.just("status"), st.sampled_from(SENDERS)),
    st.sampled_from([("rescore", ""), ("tell", ""), ("publish", "")]),
)


@dataclass
class Reader:
    """Reads every mail and board, as the teams do."""

    wired: Service
    clock: Clock
    folder: Path
    #: By receipt: the score that its team was told last.
    told: dict[str, float] = field(default_factory=dict)
    #: By receipt: whose it is.
    owner: dict[str, str] = field(default_factory=dict)
    #: The last board that all were scored for.
    whole: Board | None = None
    #: How many letters, and moves of ranks, were said to follow when labels were shown; None where more has happened.
    promised: tuple[int, int] | None = None
    _seen: int = 0
    _count: int = 0

    def labels(self, version: int) -> None:
        """Let the committee choose a version of the labels."""
        rows = json.loads((self.folder / "labels.json").read_text())["predictions"]
        rows = [row | {"perception": row["perception"] + SHIFTS[version] * (row["id"] % 4)} for row in rows]
        (self.folder / "new.json").write_text(json.dumps({"predictions": rows}))
        made = truths.from_file(self.wired, self.folder / "new.json", "siqa-s")
        stage = self.wired.ranking.stage
        if made.sha256 == self.wired.labels.of_stage(stage.key).whole["siqa-s"].sha256:
            return
        effect = truths.effect(self.wired, made, stage)
        self.promised = None if self.lacking() else (effect.letters, effect.rank_moves)
        self.wired.labels.choose(made, WHY, self.clock(), stage=stage.key)
        self.wired.labels.refresh()

    def submit(self, sender: str) -> None:
        """Let a file arrive, some nearer to the labels than the ones before and some farther."""
        self._count += 1
        name = f"<{self._count}@example.org>"
        take(self.wired, mail(sender, shift=self._count * 7 % 5 / 10 + 0.1, Message_ID=name), self.clock())

    def status(self, sender: str) -> None:
        """Let a team ask how it stands."""
        asks = EmailMessage()
        asks["From"], asks["To"], asks["Subject"] = sender, "submissions@example.test", "status"
        asks.set_content("")
        take(self.wired, asks.as_bytes(), self.clock())

    def publish(self) -> None:
        """Publish the board, unless scores are missing."""
        if not self.lacking():
            for receipt, score in self.rows(self.wired.weekly.publish(as_of=self.clock())).values():
                self._counts(receipt, score)

    def rescore(self, *, tell: bool) -> None:
        """Rescore; what was shown before, what is reported then, and the boards before and after agree."""
        lacks = self.lacking()
        before = self.whole if lacks else self.board()
        plan = rescore.plan(self.wired)
        shown, mails = rescore.preview(self.wired, plan), letters.look_rescored(self.wired, plan)
        for _ in rescore.rescore(self.wired, plan):
            pass
        after, reported = self.board(), rescore.changes(self.wired, plan)
        assert shown == reported
        if self.promised and lacks:
            assert self.promised[1] == sum(each.ranks[0] != each.ranks[1] for each in reported)
        if before is not None and self.receipts(before) == self.receipts(after):
            assert reported == compared(before, after)
        if tell:
            expected = {TEAMS[team] for team, row in self.rows(after).items() if self.standing(team) != row[1]}
            assert {one.recipient for one in mails} == expected
            assert self.promised is None or self.promised[0] == len(expected)
            assert letters.tell_rescored(self.wired) == len(expected) == len(mails)
            self.read()
            assert all(self.told[receipt] == score for receipt, score in self.rows(after).values() if expected)
            assert letters.tell_rescored(self.wired) == 0

    def standing(self, team: str) -> float:
        """Return the best score that a team was told of since it was told what counts, as the best counts."""
        return max(score for receipt, score in self.told.items() if self.owner[receipt] == TEAMS[team])

    def lacking(self) -> bool:
        """Whether a submission has no score by the current labels."""
        with self.wired.ledger.read() as tx:
            return self.wired.ranking.lacking(tx, self.wired.ranking.versions) > 0

    def board(self) -> Board:
        """Return the board of now, ranks and scores alone."""
        ranking = self.wired.ranking
        with self.wired.ledger.read() as tx:
            return ranking.board_by(tx, ranking.versions, self.clock(), ranking.stage)

    @staticmethod
    def rows(board: Board) -> dict[str, tuple[str, float]]:
        """Return receipt and score of each team on a board."""
        return {row.team: (row.receipt, row.score) for row in board.tables[0].rows if not row.baseline}

    def receipts(self, board: Board) -> int:
        """Return how many submissions a board was made of."""
        return sum(row.submissions or 0 for row in board.tables[0].rows)

    def read(self) -> None:
        """Read what was written since."""
        with self.wired.ledger.read() as tx:
            new = [row for row in outbox.listing(tx) if row.id > self._seen]
        for row in new:
            self._seen = row.id
            body = email.message_from_bytes(row.message, policy=default).get_body(("plain",))
            assert body is not None
            text = str(body.get_content())
            for receipt, score in [*RECEIPT.findall(text), *STATUS.findall(text)]:
                self._hears(receipt, score, row.recipient)
            for receipt, was, score in LETTER.findall(" ".join(text.split())):
                assert self.told[receipt] == float(was)
                self._counts(receipt, float(score))
            for old, was, receipt, score in OTHER.findall(" ".join(text.split())):
                assert self.told[old] == float(was)
                self._counts(receipt, float(score))

    def _counts(self, receipt: str, score: float) -> None:
        """Take note of what counts for a team: what it was told before of its others counts no more."""
        for other, owner in self.owner.items():
            if owner == self.owner[receipt]:
                self.told.pop(other, None)
        self.told[receipt] = score

    def _hears(self, receipt: str, score: str, recipient: str) -> None:
        self.told[receipt] = float(score)
        assert self.owner.setdefault(receipt, recipient) == recipient


@settings(max_examples=10, deadline=None)
@given(steps=st.lists(STEPS, min_size=4, max_size=12))
@example(steps=[("labels", 2), ("rescore", ""), ("labels", 0), ("labels", 1)])  # taken back, then others
def test_each_team_is_told_what_differs_from_what_it_knows(steps: list[tuple[str, object]]) -> None:
    """Whatever is corrected in silence, told, put back or published between: preview, report, letters and boards agree.

    A team is written to when, and only when, its score is another one than it was told last.
    """
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder, contest(Path(folder), clock, board={"standing": "best"}) as wired:
        reader = Reader(wired, clock, Path(folder))
        for word, what in [("submit", SENDERS[0]), ("submit", SENDERS[1]), *steps, ("tell", "")]:
            clock.pass_by(minutes=1)
            if word == "labels":
                reader.labels(int(str(what)))
            elif word in {"submit", "status"}:
                getattr(reader, word)(str(what))
            elif word == "publish":
                reader.publish()
            else:
                reader.rescore(tell=word == "tell")
            reader.read()
            reader.promised = reader.promised if word == "labels" else None
            clock.pass_by(minutes=1)
            if not reader.lacking():
                reader.whole = reader.board()


def test_a_team_is_not_told_before_all_its_submissions_are_scored(tmp_path: Path) -> None:
    """Of one submission alone nobody knows yet whether it counts; with the others it is told what does."""
    clock = Clock()
    with contest(tmp_path, clock, board={"standing": "latest"}) as wired:
        reader = Reader(wired, clock, tmp_path)
        for _ in range(2):
            reader.submit(SENDERS[0])
            clock.pass_by(minutes=1)
        reader.labels(1)
        clock.pass_by(minutes=1)
        alone = rescore.plan(wired, submission_id=1)
        assert letters.look_rescored(wired, alone) == []
        assert sum(rescore.rescore(wired, alone)) == 1
        assert letters.tell_rescored(wired) == 0
        assert sum(rescore.rescore(wired, rescore.plan(wired))) == 1
        assert letters.tell_rescored(wired) == 1
        with wired.ledger.read() as tx:
            text = outbox.listing(tx)[-1].message.decode()
        assert "S-000002, the submission that counts for you" in text
        assert "S-000001" not in text
