"""The sentences that replies and letters to teams are made of, as they stand in templates and code."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.extract import extract_from_dir

from tests import sources

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
METHODS = [
    ("templates/replies/**.j2", "jinja2.ext:babel_extract"),
    ("templates/letters/**.j2", "jinja2.ext:babel_extract"),
    ("mailbot/intake/**.py", "python"),
    ("mailbot/identity/**.py", "python"),
    ("mailbot/letters/accepted.py", "python"),
    ("mailbot/letters/extended.py", "python"),
    ("mailbot/letters/letter.py", "python"),
    ("mailbot/letters/rescored.py", "python"),
    ("mailbot/letters/written.py", "python"),
]
OPTIONS = {pattern: {"trimmed": "true", "encoding": "utf-8"} for pattern, _ in METHODS if pattern.endswith(".j2")}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None}


def sentences() -> set[str]:
    """Return every sentence that is to be translated, the singular of one that has two forms."""
    found: set[str] = set()
    for folder in ("templates", "mailbot"):
        own = [(pattern.removeprefix(f"{folder}/"), how) for pattern, how in METHODS if pattern.startswith(folder)]
        options = {pattern.removeprefix(f"{folder}/"): given for pattern, given in OPTIONS.items()}
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / folder, own, options, keywords=KEYWORDS
        ):
            found.add(message if isinstance(message, str) else message[0])
    return found


_CODE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

_LABELS = {"truth.py", "restrict.py", "defined.py", "kinds.py"}
"""Modules whose problems are with label files, which organizers alone are told of; and the kinds of audit entries."""


@cache
def codes() -> frozenset[str]:
    """Return the code of every problem and note that a reply may tell: it is found by what the code says.

    A code is given to `Problem` or `Note`, or to a function that has a parameter of that name, or it is the key of a
    table of sentences.
    """
    nodes = [node for path, tree in sources.trees().items() if path.name not in _LABELS for node in ast.walk(tree)]
    found = {text for value in _given(nodes) for text in _texts(value)}
    return frozenset(text for text in found if _CODE.fullmatch(text))


def _given(nodes: Sequence[ast.AST]) -> Iterator[ast.expr]:
    """Yield what is given as a code."""
    takes = {
        node.name: [each.arg for each in node.args.args].index("code")
        for node in nodes
        if isinstance(node, ast.FunctionDef) and "code" in [each.arg for each in node.args.args]
    }
    for node in nodes:
        if isinstance(node, ast.Call):
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "code")
            called = getattr(node.func, "id", "")
            yield from node.args[takes[called] : takes[called] + 1] if called in takes else ()
        elif isinstance(node, ast.Dict) and _has_sentences(node):
            yield from (key for key in node.keys if key)


def _texts(value: ast.expr) -> list[str]:
    return [node.value for node in ast.walk(value) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _has_sentences(table: ast.Dict) -> bool:
    """Whether every value of a table is a sentence."""
    values = [value.value for value in table.values if isinstance(value, ast.Constant)]
    told = [text for text in values if isinstance(text, str) and " " in text and text.endswith(".")]
    return bool(told) and len(told) == len(table.values)
