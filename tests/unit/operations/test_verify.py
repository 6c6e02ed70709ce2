"""A score is computed once more and compared: with the ledger's, and with the signature that a team quotes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from mailbot.errors import Permanent
from mailbot.ledger import scores, tables
from mailbot.operations.verify import quoted, signature_of, verify
from scoring.report import parse
from tests.unit.services import LABELS, NOW, Clock, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.service import Service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a mailbot that has scored one submission."""
    with served(tmp_path, Clock()) as made:
        take(made, submission(tilt=0.3))
        yield made


def change(service: Service, table: sa.Table, **values: object) -> None:
    """Change every row of a table, as nobody should."""
    with service.ledger.write("test") as tx:
        tx.execute(sa.update(table).values(**values))


def corrected(path: Path) -> bytes:
    """Change a label of a file; return the file."""
    rows = json.loads((LABELS / "answer-s.json").read_text())
    rows[0]["perception_rating"] += 1
    path.write_text(json.dumps(rows))
    return path.read_bytes()


def test_a_score_as_recorded_agrees(service: Service) -> None:
    """By our kernels to the last bit, by scipy to nine digits."""
    verdict = verify(service, 1)
    (checked,) = verdict.checked
    assert verdict.ok
    assert checked.present
    assert checked.kernels is not None
    assert checked.reference is not None
    assert checked.kernels.score == checked.score.value
    assert checked.reference.score == pytest.approx(checked.score.value, rel=1e-12)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"value": 99.0}, "score: the ledger has 99.0, our kernels give "),
        ({"metrics": {"perception_srcc": 0.5}}, "perception_srcc: the ledger has 0.5, the reference gives "),
        ({"n": 7}, "items: the ledger has 7, "),
    ],
    ids=["value", "metric", "n"],
)
def test_a_score_that_was_changed_does_not_agree(service: Service, changed: dict[str, object], told: str) -> None:
    """And what differs is named."""
    change(service, tables.scores, **changed)
    verdict = verify(service, 1)
    assert not verdict.ok
    assert any(line.startswith(told) for line in verdict.checked[0].differences)


def test_a_score_by_older_labels_is_computed_by_those(service: Service, tmp_path: Path) -> None:
    """The labels are kept by their hash; the new score is held to the new ones."""
    track = service.challenge.tracks["siqa-s"]
    truth = service.labels.keep(corrected(tmp_path / "new.json"), track)
    service.labels.choose(truth, "a typing error", NOW)
    (old,) = verify(service, 1).checked
    assert not old.present
    version = scores.Version(track="siqa-s", truth=truth.sha256, scorer=track.scorer)
    score = scores.Score(submission_id=1, value=old.score.value, metrics=old.score.metrics)
    with service.ledger.write("test") as tx:
        scores.add_many(tx, version, scores.Scores.of([score]), n=truth.n, now=NOW)
    verdict = verify(service, 1)
    newest, older = verdict.checked
    assert (newest.present, older.present) == (True, False)
    assert older.agrees
    assert not newest.agrees  # it was entered with the figures of the old labels
    assert not verdict.ok


def test_labels_that_are_gone_are_said_to_be(tmp_path: Path) -> None:
    """Whoever deletes the kept label file cannot have the score vouched for any more."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
        old = service.labels["siqa-s"].sha256
    corrected(tmp_path / "labels" / "answer-s.json")
    with served(tmp_path, Clock()) as service:
        assert verify(service, 1).checked[0].agrees
        (tmp_path / "state" / "truths" / old).unlink()
        verdict = verify(service, 1)
        (gone,) = verdict.checked
        assert gone.obstacle.startswith("its labels are no longer here: the labels ")
        assert (gone.agrees, gone.differences, verdict.ok) == (False, (), False)


def test_a_formula_that_is_not_the_configs_is_said(service: Service) -> None:
    """Other weights would give another score, which is no disagreement."""
    change(service, tables.scores, scorer="siqa-s/0")
    verdict = verify(service, 1)
    assert not verdict.ok
    assert verdict.checked[0].obstacle == "its formula is siqa-s/0; the config's is siqa-s/1 now"


def test_what_has_no_score_cannot_be_verified(service: Service) -> None:
    """There is no such submission, its file is not in its mail, it was never scored."""
    with pytest.raises(Permanent, match="S-000009 cannot be verified: there is no such submission"):
        verify(service, 9)
    change(service, tables.submissions, sha256="0" * 64)
    with pytest.raises(Permanent, match="the file of S-000001 is not in its spooled mail"):
        verify(service, 1)
    with service.ledger.write("test") as tx:
        tx.execute(sa.delete(tables.scores))
    with pytest.raises(Permanent, match="S-000001 cannot be verified: it has no score: accepted"):
        verify(service, 1)


@pytest.mark.parametrize(
    ("was", "said", "told"),
    [
        ("", "", ()),
        ("siqa-s/1 ", "siqa-u/1 ", ("formula: quoted siqa-u/1, the ledger has siqa-s/1",)),
        ("n=8", "n=9", ("items: quoted 9, the ledger has 8",)),
        ("n=8", "n=8 seed=3", ("seed: quoted 3, the ledger has None",)),
        ("mailbot=0", "mailbot=9", ("mailbot: quoted 9",)),
    ],
    ids=["as-it-is", "formula", "items", "seed", "version"],
)
def test_a_quoted_signature_is_held_to_the_ledgers(
    service: Service, was: str, said: str, told: tuple[str, ...]
) -> None:
    """Each field that differs is named."""
    checked = verify(service, 1).checked
    line = str(signature_of(checked[0].score)).replace(was, said)
    signature = parse(line)
    assert signature is not None
    nearest, wrong = quoted(signature, checked)
    assert nearest is checked[0]
    assert [line.startswith(start) for line, start in zip(wrong, told, strict=True)] == [True] * len(told)
