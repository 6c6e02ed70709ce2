"""Every evaluation goes through the one seam, and workers find labels by their hash."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Temporary
from mailbot.evaluation import tasks
from mailbot.evaluation.evaluator import InChildren, Job
from mailbot.ledger import scores
from mailbot.model import MailState
from mailbot.operations import rescore, verify
from tests.unit.services import Clock, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mailbot.evaluation.evaluator import Evaluator, Pending
    from scoring.labels.truth import Truth
    from scoring.model import Evaluation
    from scoring.scores.stack import Key, Rescored, Stack


@dataclass
class Elsewhere:
    """An evaluator in another's place, as a cluster would be: it only passes on, and remembers what it was asked."""

    inner: Evaluator
    asked: list[str] = field(default_factory=list)

    @property
    def at_once(self) -> int:
        """See Evaluator."""
        return self.inner.at_once

    def start(self, job: Job) -> Pending:
        """See Evaluator."""
        self.asked.append("start")
        return self.inner.start(pickle.loads(pickle.dumps(job)))  # noqa: S301  # our own bytes: a job travels as such

    def twice(self, job: Job, truth: Truth) -> tuple[Evaluation, Evaluation]:
        """See Evaluator."""
        self.asked.append("twice")
        return self.inner.twice(job, truth)

    def kept(self, values: Mapping[str, bytes], truth: Truth) -> Evaluation:
        """See Evaluator."""
        self.asked.append("kept")
        return self.inner.kept(values, truth)

    def again(self, stacks: Mapping[Key, Stack], truth: Truth) -> Rescored:
        """See Evaluator."""
        self.asked.append("again")
        return self.inner.again(stacks, truth)


def test_mail_rescore_and_verify_go_through_the_seam(tmp_path: Path) -> None:
    """Whatever stands in its place is asked each time: by a mail, by a gap of the column store, rescore and verify."""
    with served(tmp_path, Clock(), split={"public": 0.5}) as service:
        service.__dict__["evaluator"] = seam = Elsewhere(service.evaluator)
        take(service, submission(tilt=0.3))
        assert seam.asked == ["start", "kept"]
        labels = json.loads((tmp_path / "labels/answer-s.json").read_text())
        labels[0]["perception_rating"] = 1.25
        kept = service.labels.keep(json.dumps(labels).encode(), service.challenge.tracks["siqa-s"])
        service.labels.choose(kept, "a correction", service.clock())
        for path in (tmp_path / "state/columns").iterdir():
            path.unlink()
        seam.asked.clear()
        assert list(rescore.rescore(service, rescore.plan(service))) == [1, 1]
        assert seam.asked == ["start", "again", "again"]
        seam.asked.clear()
        assert verify.verify(service, 1).ok
        assert seam.asked == ["twice"] * 4


def test_labels_that_a_worker_does_not_hold_cost_no_attempt(tmp_path: Path) -> None:
    """It was set up with others: the mail waits, as for any trouble of ours, and is scored when it holds them."""
    with served(tmp_path, Clock()) as service:
        tasks.hold(())
        with pytest.raises(Temporary, match="labels were changed"):
            InChildren(service.sandbox, service.labels).start(Job(name="s.json", data=b"[]")).result()
        assert take(service, submission()).state is MailState.SPOOLED
        tasks.hold(tasks.told(service.labels))
        service.clock.forward(hours=1)  # type: ignore[attr-defined]  # it is the test's clock
        while service.intake.step():
            pass
        with service.ledger.read() as tx:
            assert scores.count_lacking(tx, service.ranking.versions["siqa-s"]) == 0
            assert len(scores.accepted(tx, "siqa-s")) == 1


def test_a_worker_needs_no_ledger_and_no_mail_server() -> None:
    """What a worker loads to evaluate a job knows no database and no network protocol."""
    code = "import sys, mailbot.evaluation.evaluator; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"sqlalchemy", "imapclient", "imaplib", "smtplib", "gspread", "requests"} & set(loaded)
