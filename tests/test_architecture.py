"""The rules of the house, held by reading the source: who imports what, and how long a piece of code may be."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests import sources

ROOT = Path(__file__).parents[1]
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50

#: Libraries that reach outside the process, each with the modules that may use it; a package stands for all below it.
#: The demo plays the outside world, so it may speak SMTP to mailbot.
OWNERS = {
    "imapclient": {"mailbot.transport.imap"},
    "imaplib": {"mailbot.transport.imap"},
    "smtplib": {"mailbot.transport.smtp", "mailbot.demo"},
    "sqlalchemy": {"mailbot.ledger"},
    "alembic": {"mailbot.ledger"},
    "gspread": {"mailbot.board.sheet"},
    "google": {"mailbot.board.sheet"},
    "requests": {"mailbot.board.sheet", "mailbot.transport.oauth"},
    "http": {"mailbot.demo"},
    "socket": {
        "mailbot.transport.imap",
        "mailbot.transport.smtp",
        "mailbot.system.bell",
        "mailbot.system.lock",
        "mailbot.system.children",
        "mailbot.daemon.systemd",
        "mailbot.desk.serve",
        "mailbot.operations.doctor.mail",
        "mailbot.transport.server",
        "mailbot.demo",
    },
    "dkim": {"mailbot.mail.dkim"},
    "dns": {"mailbot.identity.lookup"},
    "authres": {"mailbot.mail.authentication"},
    "publicsuffixlist": {"mailbot.identity.align"},
    "ssl": {
        "mailbot.transport.imap",
        "mailbot.transport.smtp",
        "mailbot.transport.server",
        "mailbot.demo",
    },
    "aiosmtpd": {"mailbot.demo"},
    "starlette": {"mailbot.desk"},
    "uvicorn": {"mailbot.desk"},
    "pymap": {"mailbot.demo"},
    "typer": {"mailbot.cli"},
    "rich": {"mailbot.cli", "mailbot.demo"},
}

#: Modules that speak to the world; only the daemon, the CLI and the demo bring two of them together.
EDGES = (
    "mailbot.transport.imap",
    "mailbot.transport.smtp",
    "mailbot.board.sheet.client",
    "mailbot.ledger",
    "mailbot.identity.lookup",
)

#: Libraries that take long to load: only a function that needs one imports it, so that the CLI starts at once.
SLOW = {"PIL", "openpyxl", "pandas", "pyarrow", "scipy"}

MOST_LATE_IMPORTS = 20

#: The teams' checker runs these, with nothing installed.
STANDARD_ALONE = ("scoring.files.read", "scoring.rows.check", "scoring.checker")


def _name(path: Path) -> str:
    """Return the dotted name of a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


