"""Scores are computed anew beside the old ones, and nothing else changes."""

from __future__ import annotations

import email
import hmac
import json
from email.policy import default
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mailbot.board import rescoring
from mailbot.errors import Permanent
from mailbot.ledger import events, outbox, scores, submissions, tables, teams
from mailbot.ledger.trail import rows, verify
from mailbot.letters import rescored as rescore_letters
from mailbot.mail.open import open_mail
from mailbot.operations import letters, rescore, truths
from scoring.scores.evaluate import evaluate
from scoring.trail.rows import digest_of
from tests.unit.services import CARL, Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.board.rank_changes import Change
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.service import Service


def _relabel(folder: Path) -> None:
    """Let the committee correct a label."""
    labels = folder / "labels" / "answer-s.json"
    labels.write_text(labels.read_text().replace('"perception_rating": 4.5', '"perception_rating": 1.5'))


def _turn(folder: Path) -> None:
    """Let the committee correct one dimension to what the second team predicts: who was second is first."""
    labels = folder / "labels" / "answer-s.json"
    rows = json.loads(labels.read_text())
    labels.write_text(
        json.dumps([row | {"perception_rating": row["perception_rating"] - 0.9 * row["id"]} for row in rows])
    )


def _again(service: Service) -> int:
    """Score everything again; return how many got a score."""
    return sum(rescore.rescore(service, rescore.plan(service)))


def _state(service: Service) -> tuple[list[SubmissionRow], int, int]:
    """Return the submissions with their newest scores, and how many scores and entries of the trail there are."""
    with service.ledger.read() as tx:
        return submissions.listing(tx), _count(tx, tables.scores), _count(tx, tables.events)


def _count(tx: sa.Connection, table: sa.Table) -> int:
    return tx.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def _told(changes: list[Change]) -> list[tuple[object, ...]]:
    """Return changes as plain values, scores of two decimals."""
    return [(each.table, each.team, *each.ranks, *each.scores) for each in changes]


def test_with_the_same_labels_nothing_changes(tmp_path: Path) -> None:
    """Scoring again writes nothing and shows nothing."""
    with served(tmp_path, Clock()) as service:
        take(service, submission(tilt=0.3))
        before = _state(service)
        assert rescore.preview(service, rescore.plan(service)) == []
        wanted = rescore.plan(service)
        assert list(rescore.rescore(service, wanted)) == []
        assert _state(service) == before
        assert rescore.changes(service, wanted) == []


def test_new_labels_give_a_new_score_beside_the_old(tmp_path: Path) -> None:
    """The old score is kept, the new one is that of the file, and doing it again changes nothing more."""
    with served(tmp_path, Clock()) as service:
        take(service, raw := submission(tilt=0.3))
    _relabel(tmp_path)
    with served(tmp_path, Clock()) as service:
        (old,), count, entries = _state(service)
        assert _again(service) == 1
        (new,), *counts = _state(service)
        assert counts == [count + 1, entries + 1]
        assert new.truth != old.truth
        (file,) = open_mail(raw, len(raw)).candidates
        fresh = evaluate(file.data, service.labels["siqa-s"])
        assert (new.score, new.metrics, new.truth) == (fresh.score, fresh.metrics, fresh.truth)
        assert new.score != old.score
        assert _again(service) == 0


