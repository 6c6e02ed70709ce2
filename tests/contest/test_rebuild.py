"""A lost ledger is made anew from the spool and the daybook, and gives the same board byte for byte."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mailbot import flow
from mailbot.board.codec import board_as_json
from mailbot.config import calendar, load
from mailbot.errors import Permanent
from mailbot.intake import commands
from mailbot.ledger import (
    Ledger,
    boards,
    daybook,
    disputes,
    events,
    held,
    mails,
    observations,
    outbox,
    rulings,
    submissions,
    teams,
)
from mailbot.model import ReplyState, Ruling
from mailbot.operations import rebuild, rebuild_report
from mailbot.operations.doctor import checks
from mailbot.operations.doctor.finding import Level
from mailbot.operations.replay import Again
from mailbot.operations.replay import Clock as PastClock
from tests.command import mailbot
from tests.contest.contest import START, Clock, contest, mail, take, write_config

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service

SENDERS = ("amber@example.org", "beryl@example.org", "stranger@example.com", "amber@example.org")


def run_a_week(wired: Service, clock: Clock) -> None:
    """Take some mails, publish the Wednesday's board, take one more, send one reply."""
    for number, sender in enumerate(SENDERS):
        clock.pass_by(hours=1)
        take(wired, mail(sender, shift=number / 7, Message_ID=f"<{number}@example.org>"), clock.instant)
    clock.pass_by(days=3)
    assert wired.weekly.step()
    take(wired, mail("beryl@example.org", shift=0.01), clock.instant)
    with wired.ledger.write("test") as tx:
        row = outbox.claim(tx, clock())
        assert row is not None
        outbox.sent(tx, row.id, clock())
        events.append(tx, kind="reply-sent", subject="R-000001", now=clock(), message_id=row.message_id)


def test_what_an_older_version_sent_is_not_sent_again(tmp_path: Path) -> None:
    """Its trail names a mail by a Message-ID that was made without the secret."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org"), clock.instant)
        with wired.ledger.read() as tx:
            (row,) = mails.listing(tx)
        plain = hashlib.sha256(f"{row.sha256}{row.name}".encode()).hexdigest()[:32]
        (written,) = outbox_rows(wired)
        with wired.ledger.write("test") as tx:
            message_id = f"<mailbot.{plain}@{written.message_id.rpartition('@')[2]}"
            events.append(tx, kind="reply-sent", subject="R-000001", now=clock(), message_id=message_id)
    rebuild.rebuild(load.load(tmp_path / "config.toml"), from_mailbox=False)
    with contest(tmp_path, clock) as wired:
        assert [(row.state, row.message_id) for row in outbox_rows(wired)] == [(ReplyState.SENT, written.message_id)]


def test_what_was_sent_is_not_sent_again_under_another_secret(tmp_path: Path) -> None:
    """Who lost the secret makes another; then every Message-ID is a new one, and what was sent stays sent."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org"), clock.instant)
        (before,) = outbox_rows(wired)
        with wired.ledger.write("test") as tx:
            events.append(tx, kind="reply-sent", subject="R-000001", now=clock(), of=before.of)
    config = load.load(tmp_path / "config.toml")
    (config.state / "identity.secret").write_text("ab" * 32)
    rebuild.rebuild(config, from_mailbox=False)
    with contest(tmp_path, clock) as wired:
        (after,) = outbox_rows(wired)
        assert (after.state, after.of) == (ReplyState.SENT, before.of)
        assert after.message_id != before.message_id


def outbox_rows(wired: Service) -> list[OutgoingRow]:
    """Return our mails."""
    with wired.ledger.read() as tx:
        return outbox.listing(tx)


def told(ledger: Ledger) -> dict[str, object]:
    """Return what must be the same before and after."""
    with ledger.read() as tx:
        return {
            "submissions": submissions.listing(tx),
            "boards": boards.listing(tx),
            "trail": events.since(tx, 0),
            "outbox": [(row.message_id, row.state, row.message) for row in outbox.listing(tx)],
        }


