"""Checks of what a contest needs beyond a valid config: servers, passwords, organizers, a phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.config.calendar import phase_at, shown
from mailbot.config.servers import secret
from mailbot.errors import ConfigError
from mailbot.operations.doctor.finding import Finding, green, red, yellow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mailbot.config.schema import Config
    from mailbot.config.servers import Server
    from mailbot.service import Service

_WITHOUT = {"imap": "no mail is fetched", "smtp": "no reply is sent"}


def servers(config: Config) -> Iterator[Finding]:
    """Look for both mail servers; a contest whose mails are only ever ingested by hand has none."""
    for name, what in _WITHOUT.items():
        if name not in _named(config):
            fix = f"add the table [{name}] to the config; `mailbot init` asks for it, config.example.toml has its keys"
            yield yellow("mail servers", f"there is no [{name}], so {what}", fix)
    if len(_named(config)) == len(_WITHOUT):
        hosts = dict.fromkeys(server.host for server in _named(config).values())
        yield green("mail servers", " and ".join(hosts))


def passwords(config: Config) -> Iterator[Finding]:
    """Read every password as the daemon does, and see that somebody has logged in where OAuth takes its place."""
    needed = {name: server for name, server in _named(config).items() if server.user or name == "imap"}
    found = [bad for name, server in needed.items() for bad in _missing(config, name, server)]
    yield from found
    if needed and not found:
        yield green("passwords", f"there for {' and '.join(needed)}")


def organizers(config: Config) -> Iterator[Finding]:
    """See that somebody hears of trouble."""
    if people := config.challenge.organizers:
        yield green("organizers", f"{len(people)} of them get the alerts")
    else:
        fix = 'set challenge.organizers, as ["chair@example.org"]'
        yield yellow("organizers", "none: alerts and the week in numbers go to nobody", fix)


def phase(config: Config, now: datetime) -> Iterator[Finding]:
    """See that a submission can count, now or later."""
    if not config.phases:
        yield green("phase", "none is configured, so submissions are always taken")
        return
    zone, phases = config.challenge.zone, config.calendar
    ahead = [(each.opens, each.name) for each in phases if each.opens and each.opens > now]
    if current := phase_at(phases, now):
        until = f"closes {shown(current.closes, zone)}" if current.closes else "never closes"
        yield green("phase", f"{current.name!r} is open, it {until}")
    elif ahead:
        opens, name = min(ahead)
        yield green("phase", f"{name!r} opens next, {shown(opens, zone)}")
    else:
        closed, name = max((each.closes, each.name) for each in phases if each.closes)
        fix = "nothing, if the contest is over; else set a later closes, or add a phase to the config"
        yield yellow("phase", f"none is open or ahead, {name!r} closed last, {shown(closed, zone)}", fix)


def _named(config: Config) -> dict[str, Server]:
    """Return the mail servers that the config has, by the name of their table."""
    both: dict[str, Server | None] = {"imap": config.imap, "smtp": config.smtp}
    return {name: server for name, server in both.items() if server}


def _missing(config: Config, name: str, server: Server) -> Iterator[Finding]:
    """Say what keeps us from logging in to a server, if anything does; nothing is asked of it."""
    if server.auth == "oauth":
        if not config.tokens.is_file():
            yield red("passwords", f"{name}.auth is 'oauth', and nobody has logged in yet", "`mailbot login`")
        return
    try:
        secret(server, name)
    except ConfigError as error:
        if isinstance(error.__cause__, PermissionError):  # systemd may hand it to the daemon all the same
            yield yellow("passwords", str(error), "run the doctor as root, or as the user that mailbot runs as")
        else:
            fix = f"write the password of {name}.user into a file, chmod 600, and name it in {name}.password_file"
            yield red("passwords", str(error), fix)


def coming(service: Service) -> Iterator[Finding]:
    """Tell of the labels of phases that have not opened: they were read and checked, and are in no child yet."""
    for stage in service.challenge.stages[1:]:
        if stage.opens and stage.opens > service.clock() and stage.labels:
            whole = service.labels.of_stage(stage.key).whole
            items = " and ".join(str(whole[track].n) for track in stage.labels)
            when = shown(stage.opens, service.challenge.zone)
            yield green("labels", f"those of {stage.name!r} are checked: {items} items, used from {when}")
