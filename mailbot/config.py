"""The one config file: read, merged over its preset, checked whole, frozen.

Every mistake is collected and reported at once, each with its key, what is allowed and, for an
unknown key, the nearest valid one. Secrets are never in the file: a key names the file they are in.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic import model_validator as _model_validator

from mailbot.instants import Moment, Phase
from mailbot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULT_PATHS = (Path("config.toml"), Path("/etc/mailbot/config.toml"))
"""Where the config is looked for when ``--config`` does not name it."""

PRESETS = Path(__file__).parent / "presets"


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{value!r} is no time zone; write one as 'Asia/Shanghai' or 'UTC'"
        raise ValueError(message) from error


def _moment(value: object) -> Moment:
    return value if isinstance(value, Moment) else Moment.parse(str(value))


def _one_address(value: str) -> str:
    if value.count("@") != 1 or not all(value.split("@")) or any(c.isspace() or c in "<>," for c in value):
        message = f"{value!r} is no e-mail address"
        raise ValueError(message)
    return value


Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
WeekMoment = Annotated[Moment, BeforeValidator(_moment)]
Address = Annotated[str, AfterValidator(_one_address)]


class Section(BaseModel):
    """A table of the config: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Challenge(Section):
    """What is being run, and for whom."""

    name: str = "Challenge"
    short_name: str = "Challenge"
    #: The official submission address: teams write to it, replies come from it.
    address: Address
    #: People who run the challenge; only they and the roster are ever written to.
    organizers: tuple[Address, ...] = ()
    #: The zone of every instant that is shown, and of the week.
    zone: Zone = ZoneInfo("UTC")
    #: The words in brackets of the subject that teams are asked to use; only ever a hint.
    subject_tag: str = "Submission"
    #: Where the published page can be seen; printed in replies when set.
    page_url: str = ""


class Server(Section):
    """A mail server that mailbot calls."""

    host: str
    port: int = Field(gt=0, lt=65536)
    #: ``tls`` from the first byte, ``starttls``, or ``none`` (a server on this very machine).
    security: Literal["tls", "starttls", "none"] = "tls"
    user: str = ""
    #: File that holds the password on its first line.
    password_file: Path | None = None
    #: PEM file of the authorities to trust instead of the system's.
    ca_file: Path | None = None
    timeout_seconds: float = Field(default=60, gt=0)

    @_model_validator(mode="after")
    def _no_plain_text_over_the_net(self) -> Server:
        if self.security == "none" and self.host not in {"localhost", "127.0.0.1", "::1"}:
            message = "security = 'none' is only allowed for a server on this machine; write 'tls' or 'starttls'"
            raise ValueError(message)
        return self


class Imap(Server):
    """The mailbox of the official submission address."""

    port: int = Field(default=993, gt=0, lt=65536)
    inbox: str = "INBOX"
    #: Folders swept besides the inbox: where the provider puts what it takes for spam.
    extra_folders: tuple[str, ...] = ()
    processed: str = "Processed"
    failed: str = "Failed"
    #: Seconds between two looks, whatever IDLE says.
    poll_seconds: float = Field(default=60, gt=0)


class Smtp(Server):
    """The server that takes mailbot's mails."""

    port: int = Field(default=465, gt=0, lt=65536)


class Roster(Section):
    """Who takes part."""

    #: CSV file with columns ``team,address`` that ``mailbot teams import`` reads; also read at start.
    file: Path | None = None
    #: Answer senders who are on no team, once a day each.
    reply_to_unknown: bool = False


class Quota(Section):
    """How often a team may submit."""

    #: Accepted submissions per team and track in a week.
    per_week: int = Field(default=2, ge=1)
    week_starts: WeekMoment = Moment(weekday=0, at=time(0))


class PhaseSection(Section):
    """A window of time in which submissions are taken."""

    name: str
    opens: AwareDatetime | None = None
    closes: AwareDatetime | None = None

    @_model_validator(mode="after")
    def _opens_before_it_closes(self) -> PhaseSection:
        if self.opens and self.closes and self.opens >= self.closes:
            message = f"phase {self.name!r} closes ({self.closes}) before it opens ({self.opens})"
            raise ValueError(message)
        return self


class BoardSection(Section):
    """When and how the leaderboard is made."""

    publish_at: WeekMoment = Moment(weekday=2, at=time(10))
    #: Which accepted submission counts for a team: the ``latest`` or the ``best``.
    standing: Literal["latest", "best"] = "latest"
    decimals: int = Field(default=2, ge=0, le=6)
    #: The line printed under the Overall table.
    overall: str = "Combined = mean of the tracks, a missing track counts 0"
    #: Folder for page/index.html, board.csv, board.xlsx and board.json; default: ``published`` in the state folder.
    folder: Path | None = None


class TrackSection(Section):
    """One track: its labels and weights."""

    #: The committee's label file. It never leaves this machine.
    labels: Path
    weights: dict[str, float]

    @_model_validator(mode="after")
    def _weights_sum_to_one(self) -> TrackSection:
        if any(weight < 0 for weight in self.weights.values()) or abs(sum(self.weights.values()) - 1) > 1e-9:
            message = f"weights {self.weights} must not be negative and must sum to 1"
            raise ValueError(message)
        return self


