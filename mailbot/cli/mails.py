"""trace: what became of a mail, step by step."""

from __future__ import annotations

from typing import Annotated

import typer

from mailbot.cli.common import AsJson, ConfigFile, emit, load_config, opened_ledger, rfc3339
from mailbot.cli.submissions import number
from mailbot.errors import Permanent


def trace(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="M-12|S-12|R-12|E-12", help="A mail, a submission, a reply, an entry.")
    ],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Tell a mail's whole life in order: arrival, outcome, submissions, scores, rulings, reply and its sending."""
    from mailbot import service  # noqa: PLC0415  # not for --help
    from mailbot.operations import trace as life  # noqa: PLC0415  # not for --help

    ways = {"M": life.of_mail, "S": life.of_submission, "R": life.of_reply, "E": life.of_entry}
    letter = name.strip()[:1].upper()
    if letter not in ways:
        message = f"{name!r} is no id; it looks like M-000012, S-000012, R-000012 or E-000012"
        raise Permanent(message)
    loaded = load_config(context, config)
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        steps = ways[letter](tx, number(name, letter), service.now())
    if not steps:
        message = f"there is no {name}"
        raise Permanent(message)
    zone = loaded.challenge.zone
    rows = [
        {
            "at": rfc3339(step.at, zone),
            "subject": step.subject,
            "what": step.what,
            "detail": step.detail if as_json else step.plain or step.detail,
        }
        for step in steps
    ]
    columns = {"at": lambda at: at.replace("T", " "), "subject": None, "what": None, "detail": None}
    emit(rows, as_json=as_json, columns=columns, title=f"The way of {name}")
