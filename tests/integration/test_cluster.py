"""Files are evaluated on a real Dask cluster as they are at home, whatever becomes of its workers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from io import StringIO
from itertools import count
from threading import Event
from typing import TYPE_CHECKING, Any, cast

import pytest
from rich.console import Console

from mailbot import flow
from mailbot.board import rescoring
from mailbot.cli.status import screen
from mailbot.compute import client, worker
from mailbot.compute.client import Away, Way
from mailbot.compute.cluster import Cluster
from mailbot.config import load
from mailbot.config.servers import ComputeSection
from mailbot.daemon import report
from mailbot.daemon.maintenance import Maintenance
from mailbot.daemon.status import look
from mailbot.daemon.systemd import Notifier
from mailbot.errors import Temporary
from mailbot.evaluation import own_tasks, scorer_versions, tasks
from mailbot.evaluation.evaluator import InChildren, Job
from mailbot.evaluation.scorer_versions import by_own
from mailbot.evaluation.submitted_files import SubmittedFiles
from mailbot.ledger import outbox, scores
from mailbot.ledger.scores import Accepted, Score
from mailbot.mail.open import Candidate
from mailbot.operations import rescore
from mailbot.operations.doctor import checks
from mailbot.operations.doctor.finding import Level
from mailbot.system.children.named import Bounds
from mailbot.system.heartbeat import Heartbeat
from mailbot.system.sandbox import ChildDied, OutOfTime, Sandbox
from scoring.declaration.declare import track_from
from scoring.declaration.owned import with_scorer
from scoring.files.unpack import Limits
from scoring.labels.truth import load_truth
from tests.contest.contest import ITEMS, write_config
from tests.integration.bot import wait
from tests.servers.dask import DaskCluster, dask_cluster
from tests.unit.evaluation.test_scorers import TWICE, another, force, owned
from tests.unit.evaluation.test_scorers import mail as own_mail
from tests.unit.services import Clock, take

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mailbot.evaluation.labels import Labels
    from tests.servers.certificates import Certificates

MIB = 1024 * 1024


def _file(shift: float = 0.0) -> bytes:
    """Return a good file for the contest's labels."""
    rows = [{"id": n, "perception": n * 1.5 % 5 + shift, "knowledge": n * 2.5 % 5} for n in range(1, ITEMS + 1)]
    return json.dumps({"track": "S", "method": "x", "predictions": rows}).encode()


@pytest.fixture(scope="module")
def plain_cluster() -> Iterator[DaskCluster]:
    """Give a scheduler without TLS and a worker."""
    with dask_cluster(1) as made:
        yield made


@contextmanager
def sending_to(cluster: DaskCluster, **settings: Any) -> Iterator[Cluster]:  # noqa: ANN401  # values of any kind
    """Give what hands tasks to a cluster, by these settings; no result of it is sampled."""
    home = Sandbox(1)
    section = ComputeSection(scheduler=cluster.address, **{"sample": 0, **settings})
    made = Cluster(
        section,
        home,
        {tasks.KIND: Bounds(), own_tasks.KIND: Bounds(memory_bytes=2048 * MIB)},
        {tasks.KIND: ((tasks.hold, ((),)),)},
    )
    try:
        yield made
    finally:
        made.close()
        home.close()


def test_a_file_is_evaluated_there_as_at_home(tmp_path: Path, certificates: Certificates) -> None:
    """Over TLS, with the contest's labels: the same evaluation, and what is wrong with a file is named the same."""
    tls = {"ca": certificates.ca, "cert": certificates.certificate, "key": certificates.key}
    with dask_cluster(1, tls=tls) as cluster:
        files = {"ca_file": str(tls["ca"]), "cert_file": str(tls["cert"]), "key_file": str(tls["key"])}
        compute = {"scheduler": cluster.address, "sample": 0.0, "fallback": False, **files}
        with flow.working(load.load(write_config(tmp_path, compute=compute))) as wired:
            assert wired.cluster is not None
            at_home = InChildren(wired.sandbox, wired.labels, wired.config.limits)
            for data in (_file(), _file()[:-9], b"\xff\x00"):
                job = Job(name="s.json", data=data)
                assert wired.evaluator.start(job).result() == at_home.start(job).result()
            assert (wired.cluster.counts.done, wired.cluster.counts.at_home) == (3, 0)


