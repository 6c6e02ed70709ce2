"""The tasks of children by name: what crosses the wall is a name, arguments and an answer, each of a type known before.

A kind of child is a module with a ``KIND``, which lists the tasks it does and nothing else. Whoever runs such a module
does the same tasks: a child of the sandbox, or a worker of a cluster. :class:`Bounds` say what one task may take.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, get_type_hints

from mailbot import lazily

with lazily(__name__):  # a command that starts no child does not need it
    import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What one task may take."""

    #: By the wall clock.
    seconds: float = 30.0
    #: Of processor time.
    cpu_seconds: int = 20
    #: Of address space, for the whole child.
    memory_bytes: int = 1024 * MIB
    #: Of its answer: a child must not be able to fill the daemon's memory.
    answer_bytes: int = 64 * MIB


P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of child: one opens mails, another evaluates files."""

    #: The module whose ``KIND`` it is.
    module: str
    #: What else is loaded before its children are forked, so that each finds it there.
    preload: tuple[str, ...] = ()
    #: A child is replaced after so many tasks, as memory leaks; after one, where none may leave a trace for the next.
    most_tasks: int = 200
    #: False for one that is given nothing that a team wrote: it works with the rights of the daemon, but for its time.
    walled: bool = True
    #: So many children of it at the most; None for as many as there are of others.
    at_once: int | None = None
    #: Its tasks by their names.
    tasks: dict[str, Named[..., Any]] = field(default_factory=dict)

    def task(self, function: Callable[P, T], *, shared: str = "") -> Named[P, T]:
        """Make a function of this kind's tasks; its annotations say what crosses the wall."""
        made = Named(self, function, shared)
        self.tasks[made.name] = made
        return made

    def sharing(self, argument: str) -> Callable[[Callable[P, T]], Named[P, T]]:
        """Make one whose argument of this name many calls have in common, as labels: a cluster is sent it once."""
        return partial(self.task, shared=argument)


@dataclass(frozen=True, eq=False)
class Named(Generic[P, T]):
    """A function that children of a kind run when they are told its name."""

    kind: Kind
    function: Callable[P, T]
    shared: str = ""

    @property
    def name(self) -> str:
        """What a child knows it by."""
        return self.function.__name__

    def __call__(self, *arguments: P.args, **named: P.kwargs) -> T:
        """Run it in this process."""
        return self.function(*arguments, **named)

    @cached_property
    def shared_at(self) -> int | None:
        """Which of its arguments many calls have in common; None for none."""
        return list(self._types).index(self.shared) if self.shared else None

    @cached_property
    def arguments(self) -> msgspec.msgpack.Decoder[tuple[Any, ...]]:
        """What reads its arguments."""
        types = [kind for name, kind in self._types.items() if name != "return"]
        return msgspec.msgpack.Decoder(tuple[*types] if types else tuple[()])  # type: ignore[valid-type]  # made here

    @cached_property
    def answer(self) -> msgspec.msgpack.Decoder[T]:
        """What reads its answer."""
        return msgspec.msgpack.Decoder(self._types["return"])

    @cached_property
    def _types(self) -> dict[str, Any]:
        return get_type_hints(self.function)


def load(module: str) -> Kind:
    """Return the kind that a module defines. Raises ImportError, AttributeError or TypeError."""
    kind = importlib.import_module(module).KIND
    if not isinstance(kind, Kind):
        raise TypeError(f"{module} defines no kind of child")
    return kind
