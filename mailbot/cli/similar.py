"""The command similar."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import AsJson, ConfigFile, act_as_organizer, emit, load_config, rfc3339, set_up_journal
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from mailbot.service import Service


def alike(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List submissions of different teams that look alike. It proves nothing, and nothing is refused for it."""
    from mailbot import service  # noqa: PLC0415  # not for --help

    act_as_organizer()
    set_up_journal(quiet=True)
    with service.opened(load_config(context, config)) as wired:
        if track is not None and track not in wired.labels:
            message = f"there is no track {track}; the config has {', '.join(wired.labels)}"
            raise Permanent(message)
        rows = [row for name in ([track] if track else list(wired.labels)) for row in _rows(wired, name)]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    columns = {"track": None, "kind": None, "value": "{:.4g}".format, "outlying": "{:.1f}".format}
    emit(rows, as_json=False, columns=columns | dict.fromkeys(("first", "team", "second", "other_team")), title="Alike")


def _rows(wired: Service, track: str) -> list[dict[str, object]]:
    """Compare all, and return all that was ever found."""
    from mailbot.evaluation import similar  # noqa: PLC0415  # not for --help
    from mailbot.ledger import similarities  # noqa: PLC0415  # not for --help

    outlying = {(pair.first, pair.second): pair.outlying for pair in similar.of(wired).all_pairs(track)}
    zone = wired.config.challenge.zone
    with wired.ledger.read() as tx:
        found = similarities.listing(tx, track=track)
    return [
        {
            "track": row.track,
            "kind": row.kind,
            "value": row.value,
            "outlying": outlying.get((row.first_id, row.second_id)),
            "first": row.first,
            "team": row.first_team,
            "second": row.second,
            "other_team": row.second_team,
            "found_at": rfc3339(row.found_at, zone),
        }
        for row in found
    ]
