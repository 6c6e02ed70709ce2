"""Copies are found after the reply is written, kept for the organizers, and never told to a team."""

from __future__ import annotations

import json
import random
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Temporary
from mailbot.evaluation import copies
from mailbot.evaluation.similarity import series
from mailbot.ledger import events, similarities
from mailbot.system.sandbox import ChildDied
from scoring.fairness.similarity import Kind
from tests.unit.services import ADA, CARL, Clock, Here, served, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

ITEMS = 60
QUOTA = {"per_week": 99}


def _labels(folder: Path) -> None:
    """Write labels of both tracks with enough items to tell copies from chance."""
    (folder / "labels").mkdir()
    draw = random.Random(0)  # noqa: S311  # made-up labels
    rows = [{"id": n, "perception": draw.uniform(1, 5), "knowledge": draw.uniform(1, 5)} for n in range(1, ITEMS + 1)]
    (folder / "labels" / "answer-s.json").write_text(json.dumps({"predictions": rows}))
    types = ("yes-or-no", "what", "how")
    answers = [{"id": n, "type": types[n % 3], "precision": draw.choice("AB")} for n in range(1, ITEMS + 1)]
    (folder / "labels" / "answer-u.json").write_text(json.dumps({"predictions": answers}))


TRACKS = {"siqa-s": {"labels": "labels/answer-s.json"}, "siqa-u": {"labels": "labels/answer-u.json"}}


def _mail(sender: str, rows: list[dict[str, object]], track: str, number: int) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"], mail["Message-ID"] = sender, f"[SIQA Submission] x - {number}", f"<{number}@x.org>"
    mail.set_content("Our file.")
    data = json.dumps({"method": f"m{number}", "track": track, "predictions": rows}).encode()
    mail.add_attachment(data, maintype="application", subtype="json", filename="p.json")
    return mail.as_bytes()


def _numbers(seed: int, bend: float = 1.0, noise: float = 0.0) -> list[dict[str, object]]:
    """Return the predictions of a model; bent in an order-keeping way, or with a little noise upon them."""
    draw, more = random.Random(seed), random.Random(99)  # noqa: S311  # made-up predictions
    return [
        {
            "id": n,
            "perception": draw.uniform(1, 5) ** bend + more.uniform(0, noise),
            "knowledge": draw.uniform(1, 5) ** bend + more.uniform(0, noise),
        }
        for n in range(1, ITEMS + 1)
    ]


def _answers(seed: int, others: int = 0) -> list[dict[str, object]]:
    """Return answers, of which some are another model's."""
    draw, other = random.Random(seed), random.Random(seed + 1000)  # noqa: S311  # made-up answers
    given = [(draw.choice("ABCD"), other.choice("ABCD")) for _ in range(ITEMS)]
    return [{"id": n + 1, "precision": pair[n < others]} for n, pair in enumerate(given)]


def _found(service: Service) -> list[tuple[str, int, int, str]]:
    with service.ledger.read() as tx:
        rows = similarities.listing(tx)
        told = [entry for entry in events.since(tx, 0) if entry.kind == "likeness-found"]
    assert len(told) == len(rows)
    return [(row.track, row.first_id, row.second_id, row.kind) for row in rows]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        pytest.param(_numbers(1), Kind.VALUES, id="same"),
        pytest.param(_numbers(1, bend=2.0), Kind.RANKS, id="bent"),
        pytest.param(_numbers(1, noise=0.02), Kind.NUMBERS, id="noise"),
        pytest.param([*_numbers(1)[:-1], {"id": ITEMS, "perception": 3, "knowledge": 3}], Kind.FEW, id="one-item"),
        pytest.param(_numbers(2), None, id="another-model"),
    ],
)
def test_a_new_copy_is_found(tmp_path: Path, rows: list[dict[str, object]], kind: Kind | None) -> None:
    """The same values in another file, rescaled ones, ones with noise; an honest model is not named."""
    _labels(tmp_path)
    with served(tmp_path, Clock(), tracks=TRACKS, quota=QUOTA) as service:
        take(service, _mail(ADA, _numbers(1), "S", 1))
        take(service, _mail(CARL, rows, "S", 2))
        assert _found(service) == []  # the reply is in the outbox, and no comparison was made for it
        assert service.similar.step()
        assert not service.similar.step()
        assert _found(service) == ([("siqa-s", 1, 2, kind)] if kind else [])


def test_a_teams_own_submissions_are_no_copies(tmp_path: Path) -> None:
    """However alike they are."""
    _labels(tmp_path)
    with served(tmp_path, Clock(), tracks=TRACKS, quota=QUOTA) as service:
        for number in (1, 2):
            take(service, _mail(ADA, _numbers(1), "S", number))
        while service.similar.step():
            pass
        assert service.similar.all_pairs("siqa-s") == []
        assert _found(service) == []


