"""The questions of init: each is asked until its answer can be used, or answered by a flag or the default."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from mailbot.config import challenge, load
from mailbot.config.load import PRESETS, expanded
from mailbot.config.providers import PROFILES, Profile
from mailbot.config.starter import PASSWORDS, Answers, by_oauth, config_text, is_filled
from mailbot.config.starters import STARTERS
from mailbot.errors import Permanent
from mailbot.evaluation.label_files import load_truths

if TYPE_CHECKING:
    from mailbot.config.schema import Config

EXAMPLE = "submissions@example.org"
"""The address that stands in the config until the organizer names one."""

EXAMPLE_DOMAIN = EXAMPLE.rpartition("@")[2]

SPREADSHEET = "Google Sheet for the leaderboard (address or id; empty: none)"

DEFAULT = "siqa"
"""The challenge to begin with where none is named."""

CONTACT = "Address for the teams' questions, shown in every reply (empty: none)"

Check = Callable[[str], object]
"""Raises Permanent for an answer that cannot be used."""

Ask = Callable[[str, str | None, str, Check], str]
"""Takes a question, the answer that a flag gives, the default and a check; returns the answer."""


def prompt(question: str, given: str | None, default: str, check: Check) -> str:
    """Ask until the answer can be used, each time saying why it cannot. Raises Permanent for what a flag gives."""
    if given is not None:
        check(given)
        return given
    taken = partial(_taken, check)
    return str(typer.prompt(question, default=default, show_default=bool(default), value_proc=taken))


def _taken(check: Check, said: str) -> str:
    """Return an answer that can be used. Raises typer.BadParameter, which makes typer ask again."""
    try:
        check(said)
    except Permanent as error:
        head, *rest = str(error).splitlines()
        raise typer.BadParameter("\n".join(line.removeprefix("  - ") for line in rest or [head])) from error
    return said


def default(_question: str, given: str | None, default: str, _check: Check) -> str:
    """Return what a flag gives, or the default, without asking."""
    return default if given is None else given


def first_answers(preset: str, profile: str, tracks: Sequence[str]) -> Answers:
    """Return valid answers to begin with; each is replaced by what the organizer says."""
    hosts = {name: f"{name}.{EXAMPLE_DOMAIN}" for name in ("imap", "smtp") if name not in PROFILES[profile].settings()}
    labels = places(dict.fromkeys(tracks))
    return Answers(preset=preset, profile=profile, address=EXAMPLE, hosts=hosts, user=EXAMPLE, labels=labels)


def fits(answers: Answers, **said: Any) -> Config:  # noqa: ANN401  # fields of the answers
    """Return the config that the answers make with one of them replaced. Raises ConfigError."""
    given = tomllib.loads(config_text(replace(answers, **said)))
    return load.build(given, base=Path.cwd(), origin="this answer", with_files=False)


def profile(ask: Ask, given: str | None) -> str:
    """Return the name of the mail provider. Raises Permanent."""
    if ask is prompt and given is None:
        for name, known in PROFILES.items():
            typer.echo(f"  {name:10} {known.title}")
    name = ask("Mail provider", given, "generic", _known_profile)
    _known_profile(name)
    for limit in _limits(PROFILES[name]) if ask is prompt else ():
        typer.echo(f"  - {limit}")
    return name


def _limits(profile: Profile) -> tuple[str, ...]:
    """Return what an organizer should know about a mail provider."""
    size = f"Takes mails of up to {profile.takes_mib} MiB; a file grows by a third on its way."
    return (size, *profile.limits) if profile.takes_mib else profile.limits


def _known_profile(name: str) -> None:
    """Raise Permanent for a mail provider without a profile."""
    if name not in PROFILES:
        message = f"{name!r} is not a mail provider that is known; write one of {', '.join(PROFILES)}"
        raise Permanent(message)


def hosts_of(ask: Ask, answers: Answers, address: str, given: Mapping[str, str | None]) -> dict[str, str]:
    """Return the hosts that the config must name: those given, and those that the profile does not know."""
    domain, known = address.rpartition("@")[2], PROFILES[answers.profile].settings()

    def check(name: str) -> Check:
        return lambda said: fits(answers, hosts={**answers.hosts, name: said})

    return {
        name: ask(f"{name.upper()} host", host, f"{name}.{domain}", check(name))
        for name, host in given.items()
        if host is not None or name not in known
    }


def organizers_of(ask: Ask, answers: Answers, given: list[str] | None) -> list[str]:
    """Return the addresses to alert when something fails."""

    def addresses(said: str) -> list[str]:
        return [each for each in re.split(r"[\s,;\uff0c\uff1b\u3001]+", said) if each]  # the last three are Chinese

    def check(said: str) -> None:
        fits(answers, organizers=addresses(said))

    said = " ".join(given) if given else None
    return addresses(ask("Organizers who get the alerts (addresses)", said, "", check))


def tracks(preset: str) -> list[str]:
    """Return the names of a preset's tracks. Raises Permanent."""
    path = PRESETS / f"{preset}.toml"
    if not path.is_file():
        known = ", ".join([*sorted(file.stem for file in PRESETS.glob("*.toml")), *STARTERS])
        message = f"{preset!r} is not a preset; write one of {known}"
        raise Permanent(message)
    return list(tomllib.loads(path.read_text(encoding="utf-8")).get("tracks", {}))


