"""A child may die in any way: its task fails, the next one is served, and the daemon keeps its memory and its peace."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Temporary
from mailbot.system.sandbox import Bounds, ChildDied, OutOfTime, Sandbox
from tests.hostile import answers, killers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.system.children.named import Named

MIB = 1024 * 1024
BOUNDS = Bounds(seconds=60, cpu_seconds=1, memory_bytes=512 * MIB)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Give one child under tight bounds, and another whenever it is gone."""
    made = Sandbox(1, bounds=BOUNDS)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("killer", "told"),
    [
        (killers.killed, "SIGKILL"),
        (killers.aborted, "SIGABRT"),
        (killers.crashed, "SIGSEGV"),
        (killers.exited, "exit code 7"),
        (killers.spins, "more than 1 seconds of processor time"),
        (killers.bloats, "MemoryError"),
        (killers.recurses, "RecursionError"),
        (killers.raises, "ZeroDivisionError: by experiment"),
        (killers.leaves, "exit code 3"),
        (killers.killed_while_writing, "SIGKILL"),
        (killers.answers_endlessly, "bytes"),
        (killers.answers_with_a_lock, "Encoding objects of type module is unsupported"),
        (killers.answers_with_another_type, "Expected `int`, got `str`"),
        (killers.memory_error_while_writing, "MemoryError|SIGSEGV"),
        (killers.opens_many_files, "Too many open files"),
    ],
)
def test_a_death_costs_one_task(sandbox: Sandbox, killer: Named[[], object], told: str) -> None:
    """The task that killed its child fails and says how; the task behind it is served."""
    deadly, honest = sandbox.submit(killer), sandbox.submit(killers.fine, 7)
    with pytest.raises(ChildDied, match=told):
        deadly.result()
    assert honest.result() == 7


def test_a_child_that_hangs_is_killed() -> None:
    """The wall clock ends a child that waits for ever, and the task behind it is served."""
    sandbox = Sandbox(1, bounds=Bounds(seconds=1))
    with pytest.raises(ChildDied, match="longer than 1 seconds"):
        sandbox.submit(killers.hangs).result()
    assert sandbox.submit(killers.fine, 7).result() == 7
    sandbox.close()


def test_what_runs_out_of_time_is_told_apart() -> None:
    """Whether by the wall clock or by the processor's, so that it is not tried as often as other deaths."""
    sandbox = Sandbox(1, bounds=Bounds(seconds=60, cpu_seconds=1))
    with pytest.raises(OutOfTime):
        sandbox.submit(killers.spins).result()
    sandbox.close()


def test_what_nobody_wants_any_more_is_stopped(sandbox: Sandbox) -> None:
    """A cancelled task frees its child at once, and one that waits is never begun."""
    under_way, waiting = sandbox.submit(killers.hangs), sandbox.submit(killers.hangs)
    under_way.cancel()
    waiting.cancel()
    for task in (under_way, waiting):
        with pytest.raises(ChildDied):
            task.result()
    assert sandbox.submit(killers.fine, 7).result() == 7


def test_a_child_that_will_not_read_is_killed() -> None:
    """The wall clock also ends a child that is stopped while a long task is being handed to it."""
    sandbox = Sandbox(1, bounds=Bounds(seconds=2))
    child = sandbox.submit(killers.pid).result()
    os.kill(child, 19)  # SIGSTOP
    with pytest.raises(ChildDied, match="longer than 2 seconds"):
        sandbox.submit(killers.length, bytes(50 * MIB)).result()
    assert sandbox.submit(killers.fine, 7).result() == 7
    sandbox.close()


def test_hundreds_of_deaths_leave_nothing_behind(sandbox: Sandbox) -> None:
    """After 100 killed children no process, descriptor or thread is left over."""
    assert sandbox.submit(killers.fine, 1).result() == 1  # with a child, its keeper and the server they come from
    before = _held()
    tasks = [sandbox.submit(killers.killed) for _ in range(100)]
    for task in tasks:
        with pytest.raises(ChildDied):
            task.result()
    assert sandbox.submit(killers.fine, 1).result() == 1
    assert _held() <= before + 2


def _held() -> int:
    """Return how many descriptors and threads this process has."""
    return len(os.listdir("/proc/self/fd")) + threading.active_count()  # noqa: PTH208  # counted, not walked


def test_the_traceback_comes_along(sandbox: Sandbox) -> None:
    """What failed in the child is told with its traceback, for whoever fixes it."""
    with pytest.raises(ChildDied) as told:
        sandbox.submit(killers.raises).result()
    assert "killers.py" in str(told.value.__cause__)


