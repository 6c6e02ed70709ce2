"""Letters go out once per team and occasion, to an address that takes mail, whatever dies and however often we try."""

from __future__ import annotations

import base64
import email
import signal
from datetime import UTC, datetime, timedelta
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from mailbot.config import load
from mailbot.ledger import Ledger, boards, events, outbox, rulings, teams
from mailbot.model import Exclusion, ReplyState
from mailbot.operations import rebuild
from tests.command import mailbot
from tests.contest.contest import START, Clock, contest, mail, take, write_config
from tests.unit.services import keyed

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service

WEDNESDAY = datetime.fromisoformat("2026-04-15T10:00:00+08:00")
WEEK, DAY = timedelta(weeks=1), timedelta(days=1)
CLOSES = datetime.fromisoformat("2026-04-26T00:00:00+08:00")
AMBER, BERYL, CHAIR = "amber@example.org", "beryl@example.org", "chair@example.net"


def submit(wired: Service, clock: Clock, *senders: str, shift: float = 0.1) -> None:
    """Take a good mail of each sender, each a minute and a little worse than the one before."""
    for number, sender in enumerate(senders, 1):
        clock.pass_by(minutes=1)
        take(wired, mail(sender, shift=number * shift, Message_ID=f"<{clock.instant:%d%H%M}@x>"), clock.instant)


def turn(wired: Service, clock: Clock, until: datetime) -> None:
    """Let the weekly loop do all that is due at an instant."""
    clock.instant = until.astimezone(UTC)
    while wired.weekly.step() or wired.letter_queue.step():
        pass


def letters(ledger: Ledger, kind: str = "standing") -> list[OutgoingRow]:
    """Return the letters of one kind in the outbox, in the order written."""
    with ledger.read() as tx:
        return [row for row in outbox.listing(tx) if row.kind == kind]


def parsed(row: OutgoingRow) -> EmailMessage:
    """Return a letter as its reader's program sees it."""
    return email.message_from_bytes(row.message, policy=default)


def text(row: OutgoingRow) -> str:
    """Return its plain text."""
    body = parsed(row).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_each_team_with_a_standing_gets_one_letter_and_the_organizer_a_digest(tmp_path: Path) -> None:
    """However often the steps are taken, also by a mailbot that is started anew."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        submit(wired, clock, AMBER, BERYL)
        turn(wired, clock, WEDNESDAY)
    with contest(tmp_path, clock) as wired:
        turn(wired, clock, WEDNESDAY + DAY)
        assert [row.recipient for row in letters(wired.ledger)] == [AMBER, BERYL]
        assert [row.recipient for row in letters(wired.ledger, "digest")] == [CHAIR]
        turn(wired, clock, WEDNESDAY + WEEK)
        assert [row.recipient for row in letters(wired.ledger)] == [AMBER, BERYL] * 2


def test_a_team_without_a_standing_gets_none(tmp_path: Path) -> None:
    """Who has sent nothing that counts hears nothing of ranks."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        submit(wired, clock, BERYL)
        turn(wired, clock, WEDNESDAY)
        assert [row.recipient for row in letters(wired.ledger)] == [BERYL]


