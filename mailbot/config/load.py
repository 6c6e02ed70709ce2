"""Reading the config file: merged over its preset and profile, checked whole, every mistake named at once.

:mod:`mailbot.config.errors` tells each.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mailbot.config import errors, tracks
from mailbot.config.address import canonical
from mailbot.config.providers import PROFILES
from mailbot.config.schema import Config, last_deadline
from mailbot.config.stages import in_order
from mailbot.errors import ConfigError
from scoring.model import Policy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

DEFAULT_PATHS = (Path("config.toml"), Path("/etc/mailbot/config.toml"))
"""Where the config is looked for when ``--config`` does not name it."""

PRESETS = Path(__file__).parent / "presets"


def find(path: Path | None) -> Path:
    """Return the config file to use. Raises ConfigError when there is none."""
    for candidate in (path,) if path else DEFAULT_PATHS:
        if candidate.is_file():
            return candidate
    tried = ", ".join(str(p) for p in ((path,) if path else DEFAULT_PATHS))
    message = f"No config file: tried {tried}. `mailbot init DIR` writes one; --config FILE names another."
    raise ConfigError(message, fix="call it in the contest's folder, or with `mailbot --config FILE doctor`")


def load(path: Path) -> Config:
    """Read and check the config file. Raises ConfigError with every mistake found."""
    try:
        given = _toml(path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        message = f"{path}: cannot be read as TOML: {_why_no_toml(error)}"
        fix = "fix the line named; config.example.toml shows how each key is written"
        raise ConfigError(message, fix=fix if isinstance(error, ValueError) else "let mailbot read it") from error
    return build(given, base=path.resolve().parent, origin=str(path))


def _toml(path: Path) -> dict[str, Any]:
    """Read a file that a person wrote; editors on Windows put a byte order mark before its text."""
    return tomllib.loads(path.read_text(encoding="utf-8-sig"))


def _why_no_toml(error: Exception) -> str:
    return "its text is not UTF-8; save it as UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def build(given: Mapping[str, Any], *, base: Path, origin: str = "config", with_files: bool = True) -> Config:
    """Check a config given as a mapping; relative paths are taken from ``base``.

    Raises ConfigError with every mistake, and then ``with_files`` that cannot be read; these alone are left to
    :func:`check_files`.
    """
    raw = _with_first_labels(_rooted(_merge(_merge(_profile(given), _preset(given)), given), base))
    unread = _declared(raw)
    config, told = _validated(raw)
    told += [*unread, *_mistakes_of_tracks(raw, [*told, *unread])]
    if told or config is None:
        told += _unreadable_files(raw) if with_files else []
        raise ConfigError("\n".join([f"{origin}: {len(told)} mistake(s)", *(f"  - {line}" for line in told)]))
    return config


def check_files(config: Config) -> None:
    """Try each file that the config has mailbot read. Raises ConfigError naming every one that cannot be."""
    if told := [f"  - {line}" for line in _unreadable_files(config.model_dump())]:
        fix = "put each file where its key says, and let mailbot read it; or name another file there"
        raise ConfigError("\n".join(["These files of the config cannot be read:", *told]), fix=fix)


def _unreadable_files(raw: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the files that mailbot is to read, by key."""
    tables = _tables(raw.get("tracks"))
    keys: list[tuple[str, ...]] = [("tracks", name, key) for name, _ in tables for key in ("labels", "scorer")]
    keys += [("phases", name, "labels", track) for name, each in _phases(raw) for track in _at(each, ("labels",)) or ()]
    keys += [("roster", "file"), ("imap", "ca_file"), ("smtp", "ca_file"), ("oauth", "client_secret_file"), *_CLUSTER]
    by_name = {**raw, "phases": dict(_phases(raw))}
    named = ((key, path) for key in keys if isinstance(path := _at(by_name, key), str | Path))
    return [f"{'.'.join(key)}: {path}: {why}" for key, path in named if (why := _unreadable(Path(path)))]