def test_a_preview_shows_what_then_happens_and_writes_nothing(tmp_path: Path) -> None:
    """Every rank that would change, on the track and over all tracks."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        take(service, submission(tilt=0.1))
        take(service, submission("Carl", sender=CARL, tilt=0.9))
    _turn(tmp_path)
    with served(tmp_path, clock) as service:
        before = _state(service)
        clock.forward(minutes=1)
        wanted = rescore.plan(service)
        preview = rescore.preview(service, wanted)
        assert _state(service) == before
        assert [(each.team, each.ranks) for each in preview] == [("Münster Vision", (2, 1)), ("Pixel Peepers", (1, 2))]
        list(rescore.rescore(service, wanted))
        assert _told(rescore.changes(service, wanted)) == _told(preview)
        board = service.weekly.board(clock())
        assert [row.team for row in board.tables[0].rows if not row.baseline] == ["Münster Vision", "Pixel Peepers"]


def test_what_is_interrupted_goes_on_where_it_stood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chunk is a transaction with its entry; the rest comes with the next run."""
    monkeypatch.setattr(rescoring, "CHUNK", 2)
    with served(tmp_path, Clock(), quota={"per_week": 9}) as service:
        for number in range(5):
            take(service, submission(f"M{number}", tilt=number / 10))
    _relabel(tmp_path)
    with served(tmp_path, Clock()) as service:
        steps = rescore.rescore(service, rescore.plan(service))
        assert next(steps) == 2
        del steps
        with service.ledger.read() as tx:
            assert scores.count_lacking(tx, service.ranking.versions["siqa-s"]) == 3
        assert list(rescore.rescore(service, rescore.plan(service))) == [2, 1]
        with service.ledger.read() as tx:
            entries = [json.loads(e.detail) for e in events.since(tx, 0) if e.kind == "rescored"]
        assert [(e["first"], e["last"], e["count"]) for e in entries] == [
            ("S-000001", "S-000002", 2),
            ("S-000003", "S-000004", 2),
            ("S-000005", "S-000005", 1),
        ]


def test_only_accepted_submissions_are_scored(tmp_path: Path) -> None:
    """One that is over quota has no score and gets none; asked for by name, it is said so."""
    with served(tmp_path, Clock(), quota={"per_week": 1}) as service:
        take(service, submission("A"))
        take(service, submission("B"))
    _relabel(tmp_path)
    with served(tmp_path, Clock()) as service:
        assert [row.receipt for aim in rescore.plan(service).aims for row in aim.rows] == ["S-000001"]
        assert [len(aim.rows) for aim in rescore.plan(service, track="siqa-s", submission_id=1).aims] == [1]
        for number in (2, 99):
            with pytest.raises(Permanent, match=f"S-00000{number}|S-000099"):
                rescore.plan(service, submission_id=number)
        with pytest.raises(Permanent, match="siqa-x"):
            rescore.plan(service, track="siqa-x")


def test_labels_that_fit_no_more_are_said_so(tmp_path: Path) -> None:
    """When the new labels have other items, the submission that cannot be scored is named."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
    labels = tmp_path / "labels" / "answer-s.json"
    labels.write_text(labels.read_text().replace('"id": 8', '"id": 9'))
    with served(tmp_path, Clock()) as service, pytest.raises(Permanent, match="S-000001 was accepted, but cannot"):
        _again(service)


# --- feedback ---------------------------------------------------------------------------------


def test_teams_are_told_once_what_changed_and_why(tmp_path: Path) -> None:
    """One mail to the leader of each team whose score differs, however often it is asked for."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        take(service, submission(tilt=0.1))
        take(service, submission("Carl", sender=CARL, tilt=0.9))
    _turn(tmp_path)
    with served(tmp_path, clock) as service:
        clock.forward(minutes=1)
        wanted = rescore.plan(service)
        list(rescore.rescore(service, wanted))
        assert letters.tell_rescored(service) == 2
        assert letters.tell_rescored(service) == 0
        with service.ledger.read() as tx:
            written = [row for row in outbox.listing(tx) if row.kind == rescore_letters.KIND]
        assert [row.recipient for row in written] == [CARL, "ada@peepers.example"]
        text = _text(written[1].message)
        change = next(each for each in rescore.changes(service, wanted) if each.team == "Pixel Peepers")
        scores = f"{change.scores[0]:.2f} before, {change.scores[1]:.2f} now."
        assert f"S-000001, the submission that counts for you: {scores}" in text
        assert "The committee's reason: corrected" in text


