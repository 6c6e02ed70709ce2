"""Scores are computed anew beside the old ones, and nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mailbot import rescore
from mailbot.errors import Permanent
from mailbot.ledger import submissions, tables
from tests.unit.services import Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.rescore import Rescored
    from mailbot.service import Service


def _relabel(folder: Path) -> None:
    """Let the committee correct a label."""
    labels = folder / "labels" / "answer-s.json"
    labels.write_text(labels.read_text().replace('"perception_rating": 4.5', '"perception_rating": 1.5'))


def _again(service: Service, *, dry_run: bool = False) -> list[Rescored]:
    """Score everything again."""
    return list(rescore.rescore(service, rescore.wanted(service, track=None, submission_id=None), dry_run=dry_run))


def _state(service: Service) -> tuple[list[SubmissionRow], int]:
    """Return the submissions with their newest scores, and how many scores there are."""
    with service.ledger.read() as tx:
        return submissions.listing(tx), tx.scalar(sa.select(sa.func.count()).select_from(tables.scores)) or 0


def test_with_the_same_labels_nothing_changes(tmp_path: Path) -> None:
    """Scoring again gives the very same number and writes nothing."""
    with served(tmp_path, Clock()) as service:
        take(service, submission(tilt=0.3))
        (row,), _ = before = _state(service)
        (one,) = _again(service)
        assert (one.changed, one.evaluation.score) == (False, row.score)
        assert _state(service) == before


def test_new_labels_give_a_new_score_beside_the_old(tmp_path: Path) -> None:
    """The old score is kept, the new one counts, and doing it again changes nothing more."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
    _relabel(tmp_path)
    with served(tmp_path, Clock()) as service:
        (old,), count = _state(service)
        assert [one.changed for one in _again(service, dry_run=True)] == [True]
        assert _state(service) == ([old], count)
        (one,) = _again(service)
        (new,), count = _state(service)
        assert (count, new.score, new.truth) == (2, one.evaluation.score, one.evaluation.truth)
        assert new.score != old.score
        assert new.truth != old.truth
        assert [again.changed for again in _again(service)] == [False]


def test_only_accepted_submissions_are_scored(tmp_path: Path) -> None:
    """One that is over quota has no score and gets none; asked for by name, it is said so."""
    with served(tmp_path, Clock(), quota={"per_week": 1}) as service:
        take(service, submission("A"))
        take(service, submission("B"))
        assert [row.receipt for row in rescore.wanted(service, track=None, submission_id=None)] == ["S-000001"]
        assert [row.receipt for row in rescore.wanted(service, track="siqa-s", submission_id=1)] == ["S-000001"]
        assert rescore.wanted(service, track="siqa-u", submission_id=None) == []
        for number in (2, 99):
            with pytest.raises(Permanent, match=f"S-00000{number}|S-000099"):
                rescore.wanted(service, track=None, submission_id=number)


def test_labels_that_fit_no_more_are_said_so(tmp_path: Path) -> None:
    """When the new labels have other items, the submission that cannot be scored is named."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
    labels = tmp_path / "labels" / "answer-s.json"
    labels.write_text(labels.read_text().replace('"id": 8', '"id": 9'))
    with served(tmp_path, Clock()) as service, pytest.raises(Permanent, match="S-000001 was accepted, but cannot"):
        _again(service)