def test_the_same_wrong_answers_are_found(tmp_path: Path) -> None:
    """Of multiple choices: the same file, and one of which a tenth was changed; honest ones are not named."""
    _labels(tmp_path)
    with served(tmp_path, Clock(), tracks=TRACKS, quota=QUOTA) as service:
        for number, rows in enumerate([_answers(1), _answers(2), _answers(3), _answers(4)], 1):
            take(service, _mail(ADA, rows, "U", number))
        take(service, _mail(CARL, _answers(1), "U", 5))
        take(service, _mail(CARL, _answers(2, others=6), "U", 6))
        take(service, _mail(CARL, _answers(7), "U", 7))
        assert service.similar.step()
        assert _found(service) == [("siqa-u", 1, 5, Kind.VALUES), ("siqa-u", 2, 6, Kind.ANSWERS)]


def test_all_pairs_find_what_the_steps_found_and_enter_it_once(tmp_path: Path) -> None:
    """`mailbot similar` on a ledger that was never compared, and after it was."""
    _labels(tmp_path)
    with served(tmp_path, Clock(), tracks=TRACKS, quota=QUOTA) as service:
        for number, (sender, rows) in enumerate(
            [(ADA, _numbers(1)), (ADA, _numbers(5)), (CARL, _numbers(1, noise=0.02)), (CARL, _numbers(5, bend=2.0))], 1
        ):
            take(service, _mail(sender, rows, "S", number))
        pairs = service.similar.all_pairs("siqa-s")
        assert {(pair.first, pair.second, pair.kind) for pair in pairs} == {(1, 3, Kind.NUMBERS), (2, 4, Kind.RANKS)}
        assert len(_found(service)) == 2
        while service.similar.step():
            pass
        service.similar.all_pairs("siqa-s")
        assert len(_found(service)) == 2


def test_a_child_that_dies_costs_a_comparison_and_no_pair(tmp_path: Path) -> None:
    """Nothing of it is in the ledger; the next step compares again, and enters what it finds once."""
    here, due = Here(), [1]
    _labels(tmp_path)
    with served(tmp_path, Clock(), here, tracks=TRACKS, quota=QUOTA) as service:
        take(service, _mail(ADA, _numbers(1), "S", 1))
        take(service, _mail(CARL, _numbers(1), "S", 2))

        def dies(*_: object) -> None:
            if due.pop():
                raise ChildDied("the child died: SIGKILL")

        here.before = dies
        with pytest.raises(Temporary):
            service.similar.step()
        assert _found(service) == []
        due.append(0)
        assert service.similar.step()
        assert _found(service) == [("siqa-s", 1, 2, Kind.VALUES)]
        assert not service.similar.step()


def test_what_the_store_lost_is_made_again_and_compared(tmp_path: Path) -> None:
    """The child says what it lacks, and compares when that is there."""
    _labels(tmp_path)
    with served(tmp_path, Clock(), tracks=TRACKS, quota=QUOTA) as service:
        take(service, _mail(ADA, _numbers(1), "S", 1))
        take(service, _mail(CARL, _numbers(1), "S", 2))
        (kept,) = service.columns.folder.glob("*.values")
        kept.unlink()
        assert service.similar.step()
        assert _found(service) == [("siqa-s", 1, 2, Kind.VALUES)]


def test_however_many_are_alike_an_answer_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is compared by the next step."""
    monkeypatch.setattr(copies, "MOST_PAIRS", 1)
    _labels(tmp_path)
    with served(tmp_path, Clock(), tracks=TRACKS, quota=QUOTA) as service:
        for number in range(1, 5):
            take(service, _mail((ADA, CARL)[number % 2], _numbers(1), "S", number))
        steps = 0
        while service.similar.step():
            steps += 1
        assert [(first, second) for _, first, second, _ in _found(service)] == [(1, 2), (2, 3), (1, 4), (3, 4)]
        assert steps == 3


def test_submissions_that_fit_no_more_are_passed_over(tmp_path: Path) -> None:
    """New labels with other items: nothing can be compared, and the step is done all the same."""
    _labels(tmp_path)
    with served(tmp_path, Clock(), tracks=TRACKS, quota=QUOTA) as service:
        take(service, _mail(ADA, _numbers(1), "S", 1))
    path = tmp_path / "labels" / "answer-s.json"
    path.write_text(path.read_text().replace('"id": 60', '"id": 61'))
    with served(tmp_path, Clock(), tracks=TRACKS, quota=QUOTA) as service:
        assert service.similar.step()
        assert not service.similar.step()
        assert service.similar.all_pairs("siqa-s") == []


def test_a_series_of_probes_hangs_together(tmp_path: Path) -> None:
    """Files of different teams that differ in an item are pairs of one series."""
    _labels(tmp_path)
    with served(tmp_path, Clock(), tracks=TRACKS, quota=QUOTA) as service:
        for number in range(4):
            rows = _answers(1)
            rows[0]["precision"] = "ABCD"[number]
            take(service, _mail((ADA, CARL)[number % 2], rows, "U", number))
        pairs = service.similar.all_pairs("siqa-u")
    assert {(pair.kind, pair.value) for pair in pairs} == {(Kind.FEW, 1.0)}
    assert series([(pair.first, pair.second) for pair in pairs]) == dict.fromkeys(range(1, 5), 4)
