"""What teams ask for by mail is done, answered and kept, and only with what is their own."""

from __future__ import annotations

import email
import json
import subprocess
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.identity import confirmation
from mailbot.ledger import disputes, events, held, mails, outbox, rulings, scores, submissions, teams
from mailbot.ledger.guard import mailboxes
from mailbot.model import Outcome, Ruling
from mailbot.operations import rescore, trace
from scoring import pack
from scoring.rows.ids import write_ids
from tests.unit.services import ADA, CARL, NOW, Clock, keyed, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.ledger.mails import MailRow
    from mailbot.service import Service


def say(text: str, subject: str = "hello", sender: str = ADA, **fields: str) -> bytes:
    """Return a mail without a file."""
    mail = EmailMessage(policy=SMTP)
    given = {"From": sender, "Subject": subject, "Message-ID": f"<{abs(hash((text, subject, sender)))}@x.org>"}
    for name, value in (given | fields).items():
        mail[name] = value
    mail.set_content(text)
    return mail.as_bytes()


def asked(served: Service, text: str, *, sure: bool = False, **fields: str) -> str:
    """Take a command, with the team's key where it must be ``sure``, and return the text of the reply to it."""
    raw = say(text, **fields)
    row = take(served, keyed(served, raw) if sure else raw)
    assert row.outcome is Outcome.COMMAND
    return reply_to(served, row)


def reply_to(served: Service, row: MailRow) -> str:
    """Return the text of the reply to a mail."""
    with served.ledger.read() as tx:
        (found,) = [one for one in outbox.listing(tx) if one.mail_id == row.id]
    body = email.message_from_bytes(found.message, policy=default).get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text.replace("\r\n", "\n")


@pytest.fixture
def contest(tmp_path: Path) -> Iterator[Service]:
    """Give a contest with two accepted submissions of Ada's and one of Carl's."""
    with served(tmp_path, Clock()) as made:
        for raw in (submission("A"), submission("B", tilt=0.3), submission("C", sender=CARL)):
            assert take(made, raw).outcome is Outcome.SCORED
        yield made


def test_status_tells_submissions_quota_and_deadlines(contest: Service) -> None:
    """A team's own, and nobody else's."""
    text = asked(contest, "status")
    assert "S-000002  SIQA-S  accepted" in text
    assert "S-000001  SIQA-S  accepted  100.00" in text
    assert "S-000003" not in text
    assert "2 of 2 used, the next from Wed 18 Mar 2026" in text


def test_withdrawing_says_what_counts_now(contest: Service) -> None:
    """The one before, which was better, as the reply to the latest had said; then none."""
    with contest.ledger.read() as tx:
        replies = [b"".join(each.message.split(b"=\r\n")) for each in outbox.listing(tx)]
    said = b"It replaces S-000001, whose score of 100.00 was better"
    assert [said in b" ".join(reply.split()) for reply in replies] == [False, True, False]
    assert "On SIQA-S S-000001 counts for your team now." in asked(contest, "withdraw S-2", sure=True)
    assert "On SIQA-S no submission of your team counts now." in asked(contest, "withdraw S-1", sure=True)


def test_status_never_shows_a_private_score(tmp_path: Path) -> None:
    """A rescore enters the scores of the private part first; broken off then, what was told before is told again."""
    with served(tmp_path, Clock(), split={"public": 0.5}) as made:
        take(made, submission("A", tilt=0.3))
        before = next(line for line in asked(made, "status").splitlines() if "S-000001" in line)
    relabel(tmp_path)
    with served(tmp_path, Clock(), split={"public": 0.5}) as made:
        steps = rescore.rescore(made, rescore.plan(made))
        next(steps)
        broken_off = next(line for line in asked(made, "status", subject="once").splitlines() if "S-000001" in line)
        assert broken_off == before
        list(steps)
        with made.ledger.read() as tx:
            (public,) = scores.values(tx, made.ranking.versions["siqa-s"], {1}).values()
        after = next(line for line in asked(made, "status", subject="twice").splitlines() if "S-000001" in line)
        assert f"{public:.2f}" in after
        assert after != before