def test_a_letter_says_what_it_must_and_cannot_be_answered_by_programs(tmp_path: Path) -> None:
    """Text and HTML say the same; the picture rides inside; the header stops loops (RFC 3834)."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        submit(wired, clock, AMBER, BERYL)
        turn(wired, clock, WEDNESDAY)
        submit(wired, clock, BERYL, shift=0.0)
        turn(wired, clock, WEDNESDAY + WEEK)
        row = letters(wired.ledger)[-1]
    letter = parsed(row)
    assert (letter["Auto-Submitted"], letter["X-Mailbot-Loop"]) == ("auto-generated", "submissions@example.test")
    assert (letter["To"], letter["In-Reply-To"], row.recipient) == (BERYL, None, BERYL)
    assert row.message.isascii()
    assert max(map(len, row.message.splitlines())) <= 998
    assert [part.get_content_type() for part in letter.walk()] == [
        "multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png",
    ]  # fmt: skip
    *_, rich, picture = letter.walk()
    assert f"cid:{picture['Content-ID'][1:-1]}" in rich.get_content()
    for said in ("rank 1 of 2, up 1 since the last board", "50 of 50 submissions left", "S-000003"):
        assert said in text(row)
        assert said in rich.get_content()


def _chinese(sender: str, number: int) -> bytes:
    """Return a mail with a good file, written in Chinese."""
    made = mail(sender, shift=0.2, subject="[SIQA Submission] x - y", Message_ID=f"<zh{number}@x>")
    body = base64.b64encode("您好，请查收附件中的结果文件，谢谢！".encode())  # noqa: RUF001  # the stops of Chinese
    made = made.replace(b"Here it is.", body, 1)
    return made.replace(b"Content-Transfer-Encoding: 7bit", b"Content-Transfer-Encoding: base64", 1)


def test_a_letter_is_in_the_teams_language_and_says_how_to_get_no_more(tmp_path: Path) -> None:
    """That of the last reply it got, until it chooses one; the header names it, and the way out (RFC 2369)."""
    clock = Clock()
    with contest(tmp_path, clock, **DEADLINE) as wired:
        submit(wired, clock, AMBER)
        take(wired, _chinese(BERYL, 1), clock.instant)
        turn(wired, clock, WEDNESDAY)
        english, chinese = letters(wired.ledger)
        turn(wired, clock, CLOSES - 7 * DAY)
        reminders = [row.subject for row in letters(wired.ledger, "reminder")]
        with wired.ledger.write("test") as tx:
            teams.want_language(tx, 2, "en")
        turn(wired, clock, WEDNESDAY + WEEK)
        chosen = letters(wired.ledger)[-1]
    assert [parsed(row)["Content-Language"] for row in (english, chinese, chosen)] == ["en", "zh-Hans", "en"]
    assert parsed(english)["List-Unsubscribe"] == "<mailto:submissions@example.test?subject=letters%20off>"
    assert english.subject == "[SIQA] Leaderboard of 15 Apr 2026: rank 1 of 2"
    assert chinese.subject == "[SIQA] 2026年4月15日排行榜：第 2 名（共 2 队）"  # noqa: RUF001  # as Chinese has them
    assert "letters off" in text(english)
    assert "贵队" in text(chinese)
    assert not {"Quota", "Score", "rank", "left", "Phase"} & set(text(chinese).split())
    rich = parsed(chinese).get_body(("html",))
    assert rich is not None
    assert '<html lang="zh-Hans">' in rich.get_content()
    assert ["closes" in subject for subject in reminders] == [True, False]


def test_a_team_that_answers_letters_off_gets_no_more(tmp_path: Path) -> None:
    """Until it answers `letters on`, both with its key; its replies go on."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        submit(wired, clock, AMBER, BERYL)
        turn(wired, clock, WEDNESDAY)
        for number, word in enumerate(("off", "on"), 1):
            letter = letters(wired.ledger)[0]
            answer = f"From: {AMBER}\r\nSubject: Re: {letter.subject}\r\nIn-Reply-To: {letter.message_id}\r\n"
            answer += f"Message-ID: <o{number}@x>\r\n\r\nletters {word}\r\n"
            take(wired, keyed(wired, answer.encode(), "Amber"), clock.instant)
            turn(wired, clock, WEDNESDAY + number * WEEK)
        assert [row.recipient for row in letters(wired.ledger)] == [AMBER, BERYL, BERYL, AMBER, BERYL]


