"""Write the reference from the code: commands, config keys, metrics, words, alerts, exit codes, JSON.

Nothing here is typed by hand, so that no page can be behind the code: the commands tell their own help, the keys of the
config their sentences in config.example.toml (a test holds that file to the schema), the metrics their registry.
"""

from __future__ import annotations

import inspect
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import config_keys
import typer.main

from mailbot.board.exports import RECEIPT_COLUMNS
from mailbot.cli.app import COMMANDS, app
from mailbot.cli.common import EXIT_CODES
from mailbot.daemon import metrics
from mailbot.ledger.trail.kinds import MEANINGS
from mailbot.model import AuthLevel, Exclusion, MailState, Outcome, ReplyState, Status
from mailbot.transport import alerts
from scoring.declaration.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SHAPES = Path(__file__).parent / "shapes.json"
NOTICE = "<!-- Made from the code by `make docs`; a change here is lost. -->\n"


def pages() -> dict[str, str]:
    """Return every page of the reference as Markdown, by its file name."""
    made = {f"commands-{_slug(title.removeprefix('mailbot '))}.md": page for title, page in _commands()}
    made |= {f"config-{_slug(section or 'top')}.md": page for section, page in config_keys.sections()}
    made |= {"metrics.md": _metrics(), "words.md": _words(), "alerts.md": _alerts(), "audit.md": _audit()}
    made |= {"prometheus.md": _prometheus(), "exit-codes.md": _exit_codes()}
    made["json.md"] = _shapes()
    made["index.md"] = _index(list(made))
    return {name: NOTICE + page for name, page in made.items()}


def _index(names: list[str]) -> str:
    """Return the page that lists the others."""
    trees = {"Commands": "commands-", "Keys of the config": "config-", "Lists": ""}
    lines, left = ["# Reference\n"], list(names)
    for caption, prefix in trees.items():
        own = [name for name in left if name.startswith(prefix)]
        left = [name for name in left if name not in own]
        entries = "".join(f"{name.removesuffix('.md')}\n" for name in own)
        lines.append(f"```{{toctree}}\n:caption: {caption}\n:maxdepth: 1\n\n{entries}```\n")
    return "\n".join(lines)


def _slug(words: str) -> str:
    return re.sub(r"[^a-z]+", "-", words.casefold()).strip("-")


