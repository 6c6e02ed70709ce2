"""truth: the versions of the labels, and which one scores."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot import flow
from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    OfPhase,
    Yes,
    act_as_organizer,
    ask,
    begun,
    emit,
    load_config,
    rfc3339,
    said,
    set_up_journal,
    short,
)
from mailbot.errors import Permanent
from mailbot.evaluation import scorer_versions
from mailbot.operations import acceptance, truths
from scoring.labels.changes import summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.config.stages import Stage
    from mailbot.operations.truths import Difference, Effect
    from mailbot.service import Service

truth = typer.Typer(help="Labels: correct them, withdraw items, see what changed.", no_args_is_help=True)

SHOWN = 16
"""How many digits of a SHA-256 are shown, as in a score's signature."""

Why = Annotated[
    str, typer.Option(help="The reason, in a sentence; teams get it, and it is kept permanently.", callback=said)
]
OfTrack = Annotated[str | None, typer.Option("--track", help="The track; needed when more than one could be meant.")]


@truth.command("add")
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The corrected label file.")],
    why: Why,
    track: OfTrack = None,
    phase: OfPhase = None,
    items: Annotated[bool, typer.Option("--items", help="The file may have other items than the active one.")] = False,
    many: Annotated[bool, typer.Option("--many", help="More than 5 % of the answers may differ.")] = False,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Make corrected labels the active ones. Old scores are kept; `mailbot rescore` calculates the new ones.

    Shows first what changes; on a terminal it asks.

    Undo: `mailbot truth use`, then `mailbot rescore`; a letter has none.
    """
    with _changing(context, config, phase) as (wired, stage):
        effect = truths.effect(wired, truths.from_file(wired, file, track), stage)
        _verify_meant(effect, items=items, many=many)
        _activate(wired, effect, why, yes=yes)


@truth.command("void")
def void(
    context: typer.Context,
    items: Annotated[list[str], typer.Argument(metavar="ID...", help="The items to withdraw from scoring.")],
    why: Why,
    track: OfTrack = None,
    phase: OfPhase = None,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Withdraw items from scoring: result files still contain them, but no score counts them.

    Undo: `mailbot truth use`, then `mailbot rescore`; a letter has none.
    """
    with _changing(context, config, phase) as (wired, stage):
        made = truths.without_items(wired, items, track, stage)
        _activate(wired, truths.effect(wired, made, stage), why, yes=yes)


