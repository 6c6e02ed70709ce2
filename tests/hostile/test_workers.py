"""A worker of the cluster, or its scheduler, that was taken over or hangs: mails are scored all the same, each once."""

from __future__ import annotations

import signal
import socket
import time
from datetime import UTC, datetime, timedelta
from threading import Event
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import trustme

from mailbot.compute import client, cluster
from mailbot.compute.client import Away, Way
from mailbot.config.servers import ComputeSection
from mailbot.errors import Temporary
from mailbot.evaluation import own_tasks, tasks
from mailbot.evaluation.evaluator import Job
from mailbot.system.children.named import Bounds
from scoring.declaration.declare import track_from
from scoring.declaration.owned import with_scorer
from scoring.files.unpack import Limits
from scoring.labels.truth import load_truth
from tests.integration.bot import wait
from tests.integration.test_cluster import sending_to
from tests.servers.dask import DaskCluster, dask_cluster
from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.compute.cluster import Cluster

FILE = ("a.csv", b"a\n1\n")
"""What `plain_rows` gives for a file of that name."""

_EVIL = """
import time
from mailbot.compute import worker
from mailbot.system.children import wire
honest, parted = worker._answered, worker._SECONDS

class Endless:
    def pack(self, seconds):
        return parted.pack(float("nan"))

def answered(ordered, first, shared):
    if b"hangs.csv" in ordered:
        time.sleep(8)
        return wire.pack(wire.Given(value=("hangs.csv", b"too late")))
    lies = {
        b"number.csv": wire.pack(wire.Given(value=7)),
        b"other.csv": wire.pack(wire.Given(value=("a.csv", b"1", "more"))),
        b"cut.csv": honest(ordered, first, shared)[:-2],
        b"pickle.csv": b"\\x80\\x04K\\x01.",
        b"nothing.csv": b"",
        b"huge.csv": wire.pack(wire.Given(value=("a.csv", bytes(70 * 1024 * 1024)))),
        b"many.csv": wire.pack(wire.Given(value=[None] * 60_000)),
    }
    told = [lie for name, lie in lies.items() if name in ordered]
    return told[0] if told else honest(ordered, first, shared)

worker._answered, worker._SECONDS = answered, Endless()
"""


@pytest.fixture(scope="module")
def evil_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Give a cluster whose only worker answers what it likes, by the names of files."""
    folder, made = tmp_path_factory.mktemp("evil"), DaskCluster()
    (folder / "sitecustomize.py").write_text(_EVIL)
    try:
        made.start(0).start_with({"PYTHONPATH": str(folder)})
        yield made
    finally:
        made.remove()


@pytest.mark.parametrize("name", ["number", "other", "cut", "pickle", "nothing", "huge", "many"])
def test_what_is_no_answer_is_none(name: str, evil_cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Home evaluates once patience has run out; the next file is evaluated there again, in a time that is a number."""
    monkeypatch.setattr(cluster, "RETRY_SECONDS", 0.1)
    file = (f"{name}.csv", b"a\n1\n")
    with sending_to(evil_cluster, patience="0.001 minutes") as sending:
        assert sending.submit(tasks.plain_rows, *file).result() == file
        assert (sending.counts.at_home, sending.counts.done) == (1, 0)
        assert sending.submit(tasks.plain_rows, *FILE).result() == FILE
        assert (sending.counts.done, sending.counts.mean) == (1, 0.0)