def test_the_rebuilt_ledger_tells_the_same(tmp_path: Path) -> None:
    """Submissions, scores, published boards, replies and the whole audit trail come back as they were."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        run_a_week(wired, clock)
        board = json.dumps(board_as_json(wired.weekly.board(clock())))
        before = told(wired.ledger)
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    rebuilt = rebuild.rebuild(config, from_mailbox=False)
    with contest(tmp_path, clock) as wired:
        assert told(wired.ledger) == before
        assert json.dumps(board_as_json(wired.weekly.board(clock()))) == board
    assert rebuilt.counts["not_in_the_trail"] == 0
    assert rebuilt.counts["submissions"] == 4
    assert rebuilt.differences == []


def test_what_was_decided_stays_so_whatever_the_config_says_by_now(tmp_path: Path) -> None:
    """Phases moved or renamed since, and a lower quota, change no submission and no board of before."""
    clock = Clock()
    with contest(tmp_path, clock, **phase("dev", hours=4)) as wired:
        for sender, shift in (("amber@example.org", 0.1), ("amber@example.org", 0.2), ("beryl@example.org", 0.0)):
            clock.pass_by(hours=1.5)
            take(wired, mail(sender, shift=shift), clock.instant)
    with contest(tmp_path, clock, **phase("dev", hours=9)) as wired:
        clock.pass_by(hours=1)
        take(wired, mail("beryl@example.org", shift=0.3), clock.instant)
        clock.pass_by(days=3)
        assert wired.weekly.step()
        before = told(wired.ledger)
    path = write_config(tmp_path, **phase("final", hours=1))
    path.write_text(path.read_text().replace("per_week = 50", "per_week = 1"))
    assert rebuild.rebuild(load.load(path), from_mailbox=False).differences == []
    with flow.opened(load.load(path), clock=clock) as wired:
        after = told(wired.ledger)
    assert {what: after[what] for what in ("submissions", "boards", "trail")} == {
        what: before[what] for what in ("submissions", "boards", "trail")
    }


def test_a_trail_that_tells_no_phases_is_followed_too(tmp_path: Path) -> None:
    """As versions before wrote it: each file has the status it had."""
    clock = Clock()
    with contest(tmp_path, clock, **phase("dev", hours=2)) as wired:
        for sender in ("amber@example.org", "beryl@example.org"):
            clock.pass_by(hours=1.5)
            take(wired, mail(sender), clock.instant)
    forget_phases(tmp_path / "state")
    for hours in (1, 9):
        path = write_config(tmp_path, **phase("final", hours=hours))
        assert rebuild.rebuild(load.load(path), from_mailbox=False).differences == []
        with flow.opened(load.load(path), clock=clock) as wired, wired.ledger.read() as tx:
            assert [(row.status, row.phase) for row in submissions.listing(tx)] == [
                ("accepted", "final"),
                ("closed", None),
            ]


def phase(name: str, *, hours: float) -> dict[str, Any]:
    """Return the section of a phase that closes so long after the start."""
    return {"[phases]": {"name": name, "closes": (START + timedelta(hours=hours)).isoformat()}}


def forget_phases(state: Path) -> None:
    """Write the trail as it was before it told phases, in a chain that holds."""
    entries = daybook.acts(state)
    (state / daybook.ACTS).unlink()
    ledger = Ledger(f"sqlite:///{state / 'older.db'}")
    ledger.migrate()
    with ledger.write("test") as tx:
        for entry in entries:
            detail = json.loads(entry["detail"])
            detail.pop("rows", None)
            for one in detail.get("submissions", ()):
                one.pop("phase", None)
            at = datetime.fromisoformat(entry["at"])
            events.append(tx, kind=entry["kind"], subject=entry["subject"], now=at, **detail)
    daybook.catch_up(ledger, state)
    ledger.close()


def test_what_comes_out_otherwise_is_named(tmp_path: Path) -> None:
    """Another rule of standing makes another board: the command says which, and ends with exit code 1."""
    write_config(tmp_path)
    for name, shift in (("0.eml", 0.0), ("1.eml", 0.5)):
        (tmp_path / name).write_bytes(mail("amber@example.org", shift=shift))
        mailbot("ingest", name, folder=tmp_path)
    mailbot("publish", folder=tmp_path)
    assert "Not as" not in mailbot("rebuild", "--from-spool", folder=tmp_path).out
    write_config(tmp_path, board={"standing": "best"})
    said = mailbot("rebuild", "--from-spool", folder=tmp_path, code=1).out
    assert re.search(r"audit trail has it:\n  the board of \S+: it is not the one that was published", said)


def entry(outcome: str, *files: tuple[str, float | None]) -> dict[str, Any]:
    """Return the detail of a mail's record."""
    told = [{"receipt": f"S-{n}", "status": status, "score": score} for n, (status, score) in enumerate(files, 1)]
    return {"outcome": outcome, "submissions": told}


