"""init: asks a few questions and writes a folder to begin with."""

from __future__ import annotations

import shlex
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from mailbot.cli import interview
from mailbot.cli.common import writing
from mailbot.cli.interview import EXAMPLE_DOMAIN
from mailbot.config import load
from mailbot.config.providers import PROFILES
from mailbot.config.starter import CONFIG, PASSWORDS, SHEET_KEY, Answers, by_oauth, config_text, is_filled, lay_out
from mailbot.config.starters import STARTERS
from mailbot.errors import Permanent
from mailbot.operations.start import Choose, Start, score_at_once, start_of
from scoring.labels.seen import ROLES, Seen
from scoring.table import normal

GivenLabels = Annotated[
    list[str] | None, typer.Option("--labels", metavar="TRACK=FILE", help="A label file to copy; may be repeated.")
]

Columns = Annotated[
    list[str] | None,
    typer.Option("--column", metavar="NAME=ROLE", help=f"What a column of the labels is: {', '.join(ROLES)}."),
]

Organizers = Annotated[
    list[str] | None, typer.Option("--organizer", help="Address to alert when something fails; may be repeated.")
]


AskNothing = Annotated[
    bool, typer.Option("--yes", "-y", help="Ask nothing; use defaults for everything that is not given.")
]


FromLabels = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Begin with these labels: propose the track that fits them.")
]


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to; created if missing.")],
    preset: Annotated[
        str | None, typer.Option(help=f"What to begin with: siqa (the default), {', '.join(STARTERS)}.")
    ] = None,
    from_labels: FromLabels = None,
    column: Columns = None,
    profile: Annotated[str | None, typer.Option(help=f"The mail provider: {', '.join(PROFILES)}.")] = None,
    address: Annotated[str | None, typer.Option(help="The official submission address.")] = None,
    imap_host: Annotated[str | None, typer.Option(help="Host of the IMAP server.")] = None,
    smtp_host: Annotated[str | None, typer.Option(help="Host of the SMTP server.")] = None,
    imap_port: Annotated[int | None, typer.Option(help="Its port; default: 993.")] = None,
    smtp_port: Annotated[int | None, typer.Option(help="The port of the SMTP server; default: 465.")] = None,
    user: Annotated[str | None, typer.Option(help="The login name; default: the address.")] = None,
    organizers: Organizers = None,
    contact: Annotated[str | None, typer.Option(help="Address for the teams' questions, shown in replies.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Take mails that arrived since; default: the first start.")
    ] = None,
    opens: Annotated[str | None, typer.Option(metavar="DATE", help="When submissions open; default: at once.")] = None,
    closes: Annotated[str | None, typer.Option(metavar="DATE", help="When they close; default: never.")] = None,
    labels: GivenLabels = None,
    sheet: Annotated[str | None, typer.Option(help="Google Sheet for the leaderboard: its address or id.")] = None,
    yes: AskNothing = False,
) -> None:
    """Ask a few questions, write the config with its folders and secrets, and print the next steps.

    Undo: delete the folder.
    """
    _refuse_what_is_there(folder)
    ask = interview.prompt if (asking := sys.stdin.isatty() and not yes) else interview.default
    preset, from_labels = interview.kind(ask, preset, from_labels)
    start = start_of(preset, from_labels, _choosing(column or [], asking=asking))
    tracks = [] if start else interview.tracks(preset)
    if asking:
        typer.echo(f"  Preset {preset}; for a challenge of your own see docs/scoring/tracks.md.")
    answers = interview.first_answers("" if start else preset, interview.profile(ask, profile), tracks)
    if start:
        declared = {start.track: start.declaration}
        answers = replace(answers, labels={start.track: f"labels/{start.name}"}, declared=declared)
    hosts, ports = {"imap": imap_host, "smtp": smtp_host}, {"imap": imap_port, "smtp": smtp_port}
    answers = interview.servers(ask, answers, address, hosts=hosts, ports=ports, user=user)
    password = interview.password(folder, answers) if asking else ""
    answers = interview.people(ask, answers, sheet=sheet, organizers=organizers, contact=contact)
    answers = interview.dates(ask, answers, since=since, opens=opens, closes=closes)
    found = interview.label_files(ask, answers, tracks, labels or [])
    answers = replace(answers, labels=interview.places(found) or answers.labels)
    _write(folder, answers, found, password, start)
    _print_next_steps(folder, answers)


