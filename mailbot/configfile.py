"""Reading the config file: merged over its preset and profile, checked whole, every mistake named at once.

A mistake is told with its key, what is allowed and, for an unknown key, the nearest valid one.
"""

from __future__ import annotations

import difflib
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from mailbot import tracks
from mailbot.config import Config
from mailbot.deadlines import last_deadline
from mailbot.errors import ConfigError
from mailbot.providers import PROFILES
from mailbot.section import Section

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    raise ConfigError(message, mend="call it in the contest's folder, or with `mailbot --config FILE doctor`")


def load(path: Path) -> Config:
    """Read and check the config file. Raises ConfigError with every mistake found."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path}: cannot be read as TOML: {error}"
        mend = "mend the line named; config.example.toml shows how each key is written"
        raise ConfigError(message, mend=mend if isinstance(error, ValueError) else "let mailbot read it") from error
    return build(given, base=path.resolve().parent, origin=str(path))


def build(given: Mapping[str, Any], *, base: Path, origin: str = "config") -> Config:
    """Check a config given as a mapping; relative paths are taken from ``base``."""
    raw = _rooted(_merge(_merge(_profile(given), _preset(given)), given), base)
    unread = _declared(raw)
    config, told = _validated(raw)
    told += [*unread, *_mistakes_of_tracks(raw, [*told, *unread]), *(_contradictions(config) if config else [])]
    if told or config is None:
        message = "\n".join([f"{origin}: {len(told)} mistake(s)", *(f"  - {line}" for line in told)])
        raise ConfigError(message)
    return config


def check_files(config: Config) -> None:
    """Try each file that the config has mailbot read. Raises ConfigError naming every one that cannot be."""
    named = {f"tracks.{name}.labels": section.labels for name, section in config.tracks.items()}
    named |= {"roster.file": config.roster.file} if config.roster.file else {}
    servers = (("imap", config.imap), ("smtp", config.smtp))
    named |= {f"{name}.ca_file": server.ca_file for name, server in servers if server and server.ca_file}
    if told := [f"  - {key}: {path}: {why}" for key, path in named.items() if (why := _unreadable(path))]:
        mend = "put each file where its key says, and let mailbot read it; or name another file there"
        raise ConfigError("\n".join(["These files of the config cannot be read:", *told]), mend=mend)


def _unreadable(path: Path) -> str:
    try:
        with path.open("rb"):
            return ""
    except OSError as error:
        return error.strerror or "unreadable"


def _validated(raw: Mapping[str, Any]) -> tuple[Config | None, list[str]]:
    """Return the config, or None and what is wrong with its shape."""
    try:
        return Config.model_validate(raw), []
    except ValidationError as error:
        return None, [_explain(item) for item in error.errors(include_url=False)]


def _contradictions(config: Config) -> list[str]:
    """Return what is wrong with sections that are each right by themselves."""
    closes, last = config.registration.closes, last_deadline(config)
    if closes is None or last is None or closes <= last:
        return []
    return [f"registration.closes: {closes} is after the last deadline ({last}); nothing can be handed in by then"]


def _declared(raw: Mapping[str, Any]) -> list[str]:
    """Put what a track's declaration file says under what the config says; return what is wrong with the files."""
    told = []
    for name, section in _tables(raw.get("tracks")):
        if isinstance(path := section.get("declaration"), str):
            try:
                read = tomllib.loads(Path(path).read_text(encoding="utf-8"))
                told += [
                    f"tracks.{name}.declaration: {key} belongs into the config, not into {path}"
                    for key in tracks.OF_THE_SECTION
                    if key in read
                ]
                section |= {**read, **section}
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                told.append(f"tracks.{name}.declaration: {path} cannot be read as TOML: {error}")
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


_PATHS = (
    ("state",),
    ("roster", "file"),
    ("board", "folder"),
    ("oauth", "client_secret_file"),
    ("sheet", "credentials_file"),
    *((section, key) for section in ("imap", "smtp") for key in ("password_file", "ca_file")),
    ("metrics", "file"),
)