@pytest.mark.long
def test_a_worker_that_dies_costs_nothing() -> None:
    """What it had in hand goes to another one."""
    with dask_cluster() as cluster, sending_to(cluster, fallback=False) as sending:
        sent = [sending.submit(tasks.plain_rows, f"{n}.csv", b"a,b\n1,2\n") for n in range(30)]
        sent[0].result()
        cluster.workers[0].kill()
        assert [each.result() for each in sent] == [(f"{n}.csv", b"a,b\n1,2\n") for n in range(30)]
        assert sending.counts.at_home == 0


def test_an_organizer_sees_the_cluster(tmp_path: Path, plain_cluster: DaskCluster) -> None:
    """Where the scheduler is, how many workers it has, what they do, and how long it takes them."""
    compute = {"scheduler": plain_cluster.address, "sample": 0.0, "fallback": False}
    config = load.load(write_config(tmp_path, compute=compute))
    with flow.working(config) as wired:
        wired.evaluator.start(Job(name="s.json", data=_file())).result()
        report.Report(service=wired, heartbeat=Heartbeat(60), notifier=Notifier({})).give()
        with wired.ledger.read() as tx:
            told = Console(width=200, record=True, file=StringIO())
            told.print(screen(look(tx, config, now=wired.clock()), config.challenge.zone))
        assert re.search(rf"1 worker at {plain_cluster.address}; 0 in flight, 1 done in \d", told.export_text())
        (found,) = checks._cluster(wired)  # noqa: SLF001  # one of the checks; others would log in to servers
        assert (found.level, found.part) == (Level.GREEN, "cluster")
        said = rf"1 worker at {plain_cluster.address}, \d tasks? in flight; one of ours took .* s, the daemon's 1 took "
        assert re.match(said, found.detail), found.detail


def test_what_kills_a_child_kills_no_worker(plain_cluster: DaskCluster) -> None:
    """It is told as at home; what no worker can do makes the mail wait; and the worker takes the next task."""
    with sending_to(plain_cluster, patience="0.001 minutes", fallback=False) as sending:
        sending._bounds_of[tasks.KIND] = Bounds(answer_bytes=12)  # noqa: SLF001  # less than the task needs
        with pytest.raises(ChildDied, match="the answer has"):
            sending.submit(tasks.plain_rows, "a.csv", b"a,b\n1,2\n").result()
        sending._bounds_of[tasks.KIND] = Bounds(seconds=1e-6)  # noqa: SLF001  # as above
        with pytest.raises(OutOfTime):
            sending.submit(tasks.plain_rows, "a.csv", b"a,b\n1,2\n").result()
        sending._bounds_of[tasks.KIND] = Bounds()  # noqa: SLF001  # as before
        sending.set_up(tasks.KIND, ((tasks.hold, ("no labels",)),))  # what no child takes
        with pytest.raises(Temporary, match="could not do a task"):
            sending.submit(tasks.plain_rows, "a.csv", b"a,b\n1,2\n").result()
        sending.set_up(tasks.KIND, ((tasks.hold, ((),)),))
        assert sending.submit(tasks.plain_rows, "a.csv", b"a,b\n1,2\n").result() == ("a.csv", b"a,b\n1,2\n")
    assert [worker.poll() for worker in plain_cluster.workers] == [None]


