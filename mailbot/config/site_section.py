"""The sections of the config that are about the results page."""

from __future__ import annotations

import shlex
from typing import Annotated

from pydantic import AfterValidator, Field

from mailbot.config.fields import Instant, Section


def _command(value: str) -> str:
    try:
        shlex.split(value)
    except ValueError as error:
        message = f"{value!r} cannot be split into words: {error}"
        raise ValueError(message) from error
    return value


class PageSection(Section):
    """The results page."""

    #: Run after each publication, without a shell; ``{folder}`` in it becomes the site's folder. "" runs nothing.
    command: Annotated[str, AfterValidator(_command)] = ""
    #: Seconds after which the command is ended.
    command_seconds: float = Field(default=60, ge=1, le=3600)
    #: More instants to be told on the rules page and in letters, by their name.
    dates: dict[str, Instant] = Field(default_factory=dict)


class AwardsSection(Section):
    """Who is honoured in the final results."""

    #: What each rank of a track wins, the first rank first.
    places: tuple[str, ...] = ("First place", "Second place", "Third place")
    #: So many top teams of each track are invited.
    invited: int = Field(default=3, ge=0, le=100)
    #: The sentence above the names of the invited teams.
    invitation: str = "These teams are invited to present their solutions:"
