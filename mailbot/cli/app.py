"""The command line: the table of all commands, and the one place where our errors become a sentence and an exit code.

A command is a line of the table and a function in the module that the line names. That module is imported when the
command is called, so that it can import at its top whatever it needs while ``mailbot --help`` stays instant.
"""

from __future__ import annotations

import gc
import os
import sys
from collections import UserDict
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from mailbot import __version__
from mailbot.errors import MailbotError
from scoring.text import inert

WRONG_CALL = 2


@dataclass(frozen=True, slots=True)
class Listed:
    """A command as ``mailbot --help`` lists it."""

    group: str
    #: The module of this package, and in it the function, or the app of a command that has subcommands.
    place: str
    #: The first paragraph of the function's docstring, or the help of the app.
    help: str


COMMANDS = {
    "init": Listed(
        "Set up",
        "init:init",
        "Ask a few questions, write the config with its folders and secrets, and print the next steps.",
    ),
    "demo": Listed(
        "Set up",
        "demo:demo",
        "Run a whole challenge offline: mailbox, teams, mails, scores, replies, leaderboard. Under a minute.",
    ),
    "login": Listed("Set up", "install:login", "Log in to the mail provider by OAuth and store the refresh token."),
    "install-service": Listed(
        "Set up",
        "install:install_service",
        "Write a systemd unit: sandboxed, watched, restarted, with the passwords as credentials.",
    ),
    "teams": Listed(
        "Set up",
        "teams:teams",
        "Teams: list, add, import, rename or merge them, make keys, switch letters, hide or disqualify them.",
    ),
    "ids": Listed(
        "Set up", "scores:ids", "Print the ids of the items for the teams' checker: sorted, and without labels."
    ),
    "man": Listed("Set up", "man:man", "Print the manual page: `mailbot man > mailbot.1`, then `man -l mailbot.1`."),
    "docs": Listed("Set up", "man:docs", "Open the handbook in a browser, or print its address; needs no network."),
    "run": Listed(
        "Run", "run:run", "Run the daemon: fetch, score, answer and publish until SIGTERM; SIGHUP reloads the config."
    ),
    "once": Listed(
        "Run",
        "run:once",
        "Make one pass: fetch, process, send, publish if due. Exit code 1 when mails or replies are left over.",
    ),
    "ingest": Listed(
        "Run",
        "run:ingest",
        "Process mails from files as if they had been fetched. Replies wait in the outbox until `mailbot send`.",
    ),
    "send": Listed(
        "Run", "run:send", "Send the replies in the outbox that are due. Exit code 1 when some are left over."
    ),
    "score": Listed(
        "Score",
        "scores:score",
        "Score a file without a mail; nothing is recorded. Exit code 0 accepted, 1 refused, 2 called wrongly.",
    ),
    "rescore": Listed(
        "Score",
        "scores:rescore",
        "Recalculate the scores of accepted submissions with the current labels and formulas; old ones are kept.",
    ),
    "truth": Listed("Score", "truth:truth", "Labels: correct them, withdraw items, see what changed."),
    "verify": Listed(
        "Score",
        "checks:verify",
        "Recalculate a submission's scores, with our code and with scipy. Exit code 1 when anything disagrees.",
    ),
    "similar": Listed(
        "Score",
        "checks:similar",
        "List submissions of different teams that look alike. This proves nothing, and nothing is refused for it.",
    ),
    "items": Listed(
        "Score",
        "checks:items",
        "List the items that nearly all teams get wrong, and those that nobody answers. For organizers alone.",
    ),
    "simulate-attack": Listed(
        "Score",
        "checks:simulate_attack",
        "Simulate score probing against made-up labels: how many points a number of mails would gain.",
    ),
    "disputes": Listed("Score", "disputes:list_disputes", "List the scores that teams dispute, oldest first."),
    "rule": Listed(
        "Score",
        "disputes:rule",
        "Close the dispute about a submission and tell the team. Labels are corrected with `mailbot truth`.",
    ),
    "publish": Listed(
        "Publish",
        "boards:publish",
        "Publish the leaderboard now. Exit code 1 when the Google Sheet could not be written.",
    ),
    "board": Listed(
        "Publish",
        "boards:board",
        "Show the leaderboard as it would be published now, or as of an earlier day; withdraw a published one.",
    ),
    "page": Listed(
        "Publish", "boards:page", "Regenerate the results page and the files of the last board, and run page.command."
    ),
    "letters": Listed(
        "Publish",
        "letters:letters",
        "Queue the letters that are due, as the daemon does automatically; --dry-run shows those of this moment.",
    ),
    "announce": Listed(
        "Publish",
        "letters:announce",
        "Write a letter from a file to all teams or some, each once. It is shown first.",
    ),
    "doctor": Listed("Maintain", "maintain:doctor", "Check every part and say how to fix what is wrong."),
    "stuck": Listed("Maintain", "mails:stuck", "Mails that were set aside: list, show, retry or drop them."),
    "backup": Listed(
        "Maintain",
        "maintain:backup",
        "Copy the ledger, spool and daybook while mailbot runs, with a manifest of checksums.",
    ),
    "restore": Listed(
        "Maintain",
        "maintain:restore",
        "Verify a backup and copy it into the state folder, which must not hold a ledger yet.",
    ),
    "rebuild": Listed(
        "Maintain",
        "maintain:rebuild",
        "Make a new ledger from the mails and the daybook; the old one is kept.",
    ),
    "migrate-ledger": Listed(
        "Maintain",
        "hosts:migrate_ledger",
        "Copy the whole ledger into an empty SQLite or PostgreSQL database; the present one stays. Stop mailbot first.",
    ),
    "export": Listed(
        "Maintain",
        "maintain:export",
        "Export the whole contest as files with a manifest of checksums. Exit code 1 when a file is missing.",
    ),
    "forget": Listed(
        "Maintain",
        "maintain:forget",
        "Erase a team's addresses, mails and texts permanently; its scores stay under a pseudonym. Stop mailbot first.",
    ),
    "status": Listed(
        "Inspect",
        "status:status",
        "Show the state of the contest on one screen: loops, mails, outbox, quota, boards, deadline, labels.",
    ),
    "lead": Listed(
        "Inspect",
        "hosts:lead",
        "Show which host leads on a shared ledger, and which stand by; --yield hands over. Exit code 1 if none leads.",
    ),
    "top": Listed("Inspect", "status:top", "Show the same screen live, updated every two seconds, until q or Ctrl-C."),
    "desk": Listed(
        "Inspect",
        "desk:desk",
        "Open the organizers' desk: the contest in a browser, on this machine only. Prints a login link, good once.",
    ),
    "trace": Listed(
        "Inspect",
        "mails:trace",
        "Show the history of a mail: arrival, outcome, submissions, scores, rulings, reply and its delivery.",
    ),
    "mails": Listed("Inspect", "mails:mails", "Mails: list them, approve held ones, assign those of unknown senders."),
    "submissions": Listed(
        "Inspect",
        "submissions:submissions",
        "Submissions: list, show, accept, hide, disqualify, reinstate or select them.",
    ),
    "entries": Listed("Inspect", "entries:entries", "List what teams sent besides result files: code, models, papers."),
    "outbox": Listed("Inspect", "outbox:outbox", "Outbox: list our replies, show one, send one again."),
    "audit": Listed("Inspect", "audit:audit", "Audit trail: list it, verify it, seal it."),
}


