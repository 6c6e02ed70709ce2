"""The crash points: those that the source names, and those that a daemon's trace holds."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]

_AROUND = ("before", "after")


def in_source() -> set[str]:
    """Return the names of all crash points that the source names, but for SMTP's, which are made of its verbs."""
    return {name for path in sorted((ROOT / "mailbot").rglob("*.py")) for name in _named(path)}


def _named(path: Path) -> set[str]:
    """Return the names in one module; a name that cannot be read off the source is an error."""
    found: set[str] = set()
    for call in (node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)):
        function, first = ast.unparse(call.func), call.args[0] if call.args else None
        if function.endswith(("ledger.write", "target.write")) or (
            function == "self.write" and path.name == "engine.py"
        ):
            found |= {f"commit.{_text(first)}.{moment}" for moment in ("before", "made", "after")}
        elif function.endswith("ledger.part"):
            found |= {f"part.{_text(call.args[1])}.{moment}" for moment in _AROUND}
        elif function == "translated" and path.parent.name == "imap":
            found |= {f"imap.{_text(first)}.{moment}" for moment in _AROUND}
        elif function == "crash.around" and not isinstance(first, ast.JoinedStr):
            found |= {f"{_text(first)}.{moment}" for moment in _AROUND}
        elif function in {"crash.around", "crash.point"} and ast.unparse(call) not in KNOWN_FORMS:
            found.add(_text(first))
    return found


#: Calls whose names are put together; :func:`_named` knows the parts, or they are SMTP's verbs.
KNOWN_FORMS = {
    "crash.around(f'imap.{command}')",
    "crash.around(f'commit.{what}')",
    "crash.around(f'part.{what}')",
    "crash.point(f'commit.{what}.made')",
    "crash.point(f'smtp.{self._verb}.before')",
    "crash.point(f'smtp.{self._verb}.after')",
}


def _text(node: ast.expr | None) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    message = f"the name of a crash point must be plain text: {ast.unparse(node) if node else 'nothing'}"
    raise ValueError(message)


def passed(trace: Path) -> dict[str, int]:
    """Return how often each point was passed, in the order of their first passing."""
    found: dict[str, int] = {}
    for name in trace.read_text(encoding="utf-8").splitlines():
        found[name] = found.get(name, 0) + 1
    return found
