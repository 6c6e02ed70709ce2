"""From the spool to the record: what fails costs that mail alone, and is tried again or set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from mailbot.errors import Permanent, Temporary
from mailbot.intake.intake import ATTEMPTS, BATCH
from mailbot.intake.sender import THANKS
from mailbot.ledger import mails, outbox, submissions
from mailbot.model import MailState, Outcome, Status
from mailbot.system.sandbox import ChildDied, OutOfTime
from tests.unit.services import ADA, NOW, Clock, Here, drop, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.evaluation.evaluator import Job
    from mailbot.ledger.mails import MailRow
    from mailbot.service import Service


def _rows(service: Service) -> list[MailRow]:
    """Return the mails of the ledger."""
    with service.ledger.read() as tx:
        return mails.listing(tx)


def test_nothing_to_do_is_said_so(tmp_path: Path) -> None:
    """A step without work says that there was none."""
    with served(tmp_path, Clock()) as service:
        assert not service.intake.step()


def test_a_mail_goes_all_the_way(tmp_path: Path) -> None:
    """A good mail is scored, recorded and answered."""
    with served(tmp_path, Clock()) as service:
        row = take(service, submission())
        assert (row.state, row.outcome, row.attempts) == (MailState.RECORDED, Outcome.SCORED, 1)
        with service.ledger.read() as tx:
            (one,) = submissions.listing(tx)
            (reply,) = outbox.listing(tx)
    assert (one.status, one.method) == (Status.ACCEPTED, "PeepNet")
    assert one.score == pytest.approx(100.0)
    assert (reply.recipient, reply.mail_id) == (ADA, row.id)


@pytest.mark.parametrize("error", [ChildDied("it ran out of memory"), ValueError("our own mistake")])
def test_a_mail_that_kills_its_child_is_set_aside_in_the_end(tmp_path: Path, error: Exception) -> None:
    """It is tried again later and later; after the last attempt it is kept whole, with the reason."""
    clock = Clock()
    with served(tmp_path, clock, Here(before=lambda *_: _raise(error))) as service:
        drop(service, submission())
        for attempt in range(1, ATTEMPTS + 1):
            assert service.intake.step()
            assert not service.intake.step()
            assert _rows(service)[0].attempts == attempt
            clock.forward(minutes=5)
        (row,) = _rows(service)
        assert not service.intake.step()
        with service.ledger.read() as tx:
            assert [letter.kind for letter in outbox.listing(tx)] == ["health-stuck"]
    assert (row.state, row.outcome) == (MailState.SET_ASIDE, None)
    assert str(error) in (row.reason or "")


def test_a_mail_that_runs_out_of_time_is_tried_once_more(tmp_path: Path) -> None:
    """Not twice: each attempt keeps a child busy for all of its time."""
    clock = Clock()
    with served(tmp_path, clock, Here(before=lambda *_: _raise(OutOfTime("it took too long")))) as service:
        drop(service, submission())
        for state in (MailState.SPOOLED, MailState.SET_ASIDE):
            service.intake.step()
            clock.forward(minutes=5)
            assert [row.state for row in _rows(service)] == [state]
        assert not service.intake.step()


def test_when_one_file_is_killed_the_others_are_cancelled(tmp_path: Path) -> None:
    """They would only keep children from the mails behind."""
    begun = []

    def before(job: object, *_: object) -> None:
        begun.append(name := getattr(job, "name", ""))
        if name == "b.csv":
            raise OutOfTime("spins")

    here = Here(before=before, workers=3)
    files = "".join(
        f"--x\r\nContent-Type: text/csv; name={name}.csv\r\n\r\nid,guess\r\n1,{name}\r\n" for name in "abcd"
    )
    raw = f"From: {ADA}\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{files}--x--\r\n".encode()
    with served(tmp_path, Clock(), here) as service:
        drop(service, raw)
        service.intake.step()
        assert [row.state for row in _rows(service)] == [MailState.SPOOLED]
    assert {job.name for (job,) in cast("list[tuple[Job]]", here.cancelled)} == {"a.csv", "b.csv", "c.csv"}
    assert begun == ["", "a.csv", "b.csv"]


def test_files_that_take_too_long_together_end_their_mail(tmp_path: Path) -> None:
    """Each is within what one file may take, and all of them would keep a child busy for minutes."""
    begun = []
    files = "".join(
        f"--x\r\nContent-Type: text/csv; name={name}.csv\r\n\r\nid,guess\r\n1,{name}\r\n" for name in "abcdef"
    )
    raw = f"From: {ADA}\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n{files}--x--\r\n".encode()
    clock = Clock()
    with served(tmp_path, clock, Here(before=lambda job, *_: begun.append(job), seconds=29.0)) as service:
        drop(service, raw)
        for state in (MailState.SPOOLED, MailState.SET_ASIDE):
            service.intake.step()
            clock.forward(minutes=5)
            assert _rows(service)[0].state is state
        assert "together" in (_rows(service)[0].reason or "")
    assert len(begun) == 2 * (1 + 4)  # the mail, and the files up to the one with which it was too much


def _raise(error: Exception) -> None:
    raise error


def test_trouble_that_passes_is_waited_for(tmp_path: Path) -> None:
    """A ledger that is locked, or a disk that is full, sets no mail aside, however long it lasts."""
    clock, trouble = Clock(), [Temporary("the disk is full")]
    with served(tmp_path, clock, Here(before=lambda *_: _raise(trouble[0]) if trouble else None)) as service:
        drop(service, submission())
        for _ in range(3 * ATTEMPTS):
            service.intake.step()
            clock.forward(hours=1)
        assert [row.state for row in _rows(service)] == [MailState.SPOOLED]
        trouble.clear()
        service.intake.step()
        assert [row.outcome for row in _rows(service)] == [Outcome.SCORED]


def test_what_cannot_be_mended_is_set_aside_at_once(tmp_path: Path) -> None:
    """A mail that is gone from the spool is not tried again."""
    with served(tmp_path, Clock()) as service:
        drop(service, submission())
        for path in (tmp_path / "state" / "spool").rglob("*.eml"):
            path.unlink()
        service.intake.step()
        (row,) = _rows(service)
    assert (row.state, row.attempts) == (MailState.SET_ASIDE, 1)
    assert Permanent.__name__ in (row.reason or "")


def test_one_bad_mail_stops_no_other(tmp_path: Path) -> None:
    """The mails beside one that fails are recorded in the same step."""
    bad = submission("Bad")
    with served(
        tmp_path, Clock(), Here(before=lambda raw, *_: _raise(ValueError("x")) if raw == bad else None)
    ) as service:
        for raw in (submission("A"), bad, submission("B")):
            drop(service, raw)
        service.intake.step()
        found = [(row.state, row.outcome) for row in _rows(service)]
    assert found == [
        (MailState.RECORDED, Outcome.SCORED),
        (MailState.SPOOLED, None),
        (MailState.RECORDED, Outcome.SCORED),
    ]


def test_a_step_takes_no_more_than_a_batch(tmp_path: Path) -> None:
    """Many mails are taken batch by batch, the oldest first."""
    with served(tmp_path, Clock()) as service:
        for n in range(BATCH + 2):
            drop(service, f"From: eve{n}@elsewhere.example\r\n\r\nx\r\n".encode())
        service.intake.step()
        assert [row.state for row in _rows(service)].count(MailState.RECORDED) == BATCH
        service.intake.step()
        assert [row.state for row in _rows(service)].count(MailState.SPOOLED) == 0


@pytest.mark.parametrize(
    ("subject", "track"),
    [("for SIQA-S", "siqa-s"), ("siqa-u please", "siqa-u"), ("SIQA-S and SIQA-U", None), ("hello", None)],
)
def test_the_subject_hints_at_one_track(tmp_path: Path, subject: str, track: str | None) -> None:
    """Only where it names exactly one, the subject tells the track of a file that does not say it."""
    tracks = {name: {"labels": f"labels/answer-{name[-1]}.json"} for name in ("siqa-s", "siqa-u")}
    raw = f"From: {ADA}\r\nSubject: {subject}\r\nContent-Type: text/csv; name=x.csv\r\n\r\nid,guess\r\n1,A\r\n"
    with served(tmp_path, Clock(), tracks=tracks) as service:
        take(service, raw.encode())
        with service.ledger.read() as tx:
            assert [row.track for row in submissions.listing(tx)] == [track]


def test_an_answer_to_our_reply_is_no_submission(tmp_path: Path) -> None:
    """Without a file it is recorded and not answered; with one it is a submission like any other."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
        with service.ledger.read() as tx:
            ours = outbox.listing(tx)[0].message_id
        thanks = take(service, f"From: {ADA}\r\nIn-Reply-To: {ours}\r\n\r\nThank you!\r\n".encode(), arrived_at=NOW)
        again = take(service, submission("Second", References=ours))
        with service.ledger.read() as tx:
            assert len(outbox.listing(tx)) == 2
    assert (thanks.outcome, thanks.reason) == (Outcome.NO_SUBMISSION, THANKS)
    assert again.outcome is Outcome.SCORED
