"""What `--json` prints and what the files for programs hold: docs/site/shapes.json has their fields, as they are made.

MAILBOT_SHAPES_ACCEPT=1 writes it again. The reference of the handbook is made from it. It runs two dozen commands, so
it is one of the long tests; that no command is missing is held by tests/test_handbook.py each time.
"""

from __future__ import annotations

import json
import os
import sqlite3
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main

from mailbot.cli.app import app
from tests.command import mailbot
from tests.flow.test_tutorial import TUTORIAL, follow

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES = Path(__file__).parents[2] / "docs" / "site" / "shapes.json"
BY_NAME = {"metrics", "truths", "labels", "mails", "gains", "cells", "files"}
"""Objects whose keys are names of the contest's: of metrics, tracks, states."""
OPEN = {"detail"}
"""Objects whose fields depend on the kind of the entry."""
ARGUMENTS = {
    "ingest": ("again.eml",),
    "score": ("answer.csv",),
    "rescore": ("--dry-run",),
    "verify": ("S-2",),
    "trace": ("M-2",),
    "submissions show": ("S-2",),
    "simulate-attack": ("--mails", "4", "--repeats", "1"),
}
NOT_HERE = {"run", "once", "lead"}
"""Those print the journal, or need a mailbox or PostgreSQL."""


def fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401  # any JSON
    """Yield each field of a value with the word for its type: ``changes[].team``, ``text``."""
    last = path.rpartition(".")[2]
    if isinstance(value, dict) and last in OPEN:
        yield path, "object"
    elif isinstance(value, dict):
        by_name = last in BY_NAME
        for key, inner in value.items():
            yield from fields(inner, f"{path}.{'NAME' if by_name else key}".removeprefix("."))
    elif isinstance(value, list):
        for inner in value:
            yield from fields(inner, f"{path}[]")
        if not value:
            yield f"{path}[]", ""
    else:
        words = {bool: "true or false", int: "number", float: "number", str: "text", type(None): "null"}
        yield path, words[type(value)]


def shape(value: Any) -> dict[str, str]:  # noqa: ANN401  # any JSON
    """Return the fields of a value, each with its types."""
    found: dict[str, set[str]] = {}
    for path, word in fields(value):
        found.setdefault(path, set()).add(word)
    bare = {path for path in found if any(other.startswith((f"{path}.", f"{path}[")) for other in found)}
    return {
        path: " or ".join(sorted(filter(None, words))) or "any" for path, words in found.items() if path not in bare
    }


def commands() -> Iterator[str]:
    """Yield every command that has `--json`."""
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]  # the app is a group
        for sub, each in (getattr(command, "commands", None) or {"": command}).items():
            if any("--json" in param.opts for param in each.params):
                yield f"{name} {sub}".strip()


def played(folder: Path) -> Path:
    """Return the contest of the tutorial with a dispute, a copied file, a paper, other labels and a mail set aside."""
    place = follow(TUTORIAL, folder)
    with (place / "config.toml").open("a") as file:
        file.write('\n[[entries]]\nkind = "paper"\ncloses = 2099-01-01T00:00:00Z\ntypes = [".pdf"]\n')
    answer = (place / "answer.csv").read_bytes()
    mails = {
        "dispute": ("ada@herbarium.example", "dispute S-2: item 7 is an oak", None),
        "copy": ("bo@botanica.example", "ours", ("copy.csv", answer)),
        "paper": ("ada@herbarium.example", "paper", ("paper.pdf", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n")),
        "again": ("ada@herbarium.example", "once more", ("b.csv", answer.replace(b"10,oak", b"10,maple"))),
        "aside": ("ada@herbarium.example", "hello", None),
    }
    for name, (sender, subject, attached) in mails.items():
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, "submissions@leaves.example", subject
        message["Message-ID"] = f"<{name}@example.org>"
        message.set_content(subject)
        if attached:
            message.add_attachment(attached[1], maintype="application", subtype="octet-stream", filename=attached[0])
        (place / f"{name}.eml").write_bytes(bytes(message))
    mailbot("ingest", "dispute.eml", "copy.eml", "paper.eml", "aside.eml", folder=place)
    mailbot("truth", "void", "7", "--why", "broken", "--yes", folder=place)
    with sqlite3.connect(place / "state/ledger.db") as ledger:
        aside = (
            "UPDATE mails SET state = 'set-aside', outcome = NULL, reason = 'x' WHERE id = (SELECT max(id) FROM mails)"
        )
        ledger.execute(aside)
    ledger.close()
    return place


@pytest.mark.long
def test_every_shape_is_as_the_reference_tells(tmp_path: Path) -> None:
    """Each command with `--json`, board.json, and the parts of an export."""
    place = played(tmp_path)
    made: dict[str, dict[str, str]] = {}
    for command in sorted(set(commands()) - NOT_HERE):
        code = 1 if command in {"doctor", "audit verify"} else 0  # no mail server; a row that was changed by hand
        done = mailbot(*command.split(), *ARGUMENTS.get(command, ()), "--json", folder=place, code=code)
        made[f"mailbot {command} --json"] = shape(done.json)
    made["board.json"] = shape(json.loads((place / "state/published/board.json").read_text()))
    mailbot("export", "../record", folder=place)
    made["manifest.json of an export"] = shape(json.loads((place / "../record/manifest.json").read_text()))
    for path in sorted((place / "../record").glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        made[f"{path.name} of an export, each line"] = {
            key.removeprefix("[]."): word for key, word in shape(rows).items()
        }
    told = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("MAILBOT_SHAPES_ACCEPT"):
        SHAPES.write_text(told, encoding="utf-8")
    assert SHAPES.read_text(encoding="utf-8") == told
