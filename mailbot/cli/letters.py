"""letters, announce: queue letters to teams and organizers by hand, or show them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot import flow
from mailbot.cli.common import ConfigFile, Yes, act_as_organizer, ask, load_config, readable, set_up_journal, show_mails
from mailbot.errors import Permanent
from mailbot.ledger import teams
from mailbot.letters import written
from mailbot.operations.beginning import verify_clock

EVERYBODY = "all"

LONGEST = 50_000
"""Characters of a letter."""

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.config.challenge import Challenge
    from mailbot.letters.queue import Draft
    from mailbot.letters.written import Drafts
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
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Queue the letters that are due, as the daemon does automatically; --dry-run shows those of this moment.

    Undo: none.
    """
    if (team or out) and not dry_run:
        message = "--team and --out go with --dry-run: letters that are owed are queued all together"
        raise Permanent(message)
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        if dry_run:
            _show(_drafts(wired, team), out)
        else:
            verify_clock(wired)
            mails = [draft.outgoing for draft in wired.letter_queue.owed()]
            show_mails(mails)
            ask(f"Queue {len(mails)} letter(s)?", yes=yes, for_good=bool(mails))
            occasions = 0
            while wired.letter_queue.step():
                occasions += 1
            typer.echo(f"Letters were queued on {occasions} occasion(s)." if occasions else "No letters are owed.")


def announce(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The letter; its first line may be Subject: ….")],
    to: Annotated[list[str], typer.Option("--to", metavar="all|TEAM", help="All teams, or one; may be repeated.")],
    subject: Annotated[str, typer.Option("--subject", help="The subject, if the file has none.")] = "",
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Write a letter from a file to all teams or some, each once. It is shown first.

    Undo: none.
    """
    title, text = read_letter(file, subject)
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        with wired.ledger.read() as tx:
            drafts = written.announcement(tx, None if to == [EVERYBODY] else to, title, text)
        show_drafts(wired.challenge, drafts, alike=True)
        if not drafts.letters:
            return
        ask(f"Send {len(drafts.letters)} letter(s)?", yes=yes, for_good=True)
        with wired.ledger.write("announce") as tx:
            told = written.queue(tx, wired.challenge, drafts.letters, wired.clock(), title=title)
    typer.echo(f"{told} letter(s) queued: `mailbot run` or `mailbot send` sends them.")


def read_letter(file: Path, subject: str = "") -> tuple[str, str]:
    """Return subject and text of a letter in a file. Raises Permanent."""
    try:
        said = file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        message = f"{file} cannot be read ({error.strerror})"
        raise Permanent(message) from error
    except UnicodeDecodeError as error:
        message = f"{file} is not UTF-8: save it so"
        raise Permanent(message) from error
    first, _, rest = said.partition("\n")
    named = re.match(r"subject:\s*(.*)", first, re.IGNORECASE)
    title, text = (named[1], rest) if named else (subject, said)
    if not title.strip() or not text.strip() or not title.isprintable() or len(said) > LONGEST:
        message = (
            f"{file}: it needs a subject (--subject, or a first line “Subject: …”) and a text up to {LONGEST} letters"
        )
        raise Permanent(message)
    return title.strip(), text.strip()


def show_drafts(challenge: Challenge, drafts: Drafts, *, alike: bool = False) -> None:
    """Print letters as their readers will see them, those that are ``alike`` once, and who gets none."""
    for one in drafts.letters[: 1 if alike else None]:
        typer.echo(f"Subject: [{challenge.short_name}] {one.title}\nTo: {one.team.name}\n")
        typer.echo(f"{written.whole(challenge, one)}{'-' * 72}")
    if alike and drafts.letters:
        typer.echo(f"To {len(drafts.letters)} team(s): {', '.join(one.team.name for one in drafts.letters)}")
    for sentence in drafts.left_out:
        typer.echo(f"  not to {sentence}")


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