def test_a_board_published_by_hand_owes_no_letters_unless_told_so(tmp_path: Path) -> None:
    """`publish` alone writes none; `publish --letters` writes them once, and no digest."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        submit(wired, clock, AMBER)
        clock.pass_by(hours=1)
        wired.weekly.publish(as_of=clock())
        assert not wired.letter_queue.step()
        clock.pass_by(hours=1)
        wired.weekly.publish(as_of=clock(), letters=True)
        assert wired.letter_queue.step()
        assert not wired.letter_queue.step()
        assert (len(letters(wired.ledger)), letters(wired.ledger, "digest")) == (1, [])


def test_final_results_are_told_as_such_long_after_the_last_phase(tmp_path: Path) -> None:
    """Subject and first sentence say so; they are compared with no week before, which may be by other items."""
    clock = Clock()
    with contest(tmp_path, clock, **DEADLINE) as wired:
        submit(wired, clock, AMBER)
        turn(wired, clock, CLOSES + 2 * WEEK)
        wired.weekly.publish(as_of=clock(), letters=True, final=True)
        assert wired.letter_queue.step()
        *_, letter = letters(wired.ledger)
    assert letter.subject == "[SIQA] Final results: rank 1 of 1"
    assert "these are your final results, as of" in text(letter)
    assert "last board" not in text(letter)
    assert [part.get_content_type() for part in parsed(letter).walk()][-1] == "text/html"


def test_final_results_that_look_too_early_want_a_word_more(tmp_path: Path) -> None:
    """While a phase is open the command publishes nothing and says why; with --yes it does, and names the awards."""
    write_config(tmp_path, **{"[phases]": {"name": "test", "closes": "2099-01-01T00:00:00+08:00"}})
    (tmp_path / "0.eml").write_bytes(mail(AMBER))
    mailbot("ingest", "0.eml", folder=tmp_path)
    refused = mailbot("publish", "--final", folder=tmp_path, code=2)
    assert "Phase “test” closes Thu 01 Jan 2099" in refused.err
    assert "--yes" in refused.err
    previewed = mailbot("publish", "--final", "--dry-run", folder=tmp_path).out
    assert "Nothing was published." in previewed
    assert not (tmp_path / "state" / "published" / "page").exists()
    published = mailbot("publish", "--final", "--yes", folder=tmp_path).out
    assert "Published as the final results" in published
    for said in (previewed, published):
        assert "Awards of SIQA-S:\n  First place: Amber, " in said
        assert "Invited: Amber" in said


def test_after_downtime_the_letters_of_the_last_board_go_out_once(tmp_path: Path) -> None:
    """Down over two Wednesdays, a team gets one letter, about the second."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        submit(wired, clock, AMBER)
    with contest(tmp_path, clock) as wired:
        turn(wired, clock, WEDNESDAY + WEEK + DAY)
        (letter,) = letters(wired.ledger)
    assert "22 Apr 2026" in letter.subject


@pytest.mark.parametrize("moment", ["before", "made", "after"])
def test_a_death_while_letters_are_queued_costs_none_and_doubles_none(tmp_path: Path, moment: str) -> None:
    """The transaction holds all letters or none, and what is owed is written by whoever comes next."""
    write_config(tmp_path)
    for number, sender in enumerate((AMBER, BERYL)):
        (tmp_path / f"{number}.eml").write_bytes(mail(sender, shift=number / 5))
    mailbot("ingest", "0.eml", "1.eml", folder=tmp_path)
    plug = {"MAILBOT_CRASH_AT": f"commit.letters.{moment}"}
    mailbot("publish", "--letters", "--yes", folder=tmp_path, code=-signal.SIGKILL, environment=plug)
    mailbot("letters", "--yes", folder=tmp_path)
    assert "No letters are owed." in mailbot("letters", folder=tmp_path).out
    rows = mailbot("outbox", "list", "--json", folder=tmp_path).json
    assert sorted(row["recipient"] for row in rows if row["kind"] == "standing") == [AMBER, BERYL]


