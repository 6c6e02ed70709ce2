"""Attacks of a child that was taken over on its parent, by what it answers; ``break-out`` has those on the host."""

from __future__ import annotations

import tempfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.system.sandbox import Bounds, ChildDied, Sandbox
from scoring.model import Evaluation, Problem
from tests.hostile import answers
from tests.hostile.answers import BOMBS, MIB, pickles
from tests.hostile.attacks.model import Attack

if TYPE_CHECKING:
    from mailbot.system.children.named import Named
    from scoring.model import Evaluated
    from tests.hostile.attacks.model import Ground

BOUNDS = Bounds(seconds=20)
CLASSES = (Evaluation, Problem)


def _objects(_: Ground) -> str:
    """Answer with pickles that call a function, or set attributes of classes, where they are read."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        sandbox, marker = Sandbox(1, bounds=BOUNDS), Path(folder) / "called"
        given = pickles(str(marker))
        before = [_set_on(kind) for kind in CLASSES]
        for name, data in given.items():
            if _is_taken(sandbox, answers.says, data) or marker.exists():
                taken.append(name)
        served = sandbox.submit(answers.fine, 7).result()
        sandbox.close()
    if before != [_set_on(kind) for kind in CLASSES] or Evaluation(track=None).ok:
        taken.append("a class is changed")
    return ", ".join(taken) if served == 7 else "the next task was not done"


def _set_on(kind: type) -> dict[str, object]:
    """Return what is set on a class, but for what Python and msgspec keep there."""
    return {name: value for name, value in vars(kind).items() if not name.startswith("__")}


def _memory(_: Ground) -> str:
    """Answer 4 MiB that become much when they are decoded, and say that more follows than any answer may have."""
    sandbox = Sandbox(1, bounds=BOUNDS)
    sandbox.submit(answers.fine, 7).result()  # with a child, and what it takes to talk to it
    peaks = {name: _peak(sandbox, answers.bursts, name) for name in BOMBS}
    sizes = (2 * BOUNDS.answer_bytes, 2**40, 2**64 - 1)
    peaks |= {f"{size} bytes to come": _peak(sandbox, answers.claims, size) for size in sizes}
    served = sandbox.submit(answers.fine, 7).result()
    sandbox.close()
    grown = [f"{name}: {peak // MIB} MiB" for name, peak in peaks.items() if peak > 20 * MIB]
    return ", ".join(grown) if served == 7 else "the next task was not done"


def _is_taken(sandbox: Sandbox, task: Named[..., Evaluated | None], argument: object) -> bool:
    """Whether the parent takes what a child answers."""
    try:
        sandbox.submit(task, argument).result()
    except ChildDied:
        return False
    return True


def _peak(sandbox: Sandbox, task: Named[..., Evaluated | None], argument: object) -> int:
    """Return how many bytes the parent had at the most while it read an answer; endless where it took it."""
    tracemalloc.start()
    taken = _is_taken(sandbox, task, argument)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return 2**62 if taken else peak


ATTACKS = (
    Attack(name="pickles-in-place-of-answers", play=_objects),
    Attack(name="answers-that-fill-the-parents-memory", play=_memory),
)
