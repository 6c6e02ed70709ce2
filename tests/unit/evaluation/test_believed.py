"""A child or a worker that was taken over answers what it likes: nothing that no file could get is entered."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.evaluation.evaluator import InChildren, Job, OwnScorerFailed
from mailbot.evaluation.own_tasks import Scored
from mailbot.ledger import scores
from mailbot.model import MailState
from mailbot.system.sandbox import ChildDied
from scoring.declaration.declare import track_from
from scoring.declaration.owned import with_scorer
from scoring.labels.truth import load_truth
from scoring.model import Evaluated, Problem
from tests.unit.services import Clock, Done, Here, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass
class Liar(Here):
    """Children that answer otherwise than they found."""

    forge: Callable[[Any], Any] = lambda found: found

    def submit(self, function: Callable[..., object], *args: object) -> Done:
        """Take a task, and lie about it."""
        return Done(self, lambda *given: self.forge(function(*given)), args)


def _scored(**values: Any) -> Callable[[Evaluated], Evaluated]:  # noqa: ANN401  # of any type
    """Return what changes the evaluation of a file that was scored."""

    def forge(found: Evaluated) -> Evaluated:
        assert found.evaluation.ok
        return replace(found, evaluation=replace(found.evaluation, **values))

    return forge


def _valued(name: str, packed: bytes) -> Callable[[Evaluated], Evaluated]:
    """Return what changes a column."""
    return lambda found: replace(found, values={**found.values, name: packed})


FORGED: dict[str, Callable[[Evaluated], Evaluated]] = {
    "no-number": _scored(score=math.nan),
    "endless": _scored(score=math.inf),
    "beyond-its-bounds": _scored(score=1e9),
    "a-metric-that-is-none": lambda found: _scored(metrics=dict.fromkeys(found.evaluation.metrics, math.nan))(found),
    "other-metrics": _scored(metrics={"../../x": 1.0}),
    "no-metrics": _scored(metrics={}),
    "of-another-track": _scored(track="../../x"),
    "of-no-track": _scored(track=None),
    "by-other-labels": _scored(truth="0" * 64),
    "by-another-formula": _scored(scorer="mine/1"),
    "over-other-items": _scored(n=10**9),
    "an-error-that-is-none": _scored(error=math.nan),
    "an-error-below-zero": _scored(error=-1.0),
    "an-interval-that-is-none": _scored(interval=(-math.inf, math.inf)),
    "both": _scored(problems=(Problem(code="rows", count=1, message="No."),)),
    "neither": _scored(score=None, metrics={}),
    "refused-with-values": _scored(score=None, metrics={}, problems=(Problem(code="rows", count=1, message="No."),)),
    "its-own-last-score": lambda found: replace(found, final=replace(found.evaluation, score=100.0)),
    "a-scorer-of-its-own": lambda found: replace(found, own="siqa-s"),
    "no-values": lambda found: replace(found, values={}),
    "short-values": _valued("perception", b"12345678"),
    "more-values": _valued("../../x", b"1"),
    "values-that-are-no-numbers": lambda found: _valued("perception", b"\xff" * len(found.values["perception"]))(found),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_what_no_file_could_get_is_not_entered(forge: Callable[[Evaluated], Evaluated], tmp_path: Path) -> None:
    """The mail is tried again, as after the death of a child, and no score of it is there."""
    liar = Liar()
    with served(tmp_path, Clock(), liar, split={"public": 0.5}) as service:
        liar.forge = lambda found: forge(found) if isinstance(found, Evaluated) else found
        row = take(service, submission())
        assert (row.state, row.reason) == (MailState.SPOOLED, "ChildDied: a child answered what no file could get")
        with service.ledger.read() as tx:
            assert scores.of_submission(tx, 1) == []
        liar.forge = lambda found: found
        assert take(service, submission("Another")).state is MailState.RECORDED


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # as in the child, where it is printed to nowhere
def test_a_score_that_decides_is_a_number(tmp_path: Path) -> None:
    """One number too large, at an item that only the private part scores, must not stop the last board."""
    truth = load_truth(
        b"id,y\n1,1\n2,3\n", track_from({"name": "t", "columns": [{"name": "y", "metrics": ["rmse"]}]}), "l.csv"
    )
    with served(tmp_path, Clock()) as service:
        evaluator = InChildren(service.sandbox, service.labels)
        assert evaluator.kept({"y": array("d", [1.0, 4.0]).tobytes()}, truth).ok
        with pytest.raises(ChildDied, match="no score by the labels"):
            evaluator.kept({"y": array("d", [1.0, 1e200]).tobytes()}, truth)


def test_a_phase_that_nobody_asked_about_is_not_believed(tmp_path: Path) -> None:
    """Whoever says whose items a file has names one of those."""
    with served(tmp_path, Clock(), Liar(forge=lambda _: "elsewhere")) as service:
        evaluator = InChildren(service.sandbox, service.labels)
        with pytest.raises(ChildDied, match="not asked about"):
            evaluator.whose(Job(name="s.json", data=b"[]"), [""])


def test_a_scorers_child_is_believed_no_more(tmp_path: Path) -> None:
    """Its figures are held to its track as they are in the child: a rescore ends, and tells which file it was."""
    said = {"name": "own", "scorer": "s.py", "figures": ("first",), "columns": [{"name": "y"}]}
    source = b"def score(prediction, labels):\n    return {'first': 1.0}\n"
    truth = load_truth(b"id,y\n1,1\n2,3\n", with_scorer(track_from(said), source), "labels.csv")
    with served(tmp_path, Clock()) as service:

        def forge(found: Scored) -> Scored:
            assert found.evaluation is not None
            return Scored(evaluation=replace(found.evaluation, score=math.nan))

        evaluator = InChildren(Liar(forge=forge), service.labels)  # type: ignore[arg-type]  # it stands for children
        with pytest.raises(OwnScorerFailed, match="cannot have returned"):
            evaluator.owned(Job(name="1.csv", data=b"id,y\n1,1\n2,2\n"), truth)