def test_a_team_may_do_without_letters_and_a_dead_address_is_passed_over(tmp_path: Path) -> None:
    """The flag of the team decides, then the first of its addresses that takes mail."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        submit(wired, clock, AMBER, BERYL)
        with wired.ledger.write("test") as tx:
            beryl = teams.with_name(tx, "Beryl")
            assert beryl is not None
            teams.add(tx, "Beryl", ["second@example.org"], clock())
            teams.mark_bouncing(tx, BERYL, clock())
        turn(wired, clock, WEDNESDAY)
        assert [row.recipient for row in letters(wired.ledger)] == [AMBER, "second@example.org"]
        with wired.ledger.write("test") as tx:
            teams.mark_bouncing(tx, AMBER, clock())
            teams.want_letters(tx, beryl.id, wanted=False)
        turn(wired, clock, WEDNESDAY + WEEK)
        assert len(letters(wired.ledger)) == 2


def test_replies_keep_their_limits_and_their_place(tmp_path: Path) -> None:
    """Letters neither use up an address's replies nor are sent before them."""
    clock = Clock()
    with contest(tmp_path, clock, replies={"per_address_day": 2}) as wired:
        submit(wired, clock, AMBER)
        turn(wired, clock, START + timedelta(hours=1))
        wired.weekly.publish(as_of=clock(), letters=True)
        wired.letter_queue.step()
        submit(wired, clock, AMBER)
        with wired.ledger.write("test") as tx:
            order = [row.kind for _ in range(3) if (row := outbox.claim(tx, clock()))]
    assert order == ["reply", "reply", "standing"]


DEADLINE = {"[phases]": {"name": "test", "closes": CLOSES.isoformat()}}  # a table of the list of phases


def test_reminders_come_once_before_a_deadline(tmp_path: Path) -> None:
    """Not a second before its day, to every team of the roster, whether it has sent anything or not."""
    clock = Clock()
    with contest(tmp_path, clock, **DEADLINE) as wired:
        for days, told in ((7, 2), (1, 4)):
            clock.instant = CLOSES - days * DAY - timedelta(seconds=1)
            assert not wired.letter_queue.step()
            turn(wired, clock, CLOSES - days * DAY)
            turn(wired, clock, CLOSES - days * DAY + timedelta(hours=2))
            assert len(letters(wired.ledger, "reminder")) == told
        first, last = letters(wired.ledger, "reminder")[0], letters(wired.ledger, "reminder")[-1]
    assert (first.subject, last.subject) == (
        '[SIQA] Phase "test" closes in 7 days: 26 Apr 2026',
        '[SIQA] Phase "test" closes in 1 day: 26 Apr 2026',
    )
    assert "Sat 25 Apr 2026, 04:00 AoE (UTC-12:00)" in text(first)


def test_a_reminder_that_was_missed_is_not_made_up_for(tmp_path: Path) -> None:
    """Down from before the first until after the second, a team hears only the second, with the hours that are left."""
    clock = Clock()
    with contest(tmp_path, clock, **DEADLINE) as wired:
        turn(wired, clock, CLOSES - timedelta(hours=5))
        assert ["in 5 hours" in row.subject for row in letters(wired.ledger, "reminder")] == [True, True]
        turn(wired, clock, CLOSES)
        assert len(letters(wired.ledger, "reminder")) == 2


PAPER = {"[entries]": {"kind": "paper", "closes": (CLOSES - 2 * DAY).isoformat(), "types": [".pdf"]}}


def test_teams_are_reminded_of_what_they_hand_in_besides(tmp_path: Path) -> None:
    """A paper has its own deadline and its own reminders, each once; a date of the page has none."""
    clock = Clock()
    told = PAPER | {"page.dates": {"Workshop": (CLOSES - DAY).isoformat()}}
    with contest(tmp_path, clock, **told) as wired:
        for days in (8, 7, 6, 1, 0):
            turn(wired, clock, CLOSES - (2 + days) * DAY)
        reminders = letters(wired.ledger, "reminder")
    assert [row.subject for row in reminders if row.recipient == AMBER] == [
        f'[SIQA] Submission of "paper" closes in {left}: 24 Apr 2026' for left in ("7 days", "1 day")
    ]
    assert len(reminders) == 4


