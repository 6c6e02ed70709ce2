"""``python -m tests.prose``: hold what people read to plain English, by proselint with the rules of .ci/prose.toml.

proselint finds the places; the rules are the project's own. (vale also reads rules, but is a Go binary that its package
downloads when it first runs.)
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from proselint.checks import __register__ as known
from proselint.registry import CheckRegistry
from proselint.registry.checks import Check
from proselint.registry.checks.types import PreferredForms
from proselint.tools import LintFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
RULES: dict[str, Any] = tomllib.loads((ROOT / ".ci" / "prose.toml").read_text(encoding="utf-8"))
OURS = "mailbot"
HELP = ROOT / "mailbot" / "cli"
"""Docstrings below it are the help of commands."""
OPTION = re.compile(r"\W*--\w")
CODE = re.compile(r"(?ms)^(?P<fence>```|~~~).*?^(?P=fence)|`[^`]+`|^    .*?$|<[^>]+>|https?://\S+|\]\([^)]*\)")


class Found(NamedTuple):
    """A place that breaks a rule."""

    path: str
    line: int
    message: str


def strings(source: str, *, helps: bool) -> str:
    """Return the sentences in Python source, each in its line; docstrings only where they are the help of a command."""
    tree = ast.parse(source)
    told = {node.body[0] for node in ast.walk(tree) if helps and isinstance(node, ast.FunctionDef)}
    skipped = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and node not in told}
    lines = [""] * (source.count("\n") + 2)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value and node not in skipped:
            lines[node.lineno - 1] += " . " + " ".join(word for word in node.value.split() if not OPTION.match(word))
    return "\n".join(lines)


def prose(path: Path) -> str:
    """Return what a file says to people, at the lines where it says it."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return strings(text, helps=HELP in path.parents)
    if path.suffix == ".md":
        return CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    return text


def checks() -> list[Check]:
    """Return our rules as checks of proselint."""
    items = {rule.replace(" ", r"\s+"): better for rule, better in RULES["rules"].items()}
    return [Check(check_type=PreferredForms(items=items), path=OURS, message="“{1}”: write {0}")]


def find(texts: Iterable[tuple[str, str]]) -> Iterator[Found]:
    """Yield what breaks a rule in texts, each with the name of its file."""
    registry = CheckRegistry()
    registry.checks.clear()
    registry.register_many((*known, *checks()))
    enabled = dict.fromkeys((OURS, *RULES["proselint"]), True)  # what proselint's config looks like
    for path, text in texts:
        wanted = enabled if path.endswith((".md", ".j2")) else {OURS: True}
        for result in LintFile(path, text or " ").lint({"max_errors": 1000, "checks": wanted}):
            yield Found(path, result.pos[0], result.check_result.message)


def main() -> int:
    """Print every place that breaks a rule; return 1 when there is one."""
    paths = sorted({path for pattern in RULES["files"] for path in ROOT.glob(pattern)})
    found = list(find((str(path.relative_to(ROOT)), prose(path)) for path in paths))
    for place in found:
        sys.stdout.write(f"{place.path}:{place.line}: {place.message}\n")
    sys.stdout.write(f"plain English: {len(paths)} files, {len(found)} places to change\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