def test_a_cluster_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its tasks are done at home once patience has run out, or fail for now if the config wants it so."""
    monkeypatch.setattr(client, "CONNECT_SECONDS", 1.0)
    nobody = DaskCluster()
    try:
        with sending_to(nobody, patience="0.001 minutes") as sending:
            assert sending.submit(tasks.plain_rows, "a.csv", b"a\n1\n").result() == ("a.csv", b"a\n1\n")
            assert (sending.counts.at_home, sending.counts.done) == (1, 0)
        with sending_to(nobody, patience="0.001 minutes", fallback=False) as sending:
            sent = sending.submit(tasks.plain_rows, "a.csv", b"a\n1\n")
            with pytest.raises(Temporary, match="cannot be reached"):
                sent.result()
    finally:
        nobody.remove()


def test_mails_wait_for_a_cluster_that_is_away_and_it_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By one mail to the organizers, and by another when it is back; then what waited is evaluated there."""
    monkeypatch.setattr(client, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(client, "AGAIN_SECONDS", 0.1)
    monkeypatch.setattr("mailbot.compute.cluster.TOLD_AFTER_SECONDS", 0.0)
    later = DaskCluster()
    compute = {"scheduler": later.address, "sample": 0.0, "fallback": False}
    try:
        with flow.working(load.load(write_config(tmp_path, compute=compute))) as wired:
            sending = wired.cluster
            assert sending is not None
            care = Maintenance(service=wired, heartbeat=Heartbeat(60))
            waits = wired.evaluator.start(Job(name="s.json", data=_file()))
            wait(lambda: sending.trouble)
            for _ in range(3):
                care.step()
            later.start(1)
            assert waits.result().evaluation.ok
            for _ in range(3):
                care.step()
            with wired.ledger.read() as tx:
                told = [row.subject for row in outbox.listing(tx) if row.kind == "health-cluster"]
        assert len(told) == 2, told
        assert (sending.counts.at_home, sending.counts.done) == (0, 1)
    finally:
        later.remove()


def test_what_is_in_flight_is_given_back(plain_cluster: DaskCluster) -> None:
    """A daemon that is stopped waits for no worker, and leaves no task behind."""
    said = {"name": "own", "scorer": "s.py", "figures": ("first",), "columns": [{"name": "y"}]}
    source = b"import time\ndef score(prediction, labels):\n    time.sleep(20)\n    return {'first': 1.0}\n"
    truth = load_truth(b"id,y\n1,1\n2,3\n", with_scorer(track_from(said), source), "labels.csv")
    with sending_to(plain_cluster, fallback=False) as sending:
        given = (Job(name="1.csv", data=b"id,y\n1,1\n2,2\n"), tasks.labels_of(truth), Limits())
        sent = sending.submit(own_tasks.score, *given)
        wait(lambda: sum(sending.way.workers().values()))
        sending.close()
        with pytest.raises(ChildDied, match="the cluster was left"):
            sent.result()
    with sending_to(plain_cluster) as another_one:
        wait(lambda: sum(another_one.way.workers().values()) == 0)


_LIAR = """
from mailbot.compute import worker
from mailbot.system.children import wire
worker._answered = lambda ordered, first, shared: wire.pack(wire.Given(value=("a.csv", b"lies")))
"""


@pytest.mark.long
def test_a_worker_that_lies_is_found_out(tmp_path: Path) -> None:
    """A sample is computed at home again: what home found holds, and the organizers are told."""
    cluster = DaskCluster()
    (tmp_path / "sitecustomize.py").write_text(_LIAR)
    try:
        cluster.start(0).start_with({"PYTHONPATH": str(tmp_path)})
        with sending_to(cluster, sample=1) as sending:
            assert sending.submit(tasks.plain_rows, "a.csv", b"a\n1\n").result() == ("a.csv", b"a\n1\n")
            assert (sending.counts.sampled, sending.counts.differing) == (1, 1)
            assert "another result" in sending.trouble
        with sending_to(cluster, sample=0) as sending:
            assert sending.submit(tasks.plain_rows, "a.csv", b"a\n1\n").result() == ("a.csv", b"lies")
    finally:
        cluster.remove()


_RUNS = "__import__('os').makedirs('ran', exist_ok=True) or ValueError('read')"
_EVIL = f"type('Evil', (ValueError,), {{'__reduce__': lambda _: (eval, ({_RUNS!r},))}})()"
"""What makes a folder where its pickle is read."""

_RAISES = f"(_ for _ in ()).throw({_EVIL})"
_AN_ORDINARY_CLIENT = """
import sys, distributed
with distributed.Client(sys.argv[1]) as client:
    try:
        client.submit(eval, sys.argv[2], pure=False).result(timeout=60)
    except Exception as error:
        print(error)
"""


@contextmanager
def _on_the_way(cluster: DaskCluster) -> Iterator[tuple[Way, Any]]:
    """Give what leads to a cluster, and Dask's client in it: to send what mailbot never does."""
    way = Way(ComputeSection(scheduler=cluster.address), MIB)
    try:
        yield way, way._connected()  # noqa: SLF001  # see above
    finally:
        way.close()


def test_a_connection_that_ends_takes_no_labels_from_another(plain_cluster: DaskCluster) -> None:
    """Under one key, what is forgotten for the host that led would be gone for the one that leads, now and then."""
    with _on_the_way(plain_cluster) as (before, _), _on_the_way(plain_cluster) as (now, connected):
        ways = (before, now)
        theirs, ours = [way._scattered(way._connected(), b"labels", Event()) for way in ways]  # noqa: SLF001  # as above
        assert theirs.key != ours.key
        before.close()
        counted = connected.submit(len, ours, pure=False)
        wait(lambda: counted.status == "finished")


def test_no_pickle_of_a_worker_is_read(
    tmp_path: Path, plain_cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a worker raises comes pickled: an ordinary client of Dask runs what is in it; mailbot's does not."""
    mark = tmp_path / "ran"
    monkeypatch.chdir(tmp_path)
    with _on_the_way(plain_cluster) as (_, connected):
        raised = connected.submit(eval, _RAISES, pure=False)
        wait(lambda: raised.status == "error")
        returned = connected.submit(eval, _EVIL, pure=False)
        wait(lambda: returned.status == "finished")
        with pytest.raises(OSError, match="failed on the cluster"):
            raised.result(timeout=20)
        with pytest.raises(TypeError, match="Could not serialize"):
            returned.result(timeout=20)
        assert not mark.exists()
        again = connected.submit(eval, "None", pure=False)
        wait(lambda: again.status == "finished")  # it still hears
    subprocess.run(
        (sys.executable, "-c", _AN_ORDINARY_CLIENT, plain_cluster.address, _RAISES), cwd=tmp_path, check=True
    )
    assert mark.exists()


def test_an_answer_that_is_not_bytes_is_no_answer(plain_cluster: DaskCluster) -> None:
    """Nor is a pickle, or one that is longer than an answer may be; and the next one is read."""
    variable = "__import__('distributed').Variable('{}').set({})"
    given = {"list": "['no', 'bytes']", "pickle": "object()", "long": f"bytes({3 * MIB})"}
    for name, value in given.items():
        with _on_the_way(plain_cluster) as (way, connected):
            task = connected.submit(eval, variable.format(name, value), pure=False)
            wait(lambda: task.status in {"error", "finished"})  # noqa: B023  # called at once
            with pytest.raises((Away, OSError, ValueError)):
                way._answer(connected, name, Event())  # noqa: SLF001  # the step that is looked at
    with _on_the_way(plain_cluster) as (way, connected):
        task = connected.submit(eval, variable.format("good", "b'1'"), pure=False)
        wait(lambda: task.status == "finished")
        assert way._answer(connected, "good", Event()) == b"1"  # noqa: SLF001  # see above


def test_a_scorer_of_ones_own_runs_there_as_at_home(plain_cluster: DaskCluster) -> None:
    """Its source goes with the labels; many files are scored side by side, and come back in their order."""
    said = {"name": "own", "scorer": "s.py", "figures": ("first",), "columns": [{"name": "y"}]}
    source = b"def score(prediction, labels):\n    return {'first': float(prediction.y.iloc[0])}\n"
    truth = load_truth(b"id,y\n1,1\n2,3\n", with_scorer(track_from(said), source), "labels.csv")
    files = [Candidate(name=f"{n}.csv", data=f"id,y\n1,{n}\n2,2\n".encode()) for n in range(4)]
    rows = [Accepted(id=n, mail_id=n, track="own", sha256="") for n in range(4)]
    with sending_to(plain_cluster, fallback=False) as sending:
        evaluator = InChildren(cast("Sandbox", None), cast("Labels", None), cluster=sending)
        found = list(by_own(evaluator, truth, zip(rows, files, strict=True)))
        assert [(each.submission_id, each.metrics) for each in found] == [(n, {"first": float(n)}) for n in range(4)]
        assert (sending.counts.done, sending.counts.at_home) == (4, 0)


def test_a_rescore_is_spread_and_continues(
    tmp_path: Path, plain_cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By blocks of submissions: few files are held at once, labels and scorer go there once, a rest is done later."""
    monkeypatch.setattr(rescoring, "OWN_CHUNK", 2)
    compute = {"scheduler": plain_cluster.address, "sample": 0.0, "fallback": False, "in_flight": 1}
    given: dict[str, Any] = {"compute": compute, "quota": {"per_week": 50}}
    with owned(tmp_path, Clock(), **given) as service:
        for number in range(7):
            take(service, own_mail(number / 4, name=f"net-{number}"))
        (tmp_path / "mae.py").write_text(TWICE)
    with owned(tmp_path, Clock(), **given) as service, _watched(monkeypatch) as open_files:
        force(service, another(service, str(tmp_path / "mae.py")), "twice is right")
        steps = rescore.rescore(service, rescore.plan(service))
        assert next(steps) == 2
        del steps  # as Ctrl-C ends it
        assert list(rescore.rescore(service, rescore.plan(service))) == [2, 2, 1]
        assert max(open_files) <= service.evaluator.at_once + service.sandbox.workers
        with service.ledger.read() as tx:
            found = [scores.of_submission(tx, number)[-1].value for number in range(1, 8)]
        assert found == pytest.approx([number / 2 for number in range(7)])
        assert service.cluster is not None
        counts = service.cluster.counts
        assert (counts.at_home, counts.workers) == (0, 1)
        assert counts.done >= 7
        sent = list(service.cluster.way._held)  # noqa: SLF001  # what was sent there once for all
        assert sum(TWICE.encode() in each for each in sent) == 1
        ordered = worker.order(own_tasks.score, (Job(name="a", data=b"1"), sent[0], Limits()), Bounds())
        assert TWICE.encode() not in ordered


@contextmanager
def _watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Give how many files were held, each time one more was taken out of its mail."""
    taken, scored, counted = count(1), Counter[str](), list[int]()
    candidates, by_file = SubmittedFiles.candidates, scorer_versions._scored  # noqa: SLF001  # the two ends of the way

    def given(self: SubmittedFiles, rows: Sequence[Accepted]) -> Iterator[tuple[Accepted, Candidate]]:
        for each in candidates(self, rows):
            counted.append(next(taken) - scored.total())
            yield each

    def done(*each: Any) -> Score:  # noqa: ANN401  # its arguments
        found = by_file(*each)
        scored.update(["done"])
        return found

    with monkeypatch.context() as patched:
        patched.setattr(SubmittedFiles, "candidates", given)
        patched.setattr(scorer_versions, "_scored", done)
        yield counted


def test_dask_is_loaded_only_where_a_cluster_is_named() -> None:
    """The default installation has none."""
    code = "import sys, mailbot.flow, mailbot.cli.run; print('distributed' in sys.modules, 'dask' in sys.modules)"
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("scheduler", "what"),
    [
        ("tcp://cluster.example.org:8786", "for this very machine only"),
        ("tls://cluster.example.org:8786", "needs ca_file, cert_file and key_file"),
        ("cluster.example.org", "must be tls://HOST:PORT"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(scheduler: str, what: str) -> None:
    """Labels go over the wire: it is encrypted, or it does not leave this machine."""
    with pytest.raises(ValueError, match=what):
        ComputeSection(scheduler=scheduler)
