"""What the commands share: config and ledger, reading what was typed, and printing for people or programs."""

from __future__ import annotations

import getpass
import json
import os
import re
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailbot import lazily
from mailbot.config import address, calendar, load, servers
from mailbot.errors import Permanent
from mailbot.ledger import Ledger, daybook, events
from mailbot.system import journal
from mailbot.system.owner import become, owner_to_be, owners_of
from scoring.text import escaped, inert

with lazily(__name__):  # few commands show a mail
    import email
    from email import policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from mailbot.config.schema import Config
    from mailbot.ledger import Tx
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.mail.envelope import Outgoing

T = TypeVar("T")

ConfigFile = Annotated[Path | None, typer.Option("--config", help="Config file.", show_default=False)]

OfPhase = Annotated[
    str | None, typer.Option("--phase", help="The phase whose labels and board are meant; default: the current one.")
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]

ROOT = "root"

_PRIVATE = 0o077
"""The umask of whatever writes only into the state folder."""

_said_operator: ContextVar[str | None] = ContextVar("operator", default=None)
"""The operator of the config, once it was read."""

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

WHOLE = 3
"""So many of the mails that an act would send are shown whole."""

INCOMPLETE = 1
"""The exit code when something is left undone, was refused, or disagrees."""

EXIT_CODES = {
    0: "done",
    INCOMPLETE: "something is left undone, was refused, or disagrees",
    2: "the command was called wrongly, the config is wrong, or the command could not be carried out",
}


def said(why: str) -> str:
    """Return a reason as it was typed. Raises typer.BadParameter for an empty one, and for one with an address."""
    if not why.strip():
        raise typer.BadParameter("say why, in a sentence")
    return nameless(why)


def nameless(why: str) -> str:
    """Return a reason as it was typed. Raises typer.BadParameter for an address."""
    if address.names_somebody(why):
        raise typer.BadParameter("name no address: the reason is kept permanently")
    return why


Why = Annotated[str, typer.Option(help="The reason, in a sentence; it is kept permanently.", callback=said)]


def load_config(context: typer.Context, given: Path | None) -> Config:
    """Load the config named after the command or before it, else the one at a default place. Raises ConfigError."""
    path = load.find(given or context.find_root().obj)
    config = load.load(path)
    if config.published.is_relative_to(config.state):
        os.umask(_PRIVATE)  # where others are to read what is published, their own umask says so
    _work_as_owner(config, path.absolute())
    _said_operator.set(config.operator)
    if events.actor.get() == ROOT:  # the command said so before it knew the config
        act_as_organizer()
    return config


def _work_as_owner(config: Config, path: Path) -> None:
    """Where root calls and the state folder or the config is another's, work as that one from here on, and say so.

    Passwords that only root can read are read before, if the config that names them is root's own. Who typed the
    command stays known by the login name.
    """
    owners = owners_of(path, config.state)
    if not owners:
        return
    names = sorted(owner.name for owner in owners)
    if config.state.exists() and not owner_to_be(config.state):
        names.append(ROOT)  # whoever can change the config could not even read the state
    if len(names) > 1:
        message = (
            f"{path} and {config.state} are of {' and '.join(names)}: root works for one alone; give both to one user"
        )
        raise Permanent(message)
    (owner,) = owners
    theirs = next((each for each in (config.state, path, path.parent) if owner_to_be(each)), config.state.parent)
    whose = f"whose {theirs} is"
    if not owner_to_be(path) and not owner_to_be(path.parent):
        passwords = [server.password_file for server in (config.imap, config.smtp) if server]
        servers.remember([*passwords, config.sheet.credentials_file])
    os.environ["LOGNAME"] = ROOT
    try:
        become(owner, config.state if config.state.exists() else path.parent)
    except OSError as error:
        message = f"root cannot work as {owner.name}, {whose} ({error.strerror}): call it as that user"
        raise Permanent(message) from error
    typer.echo(f"mailbot: works as {owner.name}, {whose}; files it is given or writes must be theirs", err=True)


def begun(config: Config) -> Config:
    """Return the config. Raises Permanent when there is no state folder yet: a read-only command never creates one."""
    if not config.state.exists():
        message = f"no ledger in {config.state} yet: `mailbot run` begins one, if `state` in the config is right"
        raise Permanent(message)
    return config


