"""What a Dask cluster on this machine gives: files a second by workers, and what it costs a small file."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, contextmanager
from statistics import median
from typing import TYPE_CHECKING, cast

from mailbot.compute.cluster import Cluster
from mailbot.config.servers import ComputeSection
from mailbot.evaluation import own_tasks, tasks
from mailbot.evaluation.evaluator import InChildren, Job
from mailbot.evaluation.scorer_versions import by_own
from mailbot.ledger.scores import Accepted
from mailbot.mail.open import Candidate
from mailbot.system import journal
from mailbot.system.children.named import MIB, Bounds
from mailbot.system.sandbox import Sandbox
from scoring.declaration import siqa
from scoring.declaration.declare import track_from
from scoring.declaration.owned import with_scorer
from scoring.labels.truth import load_truth
from tests.servers.dask import dask_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.evaluation.labels import Labels
    from scoring.labels.truth import Truth

WORKERS = (1, 2, 4)
FILES = 12
SECONDS = 1.0
SMALL, TURNS = 8, 40
OWN = Bounds(memory_bytes=2048 * MIB, seconds=300)  # four workers may share one core

SLEEPS = f"time.sleep({SECONDS})"
BURNS = f"""until = time.process_time() + {SECONDS}
    while time.process_time() < until:
        pass"""
SCORER = """
import time
def score(prediction, labels):
    {work}
    return {{"first": float(prediction.y.iloc[0])}}
"""


def measure() -> dict[str, dict[str, object]]:
    """Return how throughput grows for a scorer that sleeps and for one that computes, and the overhead."""
    journal.set_up(as_json=False, quiet=True)
    rates: dict[str, list[float]] = {SLEEPS: [], BURNS: []}
    with ExitStack() as stack:
        home = Sandbox(1, bounds_of={own_tasks.KIND: OWN})
        stack.callback(home.close)
        for count in WORKERS:
            with _cluster(home, count) as sending:
                for work, found in rates.items():
                    found.append(_rate(sending, _truth(work), count))
        there, here = _overhead(home)
    return {
        "cluster-sleep": _scaled(rates[SLEEPS], "sleeps"),
        "cluster-burn": _scaled(rates[BURNS], "computes for"),
        "cluster-overhead": {
            "value": round(1e3 * (there - here)),
            "unit": f"ms more than in a child of this host, for a file of {SMALL} rows, one by one; medians",
            "there_ms": round(1e3 * there),
            "here_ms": round(1e3 * here),
        },
    }


def _scaled(rates: list[float], what: str) -> dict[str, object]:
    first, last = rates[0], rates[-1]
    return {
        "value": round(last / (WORKERS[-1] * first), 2),
        "unit": f"of {WORKERS[-1]} times the files/s of one worker, with {WORKERS[-1]}; a scorer that {what} 1 s",
        **{f"files_per_s_{count}": round(rate, 2) for count, rate in zip(WORKERS, rates, strict=True)},
    }


@contextmanager
def _cluster(home: Sandbox, workers: int) -> Iterator[Cluster]:
    """Run workers, and give the way to them."""
    bounds = {tasks.KIND: Bounds(), own_tasks.KIND: OWN}
    with dask_cluster(workers) as servers:
        section = ComputeSection(scheduler=servers.address, sample=0, fallback=False, in_flight=4 * workers)
        made = Cluster(section, home, bounds, {tasks.KIND: ((tasks.hold, ((),)),)})
        try:
            yield made
        finally:
            made.close()


def _truth(work: str) -> Truth:
    """Return labels with a scorer of their own."""
    said = {"name": "own", "scorer": "s.py", "figures": ("first",), "columns": [{"name": "y"}]}
    return load_truth(b"id,y\n1,1\n2,3\n", with_scorer(track_from(said), SCORER.format(work=work).encode()), "l.csv")


def _rate(sending: Cluster, truth: Truth, workers: int) -> float:
    """Return how many files a second are scored, once each worker has loaded what it needs."""

    def score(count: int) -> None:
        files = [Candidate(name=f"{n}.csv", data=f"id,y\n1,{n}\n2,2\n".encode()) for n in range(count)]
        rows = [Accepted(id=n, mail_id=n, track="own", sha256="") for n in range(count)]
        evaluator = InChildren(cast("Sandbox", None), cast("Labels", None), cluster=sending)
        found = [one.value for one in by_own(evaluator, truth, zip(rows, files, strict=True))]
        if found != list(map(float, range(count))):
            raise RuntimeError(f"wrong scores: {found}")

    score(2 * workers)
    began = time.perf_counter()
    score(FILES)
    return FILES / (time.perf_counter() - began)


def _overhead(home: Sandbox) -> tuple[float, float]:
    """Return the seconds of a small file on a cluster of one worker, and at home."""
    rows = [{"id": n, "perception": n * 1.5 % 5, "knowledge": n * 2.5 % 5} for n in range(1, SMALL + 1)]
    truth = load_truth(json.dumps({"predictions": rows}).encode(), siqa.siqa_s(), "labels.json")
    file = json.dumps({"track": "S", "method": "x", "predictions": rows}).encode()
    held = ((tasks.hold, (tasks.told({truth.track.name: truth}),)),)
    job = Job(name="s.json", data=file, truths=(truth.sha256,))
    home.set_up(tasks.KIND, held)
    times: dict[bool, list[float]] = {True: [], False: []}
    with _cluster(home, 1) as sending:
        sending.set_up(tasks.KIND, held)
        for turn in range(TURNS):
            for is_there, children in ((True, sending), (False, home)):
                began = time.perf_counter()
                found = children.submit(tasks.evaluate, job).result()
                if found is None or not found.evaluation.ok:
                    raise RuntimeError(f"it was not evaluated: {found}")
                if turn:
                    times[is_there].append(time.perf_counter() - began)
    return median(times[True]), median(times[False])
