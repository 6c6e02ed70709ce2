"""audit: the audit trail, listed and verified."""

from __future__ import annotations

import difflib
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import INCOMPLETE, AsJson, ConfigFile, emit, load_config, opened_ledger, rfc3339, short
from mailbot.errors import Permanent
from mailbot.ledger import events
from mailbot.operations import trace

if TYPE_CHECKING:
    from collections.abc import Collection
    from zoneinfo import ZoneInfo

audit = typer.Typer(help="Audit trail: list it, verify it.", no_args_is_help=True)


@audit.command("list")
def list_audit(
    context: typer.Context,
    since: Annotated[str, typer.Option(metavar="INSTANT", help="Only since then, as 2026-03-12T08:00.")] = "",
    kind: Annotated[str, typer.Option(metavar="KIND", help="Only entries of this kind, as submission-excluded.")] = "",
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
    columns = {"entry": None, "at": short, "actor": None, "kind": None, "subject": None, "detail": trace.plain}
    emit(rows, as_json=as_json, columns=columns, title="Audit trail")


@audit.command("verify")
def verify_audit(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Check that no entry of the audit trail was changed later. Exit code 1 when one was."""
    with opened_ledger(load_config(context, config)) as ledger, ledger.read() as tx:
        broken, head, count = events.first_broken(tx), events.head(tx), len(events.since(tx, 0))
    row = {"entries": count, "head": head, "first_broken": broken, "ok": broken is None}
    emit([row], as_json=as_json, columns=dict.fromkeys(row), title="Audit trail")
    raise typer.Exit(0 if broken is None else INCOMPLETE)


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
        found = datetime.fromisoformat(text) if text else None
    except ValueError as error:
        message = f"--since {text}: write an instant, as 2026-03-12T08:00 or 2026-03-12T08:00+00:00"
        raise Permanent(message) from error
    return found.replace(tzinfo=zone) if found and found.tzinfo is None else found


def _whole(text: str) -> str:
    """Return an id as the audit trail writes it (``S-000012`` for ``s-12``), and any other text unchanged."""
    matched = re.fullmatch(r"([A-Za-z])-0*(\d{1,18})", text)
    return f"{matched[1].upper()}-{int(matched[2]):06d}" if matched else text
