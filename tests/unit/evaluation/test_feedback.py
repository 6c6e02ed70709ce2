"""What replies tell of a score, as the phase says; and the secret split behind it."""

from __future__ import annotations

import email
from datetime import timedelta
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from mailbot.ledger import outbox, submissions, tables
from scoring.labels import split
from tests.unit.services import Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service


def phase(feedback: str, **more: object) -> dict[str, Any]:
    """Return the config of one endless phase."""
    return {"phases": [{"name": "test", "feedback": feedback, **more}], "quota": {"per_week": 50}}


def texts(service: Service) -> list[str]:
    """Return the text of each reply."""
    with service.ledger.read() as tx:
        rows = outbox.listing(tx)
    parts = [email.message_from_bytes(row.message, policy=default).get_body(("plain",)) for row in rows]
    return [part.get_content().replace("\r\n", "\n") for part in parts if part is not None]


def score_of(service: Service, number: int) -> float:
    """Return the score that replies would tell under `full`."""
    with service.ledger.read() as tx:
        (row,) = submissions.listing(tx, submission_id=number)
    assert row.score is not None
    return row.score


def test_full_tells_score_metrics_interval_and_signature(tmp_path: Path) -> None:
    """Where the labels decide nothing, everything is told."""
    with served(tmp_path, Clock(), **phase("full")) as service:
        take(service, submission(tilt=0.3))
        (text,) = texts(service)
        score = score_of(service, 1)
    assert f"accepted with score {score:.2f}" in text
    assert "Perception SRCC" in text
    assert "95 % interval:" in text
    assert "siqa-s/1 truth=" in text


def test_receipt_tells_nothing_of_the_score(tmp_path: Path) -> None:
    """The team learns that it was accepted, and when the board comes."""
    with served(tmp_path, Clock(), **phase("receipt")) as service:
        take(service, submission(tilt=0.3))
        (text,) = texts(service)
        score = score_of(service, 1)
    assert "SIQA-S accepted." in text
    assert "not told by mail" in text
    for secret in (f"{score:.2f}", f"{score:.1f}", "SRCC", "truth=", "95 % interval"):
        assert secret not in text


def test_rounded_tells_coarse_steps_only(tmp_path: Path) -> None:
    """The step is the config's, and nothing finer leaks beside it."""
    with served(tmp_path, Clock(), **phase("rounded", rounding=5)) as service:
        take(service, submission(tilt=0.3))
        (text,) = texts(service)
        score = score_of(service, 1)
    assert f"score shown: {5 * round(score / 5):.2f}" in text
    assert "steps of 5" in text
    for secret in (f"{score:.2f}", "SRCC", "truth=", "95 % interval"):
        assert secret not in text


def test_the_ladder_tells_the_best_until_something_is_surely_better(tmp_path: Path) -> None:
    """A worse file, and one that is hardly better, change nothing of what is told."""
    with served(tmp_path, Clock(), **phase("ladder")) as service:
        for number, tilt in enumerate((0.9, 1.5, 0.1, 0.0)):
            take(service, submission(f"net-{number}", tilt=tilt))
        first, worse, better, hardly = texts(service)
        scores = [score_of(service, number) for number in (1, 2, 3, 4)]
    assert scores[1] < scores[0] < scores[2] < scores[3]
    for text, score in ((first, scores[0]), (worse, scores[0]), (better, scores[2]), (hardly, scores[2])):
        assert f"score shown: {score:.2f}" in text
    for text in (worse, hardly):
        assert "No significant change" in text
    for text in (first, better):
        assert "This is your best score so far" in text


def test_the_ladder_is_climbed_anew_when_the_store_is_gone(tmp_path: Path) -> None:
    """Without the column store the same is told: it is made again from the spool."""
    with served(tmp_path, Clock(), **phase("ladder")) as service:
        take(service, submission("a", tilt=0.3))
        for path in (tmp_path / "state/columns").iterdir():
            path.unlink()
    with served(tmp_path, Clock(), **phase("ladder")) as service:
        take(service, submission("b", tilt=0.9))
        _, text = texts(service)
        assert f"score shown: {score_of(service, 1):.2f}" in text


def test_a_split_tells_the_public_score_and_keeps_the_private_one(tmp_path: Path) -> None:
    """Both parts are scored at once; the reply and the board show the public one."""
    given = phase("full") | {"split": {"public": 0.5}}
    with served(tmp_path, Clock(), **given) as service:
        take(service, submission(tilt=0.3))
        with service.ledger.read() as tx:
            rows = tx.execute(sa.select(tables.scores.c.truth, tables.scores.c.value, tables.scores.c.n)).all()
        public, final = service.labels["siqa-s"], service.labels.final["siqa-s"]
        values = {row.truth: row.value for row in rows}
        assert set(values) == {public.sha256, final.sha256}
        assert sum(row.n for row in rows) == service.labels.whole["siqa-s"].n
        (text,) = texts(service)
        assert f"accepted with score {values[public.sha256]:.2f}" in text
        (row,) = service.weekly.board(service.clock() + timedelta(hours=1)).tables[0].rows[:1]
        assert row.score == pytest.approx(values[public.sha256], abs=0.005)
        secret = (tmp_path / "state/split.secret").read_text().strip()
        assert split.split(service.labels.whole["siqa-s"], secret, 0.5).public.sha256 == public.sha256
    with served(tmp_path, Clock(), **given) as service:  # the secret stays
        assert service.labels["siqa-s"].sha256 == public.sha256