def test_the_receipts_are_published_once_a_phase_has_closed(tmp_path: Path) -> None:
    """Every file that arrived in time is listed without team and score, once the last of them is recorded."""
    clock = Clock()
    with contest(tmp_path, clock, **DEADLINE) as wired:
        path = wired.config.published / "receipts.csv"
        submit(wired, clock, AMBER, BERYL)
        turn(wired, clock, CLOSES - timedelta(seconds=1))
        assert not path.exists()
        turn(wired, clock, CLOSES)
        head, *lines = path.read_text().splitlines()
        assert head == "phase,receipt,track,arrived_at,sha256"
        assert [line.split(",")[:4] for line in lines] == [
            ["test", "S-000001", "siqa-s", "2026-04-13T16:01:00+08:00"],
            ["test", "S-000002", "siqa-s", "2026-04-13T16:02:00+08:00"],
        ]
        before = path.read_bytes()
        path.unlink()
        turn(wired, clock, CLOSES + DAY)
        assert path.exists()
        path.unlink()
        wired.letter_queue.list_again()
        assert path.read_bytes() == before


def test_no_receipts_are_listed_again_that_were_not_published(tmp_path: Path) -> None:
    """`mailbot page` is no way round the patience for mails that are still worked on."""
    clock = Clock()
    with contest(tmp_path, clock, **DEADLINE) as wired:
        submit(wired, clock, AMBER)
        clock.instant = CLOSES
        wired.letter_queue.list_again()
        assert not (wired.config.published / "receipts.csv").exists()


def test_letters_end_when_nothing_moves_any_more(tmp_path: Path) -> None:
    """The first board after the last deadline is written about, later ones are not."""
    clock = Clock()
    with contest(tmp_path, clock, **DEADLINE) as wired:
        submit(wired, clock, AMBER)
        for week in range(5):
            turn(wired, clock, WEDNESDAY + week * WEEK)
        written = [row.subject for row in letters(wired.ledger)]
    assert [subject[22:28] for subject in written] == ["15 Apr", "22 Apr", "29 Apr"]


def test_the_digest_counts_the_week(tmp_path: Path) -> None:
    """What arrived, why files were refused, who is new, what people did, and what is left to be done."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        turn(wired, clock, WEDNESDAY)
        for sender in (AMBER, BERYL):
            take(wired, mail(sender, shift=0.3), clock.instant)
        assert wired.similar.step()
        take(wired, mail(BERYL).replace(b"Content-Transfer-Encoding: base64", b"X: y"), clock.instant)
        take(wired, mail("stranger@example.com"), clock.instant)
        with wired.ledger.write("test") as tx:
            events.append(tx, kind="team-added", subject="Citrine", now=clock(), roster="0" * 64)
        turn(wired, clock, WEDNESDAY + WEEK)
        told = " ".join(text(letters(wired.ledger, "digest")[-1]).split())
    alike = "S-000001 Amber, S-000002 Beryl: same-values"
    for said in (
        "mails held 0",
        "in all 4",
        "scored 2",
        "refused 1",
        "unknown-sender 1",
        "accepted 2",
        "Citrine",
        alike,
    ):
        assert said in told
    assert "Actions of organizers" not in told
    assert "no problems" in told


def test_a_rebuilt_ledger_sends_no_letter_twice(tmp_path: Path) -> None:
    """Those that were sent are marked so, those that waited wait again, to the same teams and with the same bytes."""
    clock = Clock()

    def told(wired: Service) -> list[tuple[str, ReplyState, bytes]]:
        return [
            (row.key or "", row.state, row.message)
            for kind in ("standing", "reminder", "digest")
            for row in letters(wired.ledger, kind)
        ]

    with contest(tmp_path, clock, **DEADLINE, **PAPER) as wired:
        submit(wired, clock, AMBER, BERYL)
        turn(wired, clock, WEDNESDAY)
        with wired.ledger.write("test") as tx:
            while (row := outbox.claim(tx, clock())) and (row.kind, row.recipient) != ("standing", BERYL):
                outbox.sent(tx, row.id, clock())
                events.append(tx, kind="reply-sent", subject="R", now=clock(), message_id=row.message_id)
            outbox.recover(tx)
        turn(wired, clock, WEDNESDAY + WEEK)
        before = told(wired)
    config = load.load(tmp_path / "config.toml")
    (config.state / "ledger.db").unlink()
    rebuild.rebuild(config, from_mailbox=False)
    with contest(tmp_path, clock, **DEADLINE, **PAPER) as wired:
        assert told(wired) == before
        assert sum("paper" in key for key, _, _ in before) == 2
        assert {state for _, state, _ in before} == {ReplyState.SENT, ReplyState.QUEUED}
        turn(wired, clock, WEDNESDAY + WEEK)
        assert told(wired) == before


def test_an_owed_letter_survives_a_rebuild(tmp_path: Path) -> None:
    """Lost between the board and its letters, the ledger owes them again."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        submit(wired, clock, AMBER)
        clock.instant = WEDNESDAY
        assert wired.weekly.step()
    rebuild.rebuild(load.load(tmp_path / "config.toml"), from_mailbox=False)
    with contest(tmp_path, clock) as wired, wired.ledger.read() as tx:
        assert boards.owing(tx) == 1


