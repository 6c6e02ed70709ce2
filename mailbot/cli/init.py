"""init: asks a few questions and writes a folder to begin with."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.common import writing
from mailbot.config import challenge, load
from mailbot.config.load import PRESETS, expanded
from mailbot.config.providers import PROFILES, Profile
from mailbot.config.starter import CONFIG, PASSWORDS, SHEET_KEY, Answers, by_oauth, config_text, is_filled, lay_out
from mailbot.config.starters import STARTERS
from mailbot.errors import Permanent
from mailbot.evaluation.label_files import load_truths
from mailbot.operations.start import score_at_once, start_of

if TYPE_CHECKING:
    from mailbot.config.schema import Config

EXAMPLE = "submissions@example.org"
"""The address that stands in the config until the organizer names one."""

EXAMPLE_DOMAIN = EXAMPLE.rpartition("@")[2]

SPREADSHEET = "Google Sheet for the leaderboard (address or id; empty: none)"

CONTACT = "Address for the teams' questions, shown in every reply (empty: none)"

Check = Callable[[str], object]
"""Raises Permanent for an answer that cannot be used."""

Ask = Callable[[str, str | None, str, Check], str]
"""Takes a question, the answer that a flag gives, the default and a check; returns the answer."""

GivenLabels = Annotated[
    list[str] | None, typer.Option("--labels", metavar="TRACK=FILE", help="A label file to copy; may be repeated.")
]

Organizers = Annotated[
    list[str] | None, typer.Option("--organizer", help="Address to alert when something fails; may be repeated.")
]


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to; created if missing.")],
    preset: Annotated[str, typer.Option(help=f"What to begin with: siqa, {', '.join(STARTERS)}.")] = "siqa",
    from_labels: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Begin with these labels: propose the track that fits them.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help=f"The mail provider: {', '.join(PROFILES)}.")] = None,
    address: Annotated[str | None, typer.Option(help="The official submission address.")] = None,
    imap_host: Annotated[str | None, typer.Option(help="Host of the IMAP server.")] = None,
    smtp_host: Annotated[str | None, typer.Option(help="Host of the SMTP server.")] = None,
    user: Annotated[str | None, typer.Option(help="The login name; default: the address.")] = None,
    organizers: Organizers = None,
    contact: Annotated[str | None, typer.Option(help="Address for the teams' questions, shown in replies.")] = None,
    labels: GivenLabels = None,
    sheet: Annotated[str | None, typer.Option(help="Google Sheet for the leaderboard: its address or id.")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing; use defaults for whatever is not given.")
    ] = False,
) -> None:
    """Ask a few questions, write the config with its folders and secrets, and print the next steps."""
    _refuse_what_is_there(folder)
    ask = _prompt if (asking := sys.stdin.isatty() and not yes) else _default
    start = start_of(preset, from_labels)
    tracks = [] if start else _tracks(preset)
    if asking:
        typer.echo(f'  Preset {preset}; for a challenge of your own see docs/scoring.md, "Other challenges".')
    answers = _first_answers("" if start else preset, _profile(ask, profile), tracks)
    fits = partial(_fits, answers)
    address = ask("Official submission address", address, EXAMPLE, lambda said: fits(address=said))
    answers = replace(
        answers,
        address=address,
        hosts=_hosts(ask, answers, address, {"imap": imap_host, "smtp": smtp_host}),
        user=ask("Login name", user, address, lambda said: fits(user=said)),
        sheet=ask(SPREADSHEET, sheet, "", lambda said: fits(sheet=said)),
        organizers=_organizers(ask, answers, organizers),
        contact=ask(CONTACT, contact, "", lambda said: fits(contact=said)),
    )
    found = _label_files(ask, answers, tracks, labels or [])
    answers = replace(answers, labels=_places(found))
    if start:
        declared = {start.track: start.declaration}
        answers = replace(answers, labels={start.track: f"labels/{start.name}"}, declared=declared)
    _check(answers, folder, found)
    with writing(folder):
        lay_out(folder, answers, found, _password(folder, answers) if asking else "", start.labels if start else None)
        if start:
            typer.echo("\n".join(score_at_once(folder, start)))
    _print_next_steps(folder, answers)


def _refuse_what_is_there(folder: Path) -> None:
    """Raise Permanent when the folder holds a config already, or is a file."""
    target = folder / CONFIG
    if target.exists():
        message = f"{target} exists already; it is left as it is"
        raise Permanent(message)
    if folder.exists() and not folder.is_dir():
        message = f"{folder} is a file; name a folder to begin in"
        raise Permanent(message)


def _prompt(question: str, given: str | None, default: str, check: Check) -> str:
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


def _default(_question: str, given: str | None, default: str, _check: Check) -> str:
    """Return what a flag gives, or the default, without asking."""
    return default if given is None else given


def _first_answers(preset: str, profile: str, tracks: Sequence[str]) -> Answers:
    """Return valid answers to begin with; each is replaced by what the organizer says."""
    hosts = {name: f"{name}.{EXAMPLE_DOMAIN}" for name in ("imap", "smtp") if name not in PROFILES[profile].settings()}
    labels = _places(dict.fromkeys(tracks))
    return Answers(preset=preset, profile=profile, address=EXAMPLE, hosts=hosts, user=EXAMPLE, labels=labels)


def _fits(answers: Answers, **said: Any) -> Config:  # noqa: ANN401  # fields of the answers
    """Return the config that the answers make with one of them replaced. Raises ConfigError."""
    given = tomllib.loads(config_text(replace(answers, **said)))
    return load.build(given, base=Path.cwd(), origin="this answer", with_files=False)


def _profile(ask: Ask, given: str | None) -> str:
    """Return the name of the mail provider. Raises Permanent."""
    if ask is _prompt and given is None:
        for name, known in PROFILES.items():
            typer.echo(f"  {name:10} {known.title}")
    name = ask("Mail provider", given, "generic", _known_profile)
    _known_profile(name)
    for limit in _limits(PROFILES[name]) if ask is _prompt else ():
        typer.echo(f"  - {limit}")
    return name


def _limits(profile: Profile) -> tuple[str, ...]:
    """Return what an organizer should know about a mail provider."""
    size = f"Takes mails of up to {profile.takes_mib} MiB; a file grows by a third on its way."
    return (size, *profile.limits) if profile.takes_mib else profile.limits


def _known_profile(name: str) -> None:
    """Raise Permanent for a mail provider without a profile."""
    if name not in PROFILES:
        message = f"{name!r} is no mail provider that is known; write one of {', '.join(PROFILES)}"
        raise Permanent(message)


def _hosts(ask: Ask, answers: Answers, address: str, given: Mapping[str, str | None]) -> dict[str, str]:
    """Return the hosts that the config must name: those given, and those that the profile does not know."""
    domain, known = address.rpartition("@")[2], PROFILES[answers.profile].settings()

    def check(name: str) -> Check:
        return lambda said: _fits(answers, hosts={**answers.hosts, name: said})

    return {
        name: ask(f"{name.upper()} host", host, f"{name}.{domain}", check(name))
        for name, host in given.items()
        if host is not None or name not in known
    }


def _organizers(ask: Ask, answers: Answers, given: list[str] | None) -> list[str]:
    """Return the addresses to alert when something fails."""

    def addresses(said: str) -> list[str]:
        return [each for each in re.split(r"[\s,;\uff0c\uff1b\u3001]+", said) if each]  # the last three are Chinese

    def check(said: str) -> None:
        _fits(answers, organizers=addresses(said))

    said = " ".join(given) if given else None
    return addresses(ask("Organizers to tell of trouble (addresses)", said, "", check))


def _tracks(preset: str) -> list[str]:
    """Return the names of a preset's tracks. Raises Permanent."""
    path = PRESETS / f"{preset}.toml"
    if not path.is_file():
        known = ", ".join([*sorted(file.stem for file in PRESETS.glob("*.toml")), *STARTERS])
        message = f"{preset!r} is no preset; write one of {known}"
        raise Permanent(message)
    return list(tomllib.loads(path.read_text(encoding="utf-8")).get("tracks", {}))


