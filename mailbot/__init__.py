"""Runs a scientific challenge by e-mail: takes result files, scores them, answers, publishes the leaderboard."""

from __future__ import annotations

import builtins
import importlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__version__ = "0.1.0"


@contextmanager
def lazily(module: str) -> Iterator[None]:
    """Import nothing yet in a module of this name: each name that the block binds stands for what it names until used.

    Used means called, or asked for an attribute; so it is no class to derive from, to catch, or to compare with. What
    other modules import meanwhile, as in other threads, is imported at once.
    """
    at_once = builtins.__import__

    def put_off(
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002  # as the built-in function has it
        locals: Mapping[str, object] | None = None,  # noqa: A002  # the same
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> Any:  # noqa: ANN401  # the same
        if globals and globals.get("__name__") == module:
            return _Later(name) if fromlist is None else _From(name)
        return at_once(name, globals, locals, fromlist, level)

    builtins.__import__ = put_off
    try:
        yield
    finally:
        builtins.__import__ = at_once


class _From:
    """A module that names are imported from."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> _Later:
        return _Later(self._module, name)


class _Later:
    """What a module defines, or the module itself; it is imported when it is called or asked for an attribute.

    What only looks at what there is, as pytest does, asks for private names, as ``__wrapped__``: it uses nothing.
    """

    def __init__(self, module: str, name: str = "") -> None:
        self._place = module, name

    def __call__(self, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401  # whatever it stands for takes
        return self._found()(*arguments, **named)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever it stands for has
        if name.startswith("_"):
            raise AttributeError(name)
        found = getattr(self._found(), name)
        self.__dict__[name] = found
        return found

    def _found(self) -> Any:  # noqa: ANN401  # the same
        """Return it; a name that a package does not define is a module in it."""
        module, name = self._place
        package = importlib.import_module(module)
        if not name or hasattr(package, name):
            return getattr(package, name) if name else package
        return importlib.import_module(f"{module}.{name}")