def _text(message: bytes) -> str:
    """Return the text of a mail, unwrapped."""
    body = email.message_from_bytes(message, policy=default).get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def test_labels_that_go_back_and_forth_are_told_each_time(tmp_path: Path) -> None:
    """The last letter that a team has tells the score that it has; without a change nobody is written to."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        take(service, submission(tilt=0.1))
        first = service.labels.of_stage(service.ranking.stage.key).whole["siqa-s"]
        _turn(tmp_path)
        other = truths.from_file(service, tmp_path / "labels" / "answer-s.json", "siqa-s")
        told = []
        for made in (other, first, other, first):
            clock.forward(minutes=1)
            service.labels.choose(made, "the committee decided so", service.clock(), stage=service.ranking.stage.key)
            _again(service)
            told += [letters.tell_rescored(service), letters.tell_rescored(service)]
    assert told == [1, 0] * 4


def test_a_letter_names_the_score_that_the_team_was_told_last(tmp_path: Path) -> None:
    """Not one that came and went in silence; where it is the present one, nothing is written."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        take(service, submission(tilt=0.1))
        first = service.labels.of_stage(service.ranking.stage.key).whole["siqa-s"]
        labels, found = tmp_path / "labels" / "answer-s.json", []
        for correct in (_relabel, _turn):
            correct(tmp_path)
            found.append(truths.from_file(service, labels, "siqa-s"))
        silent, other = found
        for made, letters_due in ((silent, None), (first, 0), (silent, None), (other, 1), (silent, 1)):
            clock.forward(minutes=1)
            service.labels.choose(made, "the committee decided so", service.clock(), stage=service.ranking.stage.key)
            _again(service)
            assert letters_due is None or letters.tell_rescored(service) == letters_due
        with service.ledger.read() as tx:
            told = [_text(row.message) for row in outbox.listing(tx) if row.kind == rescore_letters.KIND]
            by_first, by_silent, by_other = (f"{one.value:.2f}" for one in scores.of_submission(tx, 1))
    assert len({by_silent, by_first, by_other}) == 3
    counts = "S-000001, the submission that counts for you: "
    assert f"{counts}{by_first} before, {by_other} now." in told[0]
    assert f"{counts}{by_other} before, {by_silent} now." in told[1]