def relabel(folder: Path) -> None:
    """Correct some labels in the file that the config names."""
    path = folder / "labels/answer-s.json"
    rows = json.loads(path.read_text())
    for row in rows[:6]:
        row["perception_rating"] = 6.0 - row["perception_rating"]
    path.write_text(json.dumps(rows))


@pytest.mark.parametrize(("feedback", "shown"), [("receipt", None), ("rounded", "90.00"), ("full", "89.85")])
def test_status_shows_of_scores_what_the_phase_allows(tmp_path: Path, feedback: str, shown: str | None) -> None:
    """What the replies said, and no more."""
    phases = [{"name": "test", "feedback": feedback, "rounding": 10.0}]
    with served(tmp_path, Clock(), phases=phases) as made:
        row = take(made, submission("A", tilt=0.5))
        line = next(line for line in asked(made, "status").splitlines() if "S-000001" in line)
        assert ("accepted  " in line) == (shown is not None)
        assert line.endswith(f"accepted  {shown}" if shown else "accepted")
        assert shown is None or shown in reply_to(made, row)


def test_a_withdrawn_submission_counts_for_nothing(contest: Service) -> None:
    """Its score and its quota stay; it is withdrawn once."""
    assert "S-000001 is withdrawn" in asked(contest, "withdraw S-1", sure=True)
    with contest.ledger.read() as tx:
        assert rulings.of(tx, team_id=1, submission_id=1)[0] == "withdrawn"
    assert "S-000001 already does not count" in asked(contest, "withdraw S-1", sure=True, subject="again")
    assert "(withdrawn)" in asked(contest, "status")


@pytest.mark.parametrize("word", ["withdraw", "select", "dispute"])
def test_only_a_teams_own_submissions_are_touched(contest: Service, word: str) -> None:
    """Another team's and one that does not exist are told alike."""
    for receipt in ("S-000003", "S-000099"):
        text = asked(contest, f"{word} {receipt}" + (": hm" if word == "dispute" else ""), sure=True)
        assert f"your team has no submission {receipt}" in text
    with contest.ledger.read() as tx:
        assert rulings.of(tx, team_id=2, submission_id=3) == (None, None)
        assert disputes.listing(tx) == []


def test_a_selection_is_kept(contest: Service) -> None:
    """At most two of a track; the reply says whether it decides."""
    assert "At present your selection has no effect" in asked(contest, "select S-1 S-2", sure=True)
    with contest.ledger.read() as tx:
        assert rulings.of(tx, team_id=1, submission_id=2)[0] == "selected"


def test_a_dry_run_says_everything_and_records_nothing(contest: Service) -> None:
    """No quota, no score, no submission; also where the quota is used up."""
    row = take(contest, submission("D", Subject="check"))
    text = reply_to(contest, row)
    assert row.outcome is Outcome.COMMAND
    assert "s.json | SIQA-S | in order" in text
    assert "Score" not in text
    with contest.ledger.read() as tx:
        assert len(submissions.listing(tx)) == 3


