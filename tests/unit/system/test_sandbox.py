"""Tasks in children; tests/hostile tries to kill them, and to break out of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mailbot.system.sandbox import ChildDied, Sandbox
from tests.hostile import killers

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
