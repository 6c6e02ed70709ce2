"""A scorer of one's own that was taken over by the file that it reads gains nothing, and costs one file an attempt."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from mailbot.evaluation import own_tasks
from mailbot.evaluation.evaluator import Job, OwnScorerFailed, by_own_scorer
from mailbot.system.sandbox import Bounds, Sandbox
from scoring.declaration.declare import track_from
from scoring.declaration.owned import with_scorer
from scoring.files.unpack import Limits
from scoring.labels.truth import Truth, load_truth

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scoring.model import Evaluation

FILE = Job(name="f.csv", data=b"id,y\n1,1\n2,2\n")
MIB = 1024 * 1024
ACTS = {
    "secret": "open({secret!r}).read()",
    "ledger": "open({ledger!r}, 'rb').read()",
    "database": "__import__('sqlite3').connect({ledger!r}).execute('select 1').fetchall()",
    "password": "open('/etc/passwd').read()",
    "listing": "__import__('os').listdir({folder!r})",
    "write": "open({secret!r}, 'a').write('x')",
    "memory": "open('/proc/self/mem', 'rb').read(1)",
    "environment": "open('/proc/self/environ').read()",
    "network": "__import__('socket').create_connection(('127.0.0.1', {port}), 1)",
    "names": "__import__('socket').getaddrinfo('example.org', 80)",
    "fork": "__import__('os').fork()",
    "program": "__import__('subprocess').run(['/bin/true'])",
    "thread": "__import__('threading').Thread(target=print).start()",
    "parent": "__import__('os').kill(__import__('os').getppid(), 9)",
}
TRIES = """
def tried(act):
    try:
        act()
    except BaseException:
        return 0.0
    return 1.0

def score(prediction, labels):
    return {"works": tried(lambda: len(labels)), %s}
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Children that run scorers, with little time."""
    made = Sandbox(
        1, bounds_of={own_tasks.KIND: Bounds(seconds=4, cpu_seconds=3, memory_bytes=1536 * MIB, answer_bytes=MIB)}
    )
    yield made
    made.close()


def owned(sandbox: Sandbox, truth: Truth) -> Evaluation:
    """Score the file."""
    return by_own_scorer(sandbox, FILE, truth, Limits())


def truth(source: str, *figures: str) -> Truth:
    """Return labels with a scorer."""
    said = {"name": "own", "scorer": "s.py", "figures": figures or ("works",), "columns": [{"name": "y"}]}
    return load_truth(b"id,y\n1,1\n2,3\n", with_scorer(track_from(said), source.encode()), "labels.csv")


def test_a_scorer_reaches_nothing_but_its_libraries(sandbox: Sandbox, tmp_path: Path) -> None:
    """Not the secret of the identities, the ledger, any other file, the network, another process."""
    for name in ("identity.secret", "ledger.db"):
        (tmp_path / name).write_text("x")
    with socket.create_server(("127.0.0.1", 0)) as server:
        places = {"secret": str(tmp_path / "identity.secret"), "ledger": str(tmp_path / "ledger.db")}
        acts = {
            name: act.format(**places, folder=str(tmp_path), port=server.getsockname()[1]) for name, act in ACTS.items()
        }
        source = TRIES % ", ".join(f"{name!r}: tried(lambda: {act})" for name, act in acts.items())
        found = owned(sandbox, truth(source, "works", *ACTS))
    assert found.metrics == {"works": 1.0, **dict.fromkeys(ACTS, 0.0)}
    assert (tmp_path / "identity.secret").read_text() == "x"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("while True: pass", "killed"),
        ("import time; time.sleep(60)", "killed"),
        ("import os; os._exit(0)", "exit code 0"),
        ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
        ("return {'works': len(bytearray(1 << 33))}", "MemoryError"),
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("return {'works': 'x' * (1 << 24)}", "not a finite number"),
    ],
)
def test_a_scorer_that_dies_costs_an_attempt(sandbox: Sandbox, body: str, said: str) -> None:
    """It is reported as the scorer's failure, and the next file is scored."""
    with pytest.raises(OwnScorerFailed) as caught:
        owned(sandbox, truth(f"def score(prediction, labels):\n    {body}\n"))
    assert said in caught.value.trace
    assert owned(sandbox, truth("def score(prediction, labels):\n    return {'works': 1}\n")).score == 1.0


def test_no_file_leaves_a_trace_for_the_next(sandbox: Sandbox) -> None:
    """Each is scored in a process of its own: what one changes there, another never sees."""
    source = """
import builtins
def score(prediction, labels):
    builtins.runs = getattr(builtins, "runs", 0) + 1
    return {"works": builtins.runs}
"""
    assert [owned(sandbox, truth(source)).score for _ in range(3)] == [1.0, 1.0, 1.0]