@truth.command("use")
def use(
    context: typer.Context,
    version: Annotated[str, typer.Argument(metavar="HASH", help="Its SHA-256, or the first digits of it.")],
    why: Why,
    track: OfTrack = None,
    phase: OfPhase = None,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Go back to an earlier version of the labels.

    Undo: the same command with the other version, then `mailbot rescore`; a letter has none.
    """
    with _changing(context, config, phase) as (wired, stage):
        _activate(wired, truths.effect(wired, truths.earlier(wired, version, track), stage), why, yes=yes)


@truth.command("scorer")
def scorer(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The scorer, or the SHA-256 of an earlier version.")],
    why: Why,
    track: OfTrack = None,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Make another version of a track's own scorer the active one. Old scores are kept, as with new labels.

    Shows first what changes; on a terminal it asks. Mails that wait because the scorer failed are scored by it.

    Undo: the same command with the SHA-256 of the earlier version; a letter has none.
    """
    with _changing(context, config, None) as (wired, stage):
        name = truths.the_track(wired, track, lambda each: wired.challenge.tracks[each].own is not None)
        made = scorer_versions.another(wired.labels, wired.ledger, file, name)
        _activate(wired, truths.effect(wired, made, stage), why, yes=yes)


@contextmanager
def _changing(context: typer.Context, config: Path | None, phase: str | None) -> Iterator[tuple[Service, Stage]]:
    """Give the parts to change labels with, as the organizer who typed the command, and the stage that is meant."""
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        yield wired, wired.config.stage_named(phase, wired.clock())


def _verify_meant(effect: Effect, *, items: bool, many: bool) -> None:
    """Refuse a file that looks like a mistake, unless it is said to be meant. Raises Permanent."""
    told = "; ".join(summary(effect.found))
    if effect.other_items and not items:
        other = "" if not effect.stage.name else f" of the {effect.stage.name} phase; --phase names another"
        message = f"the file has other items than the active labels{other} ({told}); if that is meant, add --items"
        raise Permanent(message)
    if effect.many and not many:
        message = f"more than {truths.MANY:.0%} of the answers differ ({told}); if that is meant, add --many"
        raise Permanent(message)


def _activate(wired: Service, effect: Effect, why: str, *, yes: bool) -> None:
    """Show what changes, ask on a terminal, make a truth the active one, and say what comes next."""
    before, made = effect.before, effect.made
    if effect.stage.name:
        typer.echo(f"Labels of the {effect.stage.name} phase.")
    what, own = ("scorer", made.track.own) if effect.other_scorer else ("labels", None)
    told = f"another scorer, {own.sha256[:SHOWN]}" if own else "; ".join(summary(effect.found)) or "no item differs"
    typer.echo(f"{made.track.title}: {told}.")
    if effect.places is None:
        typer.echo(f"Submissions so far cannot be rescored by the new {what}: {effect.obstacle}.")
    else:
        letters = f"with `mailbot rescore --tell` {effect.letters} team(s) get a letter"
        when = "At once" if effect.at_once else "After `mailbot rescore`"
        typer.echo(f"{when}: {effect.rank_moves} rank(s) change; {letters}.")
    waiting = acceptance.refused_by_labels(wired, made.track.name)
    if waiting:
        typer.echo(f"{len(waiting)} file(s) that were refused for their items are tried again:")
        typer.echo("\n".join(f"  {row.receipt} of {row.team}" for row in waiting))
        typer.echo("Those that are right now count from their arrival, and their team gets a letter that says so.")
    ask(f"Make the new {what} active?", yes=yes, for_good=bool(waiting))
    due = scorer_versions.put_in_force(wired.labels, wired.ledger, made, why, wired.clock(), stage=effect.stage.key)
    digits = own.sha256 if own else made.sha256
    typer.echo(f"{made.track.title}: {digits[:SHOWN]} is active, {made.n} items ({before.n} before).")
    if due:
        typer.echo(f"{due} mail(s) that waited for the scorer are scored now.")
    if taken := acceptance.take_up(wired, made.track.name, why):
        typer.echo(f"{', '.join(taken)}: accepted now, as of their arrival; their teams are told.")
    rescored = f"mailbot rescore{f' --phase {shlex.quote(effect.stage.name)}' if effect.stage.name else ''}"
    if effect.at_once:
        typer.echo("New submissions are scored by it from now on. Older ones have their scores by it, and the board")
        typer.echo(f"shows them at once. `{rescored} --tell` writes to the teams whose score changed.")
        return
    typer.echo(f"New submissions are scored by it from now on. Older ones, and the board, wait for `{rescored}`;")
    typer.echo(f"`{rescored} --dry-run` shows first what that would change.")


@truth.command("list")
def list_truths(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List every version that was ever active, and why."""
    set_up_journal(quiet=True)
    loaded = begun(load_config(context, config))
    with flow.opened(loaded) as wired, wired.ledger.read() as tx:
        periods = truths.history(tx)
        owned = any(period.scorer for period in periods)
        rows = [
            {
                "since": rfc3339(period.since, loaded.challenge.zone),
                **({"phase": wired.challenge.stage_of(period.stage).name} if len(loaded.stages) > 1 else {}),
                "track": period.track,
                "truth": period.truth,
                **({"scorer": period.scorer} if owned else {}),
                "items": period.items,
                "in_force": period.in_force,
                "why": period.why,
            }
            for period in periods
        ]
    phase = {"phase": None} if len(loaded.stages) > 1 else {}
    scorer = {"scorer": _digits} if owned else {}
    labels = {"track": None, "truth": _digits, **scorer, "items": None}
    columns = {"since": short, **phase, **labels, "in_force": _mark, "why": None}
    emit(rows, as_json=as_json, columns=columns, title="Labels")


@truth.command("diff")
def diff(
    context: typer.Context,
    old: Annotated[str | None, typer.Argument(metavar="OLD", help="A version; default: the one before NEW.")] = None,
    new: Annotated[str | None, typer.Argument(metavar="NEW", help="A version; default: the active one.")] = None,
    track: OfTrack = None,
    phase: OfPhase = None,
    values: Annotated[bool, typer.Option("--values", help="Show the labels too, old and new.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show which items differ between two versions of the labels."""
    set_up_journal(quiet=True)
    with flow.opened(begun(load_config(context, config))) as wired:
        before, after = truths.two(wired, old, new, track, wired.config.stage_named(phase, wired.clock()))
    rows = [_as_row(each, values=values) for each in truths.differences(before, after)]
    shown = ("item", "what", "old", "new") if values else ("item", "what")
    title = f"{before.track.title}: {before.sha256[:SHOWN]} to {after.sha256[:SHOWN]}"
    emit(rows, as_json=as_json, columns=dict.fromkeys(shown), title=title)


def _as_row(one: Difference, *, values: bool) -> dict[str, object]:
    labels = {"old": one.old, "new": one.new} if values and one.old is not None else {}
    return {"item": one.item, "what": one.what, **labels}


def _digits(sha256: str | None) -> str:
    return (sha256 or "")[:SHOWN]


def _mark(in_force: object) -> str:
    return "yes" if in_force else ""