def _phases(raw: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the tables of the phases, each under its name."""
    phases = raw.get("phases")
    tables = [each for each in phases if isinstance(each, dict)] if isinstance(phases, list | tuple) else []
    return [(str(each.get("name", number)), each) for number, each in enumerate(tables, 1)]


def _at(raw: Mapping[str, Any], keys: Sequence[str]) -> Any:  # noqa: ANN401  # any TOML
    """Return what stands at a key of a table in a table; None when nothing does."""
    found: Any = raw
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _unreadable(path: Path) -> str:
    try:
        with path.open("rb"):
            return ""
    except OSError as error:
        return error.strerror or "unreadable"


def _validated(raw: Mapping[str, Any]) -> tuple[Config | None, list[str]]:
    """Return the config and what is wrong with it; None when that is more than sections that do not go together."""
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        items = error.errors(include_url=False)
        wrong = {str(item["loc"][0]) for item in items}
        rest = {key: value for key, value in raw.items() if key not in wrong}
        sound = Config.model_validate({"challenge": {"address": "nobody@scoring.rows.example"}, "tracks": {}} | rest)
        return None, [*map(errors.explained, items), *_contradictions(sound, wrong)]
    return config, _contradictions(config)


def _contradictions(config: Config, unknown: Collection[str] = ()) -> list[str]:
    """Return what is wrong with sections that are each right by themselves; of those ``unknown`` nothing is known."""
    late = [] if {"phases", "entries", "registration"}.intersection(unknown) else _late_registration(config)
    alone = [] if {"phases", "tracks"}.intersection(unknown) else _labels_of_phases(config)
    return [*late, *alone, *_deaf_organizers(config), *_entries_of_every_mail(config)]


def _labels_of_phases(config: Config) -> Iterator[str]:
    """Yield what is wrong with the labels that phases name."""
    for number, phase in enumerate(in_order(config.phases)):
        for track in phase.labels.keys() - config.tracks.keys():
            known = ", ".join(config.tracks)
            yield f"phases.{phase.name}.labels.{track}: there is no such track; the config has {known}"
        own = {track: path for track, path in phase.labels.items() if track in config.tracks}
        for track, path in own.items() if number == 0 else ():
            if path != config.tracks[track].labels:
                key = f"phases.{phase.name}.labels.{track}"
                yield f"{key}: the first phase uses tracks.{track}.labels; leave one of the two out"
        if phase.feedback is Policy.LADDER and (alone := [n for n, each in config.tracks.items() if each.scorer]):
            yield f"phases.{phase.name}.feedback: {alone[0]} has a scorer of its own, which the ladder cannot look into"
        if number and phase.standing and not phase.begins_stage:
            fix = "give it labels, or say carry_over = false"
            yield f"phases.{phase.name}.standing: it shares the board of the phase before; {fix}"


def _late_registration(config: Config) -> Iterator[str]:
    closes, last = config.registration.closes, last_deadline(config)
    if closes and last and closes > last:
        yield f"registration.closes: {closes} is after the last deadline ({last}); nothing can be handed in by then"


def _deaf_organizers(config: Config) -> Iterator[str]:
    """Yield the organizers who are the submission mailbox: what it gets from itself is filed away unread."""
    ours = {canonical(address) for address in (config.challenge.address, config.imap.user if config.imap else "")}
    for person in config.challenge.organizers:
        if canonical(person) in ours:
            yield f"challenge.organizers: {person!r} is the submission mailbox itself, which no person reads"


def _entries_of_every_mail(config: Config) -> Iterator[str]:
    """Yield the kinds of entries that the subject of every submission would name."""
    tag = config.challenge.subject_tag.casefold().split()
    for kind in (entry.kind for entry in config.entries if entry.kind in tag):
        yield f"entries: {kind!r} stands in challenge.subject_tag, so every submission would be taken for one"


def _declared(raw: Mapping[str, Any]) -> list[str]:
    """Put what a track's declaration file says under what the config says; return what is wrong with the files."""
    told = []
    for name, section in _tables(raw.get("tracks")):
        if isinstance(path := section.get("declaration"), str):
            try:
                read = _toml(Path(path))
                told += [
                    f"tracks.{name}.declaration: {key} belongs into the config, not into {path}"
                    for key in tracks.OF_THE_SECTION
                    if key in read
                ]
                if isinstance(scorer := read.get("scorer"), str):
                    read["scorer"] = str(Path(path).parent / expanded(scorer))
                section |= {**read, **section}
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
                told.append(f"tracks.{name}.declaration: {path} cannot be read as TOML: {_why_no_toml(error)}")
    return told


def _mistakes_of_tracks(raw: Mapping[str, Any], told: Sequence[str]) -> list[str]:
    """Return the mistakes of the tracks, but for keys that something was said of already."""
    said = {line.partition(": ")[0] for line in told}
    said |= {key.partition(".weights.")[0] + ".weights" for key in said if ".weights." in key}
    unread = {key.removesuffix(".declaration") for key in said if key.endswith(".declaration")}
    sections = {name: table for name, table in _tables(raw.get("tracks")) if f"tracks.{name}" not in unread}
    board = raw.get("board")
    found = tracks.mistakes(sections, board.get("overall") if isinstance(board, dict) else None)
    return [line for line in found if line.partition(": ")[0] not in said]


def _tables(value: object) -> list[tuple[str, dict[str, Any]]]:
    """Return the tables within a table, by name."""
    return [(k, v) for k, v in value.items() if isinstance(v, dict)] if isinstance(value, dict) else []


def _profile(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that the mail provider settles."""
    profile = PROFILES.get(str(given.get("profile", "")))
    return dict(profile.settings()) if profile else {}


def _preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the preset says, with only those tracks that the config names (all, if it names none)."""
    path = PRESETS / f"{given.get('preset', '')}.toml"
    preset = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    wanted = given.get("tracks")
    if isinstance(wanted, dict) and wanted and "tracks" in preset:
        preset["tracks"] = {name: track for name, track in preset["tracks"].items() if name in wanted}
    return preset


def _merge(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        nested = isinstance(value, dict) and isinstance(below, dict) and key != "weights"
        merged[key] = _merge(below, value) if nested else value  # type: ignore[arg-type]  # both are dicts when nested
    return merged


_CLUSTER = (("compute", "ca_file"), ("compute", "cert_file"), ("compute", "key_file"))
_PATHS = (
    ("state",),
    ("roster", "file"),
    ("board", "folder"),
    ("oauth", "client_secret_file"),
    ("sheet", "credentials_file"),
    *((section, key) for section in ("imap", "smtp") for key in ("password_file", "ca_file")),
    ("metrics", "file"),
    *_CLUSTER,
)


def expanded(path: str) -> Path:
    """Return a path with the home folder in place of ``~``; that of somebody unknown stays."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def _with_first_labels(raw: dict[str, Any]) -> dict[str, Any]:
    """Let the labels of the first phase be those of the tracks, where only that phase names them."""
    phases = [each for _, each in _phases(raw)]
    first = min(phases, key=_opening, default={})
    tables, labels = dict(_tables(raw.get("tracks"))), first.get("labels")
    for name, path in labels.items() if isinstance(labels, dict) else ():
        if name in tables:
            tables[name].setdefault("labels", path)
    return raw


def _opening(phase: Mapping[str, Any]) -> float:
    """Return when a phase opens, in seconds since 1970."""
    opens = phase.get("opens")
    return opens.timestamp() if isinstance(opens, datetime) else -inf


def _rooted(raw: dict[str, Any], base: Path) -> dict[str, Any]:
    """Make the paths of the config absolute, in a copy."""
    rooted = {k: dict(v) if isinstance(v, dict) else v for k, v in raw.items()}
    tables = rooted.get("tracks")
    if isinstance(tables, dict):
        rooted["tracks"] = tables = {name: dict(t) if isinstance(t, dict) else t for name, t in tables.items()}
    rooted.setdefault("state", "state")
    if isinstance(phases := rooted.get("phases"), list):
        rooted["phases"] = [_with_rooted_labels(each, base) for each in phases]
    of_tracks = (("tracks", name, key) for name, _ in _tables(tables) for key in ("labels", "declaration", "scorer"))
    for keys in (*_PATHS, *of_tracks):
        table = _at(rooted, keys[:-1])
        if isinstance(table, dict) and isinstance(table.get(keys[-1]), str):
            table[keys[-1]] = str(base / expanded(table[keys[-1]]))
    return rooted


def _with_rooted_labels(phase: object, base: Path) -> object:
    """Make the paths of a phase's labels absolute, in a copy."""
    labels = phase.get("labels") if isinstance(phase, dict) else None
    if not isinstance(phase, dict) or not isinstance(labels, dict):
        return phase
    return {**phase, "labels": {k: str(base / expanded(v)) if isinstance(v, str) else v for k, v in labels.items()}}
