"""Tasks in children; tests/hostile tries to kill them, and to break out of them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailbot.system.children import server as forking
from mailbot.system.sandbox import ChildDied, Sandbox
from tests.hostile import killers, trusted

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Give a sandbox of one child, which sets its recursion limit before its first task."""
    made = Sandbox(1, set_ups={killers.KIND: ((killers.set_recursion, (1111,)),)})
    yield made
    made.close()


def test_a_child_does_tasks_in_their_order(sandbox: Sandbox) -> None:
    """No child is there before the first one; each task's result is its own, and the daemon's process does none."""
    assert (sandbox.workers, sandbox.pids()) == (1, ())
    tasks = [sandbox.submit(killers.fine, n + 1) for n in range(5)]
    assert [task.result() for task in tasks] == [1, 2, 3, 4, 5]
    assert (sandbox.submit(killers.pid).result(),) == sandbox.pids() != (os.getpid(),)


def test_a_child_is_set_up_again_by_another_one(sandbox: Sandbox) -> None:
    """What was set up anew holds from the next task on."""
    assert sandbox.submit(killers.recursion).result() == 1111
    before = sandbox.pids()
    sandbox.set_up(killers.KIND, ((killers.set_recursion, (2222,)),))
    assert sandbox.submit(killers.recursion).result() == 2222
    assert sandbox.pids() != before


def test_what_a_task_raises_comes_with_its_result(sandbox: Sandbox) -> None:
    """It is trouble that may pass, and the child goes on."""
    with pytest.raises(ChildDied, match="ZeroDivisionError"):
        sandbox.submit(killers.raises).result()
    assert sandbox.submit(killers.fine, 2).result() == 2


def test_a_closed_sandbox_does_nothing_more(sandbox: Sandbox) -> None:
    """Whoever waits for a task is told."""
    assert sandbox.submit(killers.fine, 2).result() == 2
    sandbox.close()
    assert sandbox.pids() == ()
    with pytest.raises(ChildDied):
        sandbox.submit(killers.fine, 2).result()


def test_children_that_have_nothing_to_do_end() -> None:
    """So does the process that they were forked from; the next task starts both anew, from the same server."""
    sandbox = Sandbox(2, idle_seconds=0.1)
    first = sandbox.submit(killers.pid).result()
    child, nursery, server, *_ = _ancestors(first)
    while _alive(child) or _alive(nursery):
        time.sleep(0.01)
    assert sandbox.pids() == ()
    second = sandbox.submit(killers.pid).result()
    assert (second != first, _ancestors(second)[2]) == (True, server)
    sandbox.close()


def test_with_the_last_of_them_the_server_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle daemon is one process; the tests' own server stays, as it has loaded what they do."""
    monkeypatch.setattr(forking, "SERVER", forking.Server())
    sandbox = Sandbox(2, idle_seconds=0.1)
    first = _ancestors(sandbox.submit(killers.pid).result())[:3]
    while any(map(_alive, first)):
        time.sleep(0.01)
    second = _ancestors(sandbox.submit(killers.pid).result())[:3]
    assert not set(first) & set(second)
    sandbox.close()
    while any(map(_alive, second)):
        time.sleep(0.01)


def test_a_kind_may_be_without_walls_and_alone(tmp_path: Path) -> None:
    """It writes where the daemon may; one child does its tasks one by one, and it ends as others do."""
    sandbox = Sandbox(2, idle_seconds=0.1)
    tasks = [sandbox.submit(trusted.writes, str(tmp_path / name)) for name in "abc"]
    (pid,) = {task.result() for task in tasks}
    assert {path.read_text() for path in tmp_path.iterdir()} == {"kept"}
    assert pid not in (os.getpid(), sandbox.submit(killers.pid).result())
    while _alive(pid):
        time.sleep(0.01)
    sandbox.close()


def test_children_that_are_at_work_do_not_end() -> None:
    """However long the others have nothing to do."""
    sandbox = Sandbox(2, idle_seconds=0.1)
    tasks = [sandbox.submit(killers.sleeps, seconds) for seconds in (0.0, 1.0, 0.5)]
    assert [task.result() for task in tasks] == [0.0, 1.0, 0.5]
    sandbox.close()


def test_whatever_is_killed_of_those_that_fork_the_next_task_is_served(sandbox: Sandbox) -> None:
    """Nothing that was forked from it outlives it."""
    for ancestor in (1, 2):  # the nursery, the server
        child = sandbox.submit(killers.pid).result()
        family = _ancestors(child)
        os.kill(family[ancestor], signal.SIGKILL)
        while any(map(_alive, family[:ancestor])):
            time.sleep(0.01)
        assert sandbox.submit(killers.fine, 2).result() == 2


def _ancestors(pid: int) -> list[int]:
    """Return a process and those that it descends from, up to ours."""
    found = [pid]
    while found[-1] != os.getpid():
        found.append(int(_stat(found[-1])[1]))
    return found


def _alive(pid: int) -> bool:
    try:
        return _stat(pid)[0] not in {"Z", "X"}
    except OSError:
        return False


def _stat(pid: int) -> list[str]:
    """Return a process's state, its parent, and so on (proc_pid_stat(5))."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
