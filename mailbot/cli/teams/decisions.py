"""teams letters, key, grant, extend, disqualify, hide, reinstate: what the organizers decide about teams."""

from __future__ import annotations

import secrets
import shlex
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot import flow
from mailbot.cli.common import (
    ConfigFile,
    Why,
    Yes,
    act_as_organizer,
    ask,
    decide,
    load_config,
    opened_ledger,
    said,
    set_up_journal,
    show_mails,
    writing,
)
from mailbot.cli.letters import read_letter, show_drafts
from mailbot.cli.teams.roster import TeamName, teams
from mailbot.config import calendar
from mailbot.errors import Permanent
from mailbot.identity import keys as identity
from mailbot.identity import roster
from mailbot.ledger import events, rulings
from mailbot.letters import written
from mailbot.mail import teamkey
from mailbot.model import Exclusion
from mailbot.operations import deadlines
from mailbot.operations import teams as changes

if TYPE_CHECKING:
    from mailbot.letters.written import Drafts


class Switch(StrEnum):
    """The two positions of a switch."""

    ON = "on"
    OFF = "off"


@teams.command("letters")
def switch_letters(
    context: typer.Context,
    name: TeamName,
    wanted: Annotated[Switch, typer.Argument(metavar="on|off", help="Whether it gets letters.")],
    config: ConfigFile = None,
) -> None:
    """Switch a team's weekly letters and reminders on or off. Replies are always sent.

    Undo: the same command with the other word.
    """
    act_as_organizer()
    with opened_ledger(load_config(context, config)) as ledger, ledger.write("team-letters") as tx:
        known = roster.switch_letters(tx, name, wanted=wanted is Switch.ON, now=calendar.now())
    if known is None:
        message = f"no team is named {name!r}; `mailbot teams list` names them all"
        raise Permanent(message)
    typer.echo(f"Letters to {known} are {wanted}.")


@teams.command("key")
def new_key(context: typer.Context, name: TeamName, yes: Yes = False, config: ConfigFile = None) -> None:
    """Make a new key for a team and print it once; the old key becomes invalid.

    Undo: none; the old key is invalid.
    """
    act_as_organizer()
    loaded = load_config(context, config)
    ask(f"A key that {name} has becomes invalid permanently. Create a new one?", yes=yes, for_good=True)
    with opened_ledger(loaded) as ledger:
        secret, randomness = identity.of(loaded.state, ledger), secrets.token_bytes(teamkey.BYTES)
        with ledger.write("team-key") as tx:
            team, text = identity.new_key(tx, name, secret=secret, randomness=randomness, now=calendar.now())
    local, _, domain = loaded.challenge.address.rpartition("@")
    typer.echo(f"The key of {team.name}, shown this once; the old one is invalid:\n\n  {text}\n")
    typer.echo(f"The team writes to {local}+{text}@{domain}\nor puts [key {text}] into the subject.")


