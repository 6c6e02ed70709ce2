"""teams: the roster, and what the organizers decide about teams; the commands of one app, by subject."""

from mailbot.cli.teams import changes, decisions, roster  # noqa: F401  # each adds its commands to the app
from mailbot.cli.teams.roster import teams

__all__ = ["teams"]