@contextmanager
def opened_ledger(config: Config, *, begin: bool = False) -> Iterator[Ledger]:
    """Open the ledger and nothing else. Raises Permanent without a state folder, unless it may ``begin`` one."""
    if not begin:
        begun(config)
    ledger = daybook.open_ledger(config.ledger, config.state)
    try:
        yield ledger
        daybook.hand_over(ledger, config.state)
    finally:
        ledger.close()


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Write into a folder that the organizer named. Raises Permanent with a sentence for an error of the system."""
    try:
        yield
    except OSError as error:
        message = f"{error.filename or folder} cannot be used ({error.strerror or error.__class__.__name__})"
        raise Permanent(message) from error


def act_as_organizer() -> None:
    """Record the user who typed the command as the actor of every entry of the audit trail.

    Behind root stands a person: the one who called sudo, else the ``operator`` of the config, else who answers on the
    terminal.
    """
    user = getpass.getuser()
    events.actor.set(_behind_root() if user == ROOT else user)


def _behind_root() -> str:
    """Return who works as root; root where nobody says."""
    person = os.environ.get("SUDO_USER", "")
    if person and person != ROOT:
        return person
    said_operator = _said_operator.get()
    if said_operator is None or said_operator or not sys.stdin.isatty():
        return said_operator or ROOT
    answer = str(typer.prompt("You work as root; the audit trail wants a name (`operator` in the config spares this)"))
    _said_operator.set(nameless(answer.strip()))
    return answer.strip()


def ask(question: str, *, yes: bool, for_good: bool = False) -> None:
    """Ask on a terminal whether to go on, unless ``yes``. What is ``for_good`` wants --yes where nobody can answer.

    Raises typer.Abort for a no, and Permanent.
    """
    if yes:
        return
    if sys.stdin.isatty():
        typer.confirm(question, abort=True)
    elif for_good:
        message = "this cannot be undone, and there is no terminal to ask on: --yes does it"
        raise Permanent(message)


def show_mails(rows: Sequence[OutgoingRow | Outgoing], *, err: bool = False) -> None:
    """Print mails that an act would send as their readers will see them: the first few whole, of the others to whom."""
    for row in rows[:WHOLE]:
        typer.echo(f"{readable(row.message, 'To', 'Subject')}{'-' * 72}", err=err)
    if others := rows[WHOLE:]:
        typer.echo(f"and {len(others)} like these to {', '.join(row.recipient for row in others)}", err=err)


def set_up_journal(*, as_json: bool = False, quiet: bool = False) -> None:
    """Write the journal to standard error."""
    journal.set_up(as_json=as_json, quiet=quiet)


def decide(context: typer.Context, config: Path | None, act: Callable[[Tx, datetime], T]) -> T:
    """Carry out an organizer's decision in one transaction, and return what it returns."""
    act_as_organizer()
    with opened_ledger(load_config(context, config)) as ledger, ledger.write("ruling") as tx:
        return act(tx, calendar.now())


def emit(
    rows: Sequence[Mapping[str, Any]],
    *,
    as_json: bool,
    columns: Mapping[str, Callable[[Any], str] | None],
    title: str,
    style: Callable[[Mapping[str, Any]], str] = lambda _: "",
) -> None:
    """Print rows: all fields as a JSON list, or the named columns as a table, its first cell in the row's style."""
    if as_json:
        typer.echo(escaped(json.dumps(list(rows), ensure_ascii=False, indent=2, default=str)))
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for name in columns:
        numeric = any(isinstance(row.get(name), int | float) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        first, *rest = (_cell(row.get(name), shape) for name, shape in columns.items())
        table.add_row(Text(first, style(row)), *map(Text, rest))
    console().print(table if rows else f"{title}: none")


def console() -> Console:
    """Return what prints to people; a name as ``:tada:`` is printed as it is, and rich's list of them never loaded."""
    return Console(emoji=False)


def _cell(value: Any, shape: Callable[[Any], str] | None) -> str:  # noqa: ANN401  # a cell of any row
    if value is None:
        return "–"
    return inert(shape(value) if shape else str(value))


def rfc3339(instant: datetime | None, zone: ZoneInfo) -> str | None:
    """Write an instant for programs, with the challenge's offset."""
    return instant.astimezone(zone).isoformat(timespec="seconds") if instant else None


def short(text: str) -> str:
    """Show an RFC 3339 instant to people: to the minute."""
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M")


def two(value: float) -> str:
    """Show a score to two decimals."""
    return f"{value:.2f}"


def number(text: str, letter: str) -> int:
    """Read a public id (``S-000012``, ``s12``, ``12``). Raises Permanent."""
    matched = re.fullmatch(rf"(?:{letter}-?)?0*(\d{{1,18}})", text.strip(), flags=re.IGNORECASE)
    if not matched:
        message = f"{text!r} is not an id; it looks like {letter}-000012"
        raise Permanent(message)
    return int(matched[1])


def readable(message: bytes, *names: str) -> str:
    """Return a message as its reader sees it: the headers of these names, and the text."""
    mail = email.message_from_bytes(message, policy=policy.default)
    text = mail.get_body(("plain",))
    headers = "\n".join(f"{name}: {mail[name]}" for name in names)
    body = text.get_content().replace("\r\n", "\n") if text else ""
    return inert(f"{headers}\n\n{body}")