@teams.command("grant")
def grant(
    context: typer.Context,
    name: TeamName,
    track: Annotated[str, typer.Argument(help="The track, for example siqa-u.")],
    why: Why,
    more: Annotated[int, typer.Option(min=1, max=100, help="How many submissions more.")] = 1,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Raise a team's quota on a track for this week and phase; submissions that were over quota must be sent again.

    Undo: none; it ends with the week.
    """
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        if track not in wired.challenge.tracks:
            message = f"there is no track {track!r}; the config has {', '.join(wired.challenge.tracks)}"
            raise Permanent(message)
        with wired.ledger.read() as tx:
            before, phase = changes.granted(tx, name), changes.only_in(tx, wired.challenge, name, wired.clock())
        when = f"this week in phase {phase} (in no other phase)" if phase else "this week"
        question = f"{name} may send {more} more on {track} {when}, and may use that at once. Grant it?"
        ask(question, yes=yes, for_good=True)
        with wired.ledger.write("grant") as tx:
            now = wired.clock()
            team, has = changes.grant(tx, wired.challenge, name, track, more=more, why=why, now=now, after=before)
    typer.echo(f"{team.name} may have {has.per_week} submissions accepted on {track} {when}, and has {has.left} left.")


@teams.command("extend")
def extend(
    context: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar="[TEAM] PHASE", help="The team, and the phase's name.")],
    until: Annotated[str, typer.Option(metavar="INSTANT", help="The new end, for example 2026-04-27T12:00:00+08:00.")],
    why: Annotated[str, typer.Option("--why", help="The reason; teams are told it. It is kept.", callback=said)],
    everyone: Annotated[bool, typer.Option("--all", help="For all teams; TEAM is left out.")] = False,
    tell: Annotated[bool, typer.Option("--tell", help="Write to those concerned.")] = False,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Move the end of a phase, for one team or for all.

    For all, the rules page changes at once; what was refused as late before is taken by `mailbot submissions accept`.

    Undo: the same command with the earlier instant; a letter has none.
    """
    if len(words) != (1 if everyone else 2):
        message = "write `mailbot teams extend TEAM PHASE ...`, or `mailbot teams extend --all PHASE ...`"
        raise Permanent(message)
    name, phase = (None if everyone else words[0]), words[-1]
    act_as_organizer()
    set_up_journal(quiet=True)
    loaded = load_config(context, config)
    with flow.opened(loaded) as wired:
        zone = loaded.challenge.zone
        move = deadlines.look(wired, phase, _instant(until), team=name)
        was, becomes = (calendar.shown(at, zone) for at in (move.was, move.extension.until))
        typer.echo(f"Phase {phase!r} closes {was} for {move.extension.team or 'all teams'}; it would close {becomes}.")
        if move.warning:
            typer.echo(move.warning)
        typer.echo(f"{len(mails := deadlines.letters(wired, move, why) if tell else [])} letter(s) would be sent.")
        show_mails(mails)
        ask("Move it?", yes=yes, for_good=bool(mails))
        told = deadlines.carry_out(wired, move, why, tell=tell)
    if everyone:
        with flow.opened(loaded) as wired:
            wired.publisher.refresh()
    typer.echo(f"Moved; {told} letter(s) queued. A running mailbot follows at once.")


def _instant(text: str) -> datetime:
    """Read an instant with its offset. Raises Permanent."""
    try:
        found = calendar.within_reach(datetime.fromisoformat(text))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        message = f"--until {text}: write an instant with its offset, as 2026-04-27T12:00:00+08:00"
        raise Permanent(message)
    return found


@teams.command("disqualify")
def disqualify_team(
    context: typer.Context,
    name: TeamName,
    why: Why,
    tell: Annotated[bool, typer.Option("--tell", help="Write to the team; the letter is shown first.")] = False,
    draft: Annotated[
        Path | None, typer.Option("--draft", metavar="FILE", help="Only write that letter into a new file, to edit it.")
    ] = None,
    letter: Annotated[
        Path | None, typer.Option("--letter", metavar="FILE", help="With --tell: the edited letter.")
    ] = None,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Exclude a team that breaks the rules from the board. Its mails are still answered.

    Undo: `mailbot teams reinstate`; a letter has none.
    """
    if not tell and draft is None:
        if letter is not None:
            raise Permanent("--letter goes with --tell")
        _exclude(context, config, name, Exclusion.DISQUALIFIED, why)
        return
    act_as_organizer()
    set_up_journal(quiet=True)
    edited = read_letter(letter) if letter else None
    with flow.opened(load_config(context, config)) as wired:
        with wired.ledger.read() as tx:
            drafts = written.disqualification(tx, wired.challenge, name, why)
        if edited:
            drafts = replace(drafts, letters=[one.edited(*edited) for one in drafts.letters])
        if draft is not None:
            _write_draft(draft, drafts)
            return
        show_drafts(wired.challenge, drafts)
        ask(f"Disqualify it and send {len(drafts.letters)} letter(s)?", yes=yes, for_good=bool(drafts.letters))
        with wired.ledger.write("disqualify") as tx:
            registered = rulings.exclude_team(tx, name, Exclusion.DISQUALIFIED, why, wired.clock())
            told = written.queue(tx, wired.challenge, drafts.letters, wired.clock())
    typer.echo(f"{registered} is disqualified: the next board leaves it out. {told} letter(s) queued.")


def _write_draft(file: Path, drafts: Drafts) -> None:
    """Write a draft for an organizer to edit. Raises Permanent when the file is there."""
    if file.exists():
        message = f"{file} already exists"
        raise Permanent(message)
    with writing(file.parent):
        for one in drafts.letters:
            file.write_text(f"Subject: {one.title}\n\n{one.text.strip()}\n", encoding="utf-8")
    named = shlex.quote(drafts.letters[0].team.name) if drafts.letters else ""
    sends = f"mailbot teams disqualify {named} --why … --tell --letter {shlex.quote(str(file))}"
    typer.echo(f"Wrote {file}. Edit it, then: {sends}" if named else "There is nobody to write to.")


@teams.command("hide")
def hide_team(context: typer.Context, name: TeamName, why: Why, config: ConfigFile = None) -> None:
    """Hide a team from the board while you look into it.

    Undo: `mailbot teams reinstate`.
    """
    _exclude(context, config, name, Exclusion.HIDDEN, why)


@teams.command("reinstate")
def reinstate_team(context: typer.Context, name: TeamName, why: Why, config: ConfigFile = None) -> None:
    """Let a team's submissions count again.

    Undo: `mailbot teams disqualify` or `mailbot teams hide`.
    """
    registered, is_final = decide(
        context, config, lambda tx, now: (rulings.reinstate_team(tx, name, why, now), events.finished(tx, phase=None))
    )
    typer.echo(f"{registered} counts again, from the next board on. No mail is sent: `mailbot announce FILE --to` can.")
    if is_final:
        typer.echo("Final results are published without it: `mailbot publish --final` publishes them again, and asks.")


def _exclude(context: typer.Context, config: Path | None, name: str, kind: Exclusion, why: str) -> None:
    """Exclude a team from the board, and say so."""
    registered = decide(context, config, lambda tx, now: rulings.exclude_team(tx, name, kind, why, now))
    typer.echo(f"{registered} is {kind}: the next board leaves it out. Boards published before stay.")
