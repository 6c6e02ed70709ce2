"""audit: the audit trail, listed, verified and sealed."""

from __future__ import annotations

import difflib
import json
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import (
    INCOMPLETE,
    AsJson,
    ConfigFile,
    Why,
    Yes,
    act_as_organizer,
    ask,
    begun,
    emit,
    load_config,
    opened_ledger,
    rfc3339,
    short,
)
from mailbot.config import calendar
from mailbot.errors import Permanent
from mailbot.ledger import events
from mailbot.ledger.trail import verify as trail
from mailbot.operations import trace
from mailbot.operations.proof import audit as operation
from scoring.trail.rows import ROWS

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

audit = typer.Typer(help="Audit trail: list it, verify it, seal it.", no_args_is_help=True)


@audit.command("list")
def list_audit(
    context: typer.Context,
    since: Annotated[str, typer.Option(metavar="INSTANT", help="Only since then, for example 2026-03-12T08:00.")] = "",
    kind: Annotated[
        str, typer.Option(metavar="KIND", help="Only entries of this kind, for example submission-excluded.")
    ] = "",
    subject: Annotated[str, typer.Option(metavar="S-12", help="Only entries about this id, team or track.")] = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the audit trail, newest entry last: what happened, who did it, and why."""
    loaded = load_config(context, config)
    zone = loaded.challenge.zone
    begin, about = _instant(since, zone), {subject, _whole(subject)} if subject else None
    with opened_ledger(loaded) as ledger, ledger.read() as tx:
        _verify_kind(kind, events.kinds(tx))
        found = events.listing(tx, since=begin, kind=kind or None, subjects=about)
    rows = [
        {
            "entry": entry.id,
            "at": rfc3339(entry.at, zone),
            "actor": entry.actor,
            "kind": entry.kind,
            "subject": entry.subject,
            "detail": json.loads(entry.detail),
            "hash": entry.hash,
        }
        for entry in found
    ]
    columns = {"entry": None, "at": short, "actor": None, "kind": None, "subject": None, "detail": _plain}
    emit(rows, as_json=as_json, columns=columns, title="Audit trail")


def _plain(detail: dict[str, object]) -> str:
    """Show a detail to people, without the digests of rows."""
    return trace.plain({name: value for name, value in detail.items() if name != ROWS})


@audit.command("verify")
def verify_audit(
    context: typer.Context,
    receipt: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="A receipt (.eml) or board.json that somebody kept.")
    ] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check that nothing that decides was changed later. Exit code 1 when something was.

    Ledger, boards, replies, daybook, mails, labels and published files are held to the audit trail.
    """
    loaded = load_config(context, config)
    given = [witness for path in receipt or () for witness in operation.read_witness(path)]
    begun(loaded)
    with operation.opened(loaded) as ledger:
        report = operation.verify(loaded, ledger, given)
    checked, faults = report.checked, report.faults
    told = {"entries": len(checked.entries), "head": checked.head, "first_broken": checked.first_broken}
    told |= {"ok": not faults, "unsigned": checked.unsigned, "rows_since": checked.rows_since}
    parts = [{"part": part.name, "seen": part.seen, "does_not_fit": len(part.faults)} for part in report.parts]
    if as_json:
        plain = [{"entry": fault.entry, "what": fault.what} for fault in faults]
        emit([told | {"parts": parts, "faults": plain}], as_json=True, columns={}, title="")
    else:
        emit(parts, as_json=False, columns=dict.fromkeys(parts[0]), title="Audit trail")
        for fault in faults:
            typer.echo(f"- {fault.what}")
        typer.echo(
            f"{'NOT INTACT' if faults else 'intact'}: {len(checked.entries)} entries, the last is {checked.head}"
        )
    raise typer.Exit(INCOMPLETE if faults else 0)


@audit.command("seal")
def seal_audit(
    context: typer.Context,
    why: Why,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Accept signatures and rows as they are now, whatever `audit verify` says of them.

    For a state whose identity.secret was replaced, or a ledger that was repaired by hand. The chain stays as it is, and
    the entry that this makes names every fault that was accepted.

    Undo: none.
    """
    act_as_organizer()
    with opened_ledger(load_config(context, config)) as ledger:
        with ledger.read() as tx:
            found = trail.verify(tx).faults
        for fault in found:
            typer.echo(f"- {fault.what}")
        ask(f"Accept {len(found)} faults permanently?", yes=yes, for_good=True)
        with ledger.write("seal") as tx:
            last = operation.seal(tx, why, calendar.now())
    typer.echo(f"Sealed: no entry up to {last} is held to a signature, and the rows are what they are now.")


def _verify_kind(kind: str, known: Collection[str]) -> None:
    """Raise Permanent for a kind that no entry has, with those that look like it."""
    if kind and kind not in known:
        near = [
            *difflib.get_close_matches(kind, known, n=3, cutoff=0.5),
            *(one for one in sorted(known) if kind in one),
        ]
        meant = ", ".join(dict.fromkeys(near)) or ", ".join(sorted(known))
        message = f"--kind {kind}: no entry is of this kind; there are {meant}"
        raise Permanent(message)


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    """Read an instant; without an offset it is in the challenge's time zone. Raises Permanent."""
    try:
        return calendar.typed(text, zone) if text else None
    except ValueError as error:
        message = f"--since {text}: write an instant, as 2026-03-12T08:00 or 2026-03-12T08:00+00:00"
        raise Permanent(message) from error


def _whole(text: str) -> str:
    """Return an id as the audit trail writes it (``S-000012`` for ``s-12``), and any other text unchanged."""
    matched = re.fullmatch(r"([A-Za-z])-0*(\d{1,18})", text)
    return f"{matched[1].upper()}-{int(matched[2]):06d}" if matched else text