def test_a_worker_that_never_answers_holds_no_mail_back(
    evil_cluster: DaskCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task is taken back, and done at home; an answer that comes after that is read by nobody."""
    monkeypatch.setattr(cluster, "ROUNDS", 0)
    monkeypatch.setattr(cluster, "START_SECONDS", 0.0)
    file = ("hangs.csv", b"a\n1\n")
    with sending_to(evil_cluster, patience="0.001 minutes") as sending:
        sending._bounds_of[tasks.KIND] = Bounds(seconds=2.0)  # noqa: SLF001  # as the config may say
        sent = sending.submit(tasks.plain_rows, *file)
        assert sent.result() == file
        sending._bounds_of[tasks.KIND] = Bounds()  # noqa: SLF001  # as above
        assert sending.submit(tasks.plain_rows, *FILE).result() == FILE  # after the late answer: it has one thread
        assert sent.result() == file
        assert (sending.counts.at_home, sending.counts.done) == (1, 1)


def _is_done_there(sending: Cluster) -> None:
    """Wait until the cluster does a file: within the second that it is given, a busy machine may not connect."""
    before = sending.counts.done
    wait(lambda: sending.submit(tasks.plain_rows, *FILE).result() == FILE and sending.counts.done > before)


def test_a_scheduler_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are evaluated at home, and mailbot can be stopped; when it goes on, files go there again."""
    monkeypatch.setattr(client, "SILENT_SECONDS", 5.0)
    monkeypatch.setattr(client, "CONNECT_SECONDS", 1.0)
    monkeypatch.setattr(client, "AGAIN_SECONDS", 0.0)
    with dask_cluster(1) as made, sending_to(made, patience="0.001 minutes") as sending:
        _is_done_there(sending)
        done, at_home = sending.counts.done, sending.counts.at_home
        made.scheduler.send_signal(signal.SIGSTOP)
        for name in ("b.csv", "c.csv"):
            assert sending.submit(tasks.plain_rows, name, b"a\n1\n").result() == (name, b"a\n1\n")
        with pytest.raises(Away):
            sending.way.workers()
        assert (sending.counts.done, sending.counts.at_home) == (done, at_home + 2)
        made.scheduler.send_signal(signal.SIGCONT)
        _is_done_there(sending)
        made.scheduler.send_signal(signal.SIGSTOP)  # mailbot ends all the same


def test_a_scheduler_that_accepts_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that is reached through a wire that swallows all."""
    monkeypatch.setattr(client, "CONNECT_SECONDS", 1.0)
    with socket.create_server((LOOPBACK, 0)) as silent:
        way = Way(ComputeSection(scheduler=f"tcp://{LOOPBACK}:{silent.getsockname()[1]}"), 1000)
        with pytest.raises(Away, match="cannot be reached: TimeoutError"):
            way.run(b"", b"", b"", Event())
        way.close()


def test_a_certificate_that_has_expired_is_named(tmp_path: Path) -> None:
    """The scheduler's, or a file that is not there. Of ours the scheduler may have hung up before it has said so."""
    authority, files = trustme.CA(), {}
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    for name, until in (("good", None), ("old", datetime.now(UTC) - timedelta(days=1))):
        leaf = authority.issue_cert(LOOPBACK, not_before=datetime(2000, 1, 1, tzinfo=UTC), not_after=until)
        leaf.cert_chain_pems[0].write_to_path(tmp_path / f"{name}.pem")
        leaf.private_key_pem.write_to_path(tmp_path / f"{name}-key.pem")
        files[name] = {"cert": tmp_path / f"{name}.pem", "key": tmp_path / f"{name}-key.pem"}
    for theirs, ours, said in (("good", "old", "cannot be reached"), ("old", "good", "certificate has expired")):
        made = DaskCluster(tls={"ca": tmp_path / "ca.pem", **files[theirs]})
        try:
            made.start(0)
            own = {f"{name}_file": str(path) for name, path in files[ours].items()}
            with (
                sending_to(
                    made, patience="0.001 minutes", fallback=False, ca_file=f"{tmp_path}/ca.pem", **own
                ) as sending,
                pytest.raises(Temporary, match=said),
            ):
                sending.submit(tasks.plain_rows, *FILE).result()
        finally:
            made.remove()
    nowhere = DaskCluster(tls=files["good"])
    gone = {"ca_file": f"{tmp_path}/ca.pem", "cert_file": f"{tmp_path}/gone.pem", "key_file": f"{tmp_path}/gone.pem"}
    with (
        sending_to(nowhere, patience="0.001 minutes", fallback=False, **gone) as sending,
        pytest.raises(Temporary, match=r"gone\.pem cannot be read"),
    ):
        sending.submit(tasks.plain_rows, *FILE).result()


def test_waiting_for_a_worker_is_no_time_at_work() -> None:
    """Files of a mail may take so long together; while all workers are busy with others, none of it passes."""
    said = {"name": "own", "scorer": "s.py", "figures": ("first",), "columns": [{"name": "y"}]}
    source = b"import time\ndef score(prediction, labels):\n    time.sleep(0.5)\n    return {'first': 1.0}\n"
    truth = load_truth(b"id,y\n1,1\n2,3\n", with_scorer(track_from(said), source), "labels.csv")
    with dask_cluster(1) as made, sending_to(made, fallback=False) as sending:
        began = time.monotonic()
        given = (Job(name="1.csv", data=b"id,y\n1,1\n2,2\n"), tasks.labels_of(truth), Limits())
        sent = [sending.submit(own_tasks.score, *given) for _ in range(4)]
        for each in sent:
            each.result()
        assert 2.0 <= sum(each.seconds for each in sent) <= time.monotonic() - began  # one worker, one at a time


@pytest.mark.parametrize("told", [{}, {"n_workers": "many"}, {"n_workers": None}, {"n_workers": [1]}])
def test_what_a_scheduler_says_of_itself_breaks_nothing(told: dict[str, object]) -> None:
    """It has no worker then; nor has one that was just left."""
    way = Way(ComputeSection(scheduler=f"tcp://{LOOPBACK}:1"), 1000)
    way._client = SimpleNamespace(status="running", _scheduler_identity=told)  # noqa: SLF001  # as Dask's client
    assert way.known_workers == 0