@pytest.mark.parametrize(
    ("said", "made", "told"),
    [
        (entry("scored", ("accepted", 90.1)), entry("scored", ("accepted", 90.1 + 1e-12)), []),
        (
            entry("scored", ("accepted", 90.1)),
            entry("scored", ("accepted", None)),
            ["S-1: it was accepted with 90.1, it is accepted now"],
        ),
        (
            entry("refused", ("closed", None)),
            entry("scored", ("accepted", 9)),
            ["M-1: it was refused, it is scored now"],
        ),
        (
            entry("scored", ("accepted", 1), ("refused", None)),
            entry("scored", ("accepted", 1)),
            ["S-2: it was refused, it is not there now"],
        ),
        (entry("scored"), None, ["M-1: it could not be done again (mail-recorded)"]),
    ],
)
def test_a_mail_that_comes_out_otherwise(said: dict[str, Any], made: dict[str, Any] | None, told: list[str]) -> None:
    """Its outcome, or each file's status and score that was told; rounding is no difference."""
    kind = "mail-recorded"
    retold = [events.Told(kind=kind, subject="M-1", detail=made)] if made else []
    assert rebuild_report.differences(kind, "M-1", said, retold) == told


class Ticking(Clock):
    """A clock that is never seen twice at the same instant, like a real one."""

    def __call__(self) -> datetime:
        """Return the instant, a millisecond after the last one."""
        self.pass_by(milliseconds=1)
        return super().__call__()


def test_what_teams_asked_for_comes_back_once(tmp_path: Path) -> None:
    """The mails are handled again and with them their commands; what the organizers ruled comes from the trail."""
    clock = Ticking()
    texts = ("select S-1", "withdraw S-1", "dispute S-1: look again", "letters off", "language zh", "status")
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org"), clock.instant)
        for text in texts:
            clock.pass_by(hours=1)
            asked = f"From: amber@example.org\nSubject: x\nMessage-ID: <{clock.instant:%H}@x>\n\n{text}\n"
            take(wired, asked.encode(), clock.instant)
            answer_question(wired, clock)
        with wired.ledger.write("ruling") as tx:
            wired.disputes.rule(tx, 1, Ruling.ACCEPTED, "so it is")
        before = told(wired.ledger) | asked_for(wired)
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    rebuilt = rebuild.rebuild(config, from_mailbox=False)
    assert rebuilt.differences == []
    with contest(tmp_path, clock) as wired:
        assert told(wired.ledger) | asked_for(wired) == before
    assert before["rulings"] == ("withdrawn", "the team asked for it")


def answer_question(wired: Service, clock: Clock) -> None:
    """Confirm the mail that is held, where there is one."""
    with wired.ledger.read() as tx:
        last = outbox.listing(tx)[-1]
    if last.kind == held.QUESTION:
        clock.pass_by(minutes=5)
        said = f"From: {last.recipient}\nSubject: Re: {last.subject}\nMessage-ID: <{last.id}@x>\n\nconfirm\n"
        take(wired, said.encode(), clock.instant)


def asked_for(wired: Service) -> dict[str, object]:
    """Return what the commands left in the ledger."""
    with wired.ledger.read() as tx:
        ruled = rulings.of(tx, team_id=1, submission_id=1)
        return {"rulings": ruled, "teams": teams.everyone(tx), "disputes": disputes.listing(tx)}


def test_what_was_once_obeyed_without_proof_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trail says that the mail was not held, so it is not held when it is handled again."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org"), clock.instant)
        with monkeypatch.context() as earlier:
            earlier.setattr(commands, "CHANGING", frozenset())
            take(wired, b"From: amber@example.org\nSubject: withdraw S-1\nMessage-ID: <old@x>\n\n\n", clock.instant)
        before = told(wired.ledger) | asked_for(wired)
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    rebuild.rebuild(config, from_mailbox=False)
    with contest(tmp_path, clock) as wired:
        assert told(wired.ledger) | asked_for(wired) == before
    assert before["rulings"] == ("withdrawn", "the team asked for it")


