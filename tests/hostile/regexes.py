"""Every regular expression of the program, found in its source, and the texts that make one backtrack."""

from __future__ import annotations

import ast
import contextlib
import importlib
import re
import signal
import time
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from re import _parser as parser  # type: ignore[attr-defined]  # the library's reader of patterns has no public name
from typing import TYPE_CHECKING, Any

from tests import sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]

FROM_THE_BEGINNING = ("match", "fullmatch")
FROM_ANY_PLACE = ("search", "sub", "subn", "split", "findall", "finditer")
WAYS = {*FROM_THE_BEGINNING, *FROM_ANY_PLACE}

LENGTH = 64 * 1024

CUT = {"scoring/rows/letters.py:_WRAPPED": 80}
"""Those whose texts are cut before, with the length: of a cell that may be a letter, ``LONGEST``."""

MATCHED = {
    *("scoring/files/strict.py:_COMMENTS", "scoring/declaration/uses.py:CUT"),
    *("scoring/files/wrapping.py:", "scoring/files/strict.py:"),  # those in tables of what a text may begin with
}
"""Those that are handed on, and are only ever tried from the beginning of a text."""


@dataclass(frozen=True, order=True)
class Found:
    """A regular expression and where it stands."""

    place: str
    pattern: str | bytes
    flags: int
    #: The methods by which it is applied; all of them where that cannot be told.
    ways: frozenset[str]
    #: How long a text can be that it is applied to.
    most: int = LENGTH

    def take(self, text: str) -> None:
        """Apply it as the program does."""
        compiled = re.compile(self.pattern, self.flags)
        given: Any = text.encode("latin-1", "replace") if isinstance(self.pattern, bytes) else text
        for way in FROM_THE_BEGINNING:
            if way in self.ways:
                getattr(compiled, way)(given)
        if self.ways.intersection(FROM_ANY_PLACE):
            for _ in compiled.finditer(given):
                pass


@cache
def every() -> list[Found]:
    """Return each regular expression of mailbot and scoring."""
    return sorted({found for package in sources.PACKAGES for found in _of(package)}, key=lambda f: f.place)


def untold() -> list[str]:
    """Return the places of those whose pattern is only made when the program runs."""
    return sorted(place for package in sources.PACKAGES for place, call in _calls(package) if not _value(place, call))


def _of(package: str) -> Iterator[Found]:
    for place, call in _calls(package):
        value = _value(place, call)
        if value is None:
            continue
        way = call.func.attr  # type: ignore[attr-defined]  # as _calls picked them
        name = f"{place.partition(':')[0]}:{_name(place, call)}"
        ways = frozenset([way]) if way != "compile" else _ways_of(place, call)
        ways = frozenset(FROM_THE_BEGINNING) if name in MATCHED else ways
        yield Found(place, value.pattern, value.flags & ~re.DEBUG, ways, CUT.get(name, LENGTH))