@cache
def load(name: str) -> Any:  # noqa: ANN401  # typer does not export the class of all its commands
    """Return a command, made once from the module that holds it."""
    listed = COMMANDS[name]
    module, _, attribute = listed.place.partition(":")
    found = getattr(import_module(f"mailbot.cli.{module}"), attribute)
    alone = typer.Typer()
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name, rich_help_panel=listed.group)
    else:
        alone.command(name, rich_help_panel=listed.group)(found)
    return get_group(alone).commands[name]


class _Loaded(UserDict[str, Any]):
    """The commands by name, each loaded when it is asked for."""

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401  # the same
        """Return a command."""
        if self.data[name] is None:
            self.data[name] = load(name)
        return self.data[name]


class _Commands(TyperGroup):
    """All commands. Help and completion list them from the table; the one that is called is loaded."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  # whatever typer makes a group with
        super().__init__(**settings)
        self.commands = _Loaded(dict.fromkeys(COMMANDS))

    def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002  # what a click group is asked with
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> TyperCommand | None:  # noqa: ARG002  # the same
        """Return what a list shows of a command; None for one that is not in the table."""
        listed = COMMANDS.get(cmd_name)
        return TyperCommand(cmd_name, help=listed.help, rich_help_panel=listed.group) if listed else None

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401  # the same
        """Return the command that the arguments name, ready to be called."""
        name, found, rest = super().resolve_command(ctx, args)
        command = self.commands[name] if name and found else None
        gc.freeze()  # what is loaded stays: it is never looked through
        gc.enable()
        return name, command, rest


app = typer.Typer(
    name="mailbot",
    cls=_Commands,
    help="Run a scientific challenge by e-mail: take result files, score them, answer, publish the leaderboard.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # typer calls it with the flag's value
    if wanted:
        typer.echo(f"mailbot {__version__}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", help="Config file; default ./config.toml, then /etc/mailbot/config.toml.")
    ] = None,
    version: Annotated[  # noqa: ARG001  # its callback has done the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Run a scientific challenge by e-mail: take result files, score them, answer, publish the leaderboard."""
    context.obj = config


def main() -> None:
    """Run a command; a failure is told in a sentence, never in a traceback.

    While the command is loaded nobody looks for garbage, which would take an eighth of that time and find none. Nor
    does pydantic look through all installed packages for plugins of its own.
    """
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        app()
    except MailbotError as error:
        typer.echo(inert(f"mailbot: {error}"), err=True)
        sys.exit(WRONG_CALL)