def test_without_the_daybook_the_mails_are_enough_for_the_board(tmp_path: Path) -> None:
    """The spool alone gives the same standings, and nobody is answered a second time."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        run_a_week(wired, clock)
        board = board_as_json(wired.weekly.board(clock()))
    config = load.load(tmp_path / "config.toml")
    for name in ("ledger.db", daybook.ACTS, daybook.ROSTER):
        (config.state / name).unlink()
    assert rebuild.rebuild(config, from_mailbox=False).counts["not_in_the_trail"] == 5
    with contest(tmp_path, clock) as wired:
        assert board_as_json(wired.weekly.board(clock())) == board
        with wired.ledger.read() as tx:
            assert {row.state for row in outbox.listing(tx)} == {ReplyState.GIVEN_UP}
            withheld = len(outbox.listing(tx))
            assert observations.given_up(tx, clock() - timedelta(days=100)) == 0
        (finding,) = [one for one in checks.examine(wired, online=False) if one.part == "outbox"]
    assert (finding.level, finding.fix) == (Level.GREEN, "")
    assert finding.detail == f"0 waiting, 0 given up, {withheld} withheld by a rebuild"


def test_a_mail_that_the_trail_does_not_know_is_handled_after(tmp_path: Path) -> None:
    """A mail spooled right before the crash is neither lost nor counted twice."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        run_a_week(wired, clock)
        wired.spool.put(mail("amber@example.org", shift=0.5), clock.instant)
    config = load.load(tmp_path / "config.toml")
    assert rebuild.rebuild(config, from_mailbox=False).counts["not_in_the_trail"] == 1
    assert rebuild.rebuild(config, from_mailbox=False).counts["not_in_the_trail"] == 0
    with contest(tmp_path, clock) as wired, wired.ledger.read() as tx:
        assert len(submissions.listing(tx)) == 5


def test_a_trail_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    """Whoever changes an entry of the daybook is found out."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        run_a_week(wired, clock)
    config = load.load(tmp_path / "config.toml")
    acts = config.state / daybook.ACTS
    acts.write_text(acts.read_text().replace("amber", "ember").replace("scored", "refused", 1))
    with pytest.raises(Permanent, match="does not follow"):
        rebuild.rebuild(config, from_mailbox=False)


def test_a_line_cut_short_by_a_crash_is_written_again(tmp_path: Path) -> None:
    """The daybook heals itself: half a line at its end does no harm."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        run_a_week(wired, clock)
        acts = wired.config.state / daybook.ACTS
        daybook.catch_up(wired.ledger, wired.config.state)
        whole = daybook.acts(wired.config.state)
        acts.write_bytes(acts.read_bytes()[:-30])
        daybook.catch_up(wired.ledger, wired.config.state)
        assert daybook.acts(wired.config.state) == whole


def test_postgresql_is_refused_with_the_reason(tmp_path: Path) -> None:
    """Rebuild makes an SQLite ledger, and says so."""
    path = write_config(tmp_path)
    path.write_text('ledger_url = "postgresql+psycopg://x@localhost/y"\n' + path.read_text())
    with pytest.raises(Permanent, match="ledger_url"):
        rebuild.rebuild(load.load(path), from_mailbox=False)


@pytest.mark.parametrize("turn", [1, -1])
def test_mails_of_one_second_keep_the_order_of_the_mailbox(tmp_path: Path, turn: int) -> None:
    """So a receipt that was told to a team is its receipt again, although the backup did not know of it."""
    config, clock = load.load(write_config(tmp_path)), PastClock(calendar.now)
    with flow.opened(config, clock=clock, enter=False) as wired:
        order = [wired.spool.put(mail(sender, shift=n / 7), START) for n, sender in enumerate(SENDERS)][::turn]
        Again(wired, clock, config.state, order).run()
        with wired.ledger.read() as tx:
            assert [row.sha256 for row in sorted(mails.listing(tx), key=lambda row: row.id)] == order


def test_an_answer_that_went_to_a_team_is_there_again(tmp_path: Path) -> None:
    """A question, what the organizers got of it, and what they answered: as the trail has it, and sent no more."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        ask = "From: amber@example.org\r\nSubject: when\r\nMessage-ID: <q@example.org>\r\n\r\nWhen is the deadline?\r\n"
        take(wired, ask.encode(), clock.instant)
        (forwarded,) = [row for row in outbox_rows(wired) if row.kind == "forwarded"]
        answer = f"From: {forwarded.recipient}\r\nSubject: Re: x\r\nIn-Reply-To: {forwarded.message_id}\r\n"
        take(wired, f"{answer}Message-ID: <a@example.org>\r\n\r\nOn Friday.\r\n".encode(), clock.instant)
        before = [(row.kind, row.recipient, row.key, row.message_id) for row in outbox_rows(wired)]
        assert "relayed" in {kind for kind, *_ in before}
    assert rebuild.rebuild(load.load(tmp_path / "config.toml"), from_mailbox=False).differences == []
    with contest(tmp_path, clock) as wired:
        assert [(row.kind, row.recipient, row.key, row.message_id) for row in outbox_rows(wired)] == before
