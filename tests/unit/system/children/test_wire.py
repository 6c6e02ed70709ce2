"""What a child answers, as its parent reads it: of the types that were agreed on, bounded before it is decoded."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailbot.evaluation import tasks as evaluation
from mailbot.mail import tasks as mail
from mailbot.system.children import wire
from mailbot.system.children.wire import Broken, Given, Request
from scoring.model import Evaluated, Evaluation, Problem
from tests.hostile.answers import BOMBS, HUGE, MIB

if TYPE_CHECKING:
    from mailbot.mail.open import Opened

EVERY = [*mail.KIND.tasks.values(), *evaluation.KIND.tasks.values()]

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=50,
)


@given(plain)
def test_a_message_is_walked_as_it_is_decoded(value: object) -> None:
    """The walk over the bytes agrees with the decoder about where a message ends."""
    data = msgspec.msgpack.encode(value)
    wire.check(data)
    for wrong in (data + b"\x00", data[:-1]):
        with pytest.raises(Broken):
            wire.check(wrong)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_answer_or_refused(data: bytes) -> None:
    """Whatever a child says, the daemon goes on."""
    with suppress(Broken):
        answer = wire.answer(data)
        for task in EVERY:
            wire.read(task.answer, answer.value)


def test_an_answer_is_what_was_agreed_on() -> None:
    """Values of the record's types come out as they went in; nothing else comes out."""
    problem = Problem(code="x", count=1, examples=("a",), message="m")
    evaluated = Evaluated(evaluation=Evaluation(track=None, problems=(problem,)), values={"a": b"\x00" * 8})
    answer = wire.answer(wire.pack(Given(value=evaluated, peak=7)))
    assert (wire.read(evaluation.evaluate.answer, answer.value), answer.peak) == (evaluated, 7)
    with pytest.raises(Broken, match=r"Expected .*, got `str`"):
        wire.read(evaluation.evaluate.answer, wire.answer(wire.pack(Given(value="well done"))).value)


def test_no_answer_reaches_a_class() -> None:
    """Names of attributes that no record has are left out: no class is changed, and no property is set."""
    forged = {"evaluation": {"track": None, "ok": True, "__class__": "x", "score": None}, "values": {}, "__dict__": {}}
    answer = wire.answer(wire.pack(Given(value=forged)))
    found = wire.read(evaluation.evaluate.answer, answer.value)
    assert found is not None
    assert not found.evaluation.ok
    assert not Evaluation(track=None).ok
    assert set(vars(found)) == {"evaluation", "values"}


@pytest.mark.parametrize("bomb", BOMBS)
def test_an_answer_of_4_mib_takes_little_memory(bomb: str) -> None:
    """At most 20 MiB with the answer itself, whatever it holds, and whichever task it answers."""
    data = bytearray(BOMBS[bomb])
    assert len(data) <= HUGE + 64
    for task in EVERY:
        tracemalloc.start()
        kept: list[Any] = []
        with suppress(Broken):
            answer = wire.answer(data)
            kept.append(wire.read(task.answer, answer.value))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak + len(data) < 20 * MIB, (bomb, task.name)


def test_a_request_says_what_it_is() -> None:
    """A task's name, and arguments of its types."""
    request = wire.request(wire.pack(Request("open_mail", (b"raw", 3))))
    assert request.task == "open_mail"
    assert wire.read(mail.open_mail.arguments, request.arguments) == (b"raw", 3)
    with pytest.raises(Broken):
        wire.read(mail.open_mail.arguments, wire.request(wire.pack(Request("open_mail", ("raw", 3)))).arguments)


def test_opened_mails_cross_the_wall_unchanged() -> None:
    """Of every mail that the tests have, so that no field is of a type that gets lost."""
    for path in sorted(Path("tests/mails").rglob("*.eml")):
        raw = path.read_bytes()
        opened = mail.open_mail(raw, len(raw))
        answer = wire.answer(wire.pack(Given(value=opened)))
        found: Opened = wire.read(mail.open_mail.answer, answer.value)
        assert found == opened, path