def test_a_child_writes_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    """Nothing a child does leaves a trace on disk."""
    with pytest.raises(ChildDied, match="PermissionError"):
        sandbox.submit(killers.writes_a_file, str(tmp_path / "x")).result()
    assert not (tmp_path / "x").exists()


def test_the_limits_are_in_force(sandbox: Sandbox) -> None:
    """A child lives under the limits it is said to; time is granted for each task anew."""
    found = sandbox.submit(killers.limits).result()
    assert found | {"CPU": 0} == {"AS": 512 * MIB, "FSIZE": 0, "NOFILE": 64, "NPROC": 0, "CORE": 0, "CPU": 0}
    assert 0 < found["CPU"] < 100


def test_the_daemons_own_limits_stay(sandbox: Sandbox) -> None:
    """What binds the children does not bind their parent."""
    sandbox.submit(killers.fine, 1).result()
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_a_child_is_replaced_in_time() -> None:
    """After its number of tasks, and after one that took much memory, a child makes room for a fresh one."""
    sandbox = Sandbox(1)
    pids = [sandbox.submit(killers.pid).result() for _ in range(killers.KIND.most_tasks + 1)]
    assert (len(set(pids)), pids[0] == pids[-2], pids[-1] != pids[0]) == (2, True, True)
    sandbox.submit(killers.takes, 100 * MIB).result()
    assert sandbox.submit(killers.pid).result() != pids[-1]
    sandbox.close()


def test_a_child_that_cannot_be_set_up_is_no_mails_fault() -> None:
    """Whoever waits is told to try again later, which counts no attempt."""
    sandbox = Sandbox(1, set_ups={killers.KIND: ((killers.raises, ()),)})
    with pytest.raises(Temporary, match="no child could be started") as told:
        sandbox.submit(killers.fine, 1).result()
    assert not isinstance(told.value, ChildDied)
    sandbox.close()


def test_closing_ends_what_is_under_way() -> None:
    """Tasks under way and tasks that wait fail at once, and no child is left."""
    sandbox = Sandbox(2)
    sandbox.submit(killers.fine, 1).result()
    tasks = [sandbox.submit(killers.hangs) for _ in range(5)]
    children = sandbox.pids()
    sandbox.close()
    for task in tasks:
        with pytest.raises(ChildDied):
            task.result()
    assert children
    assert sandbox.pids() == ()


_HOLDER = """
import time
from mailbot.system.sandbox import Bounds, Sandbox
from tests.hostile import answers, killers
if __name__ == "__main__":
    sandbox = Sandbox(1, bounds=Bounds(seconds=2))
    print(sandbox.submit(killers.pid).result(), flush=True)
    {end}
"""


@pytest.mark.parametrize(
    "end", ["time.sleep(60)", "raise SystemExit(0)", "sandbox.submit(killers.hangs); time.sleep(60)"]
)
def test_no_child_outlives_its_daemon(end: str, tmp_path: Path) -> None:
    """When the daemon is killed, or ends without a word to its children, they end too; one that is busy, in time."""
    (tmp_path / "holder.py").write_text(_HOLDER.format(end=end))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    holder = subprocess.Popen(
        (sys.executable, tmp_path / "holder.py"), stdout=subprocess.PIPE, env=environment, start_new_session=True
    )
    assert holder.stdout is not None
    child = int(holder.stdout.readline())
    if "raise" not in end:
        holder.kill()
    holder.wait(timeout=30)
    holder.stdout.close()
    until = time.monotonic() + 30
    while Path(f"/proc/{child}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}").exists()


@pytest.mark.parametrize("name", ["a pickle that calls", "an old pickle that calls", "BUILD on a class"])
def test_the_pickles_do_what_they_say_where_they_are_read(name: str, tmp_path: Path) -> None:
    """So that ``pickles-in-place-of-answers`` plays something that would work."""
    code = "import pickle, sys; pickle.loads(sys.stdin.buffer.read()); from scoring.model import Evaluation as E; "
    code += "print(E(track=None).ok is True)"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    given = answers.pickles(str(tmp_path / "called"))[name]
    done = subprocess.run((sys.executable, "-c", code), input=given, capture_output=True, check=True, env=environment)
    assert (tmp_path / "called").exists() == ("calls" in name)
    assert (done.stdout.strip() == b"True") == ("BUILD" in name)