def test_nobody_is_told_who_wants_no_letter_or_cannot_be_reached(tmp_path: Path) -> None:
    """A team that wants no letters, and one whose address bounces."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        take(service, submission(tilt=0.1))
        take(service, submission("Carl", sender=CARL, tilt=0.9))
    _turn(tmp_path)
    with served(tmp_path, clock) as service:
        clock.forward(minutes=1)
        _again(service)
        with service.ledger.write("test") as tx:
            ada = teams.with_name(tx, "Pixel Peepers")
            assert ada is not None
            teams.want_letters(tx, ada.id, wanted=False)
            teams.mark_bouncing(tx, CARL, clock())
        assert letters.tell_rescored(service) == 0


def test_whoever_submitted_after_the_change_is_not_told(tmp_path: Path) -> None:
    """The reply to that submission told its score already."""
    clock = Clock()
    with served(tmp_path, clock) as service:
        take(service, submission(tilt=0.1))
    _turn(tmp_path)
    with served(tmp_path, clock) as service:
        clock.forward(minutes=1)
        take(service, submission("Later", tilt=0.5), arrived_at=clock())
        clock.forward(minutes=1)
        _again(service)
        assert letters.tell_rescored(service) == 0


def test_a_letter_shows_no_score_where_replies_show_none(tmp_path: Path) -> None:
    """In a phase that tells a receipt alone, the letter says that the score changed, and no number."""
    clock, phases = Clock(), [{"name": "test", "feedback": "receipt"}]
    with served(tmp_path, clock, phases=phases) as service:
        take(service, submission(tilt=0.9))
    _turn(tmp_path)
    with served(tmp_path, clock, phases=phases) as service:
        clock.forward(minutes=1)
        _again(service)
        assert letters.tell_rescored(service) == 1
        with service.ledger.read() as tx:
            text = next(row for row in outbox.listing(tx) if row.kind == rescore_letters.KIND).message.decode()
        assert "scores are not sent by mail" in text
        assert "before," not in text


def test_labels_replaced_before_anybody_rescored_are_passed_over(tmp_path: Path) -> None:
    """Ranks and letters go from what the board was by to what it is by now, and give the reasons of both changes."""
    clock = Clock()
    with served(tmp_path, clock, quota={"per_week": 9}) as service:
        take(service, submission(tilt=0.1))
        take(service, submission("Carl", sender=CARL, tilt=0.9))
        clock.forward(minutes=1)
        track = service.challenge.tracks["siqa-s"]
        labels = tmp_path / "labels" / "answer-s.json"
        for correct, why in ((_relabel, "A typing error."), (_turn, "The wrong column.")):
            correct(tmp_path)
            service.labels.choose(service.labels.keep(labels.read_bytes(), track), why, clock())
            if correct is _relabel:
                take(service, submission("Between", tilt=0.2), arrived_at=clock())
        clock.forward(minutes=1)
        wanted = rescore.plan(service)
        preview = rescore.preview(service, wanted)
        assert [(each.team, each.ranks) for each in preview] == [("Münster Vision", (2, 1)), ("Pixel Peepers", (1, 2))]
        list(rescore.rescore(service, wanted))
        assert _told(rescore.changes(service, wanted)) == _told(preview)
        assert rescore.preview(service, rescore.plan(service)) == []
        assert letters.tell_rescored(service) == 2
        with service.ledger.read() as tx:
            told = {row.recipient: _text(row.message) for row in outbox.listing(tx) if row.kind == rescore_letters.KIND}
        assert "The committee's reason: A typing error. / The wrong column." in told[CARL]
        assert "The committee's reason: The wrong column." in told["ada@peepers.example"]  # its reply was by the second


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"value": 1.5}, "the score of S-000002"),
        ({"metrics": {}}, "the score of S-000002"),
        ({"version": "0.0.1"}, "what computed the score of S-000002"),
    ],
    ids=["value", "metrics", "version"],
)
def test_each_score_of_a_rescore_is_held_to_the_trail(tmp_path: Path, changed: dict[str, object], what: str) -> None:
    """Although what all have in common is told once: what somebody changes later is named with its submission."""
    with served(tmp_path, Clock()) as service:
        take(service, submission(tilt=0.1))
        take(service, submission("Carl", sender=CARL, tilt=0.9))
    _relabel(tmp_path)
    with served(tmp_path, Clock()) as service:
        assert _again(service) == 2
        truth = service.labels["siqa-s"].sha256
        of = tables.scores.c
        with service.ledger.write("test") as tx:
            told = events.last(tx, kind="rescored")
            assert told is not None
            assert verify.verify(tx).faults == []
            tx.execute(sa.update(tables.scores).where(of.submission_id == 2, of.truth == truth).values(**changed))
            assert [fault.what for fault in verify.verify(tx).faults] == [
                f"{what} by the labels {truth[:16]} is not what entry {told.id} says"
            ]


def test_what_an_earlier_version_told_of_each_score_still_holds(tmp_path: Path) -> None:
    """It told the version that computed a score for each, by a digest with the submission's number in it."""
    with served(tmp_path, Clock()) as service:
        take(service, submission(tilt=0.1))
        with service.ledger.write("test") as tx:
            (row,) = tx.execute(sa.select(tables.scores)).mappings()
            line = f'audit row versions 1 ["{row["version"]}"]'
            digest = hmac.digest(rows.secret(tx) or b"", line.encode(), "sha256").hex()[:32]
            place = f"{row['truth']} {row['scorer']}"
            told = {f"scores {place}": {"1": digest_of("scores", dict(row))}, f"versions {place}": {"1": digest}}
            events.append(tx, kind="rescored", subject="siqa-s", now=service.clock(), rows=told)
        with service.ledger.write("test") as tx:
            assert verify.verify(tx).faults == []
            tx.execute(sa.update(tables.scores).values(version="0.0.1"))
            faults = {fault.what.partition(" is not")[0] for fault in verify.verify(tx).faults}
            assert faults == {f"what computed the score of S-000001 by the labels {row['truth'][:16]}"}
            assert [fault.entry for fault in verify.verify(tx).faults][-1] == events.since(tx, 0)[-1].id