def _label_files(ask: Ask, answers: Answers, tracks: Sequence[str], given: list[str]) -> dict[str, Path | None]:
    """Return the label file of each track of the preset; None when it is to be added later."""
    named = {track: file for track, _, file in (one.partition("=") for one in given)}
    if strays := named.keys() - set(tracks):
        message = f"--labels {', '.join(sorted(strays))}: no track of {answers.preset}; write it as {tracks[0]}=FILE"
        raise Permanent(message)

    def check(track: str) -> Check:
        return lambda said: _load(_fits(answers), {track: expanded(said)} if said else {})

    files = {name: ask(f"Label file of {name} (empty: later)", named.get(name), "", check(name)) for name in tracks}
    return {name: expanded(file) if file else None for name, file in files.items()}


def _places(files: Mapping[str, Path | None]) -> dict[str, str]:
    """Return the path of each track's label file in the new folder; the track tells files of the same name apart."""
    names = {track: file.name if file else f"answer-{track[-1]}.json" for track, file in files.items()}
    if len(set(names.values())) < len(names):
        names = {track: f"{track}-{name}" for track, name in names.items()}
    return {track: f"labels/{name}" for track, name in names.items()}


def _load(config: Config, labels: Mapping[str, Path]) -> None:
    """Read label files. Raises ConfigError when one cannot be used."""
    load_truths(labels, challenge.tracks_of(config))