def _cell(words: object) -> str:
    """Return words as one cell of a table."""
    return " ".join(str(words).split()).replace("|", "\\|")


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [headings, tuple("---" for _ in headings), *(tuple(map(_cell, row)) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


# --- commands


def _commands() -> Iterator[tuple[str, str]]:
    """Yield the groups of `mailbot --help`, each with its page; a command with subcommands has one of its own."""
    root: Any = typer.main.get_command(app)
    groups: dict[str, list[str]] = defaultdict(list)
    for name, listed in COMMANDS.items():
        command = root.commands[name]
        title = f"mailbot {name}" if hasattr(command, "commands") else listed.group
        groups[title].append(_command(f"mailbot {name}", command))
    for title, sections in groups.items():
        yield title, f"# {title}\n\n" + "\n".join(sections)


def _command(path: str, command: Any) -> str:  # noqa: ANN401  # typer exports no class of its commands
    """Return the section of a command, or those of its subcommands."""
    if inner := getattr(command, "commands", None):
        return "\n".join(_command(f"{path} {name}", sub) for name, sub in inner.items())
    params = [param for param in command.params if not getattr(param, "hidden", False)]
    named = [str(param.metavar or param.name.upper()) for param in params if param.param_type_name == "argument"]
    context = command.context_class(command)
    told = [record for param in params if (record := param.get_help_record(context))]
    rows = [(f"`{_cell(names)}`", help_) for names, help_ in told if "--help" not in names]
    text = (command.help or "").replace("\b", "")
    table = _table(("Option", "Meaning"), rows) if rows else ""
    call = " ".join([path, *(["[OPTIONS]"] if rows else []), *named])
    return f"## {path}\n\n```text\n{call}\n```\n\n{text}\n\n{table}"


def _metrics() -> str:
    rows = [
        (
            f"`{name}`",
            each.title,
            ", ".join(shape.value for shape in each.shapes),
            "higher" if each.higher_is_better else "lower",
            f"{each.bounds[0]:g} to {each.bounds[1]:g}",
            ", ".join(f"`{option}`" for option in each.options),
        )
        for name, each in sorted(METRICS.items())
    ]
    return "# Metrics\n\n" + _table(("Name", "Title", "Columns", "Better", "Bounds", "Options"), rows)


def _audit() -> str:
    table = _table(("Kind", "Meaning"), [(f"`{kind}`", meaning) for kind, meaning in sorted(MEANINGS.items())])
    return f"# Kinds of audit entries\n\n`mailbot audit list --kind KIND` takes one of these.\n\n{table}"


LISTED = (MailState, Outcome, AuthLevel, Status, Exclusion, ReplyState)
"""What listings and replies name; each value's meaning is the comment behind it."""


def _words() -> str:
    pages = []
    for kind in LISTED:
        meanings = dict(re.findall(r'^    \w+ = "([a-z-]+)"  # (.+)$', inspect.getsource(kind), re.MULTILINE))
        missing = [each.value for each in kind if each.value not in meanings]
        if missing:
            message = f"{kind.__name__}: mailbot/model.py has no comment behind {missing}"
            raise ValueError(message)
        table = _table(("Word", "Meaning"), [(f"`{word}`", meaning) for word, meaning in meanings.items()])
        pages.append(f"## {_spaced(kind.__name__)}\n\n{(kind.__doc__ or '').splitlines()[0]}\n\n{table}")
    return "# Words of listings and replies\n\n" + "\n".join(pages)


def _spaced(name: str) -> str:
    """Return the name of a class as words: ``MailState`` is ``Mail state``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def _alerts() -> str:
    rows = [(f"`{part}`", wrong, alerts.WELL[part]) for part, wrong in alerts.SUBJECTS.items()]
    table = _table(("Part", "Problem", "When it is solved"), rows)
    subject = "The subject is `[mailbot]` and the problem, or `[mailbot] fixed:` and the solution."
    return f"# Alerts to the organizers\n\n{subject}\n\n{table}"


def _prometheus() -> str:
    source = inspect.getsource(metrics)
    found = re.findall(
        r'(Counter)?(?:MetricFamily\(|^ +)"(mailbot_\w+)"(?:, |: \()"([^"]+)"(?:, labels=\[([^]]+)\])?',
        source,
        re.MULTILINE,
    )
    rows = [
        (f"`{name}{'_total' if counter else ''}`", labels.replace('"', "`"), words)
        for counter, name, words, labels in found
    ]
    table = _table(("Metric", "Labels", "Meaning"), rows)
    return f"# Metrics for Prometheus\n\n`metrics.file` names the file that they are written to.\n\n{table}"


def _shapes() -> str:
    lines = [
        "# JSON for programs\n",
        "The fields of what `--json` prints and of the files for programs, as a small contest has them.",
        "`[]` is each element of a list, `NAME` a name of the contest's own, such as a metric's. Instants are text,",
        "RFC 3339 with the challenge's offset. Fields may be added; their meaning is in",
        "[What programs may rely on](../operations/programs.md).\n",
    ]
    for name, fields in json.loads(SHAPES.read_text(encoding="utf-8")).items():
        rows = [(f"`{field}`", kind) for field, kind in fields.items()]
        lines.append(f"## `{name}`\n\n{_table(('Field', 'Type'), rows)}")
    header = ", ".join(f"`{name}`" for name in RECEIPT_COLUMNS)
    lines.append(f"## `receipts.csv`\n\nNot JSON: a line for each file that was received, with {header}.\n")
    bench = (
        "An object by the name of each measure; its fields are the measure's own, among them often `value` and `unit`."
    )
    lines.append(f"## `build/bench.json` of `make bench`\n\n{bench}\n")
    return "\n".join(lines)


def _exit_codes() -> str:
    table = _table(("Code", "Meaning"), [(str(code), meaning) for code, meaning in EXIT_CODES.items()])
    return f"# Exit codes\n\nOf every command; where a command uses 1, its help says what for.\n\n{table}"


def write(folder: Path) -> None:
    """Write the pages into a folder, and take away what is none of them any more."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages()
    for stale in set(folder.glob("*.md")) - {folder / name for name in made}:
        stale.unlink()
    for name, page in made.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parents[1] / "reference")
