"""teams grant: more submissions for a team in the present week."""

from __future__ import annotations

from typing import Annotated

import typer

from mailbot.cli.common import ConfigFile, act_as_organizer, load_config, said, set_up_journal
from mailbot.errors import Permanent


def grant(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The team's name.")],
    track: Annotated[str, typer.Argument(help="The track, as siqa-u.")],
    why: Annotated[str, typer.Option(help="The reason, in a sentence; it is kept for good.", callback=said)],
    more: Annotated[int, typer.Option(min=1, max=100, help="So many more.")] = 1,
    config: ConfigFile = None,
) -> None:
    """Let a team have more submissions accepted on a track this week; what was over quota must be sent again."""
    from mailbot import service  # noqa: PLC0415  # not for --help
    from mailbot.ledger import quota, teams  # noqa: PLC0415  # not for --help

    act_as_organizer()
    set_up_journal(quiet=True)
    with service.opened(load_config(context, config)) as wired:
        if track not in wired.challenge.tracks:
            message = f"there is no track {track!r}; the config has {', '.join(wired.challenge.tracks)}"
            raise Permanent(message)
        with wired.ledger.write("grant") as tx:
            team = teams.with_name(tx, name)
            if team is None:
                message = f"no team is named {name!r}; `mailbot teams list` names them all"
                raise Permanent(message)
            has = quota.grant(tx, wired.challenge.quota, team, track, more=more, why=why, now=wired.clock())
    typer.echo(
        f"{team.name} may have {has.per_week} submissions accepted on {track} this week, and has {has.left} left."
    )