def _columns(told: Mapping[str, str], looks: Mapping[str, Seen]) -> Mapping[str, str]:
    """Ask what each column of a label file is; ``told`` says it of some; else what it looks like is the default."""

    def check(said: str) -> None:
        if said not in ROLES:
            message = f"write one of {', '.join(ROLES)}"
            raise Permanent(message)

    for role, meaning in ROLES.items():
        typer.echo(f"  {role:13} {meaning}")
    for look in looks.values():
        if look.doubt:
            typer.echo(f"  In doubt: {look.doubt}")
    ask = interview.prompt
    return {name: ask(f"What is the column {name}", told.get(name), look.role, check) for name, look in looks.items()}


def _choosing(column: Sequence[str], *, asking: bool) -> Choose:
    """Return what says what the columns of labels are: the flags, and a person where one can be asked."""
    told = _columns_told(column)
    return partial(_columns, told) if asking else lambda _looks: told


def _columns_told(given: Sequence[str]) -> dict[str, str]:
    """Return what flags say of columns, as ``count=numbers``. Raises Permanent."""
    told = {normal(name): role for name, _, role in (one.rpartition("=") for one in given)}
    if wrong := [one for one in given if one.rpartition("=")[2] not in ROLES or not one.rpartition("=")[0]]:
        message = f"--column {wrong[0]}: write NAME=ROLE, a role being one of {', '.join(ROLES)}"
        raise Permanent(message)
    return told


def _write(
    folder: Path, answers: Answers, found: Mapping[str, Path | None], password: str, start: Start | None
) -> None:
    """Check the config and write the folder, with a sample that is scored at once. Raises ConfigError, Permanent."""
    _check(answers, folder, found)
    with writing(folder):
        lay_out(folder, answers, found, password, start.labels if start else None)
        if start:
            typer.echo("\n".join(score_at_once(folder, start)))


def _refuse_what_is_there(folder: Path) -> None:
    """Raise Permanent when the folder holds a config already, or is a file."""
    target = folder / CONFIG
    if target.exists():
        message = f"{target} exists already; it is left as it is"
        raise Permanent(message)
    if folder.exists() and not folder.is_dir():
        message = f"{folder} is a file; name a folder to begin in"
        raise Permanent(message)


def _check(answers: Answers, folder: Path, labels: Mapping[str, Path | None]) -> None:
    """Check the config and the label files before anything is written. Raises ConfigError."""
    given = tomllib.loads(config_text(answers))
    config = load.build(given, base=folder.resolve(), origin="these answers", with_files=False)
    interview.load_labels(config, {name: path for name, path in labels.items() if path})


def _print_next_steps(folder: Path, answers: Answers) -> None:
    """Print what is left to do by hand, and the commands that follow."""
    target = folder / CONFIG
    waiting = [name for name in answers.labels.values() if not (folder / name).is_file()]
    needs_app = by_oauth(answers.profile)
    empty = [name for name in PASSWORDS if not needs_app and not is_filled(folder / name)]
    said = (answers.address, answers.user, *answers.hosts.values())
    made_up = any(each.endswith((f"@{EXAMPLE_DOMAIN}", f".{EXAMPLE_DOMAIN}")) for each in said)
    todo = [
        *([f"write your own address and hosts where {CONFIG} says {EXAMPLE_DOMAIN}"] if made_up else []),
        *([f"put the label files in place ({', '.join(waiting)})"] if waiting else []),
        *([f"write the passwords into {' and '.join(empty)}"] if empty else []),
        *([f"put the service account's key into {SHEET_KEY} (chmod 600)"] if answers.sheet else []),
        *(["set oauth.client_id, then call `mailbot login` there"] if needs_app else []),
        "list the teams in teams.csv",
    ]
    mailbot = f"mailbot --config {shlex.quote(str(target))}"
    only = f" --track {next(iter(answers.labels))}" if len(answers.labels) > 1 else ""
    typer.echo(f"Wrote {target}. The next three steps:")
    typer.echo(f"  1. In {folder}: {'; '.join(todo)}.")
    if empty or needs_app:
        typer.echo(f"     {PROFILES[answers.profile].how_to_log_in}")
    typer.echo(f"  2. {mailbot} doctor --online")
    typer.echo(f"     It lists what still needs fixing. Try a file: {mailbot} score FILE{only}")
    typer.echo(f"  3. {mailbot} once    makes one pass; then run it permanently: {mailbot} run")
    typer.echo(
        f"Without a mailbox: {mailbot} ingest FILE.eml ... takes mails from files, `outbox show` shows the answers."
    )