class Config(Section):
    """The whole config."""

    preset: Literal["siqa", ""] = ""
    #: Folder for the ledger and the spool; relative paths are relative to the config file.
    state: Path = Path("state")
    #: SQLAlchemy URL of the ledger; default: ``ledger.db`` in the state folder.
    ledger_url: str = ""
    challenge: Challenge
    imap: Imap | None = None
    smtp: Smtp | None = None
    roster: Roster = Roster()
    quota: Quota = Quota()
    phases: tuple[PhaseSection, ...] = ()
    board: BoardSection = BoardSection()
    tracks: dict[str, TrackSection]
    #: Child processes that parse and score.
    workers: int = Field(default=2, ge=1, le=64)

    @property
    def calendar(self) -> tuple[Phase, ...]:
        """The phases; one that is always open when the config names none."""
        if not self.phases:
            return (Phase(name="submission", opens=None, closes=None),)
        return tuple(Phase(name=p.name, opens=p.opens, closes=p.closes) for p in self.phases)

    @property
    def ledger(self) -> str:
        """The ledger's SQLAlchemy URL."""
        return self.ledger_url or f"sqlite:///{self.state / 'ledger.db'}"

    @property
    def published(self) -> Path:
        """The folder of the published files."""
        return self.board.folder or self.state / "published"


def find(path: Path | None) -> Path:
    """Return the config file to use. Raises ConfigError when there is none."""
    for candidate in (path,) if path else DEFAULT_PATHS:
        if candidate.is_file():
            return candidate
    tried = ", ".join(str(p) for p in ((path,) if path else DEFAULT_PATHS))
    message = f"No config file: tried {tried}. `mailbot init DIR` writes one; --config FILE names another."
    raise ConfigError(message)


def load(path: Path) -> Config:
    """Read and check the config file. Raises ConfigError with every mistake found."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{path}: cannot be read as TOML: {error}"
        raise ConfigError(message) from error
    return build(given, base=path.resolve().parent, origin=str(path))


def build(given: Mapping[str, Any], *, base: Path, origin: str = "config") -> Config:
    """Check a config given as a mapping; relative paths are taken from ``base``."""
    try:
        return Config.model_validate(_rooted(_merge(_preset(given), given), base))
    except ValidationError as error:
        lines = [_explain(item) for item in error.errors(include_url=False)]
        message = "\n".join([f"{origin}: {len(lines)} mistake(s)", *(f"  - {line}" for line in lines)])
        raise ConfigError(message) from error


def secret(server: Server, name: str) -> str:
    """Return the password of a server, from its file or the service's credentials folder. Raises ConfigError."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    candidates = [server.password_file, Path(folder) / f"{name}_password" if folder else None]
    for path in filter(None, candidates):
        try:
            return path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            message = f"{name}.password_file: {path} cannot be read ({error.__class__.__name__})"
            raise ConfigError(message) from error
    message = f"{name}.password_file: not set; name a file that holds the password of {name}.user on its first line"
    raise ConfigError(message)


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


_PATHS = (("state",), ("roster", "file"), ("board", "folder"), *((s, k) for s in ("imap", "smtp") for k in ("password_file", "ca_file")))


def _rooted(raw: dict[str, Any], base: Path) -> dict[str, Any]:
    """Make the paths of the config absolute, in a copy."""
    rooted = {k: dict(v) if isinstance(v, dict) else v for k, v in raw.items()}
    tracks = rooted.get("tracks")
    if isinstance(tracks, dict):
        rooted["tracks"] = {name: dict(t) if isinstance(t, dict) else t for name, t in tracks.items()}
    rooted.setdefault("state", "state")
    for keys in (*_PATHS, *(("tracks", name, "labels") for name in (tracks if isinstance(tracks, dict) else ()))):
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
    if item["type"] == "timezone_aware":
        return f"{key}: a date needs its zone, as 2026-04-25T23:59:00+08:00 (got {_shown(item['input'])})"
    return f"{key}: {item['msg'].removeprefix('Value error, ')}"


def _shown(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else repr(value)[:80]


def _nearest(loc: Sequence[str | int]) -> str:
    """Return a hint naming the valid key of that table which looks most like the unknown one."""
    model: Any = Config
    for part in loc[:-1]:
        field = getattr(model, "model_fields", {}).get(part)
        model = _section(field.annotation) if field else model
    known = list(getattr(model, "model_fields", {}))
    close = difflib.get_close_matches(str(loc[-1]), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"


def _section(annotation: Any) -> Any:  # noqa: ANN401  # a type form; typing has no static name for it
    """Return the Section inside ``X | None``, ``tuple[X, ...]`` or ``dict[str, X]``."""
    inner = [a for a in getattr(annotation, "__args__", ()) if isinstance(a, type) and issubclass(a, Section)]
    return inner[0] if inner else annotation