def label_files(ask: Ask, answers: Answers, tracks: Sequence[str], given: list[str]) -> dict[str, Path | None]:
    """Return the label file of each track of the preset; None when it is to be added later."""
    named = {track: file for track, _, file in (one.partition("=") for one in given)}
    if strays := named.keys() - set(tracks):
        message = f"--labels {', '.join(sorted(strays))}: no track of {answers.preset}; write it as {tracks[0]}=FILE"
        raise Permanent(message)

    def check(track: str) -> Check:
        return lambda said: load_labels(fits(answers), {track: expanded(said)} if said else {})

    files = {name: ask(f"Label file of {name} (empty: later)", named.get(name), "", check(name)) for name in tracks}
    return {name: expanded(file) if file else None for name, file in files.items()}


def places(files: Mapping[str, Path | None]) -> dict[str, str]:
    """Return the path of each track's label file in the new folder; the track tells files of the same name apart."""
    names = {track: file.name if file else f"answer-{track[-1]}.json" for track, file in files.items()}
    if len(set(names.values())) < len(names):
        names = {track: f"{track}-{name}" for track, name in names.items()}
    return {track: f"labels/{name}" for track, name in names.items()}


def load_labels(config: Config, labels: Mapping[str, Path]) -> None:
    """Read label files. Raises ConfigError when one cannot be used."""
    load_truths(labels, challenge.tracks_of(config))


def password(folder: Path, answers: Answers) -> str:
    """Ask for the mailbox's password if one is needed and missing; "" when it is to be added later."""
    if by_oauth(answers.profile) or all(is_filled(folder / name) for name in PASSWORDS):
        return ""
    typer.echo(f"  {PROFILES[answers.profile].how_to_log_in}")
    return str(typer.prompt("Password (not shown; empty: later)", default="", hide_input=True, show_default=False))


def challenges() -> list[str]:
    """Return what init can begin with."""
    return [*sorted(file.stem for file in PRESETS.glob("*.toml")), *STARTERS]


def kind(ask: Ask, preset: str | None, from_labels: Path | None) -> tuple[str, Path | None]:
    """Return the preset to begin with, and the label file that says what an own challenge is. Raises Permanent."""
    if preset is not None or from_labels is not None or ask is not prompt:
        return preset or DEFAULT, from_labels

    def check(said: str) -> None:
        if said not in challenges():
            message = f"{said!r} is not a challenge to begin with; write one of {', '.join(challenges())}"
            raise Permanent(message)

    chosen = ask(f"Which challenge ({', '.join(challenges())})", None, DEFAULT, check)
    sample = (
        ask("A label file that shows what yours look like (empty: made-up ones)", None, "", is_file)
        if (chosen == "own")
        else ""
    )
    return chosen, expanded(sample) if sample else None


def is_file(said: str) -> None:
    """Raise Permanent for what is no file; nothing is one too."""
    if said and not expanded(said).is_file():
        message = f"{said}: there is no such file"
        raise Permanent(message)


def servers(
    ask: Ask,
    answers: Answers,
    address: str | None,
    *,
    hosts: Mapping[str, str | None],
    ports: Mapping[str, int | None],
    user: str | None,
) -> Answers:
    """Return the answers with the address, the servers and the login name."""
    checks = partial(fits, answers)
    said = ask("Official submission address", address, EXAMPLE, lambda said: checks(address=said))
    answers = replace(answers, address=said, hosts=hosts_of(ask, answers, said, hosts))
    answers = replace(answers, ports=ports_of(ask, answers, ports))
    return replace(answers, user=ask("Login name", user, said, lambda said: checks(user=said)))


def people(
    ask: Ask, answers: Answers, *, sheet: str | None, organizers: list[str] | None, contact: str | None
) -> Answers:
    """Return the answers with the sheet, and with whom trouble and questions reach."""
    checks = partial(fits, answers)
    return replace(
        answers,
        sheet=ask(SPREADSHEET, sheet, "", lambda said: checks(sheet=said)),
        organizers=organizers_of(ask, answers, organizers),
        contact=ask(CONTACT, contact, "", lambda said: checks(contact=said)),
    )


def ports_of(ask: Ask, answers: Answers, given: Mapping[str, int | None]) -> dict[str, int]:
    """Return the ports of servers that no profile knows."""
    if answers.profile != "generic":
        return {name: port for name, port in given.items() if port is not None}

    def check(name: str, said: str) -> None:
        if not said.isdecimal():
            message = f"{said!r} is not a port; write a number, as 993"
            raise Permanent(message)
        fits(answers, ports={**answers.ports, name: int(said)})

    return {
        name: int(ask(f"{name.upper()} port", None if port is None else str(port), default, partial(check, name)))
        for (name, port), default in zip(given.items(), ("993", "465"), strict=True)
    }


def dates(ask: Ask, answers: Answers, *, since: str | None, opens: str | None, closes: str | None) -> Answers:
    """Return the answers with when mails and submissions are taken; without an offset it is in the challenge's zone."""
    for key, question, given in (
        ("since", "Take mails that arrived since (as 2026-03-10; empty: the first start, older ones stay)", since),
        ("opens", "Submissions open (as 2026-03-10 or 2026-03-10T08:00; empty: at once)", opens),
        ("closes", "Submissions close (empty: no end)", closes),
    ):
        check = partial(_dated, answers, key)
        answers = check(ask(question, given, "", check))
    return answers


def _dated(answers: Answers, key: str, said: str) -> Answers:
    """Return the answers with a date. Raises Permanent."""
    if not said:
        return answers
    try:
        instant = datetime.fromisoformat(said)
    except ValueError as error:
        message = f"{said!r} is not a date; write it as 2026-03-10 or 2026-03-10T08:00+08:00"
        raise Permanent(message) from error
    zone = fits(answers).challenge.zone
    text = (instant if instant.tzinfo else instant.replace(tzinfo=zone)).isoformat()
    fields: dict[str, Any] = {key: text}
    made = replace(answers, **fields)
    fits(made)
    return made