def _rooted(raw: dict[str, Any], base: Path) -> dict[str, Any]:
    """Make the paths of the config absolute, in a copy."""
    rooted = {k: dict(v) if isinstance(v, dict) else v for k, v in raw.items()}
    tables = rooted.get("tracks")
    if isinstance(tables, dict):
        rooted["tracks"] = tables = {name: dict(t) if isinstance(t, dict) else t for name, t in tables.items()}
    rooted.setdefault("state", "state")
    for keys in (*_PATHS, *(("tracks", name, key) for name, _ in _tables(tables) for key in ("labels", "declaration"))):
        table: Any = rooted
        for key in keys[:-1]:
            table = table.get(key) if isinstance(table, dict) else None
        if isinstance(table, dict) and isinstance(table.get(keys[-1]), str):
            table[keys[-1]] = str(base / table[keys[-1]])
    return rooted


def _explain(item: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown key{_nearest(item['loc'])}"
    if item["type"] == "missing":
        return f"{key}: missing; it must be set"
    if item["type"] in {"timezone_aware", "datetime_from_date_parsing", "datetime_parsing", "datetime_type"}:
        return f"{key}: a date needs its time and zone, as 2026-04-25T23:59:00+08:00{_got(key, item['input'])}"
    if item["type"] == "path_type":
        return f"{key}: write a path, in quotation marks{_got(key, item['input'])}"
    if item["type"] == "value_error":  # our own words, which name the value where that helps
        return f"{key}: {item['msg'].removeprefix('Value error, ')}"
    said = f"must be {_shape(item)}" if item["type"] in {"tuple_type", "model_type", "dict_type"} else item["msg"]
    return f"{key}: {said}{_got(key, item['input'])}"


def _shape(item: Mapping[str, Any]) -> str:
    """Return how TOML writes the list or the table that is wanted in place of something else."""
    loc, several = item["loc"], item["type"] == "tuple_type"
    table, model = ".".join(str(part) for part in loc if isinstance(part, str)), nearest_model(*loc)
    if not several:
        return f"a table, [[{table}]]" if isinstance(loc[-1], int) else f"a table, [{table}]"
    if isinstance(model, type) and issubclass(model, Section):
        return f"a list of tables; begin each with [[{table}]]"
    return f"a list, as [{item['input']}]" if type(item["input"]) in {int, float} else 'a list, as ["..."]'


def _got(key: str, value: object) -> str:
    """Show a wrong value, unless it may hold a secret."""
    private = any(word in key for word in ("password", "secret", "token", "_url"))
    return "" if private or isinstance(value, dict | list) else f" (got {_shown(value)})"


def _shown(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime | date) else repr(value)[:80]


def _nearest(loc: Sequence[str | int]) -> str:
    """Return a hint naming the valid key of that table which looks most like the unknown one."""
    model = nearest_model(*loc[:-1])
    known = list(getattr(model, "model_fields", {}))
    if secrets := [key for key in known if key == f"{loc[-1]}_file"]:
        return f"; did you mean {secrets[0]!r}? It names the file: no secret is written here"
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"


def nearest_model(*loc: str | int) -> Any:  # noqa: ANN401  # a class of the config
    """Return what a table of the config, or the nearest above it, may hold."""
    model: Any = Config
    for part in loc:
        field = getattr(model, "model_fields", {}).get(part)
        model = _section(field.annotation) if field else model
    return model


def _section(annotation: Any) -> Any:  # noqa: ANN401  # a type form; typing has no static name for it
    """Return the Section inside ``X | None``, ``tuple[X, ...]`` or ``dict[str, X]``."""
    inner = [a for a in getattr(annotation, "__args__", ()) if isinstance(a, type) and issubclass(a, Section)]
    return inner[0] if inner else annotation