def test_a_rebuild_writes_of_nothing_that_is_past(tmp_path: Path) -> None:
    """A reminder of a deadline that was moved since is never sent; one that came due meanwhile is passed over."""
    clock = Clock()
    moved = {"[phases]": {"name": "test", "closes": (CLOSES + timedelta(hours=12)).isoformat()}}
    with contest(tmp_path, clock, **DEADLINE) as wired:
        submit(wired, clock, AMBER)
        turn(wired, clock, CLOSES - 7 * DAY)
        with wired.ledger.write("test") as tx:
            while row := outbox.claim(tx, clock()):
                outbox.sent(tx, row.id, clock())
                events.append(tx, kind="reply-sent", subject="R", now=clock(), message_id=row.message_id)
    config = load.load(write_config(tmp_path, **moved))
    (config.state / "ledger.db").unlink()
    clock.instant = (CLOSES - timedelta(hours=8)).astimezone(UTC)
    rebuild.rebuild(config, from_mailbox=False, clock=clock)
    with contest(tmp_path, clock, **moved) as wired:
        turn(wired, clock, CLOSES - timedelta(hours=8))
        assert {row.state for row in letters(wired.ledger, "reminder")} <= {ReplyState.SENT, ReplyState.GIVEN_UP}


def test_a_disqualified_team_is_not_reminded(tmp_path: Path) -> None:
    """It has nothing to hand in."""
    clock = Clock()
    with contest(tmp_path, clock, **DEADLINE) as wired:
        with wired.ledger.write("test") as tx:
            rulings.exclude_team(tx, "Amber", Exclusion.DISQUALIFIED, "two accounts", clock())
        turn(wired, clock, CLOSES - 7 * DAY)
        assert [row.recipient for row in letters(wired.ledger, "reminder")] == [BERYL]


def test_the_letters_of_this_moment_can_be_looked_at(tmp_path: Path) -> None:
    """`letters --dry-run` prints or writes them, all or one team's, and queues none."""
    write_config(tmp_path)
    (tmp_path / "0.eml").write_bytes(mail(AMBER))
    mailbot("ingest", "0.eml", folder=tmp_path)
    out = mailbot("letters", "--dry-run", folder=tmp_path).out
    assert "To: amber@example.org\n" in out
    assert "The week in numbers" in out
    told = mailbot("letters", "--dry-run", "--team", "AMBER", "--out", "eml", folder=tmp_path).out
    assert told == "1 letter(s) in eml\n"
    (written,) = (tmp_path / "eml").iterdir()
    assert written.name == "001-Amber.eml"
    assert "no standing" in mailbot("letters", "--dry-run", "--team", "Beryl", folder=tmp_path, code=2).err
    assert "no such team" in mailbot("letters", "--dry-run", "--team", "Zircon", folder=tmp_path, code=2).err
    assert "--dry-run" in mailbot("letters", "--team", "Amber", folder=tmp_path, code=2).err
    assert [row["kind"] for row in mailbot("outbox", "list", "--json", folder=tmp_path).json] == ["reply"]
