"""lead: which of the hosts that share a ledger works, and how it is relieved."""

from __future__ import annotations

import json
import time
from typing import Annotated

import typer

from mailbot.cli.common import INCOMPLETE, AsJson, ConfigFile, begun, load_config, opened_ledger
from mailbot.config.calendar import shown
from mailbot.errors import Permanent
from mailbot.ledger import Ledger
from mailbot.ledger.engines import leads
from mailbot.ledger.engines.lead import is_shared
from mailbot.ledger.engines.leads import Leader

YIELD_SECONDS = 30.0
LOOK_SECONDS = 0.2


def lead(
    context: typer.Context,
    give_up: Annotated[
        bool, typer.Option("--yield", help="Ask the host that leads to give the lead to one that stands by.")
    ] = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
) -> None:
    """Show which host leads on a shared ledger, and which stand by; --yield hands over. Exit code 1 if none leads.

    Undo: the same command, once more.
    """
    loaded = begun(load_config(context, config))
    if not is_shared(loaded.ledger):
        message = "this ledger is on SQLite, which no other host can share: `mailbot migrate-ledger` moves it"
        raise Permanent(message)
    with opened_ledger(loaded) as ledger:
        before, begun_at = _look(ledger), time.monotonic()
        if give_up and not (before and before.leads and before.standing_by):
            message = "nobody leads, or no other host stands by: nothing was changed"
            raise Permanent(message)
        if give_up:
            with ledger.write("yield") as tx:
                leads.ask_to_yield(tx)
        found = _next(ledger, before.epoch) if before and give_up else before
    told = {
        "host": found.host if found and found.leads else None,
        "since": found.since.isoformat(timespec="seconds") if found else None,
        "standing_by": list(found.standing_by) if found else [],
        "seconds": round(time.monotonic() - begun_at, 1) if give_up else None,
    }
    if as_json:
        typer.echo(json.dumps(told))
    elif found is None or not found.leads:
        typer.echo("Nobody leads.")
    else:
        after = f", {told['seconds']} s after it was asked for" if give_up else ""
        typer.echo(f"{found.host} leads since {shown(found.since, loaded.challenge.zone)}{after}.")
        typer.echo(f"Standing by: {', '.join(found.standing_by) or 'nobody'}.")
    raise typer.Exit(0 if found and found.leads else INCOMPLETE)


def _look(ledger: Ledger) -> Leader | None:
    with ledger.read() as tx:
        return leads.leader(tx)


def _next(ledger: Ledger, epoch: int) -> Leader | None:
    """Wait for the next leader; return the one that there is in the end."""
    until = time.monotonic() + YIELD_SECONDS
    found = _look(ledger)
    while time.monotonic() < until and not (found and found.epoch > epoch):
        time.sleep(LOOK_SECONDS)
        found = _look(ledger)
    return found