def test_the_single_file_says_what_the_reply_says(contest: Service, tmp_path: Path) -> None:
    """Run with nothing installed, it has no sentence about the file that the reply has not."""
    file = b'{"track": "S", "predictions": [{"id": 1, "perception": "NaN", "knowledge": 2}, {"id": 99}]}'
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"], mail["Message-ID"] = ADA, "check", "<single@x.org>"
    mail.set_content("Our file.")
    mail.add_attachment(file, maintype="application", subtype="json", filename="bad.json")
    reply = reply_to(contest, take(contest, mail.as_bytes()))
    (tmp_path / "bad.json").write_bytes(file)
    (tmp_path / "checker.pyz").write_bytes(pack.packed(write_ids({"siqa-s": contest.challenge.truths["siqa-s"].ids})))
    ran = subprocess.run(
        (sys.executable, "-I", "-S", "checker.pyz", "bad.json"),
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (ran.returncode, ran.stderr) == (1, "")
    said = [line.strip() for line in ran.stdout.splitlines()]
    assert len(said) > 6
    assert [line for line in said if line not in [each.strip() for each in reply.splitlines()]] == []


def test_what_a_team_wrote_is_inert_in_html(tmp_path: Path) -> None:
    """The answer to a command shows it as text: the text template it comes from escapes nothing itself."""
    fields = {"Subject": "x", "Message-ID": "<m@x.org>"}
    with served(tmp_path, Clock()) as made:
        take(made, submission("<img src=x onerror=y>", **fields))  # type: ignore[arg-type]  # none of them is the tilt
        row = take(made, say("status"))
        with made.ledger.read() as tx:
            (found,) = [one for one in outbox.listing(tx) if one.mail_id == row.id]
    body = email.message_from_bytes(found.message, policy=default).get_body(("html",))
    assert body is not None
    assert "&lt;img src=x onerror=y&gt;" in body.get_content()
    assert "<img" not in body.get_content()


def test_letters_and_language_are_switched(contest: Service) -> None:
    """Noted with the team."""
    asked(contest, "letters off", sure=True)
    asked(contest, "language zh", sure=True)
    with contest.ledger.read() as tx:
        ada = next(team for team in teams.everyone(tx) if ADA in team.addresses)
    assert (ada.letters, ada.language) == (False, "zh")


def test_status_tells_when_what_closes(tmp_path: Path) -> None:
    """Phases, and what else may be handed in, each on lines of its own, Anywhere on Earth too."""
    phases = [{"name": "test", "closes": datetime(2026, 4, 26, tzinfo=UTC)}]
    kinds = [{"kind": "paper", "closes": datetime(2026, 5, 5, tzinfo=UTC), "types": [".pdf"]}]
    with served(tmp_path, Clock(), phases=phases, entries=kinds) as made:
        text = asked(made, "status")
    assert "  test\n    closes   Sun 26 Apr 2026, 08:00 (Asia/Shanghai, UTC+08:00)\n" in text
    assert "  paper\n    closes   Tue 05 May 2026, 08:00 (Asia/Shanghai, UTC+08:00)\n" in text
    assert "             Mon 04 May 2026, 12:00 AoE (UTC-12:00)\n" in text


def test_a_ruling_is_told_in_the_language_of_the_dispute(contest: Service) -> None:
    """Where the team chose none."""
    asked(contest, "dispute S-2: 第四题的标注有误", sure=True)
    with contest.ledger.write("ruling") as tx:
        contest.disputes.rule(tx, 2, Ruling.ACCEPTED, "yes")
    with contest.ledger.read() as tx:
        (answer,) = [one for one in outbox.listing(tx) if one.kind == "dispute-ruled"]
    assert answer.subject == "关于您对 S-000002 的申诉"


def test_a_dispute_goes_to_the_organizers_and_its_ruling_to_the_team(contest: Service) -> None:
    """With the file; a second one waits until the first is ruled."""
    assert "was sent to the organizers" in asked(contest, "dispute S-2: item 4 is wrong", sure=True)
    assert "already an open dispute" in asked(contest, "dispute S-2: once more", sure=True)
    with contest.ledger.write("ruling") as tx:
        contest.disputes.rule(tx, 2, Ruling.REJECTED, "item 4 is right")
    with contest.ledger.read() as tx:
        (question,) = [one for one in outbox.listing(tx) if one.kind == "dispute"]
        (answer,) = [one for one in outbox.listing(tx) if one.kind == "dispute-ruled"]
    told = email.message_from_bytes(question.message, policy=default)
    assert (question.recipient, answer.recipient) == ("chair@siqa.example", ADA)
    assert [part.get_filename() for part in told.iter_attachments()] == ["s.json"]
    assert b"item 4 is right" in answer.message
    with contest.ledger.read() as tx:
        lives = [trace.of_reply(tx, one.id, NOW) for one in (question, answer)]
    assert lives[0] == lives[1]
    assert lives[0][0].subject == "M-000004"
    assert {question.name, answer.name} < {step.subject for step in lives[0] if step.what == "reply-queued"}


def test_an_automatic_mail_asks_for_nothing(contest: Service) -> None:
    """An out-of-office reply to a mail of ours that quotes a command changes nothing and is not answered."""
    with contest.ledger.read() as tx:
        ours = outbox.listing(tx)[0].message_id
    row = take(contest, say("withdraw S-1", **{"Auto-Submitted": "auto-replied", "In-Reply-To": ours}))
    assert row.outcome is Outcome.AUTOMATIC
    assert take(contest, say("withdraw S-1", **{"Auto-Submitted": "auto-replied"})).outcome is Outcome.HELD
    stranger = take(contest, say("withdraw S-1", sender="mallory@evil.example"))
    assert stranger.outcome is Outcome.UNKNOWN_SENDER
    with contest.ledger.read() as tx:
        assert rulings.of(tx, team_id=1, submission_id=1) == (None, None)


def test_a_mail_that_is_not_sure_enough_is_held_before_it_is_obeyed(tmp_path: Path) -> None:
    """Where the policy asks for a key, a bare From address withdraws nothing."""
    with served(tmp_path, Clock(), identity={"require": ["key", "confirmed"]}) as made:
        assert take(made, say("withdraw S-1")).outcome is Outcome.HELD


CHANGES = (
    *("withdraw S-1", "select S-1", "members add bea@peepers.example", "members remove bert@peepers.example"),
    *("letters off", "language zh", "dispute S-1: look again"),
)
POLICIES: dict[str, dict[str, Any]] = {
    "the default": {},
    "no word of the team": {"identity": {"require": ["key", "none"]}},
}


def question(served: Service) -> tuple[str, str]:
    """Return subject and text of the last thing that was queued, a question to Ada."""
    with served.ledger.read() as tx:
        last = outbox.listing(tx)[-1]
    assert (last.kind, last.recipient) == (held.QUESTION, ADA)
    body = email.message_from_bytes(last.message, policy=default).get_body(("plain",))
    assert body is not None
    return last.subject, body.get_content().replace("\r\n", "\n")


def changed(served: Service) -> tuple[object, object, list[str]]:
    """Return what a command can change, and the trail of what was carried out."""
    with served.ledger.read() as tx:
        done = [each.kind for each in events.since(tx, 0) if each.kind in ("command", "team-left")]
        done += (asked := sorted(mailboxes.invited(tx, 1)))
        found: list[object] = [*teams.everyone(tx), *disputes.listing(tx), *asked]
        return rulings.of(tx, team_id=1, submission_id=1), found, done


@pytest.fixture(params=POLICIES)
def lenient(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    """Give a contest where any mail counts, with a submission of Ada's, who has a member."""
    with served(tmp_path, Clock(), **POLICIES[request.param]) as made:
        with made.ledger.write("test") as tx:
            teams.add(tx, "Pixel Peepers", [ADA, "bert@peepers.example"], NOW)
        assert take(made, submission("A")).outcome is Outcome.SCORED
        yield made


@pytest.mark.parametrize("text", CHANGES)
def test_what_changes_something_waits_until_the_team_says_that_it_is_its_own(lenient: Service, text: str) -> None:
    """A forged From changes nothing, whatever counts; the team is asked with a code, and its word has it done once."""
    before = changed(lenient)
    row = take(lenient, say(text))
    assert (row.outcome, changed(lenient)) == (Outcome.HELD, before)
    assert row.reason is not None
    assert row.reason.endswith("what it asks for needs proof of the sender")
    subject, told = question(lenient)
    assert text.partition(":")[0].replace("S-1", "S-000001") in [line.strip() for line in told.splitlines()]
    assert "file" not in told.partition("-- ")[0]
    answers = [take(lenient, say("confirm", f"Re: {subject}", **{"Message-ID": f"<{n}@x.org>"})) for n in range(2)]
    assert [answer.outcome for answer in answers] == [Outcome.CONFIRMED, Outcome.NOT_CONFIRMED]
    assert changed(lenient)[:2] != before[:2]
    assert len(changed(lenient)[2]) == len(before[2]) + 1
    with lenient.ledger.read() as tx:
        assert mails.get(tx, row.id).outcome is (Outcome.MEMBERS if "members" in text else Outcome.COMMAND)  # type: ignore[union-attr]  # it is there


@pytest.mark.parametrize("text", CHANGES)
def test_an_organizers_word_has_a_held_command_done(lenient: Service, text: str) -> None:
    """As for any mail that is held."""
    before = changed(lenient)
    row = take(lenient, say(text))
    with lenient.ledger.write("approve") as tx:
        assert confirmation.approve(tx, row.id, why="they telephoned", now=NOW)
    assert lenient.intake.step()
    assert changed(lenient)[:2] != before[:2]


@pytest.mark.parametrize("text", CHANGES)
def test_with_its_key_a_team_is_obeyed_at_once(lenient: Service, text: str) -> None:
    """Nobody is asked."""
    before = changed(lenient)
    assert take(lenient, keyed(lenient, say(text))).outcome in (Outcome.COMMAND, Outcome.MEMBERS)
    assert changed(lenient)[:2] != before[:2]
    with lenient.ledger.read() as tx:
        assert held.QUESTION not in [row.kind for row in outbox.listing(tx)]


@pytest.mark.parametrize("text", ["help", "status", "check"])
def test_what_changes_nothing_is_answered_at_once(lenient: Service, text: str) -> None:
    """The answer goes to the registered address only."""
    row = take(lenient, say(text))
    assert row.outcome is Outcome.COMMAND
    with lenient.ledger.read() as tx:
        assert {one.recipient for one in outbox.listing(tx) if one.mail_id == row.id} == {ADA}


def test_the_question_about_a_command_is_in_the_language_of_the_mail(lenient: Service) -> None:
    """With what is asked for, and why it must be confirmed."""
    row = take(lenient, say("撤回 S-1\n\n谢谢"))
    subject, told = question(lenient)
    assert row.outcome is Outcome.HELD
    assert subject.startswith("这封邮件是您发送的吗")
    assert "请求执行" in told.replace("\n", "")
    assert "\n\n    withdraw S-000001\n\n" in told
    assert "该操作需要先确认发件人身份" in told.replace("\n", "")


@pytest.mark.parametrize(
    ("language", "word", "told"),
    [
        (
            "en",
            "confirm",
            ("That mail was taken already.", "its receipt: S-000001", "do not need to send anything again"),
        ),
        ("zh", "确认", ("那封邮件已被受理", "S-000001", "无需重新发送")),
    ],
)
def test_the_word_after_an_approval_learns_that_the_mail_was_taken(
    tmp_path: Path, language: str, word: str, told: tuple[str, ...]
) -> None:
    """In the team's language, with the receipt of its file."""
    with served(tmp_path, Clock(), identity={"require": ["key", "confirmed"]}) as made:
        held_row = take(made, submission("A"))
        assert held_row.outcome is Outcome.HELD
        subject, _ = question(made)
        with made.ledger.write("approve") as tx:
            teams.want_language(tx, 1, language)
            assert confirmation.approve(tx, held_row.id, why="they telephoned", now=NOW)
        late = take(made, say(word, f"Re: {subject}"))
        assert late.outcome is Outcome.NOT_CONFIRMED
        text = " ".join(reply_to(made, late).split())
        assert [each for each in told if each not in text] == []
        assert "ask the organizers" not in text