def _check(answers: Answers, folder: Path, labels: Mapping[str, Path | None]) -> None:
    """Check the config and the label files before anything is written. Raises ConfigError."""
    given = tomllib.loads(config_text(answers))
    config = load.build(given, base=folder.resolve(), origin="these answers", with_files=False)
    _load(config, {name: path for name, path in labels.items() if path})


def _password(folder: Path, answers: Answers) -> str:
    """Ask for the mailbox's password if one is needed and missing; "" when it is to be added later."""
    if by_oauth(answers.profile) or all(is_filled(folder / name) for name in PASSWORDS):
        return ""
    typer.echo(f"  {PROFILES[answers.profile].how_to_log_in}")
    return str(typer.prompt("Password (not shown; empty: later)", default="", hide_input=True, show_default=False))


def _print_next_steps(folder: Path, answers: Answers) -> None:
    """Print what is left to do by hand, and the commands that follow."""
    target = folder / CONFIG
    waiting = [name for name in answers.labels.values() if not (folder / name).is_file()]
    needs_app = by_oauth(answers.profile)
    empty = [name for name in PASSWORDS if not needs_app and not is_filled(folder / name)]
    said = (answers.address, answers.user, *answers.hosts.values())
    made_up = any(each.endswith((f"@{EXAMPLE_DOMAIN}", f".{EXAMPLE_DOMAIN}")) for each in said)
    todo = [
        *([f"write your own address and hosts where {CONFIG} says {EXAMPLE_DOMAIN}"] if made_up else []),
        *([f"put the label files in place ({', '.join(waiting)})"] if waiting else []),
        *([f"write the passwords into {' and '.join(empty)}"] if empty else []),
        *([f"put the service account's key into {SHEET_KEY} (chmod 600)"] if answers.sheet else []),
        *(["set oauth.client_id, then call `mailbot login` there"] if needs_app else []),
        "list the teams in teams.csv",
    ]
    track, mailbot = next(iter(answers.labels)), f"mailbot --config {shlex.quote(str(target))}"
    typer.echo(f"Wrote {target}. The next three steps:")
    typer.echo(f"  1. In {folder}: {'; '.join(todo)}.")
    if empty or needs_app:
        typer.echo(f"     {PROFILES[answers.profile].how_to_log_in}")
    typer.echo(f"  2. {mailbot} doctor --online")
    typer.echo(f"     It lists what still needs fixing. Try a file: {mailbot} score FILE --track {track}")
    typer.echo(f"  3. {mailbot} once    makes one pass; then run it for good: {mailbot} run")
