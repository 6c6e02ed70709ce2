"""letters: queue the letters to teams and organizers by hand, or show them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot import flow
from mailbot.cli.common import ConfigFile, act_as_organizer, load_config, readable, set_up_journal
from mailbot.errors import Permanent
from mailbot.ledger import teams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.letters.queue import Draft
    from mailbot.service import Service


def letters(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Queue nothing; show the letters of this moment.")] = False,
    team: Annotated[
        str | None, typer.Option("--team", metavar="NAME", help="With --dry-run: only the letter to this team.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="With --dry-run: write the letters there as .eml files.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Queue the letters that are due, as the daemon does by itself; --dry-run shows those of this moment."""
    if (team or out) and not dry_run:
        message = "--team and --out go with --dry-run: letters that are owed are queued all together"
        raise Permanent(message)
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        if dry_run:
            _show(_drafts(wired, team), out)
        else:
            occasions = 0
            while wired.letter_queue.step():
                occasions += 1
            typer.echo(f"Letters were queued on {occasions} occasion(s)." if occasions else "No letters are owed.")


def _drafts(wired: Service, team: str | None) -> list[Draft]:
    """Return the letters that would be written now. Raises Permanent when the team would get none."""
    now = wired.clock()
    drafts = wired.letter_queue.about(wired.weekly.board(now), "dry-run", due_at=now)
    if team is None:
        return drafts
    with wired.ledger.read() as tx:
        known = teams.with_name(tx, team)
    found = [draft for draft in drafts if known and draft.team and draft.team.id == known.id]
    if not found:
        reason = "it has no standing, its letters are off, or no address of it takes mail" if known else "no such team"
        message = f"there is no letter for {team!r}: {reason}"
        raise Permanent(message)
    return found


def _show(drafts: Sequence[Draft], out: Path | None) -> None:
    """Write the letters into a folder, or print them as their readers see them."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for number, draft in enumerate(drafts, 1):
            name = re.sub(r"\W+", "-", draft.team.name if draft.team else draft.kind).strip("-")
            (out / f"{number:03d}-{name}.eml").write_bytes(draft.outgoing.message)
        typer.echo(f"{len(drafts)} letter(s) in {out}")
        return
    for draft in drafts:
        typer.echo(f"{readable(draft.outgoing.message, 'To', 'Subject')}{'-' * 72}\n")
    typer.echo(f"{len(drafts)} letter(s)")