def _calls(package: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call of a function of ``re``, with its place."""
    for path, tree in sources.trees().items():
        if not path.is_relative_to(ROOT / package):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module == "re":
                raise AssertionError(f"{path}: write re.NAME, so that it is found")
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "re"
                and node.func.attr in {"compile", *WAYS}
            ):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def _value(place: str, call: ast.Call) -> re.Pattern[Any] | None:
    """Return what a call compiles; None when it is made of what a function was given."""
    path = place.partition(":")[0]
    module = importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    function = call.func.attr  # type: ignore[attr-defined]  # as _calls picked them
    given = [arg for arg in call.args[1:] if function == "compile"] + [
        k.value for k in call.keywords if k.arg == "flags"
    ]
    given += [arg for arg in call.args[1:] if isinstance(arg, ast.Attribute) and ast.unparse(arg).startswith("re.")]
    try:
        pattern, *flags = (
            eval(compile(ast.Expression(node), place, "eval"), vars(module))  # noqa: S307  # our own source
            for node in (call.args[0], *given)
        )
    except NameError:
        return None
    return re.compile(pattern, flags[0] if flags else 0)


def _name(place: str, call: ast.Call) -> str:
    """Return the name that a compiled pattern has in its module; "" when it has none."""
    return _names(ROOT / place.partition(":")[0]).get(id(call), "")


@cache
def _names(path: Path) -> dict[int, str]:
    """Return the names that a module gives to what it makes."""
    made = (node for node in sources.trees()[path].body if isinstance(node, ast.Assign))
    return {id(node.value): node.targets[0].id for node in made if isinstance(node.targets[0], ast.Name)}


def _ways_of(place: str, call: ast.Call) -> frozenset[str]:
    """Return by which methods a compiled pattern is used, under the name it has; all where it is handed on."""
    name = _name(place, call)
    looked = [ROOT / place.partition(":")[0]] if name.startswith("_") else sources.trees()
    ways = {way for path in looked for way in _uses(path).get(name, ())} if name else set()
    return frozenset(ways) if ways and ways <= {*WAYS, "pattern"} else frozenset(WAYS)


@cache
def _uses(path: Path) -> dict[str, set[str]]:
    """Return by which attributes each name is used in a module; "" is among them where it stands without one."""
    nodes = list(ast.walk(sources.trees()[path]))
    held = {id(node.value): node.attr for node in nodes if isinstance(node, ast.Attribute)}
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found.setdefault(node.id, set()).add(held.get(id(node), ""))
        elif isinstance(node, ast.Attribute):
            found.setdefault(node.attr, set()).add(held.get(id(node), ""))
    return found


# --- the texts ------------------------------------------------------------------------------------


MOST = 3
"""Beginnings of a pattern that are tried; of repeated parts four times as many."""


def attacks(found: Found) -> Iterator[tuple[str, str, str]]:
    """Yield beginnings, what is repeated behind them, and ends, made of the pattern's own fragments."""
    tree = parser.parse(found.pattern, found.flags)
    repeated = list(_repeated(tree, [""]))
    begins = dict.fromkeys(["", *(begin for before, _ in repeated for begin in before[:1])])
    own = [sample for _, item in repeated for sample in _samples(item)]
    pieces = [
        *own[: 3 * MOST],
        " ",
        "0",
        "a",
        *(sample for node in tree for sample in _samples([node])),
        *_samples(tree),
    ]
    pumps = list(dict.fromkeys(piece for piece in pieces if piece))[: 4 * MOST]
    yield from product([*begins][:1] + [*begins][1:][-MOST:], pumps, ("!\n",))


def _repeated(tree: Iterable[Any], before: list[str]) -> Iterator[tuple[list[str], Any]]:
    """Yield each part that may come often, with what may stand before it."""
    for node in tree:
        name, value = str(node[0]), node[1]
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _, most, item = value
            if most > 16:  # what comes less often costs little
                yield before, item
            yield from _repeated(item, before)
        elif name == "SUBPATTERN":
            yield from _repeated(value[-1], before)
        elif name == "BRANCH":
            for branch in value[1]:
                yield from _repeated(branch, before)
        elif name in ("ASSERT", "ASSERT_NOT"):
            yield from _repeated(value[1], before)
        elif name == "ATOMIC_GROUP":
            yield from _repeated(value, before)
        before = _joined(before, _samples([node]))


def _joined(before: list[str], after: list[str]) -> list[str]:
    return list(dict.fromkeys(a + b for a, b in product(before, after)))[:3] or before


def _samples(tree: Iterable[Any]) -> list[str]:
    """Return some texts that match a part of a pattern."""
    texts = [""]
    for node in tree:
        texts = list(dict.fromkeys(a + b for a, b in product(texts, _of_node(node))))[:4]
    return texts


def _of_node(node: Any) -> list[str]:  # noqa: ANN401, PLR0911  # a node of the library's tree
    name, value = str(node[0]), node[1]
    if name == "LITERAL":
        return [chr(value)]
    if name == "NOT_LITERAL":
        return [next(c for c in "a 0" if ord(c) != value)]
    if name == "ANY":
        return ["a", " "]
    if name == "IN":
        return _of_set(value)
    if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, item = value
        return [sample * max(1, least) for sample in _samples(item)] if most else [""]
    if name == "SUBPATTERN":
        return _samples(value[-1])
    if name == "ATOMIC_GROUP":
        return _samples(value)
    if name == "BRANCH":
        return list(dict.fromkeys(s for branch in value[1] for s in _samples(branch)))[:6]
    return [""]


def _of_set(items: list[Any]) -> list[str]:
    negated = bool(items) and str(items[0][0]) == "NEGATE"
    wanted = [c for c in ' \ta0"\\(=-_.,;:?*/<>@%&é确\n\r' if _in(c, items) is not negated]
    singles = [chr(v) for op, v in items if str(op) == "LITERAL"] if not negated else []
    spans = [chr(v[0]) for op, v in items if str(op) == "RANGE"] if not negated else []
    return list(dict.fromkeys([*wanted[:3], *singles[:2], *spans[:1]])) or ["a"]


def _in(char: str, items: list[Any]) -> bool:
    classes = {"SPACE": char.isspace(), "DIGIT": char.isdigit(), "WORD": char.isalnum() or char == "_"}
    for op, value in items:
        name = str(op)
        if name == "LITERAL" and ord(char) == value:
            return True
        if name == "RANGE" and value[0] <= ord(char) <= value[1]:
            return True
        if name == "CATEGORY":
            kind = str(value).removeprefix("CATEGORY_")
            if kind.startswith("NOT_"):
                if not classes[kind.removeprefix("NOT_").removeprefix("UNI_")]:
                    return True
            elif classes[kind.removeprefix("UNI_")]:
                return True
    return False


SHORT, SLOWEST = 1024, 1
"""All texts are tried at this length; that which took longest, at the whole length."""


def slowest(found: Found, bound: float) -> tuple[float, str]:
    """Return the processor time of the worst text in seconds, and the text; above the bound no more is tried.

    A search that is over the bound is broken off: the rest of it could take hours. The main thread must call this.
    """
    tried: dict[tuple[str, str, str], float] = {}
    for parts in attacks(found):
        for size in (64, min(SHORT, found.most)):  # first little, as some take twice as long for each letter
            tried[parts] = _taken(found, parts, size, bound)
            if tried[parts] > bound:
                return tried[parts], f"{parts} in {size} characters"
    hardest = sorted(tried, key=tried.__getitem__)[-SLOWEST:]
    return max((_taken(found, parts, found.most, bound), f"{parts} in {found.most} characters") for parts in hardest)


class _OverBoundError(Exception):
    """A search has taken longer than it may."""


LOOK_SECONDS = 0.05
"""Of processor time, between looks whether a search is over the bound; the library lets signals through."""


def _taken(found: Found, parts: tuple[str, str, str], size: int, bound: float) -> float:
    """Return the processor time of a search in seconds; one that was broken off has taken more than the bound."""
    begin, pump, end = parts
    text = begin + pump * ((size - len(begin)) // len(pump)) + end
    started = time.thread_time()

    def look(*_: object) -> None:
        if time.thread_time() - started > bound:
            raise _OverBoundError

    before = signal.signal(signal.SIGVTALRM, look)
    signal.setitimer(signal.ITIMER_VIRTUAL, LOOK_SECONDS, LOOK_SECONDS)
    try:
        with contextlib.suppress(_OverBoundError):
            found.take(text)
        return time.thread_time() - started
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