SOURCES = {_name(path): path for package in sources.PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def _tree(module: str) -> ast.Module:
    """Return what a module says."""
    return sources.trees()[SOURCES[module]]


def _within(module: str, package: str) -> bool:
    """Tell whether a module is a package or lies below it."""
    return module == package or module.startswith(f"{package}.")


class _Imports(ast.NodeVisitor):
    """Collects what a module imports when it runs: at the top, and inside functions."""

    def __init__(self) -> None:
        self.at_top: set[str] = set()
        self.in_functions: set[str] = set()
        self._found = self.at_top

    def visit_If(self, node: ast.If) -> None:
        """Leave out what only type checkers import."""
        if not (isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            self.generic_visit(node)
            return
        for other in node.orelse:
            self.visit(other)

    def visit_Call(self, node: ast.Call) -> None:
        """Take a module that waits until it is asked for."""
        if isinstance(node.func, ast.Name) and node.func.id == "Later":
            (name,) = node.args
            assert isinstance(name, ast.Constant)
            assert isinstance(name.value, str)
            self.in_functions.add(name.value)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Note that what follows is imported later."""
        self._found, before = self.in_functions, self._found
        self.generic_visit(node)
        self._found = before

    def visit_Import(self, node: ast.Import) -> None:
        """Take each name of an import statement."""
        self._found.update(alias.name for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """Take the module, and what is imported from it where that is a module of ours too."""
        module = node.module or ""
        self._found.add(module)
        self._found.update(full for alias in node.names if (full := f"{module}.{alias.name}") in SOURCES)


@cache
def _imports(module: str) -> _Imports:
    """Return what a module imports."""
    found = _Imports()
    found.visit(_tree(module))
    return found


def _all_imports(module: str) -> set[str]:
    """Return everything that a module imports, sooner or later."""
    return _imports(module).at_top | _imports(module).in_functions


def _top(module: str) -> str:
    """Return the library that a module belongs to."""
    return module.partition(".")[0]


def test_the_source_is_found() -> None:
    """The rules below are held over both packages."""
    assert {"mailbot.model", "scoring.model"} <= set(SOURCES)


def test_only_its_owner_uses_a_driver() -> None:
    """A library that reaches outside is imported by its own module alone; everything else stays pure."""
    strays = {
        f"{module}: {library}"
        for module in SOURCES
        for library in map(_top, _all_imports(module))
        if library in OWNERS and not any(_within(module, owner) for owner in OWNERS[library])
    }
    assert strays == set()


def test_edges_do_not_meet() -> None:
    """A module that speaks to one part of the world knows nothing of those that speak to another."""
    met = {
        f"{module}: {name}"
        for own in EDGES
        for module in SOURCES
        if _within(module, own)
        for name in _all_imports(module)
        for edge in EDGES
        if edge != own and _within(name, edge)
    }
    assert met == set()


def test_scoring_knows_nothing_of_mailbot() -> None:
    """Scoring imports nothing of mailbot, so that it serves the cluster and the teams as well."""
    scoring = [name for name in SOURCES if _within(name, "scoring")]
    assert [module for module in scoring if "mailbot" in map(_top, _all_imports(module))] == []


@pytest.mark.parametrize(
    "module", ["scoring.declaration.formula", "scoring.scores.scored", "mailbot.board.uncertainty"]
)
def test_scores_are_not_added_by_the_built_in_sum(module: str) -> None:
    """It adds floats in another way from Python 3.12 on, and the suite usually runs on one Python only."""
    named = {node.id for node in ast.walk(_tree(module)) if isinstance(node, ast.Name)}
    assert "sum" not in named


def test_slow_libraries_load_late() -> None:
    """No module loads a slow library just by being imported."""
    assert [module for module in SOURCES if not SLOW.isdisjoint(map(_top, _imports(module).at_top))] == []


def test_few_imports_stand_inside_functions() -> None:
    """A command's module is loaded when the command is called, so that only what is slow and seldom needed waits."""
    late = [line for path in SOURCES.values() for line in path.read_text().splitlines() if "PLC0415" in line]
    assert len(late) <= MOST_LATE_IMPORTS
    assert [line for line in late if not re.search(r"# noqa: PLC0415  ?(?:#|--) \w+", line)] == []


@pytest.mark.parametrize("start", STANDARD_ALONE)
def test_reading_and_checking_need_nothing_installed(start: str) -> None:
    """What reads and checks a file reaches the standard library alone, however far its imports are followed."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += [name for name in _all_imports(module) if name in SOURCES]
    libraries = {_top(name) for module in seen for name in _all_imports(module)}
    assert libraries - sys.stdlib_module_names == {"scoring"}


def test_code_comes_in_small_pieces() -> None:
    """No module or function outgrows one reading."""
    long = [
        f"{module}: {node.name}"
        for module in SOURCES
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []
    assert [name for name in SOURCES if len(SOURCES[name].read_text().splitlines()) > LONGEST_MODULE] == []


# --- the house as a whole ---------------------------------------------------------------------
# The floors are a contract in pyproject.toml, which `make lint` holds with import-linter.

MOST_MODULES = 22
"""A package with more than so many modules is two."""

AT_THE_ROOT = {"mailbot", "mailbot.errors", "mailbot.flow", "mailbot.model", "mailbot.service"}


def test_few_modules_stand_outside_a_room() -> None:
    """Everything else has its room."""
    packages = {_name(path) for path in SOURCES.values() if path.name == "__init__.py"}
    assert {name for name in SOURCES if name.count(".") <= 1 and _within(name, "mailbot")} - packages == AT_THE_ROOT - {
        "mailbot"
    }


def test_no_room_is_crowded() -> None:
    """Migrations aside, which come one after the other for good."""
    folders = Counter(path.parent for name, path in SOURCES.items() if not _within(name, "mailbot.ledger.migrations"))
    assert {folder.name: count for folder, count in folders.items() if count > MOST_MODULES} == {}


def _all_imports_with_types(module: str) -> set[str]:
    """Return the modules of ours that a module names in an import, those for type checkers too."""
    found: set[str] = set()
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (names & SOURCES.keys()) or {node.module}
    return (found & SOURCES.keys()) - {module}


def test_no_imports_go_round_in_a_circle() -> None:
    """Whatever a module imports, at any time and for types too, never leads back to it."""
    left = {name: _all_imports_with_types(name) for name in SOURCES if SOURCES[name].name != "__init__.py"}
    left = {name: {one for one in wanted if one in left} for name, wanted in left.items()}
    while ready := [name for name, wanted in left.items() if not wanted & left.keys()]:
        for name in ready:
            del left[name]
    assert sorted(left) == []


# --- what the files of the checkout may name -------------------------------------------------

_FOREIGN = re.compile(rb"pypi\.org|pythonhosted\.|--(?:extra-)?index-url[ =]|(?<![\w.])/(?:work|root)/\w")


def _tracked_files() -> list[Path]:
    """Return the files under version control; outside a checkout those of the packages, templates, tests and pages."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        folders = ("mailbot", "scoring", "templates", "tests", "docs")
        return [path for name in folders for path in (ROOT / name).rglob("*") if path.suffix != ".pyc"]
    listed = subprocess.run((git, "ls-files", "-z"), cwd=ROOT, check=True, capture_output=True).stdout
    return [ROOT / name.decode() for name in listed.split(b"\0") if name]


def test_files_name_no_index_and_no_foreign_path() -> None:
    """No file records a package index or a place on its author's machine."""
    named = {
        f"{path.relative_to(ROOT)}: {found.group().decode()}"
        for path in _tracked_files()
        if path.is_file()
        for found in _FOREIGN.finditer(path.read_bytes())
    }
    assert named == set()


def _fragile_calls(node: ast.AST, guarded: bool) -> list[int]:  # noqa: FBT001  # a walk down the tree carries one bit
    """Return the lines of syncs and renames that no crash point surrounds."""
    inside = guarded or (isinstance(node, ast.With) and any("crash.around" in ast.unparse(i) for i in node.items))
    called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    fragile = called in {"os.fsync", "os.rename", "draft.replace"}
    found = [node.lineno] if isinstance(node, ast.Call) and fragile and not inside else []
    return found + [line for child in ast.iter_child_nodes(node) for line in _fragile_calls(child, inside)]


def _ours() -> list[str]:
    """Return the modules of mailbot itself."""
    return [name for name in SOURCES if _within(name, "mailbot")]


def test_every_sync_and_rename_has_its_crash_points() -> None:
    """The fault harness can pull the plug around each of them: a new one cannot be forgotten."""
    bare = {module: lines for module in _ours() if (lines := _fragile_calls(_tree(module), guarded=False))}
    assert bare == {}


def test_every_transaction_that_writes_is_named() -> None:
    """``ledger.write("record")``: the name is that of its crash points."""
    nameless = [
        f"{module}:{n.lineno}"
        for module in _ours()
        for n in ast.walk(_tree(module))
        if isinstance(n, ast.Call)
        and ast.unparse(n.func).endswith("ledger.write")
        and not (n.args and isinstance(n.args[0], ast.Constant))
    ]
    assert nameless == []


def test_every_imap_command_has_its_crash_points() -> None:
    """Each call of the driver stands inside ``with translated("name")``."""
    bare = []
    package = [name for name in SOURCES if name.startswith("mailbot.transport.imap.")]
    for function in (n for name in package for n in ast.walk(_tree(name)) if isinstance(n, ast.FunctionDef)):
        text = ast.unparse(function)
        if re.search(r"\b_?client\.", text) and "translated(" not in text and function.name not in IMAP_HELPERS:
            bare.append(function.name)
    assert package
    assert not bare


#: Called inside the points of their callers, or, as ``close``, with nothing to lose.
IMAP_HELPERS = {
    "_start_tls", "_prove", "_by_token", "_introduce",  # login
    "_ask", "_move", "_copy_and_expunge", "_open", "_begin", "_said_more", "close",
    "_make", "_all", "_is_there", "_personal", "_separator", "__init__",  # folders
}  # fmt: skip
