"""The commands, gathered; and the one place where our errors become a sentence and an exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mailbot import __version__
from mailbot.cli import (
    audit,
    boards,
    checks,
    disputes,
    entries,
    init,
    install,
    letters,
    mails,
    maintain,
    man,
    outbox,
    run,
    scores,
    status,
    submissions,
    teams,
    truth,
)
from mailbot.errors import MailbotError

WRONG_CALL = 2

app = typer.Typer(
    name="mailbot",
    help="Run a scientific challenge by e-mail: take result files, score them, answer, publish the leaderboard.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(rich_help_panel="Begin")(init.init)
app.command(rich_help_panel="Begin")(init.demo)
app.command(rich_help_panel="Begin")(install.login)
app.command("install-service", rich_help_panel="Begin")(install.install_service)
app.command(rich_help_panel="Run")(run.run)
app.command(rich_help_panel="Run")(run.once)
app.command(rich_help_panel="Run")(run.ingest)
app.command(rich_help_panel="Run")(run.send)
app.command(rich_help_panel="Score")(scores.score)
app.command(rich_help_panel="Score")(scores.rescore)
app.command("similar", rich_help_panel="Score")(checks.alike)
app.add_typer(truth.truth, name="truth", rich_help_panel="Score")
app.command(rich_help_panel="Score")(checks.verify)
app.command("simulate-attack", rich_help_panel="Score")(checks.simulate_attack)
app.command(rich_help_panel="Score")(scores.ids)
app.command(rich_help_panel="Publish")(boards.publish)
app.command(rich_help_panel="Publish")(boards.page)
app.command(rich_help_panel="Publish")(boards.board)
app.command(rich_help_panel="Publish")(letters.letters)
app.command(rich_help_panel="Begin")(man.man)
app.command(rich_help_panel="Care")(maintain.doctor)
app.command(rich_help_panel="Care")(maintain.backup)
app.command(rich_help_panel="Care")(maintain.export)
app.command(rich_help_panel="Care")(maintain.forget)
app.command(rich_help_panel="Care")(maintain.restore)
app.command(rich_help_panel="Care")(maintain.rebuild)
app.add_typer(mails.stuck, name="stuck", rich_help_panel="Care")
audit.audit.command("list")(audit.list_audit)
app.add_typer(audit.audit, name="audit", rich_help_panel="Care")
app.command(rich_help_panel="Care")(disputes.rule)
app.command(rich_help_panel="Look")(entries.entries)
app.command("disputes", rich_help_panel="Look")(disputes.list_disputes)
submissions.submissions.command()(submissions.disqualify)
submissions.submissions.command()(submissions.hide)
submissions.submissions.command()(submissions.reinstate)
submissions.submissions.command()(submissions.select)
teams.teams.command("disqualify")(teams.disqualify_team)
teams.teams.command("hide")(teams.hide_team)
teams.teams.command("reinstate")(teams.reinstate_team)
teams.teams.command("grant")(teams.grant)
app.command(rich_help_panel="Look")(status.status)
app.command(rich_help_panel="Look")(status.top)
app.command(rich_help_panel="Look")(mails.trace)
app.add_typer(submissions.submissions, name="submissions", rich_help_panel="Look")
app.add_typer(outbox.outbox, name="outbox", rich_help_panel="Look")
app.add_typer(mails.mails, name="mails", rich_help_panel="Look")
app.add_typer(teams.teams, name="teams", rich_help_panel="Look")


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
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """Run a scientific challenge by e-mail: take result files, score them, answer, publish the leaderboard."""
    context.obj = config


def main() -> None:
    """Run a command; what fails says why in a sentence, never in a traceback."""
    try:
        app()
    except MailbotError as error:
        typer.echo(f"mailbot: {error}", err=True)
        sys.exit(WRONG_CALL)
