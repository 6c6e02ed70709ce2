"""What mailbot says to systemd: the unit of this installation, and the notifications of the running service."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from mailbot.errors import ConfigError
from mailbot.mail.templates import environment
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from mailbot.config.schema import Config

STATE_ROOT = Path("/var/lib")
"""Where systemd makes the state folders of services."""

HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108  # hidden from the service

DYNAMIC = range(61184, 65520)
"""The user ids that systemd allocates to dynamic users (systemd.exec(5), DynamicUser=)."""

BACKOFF_SINCE = 254
"""The first version of systemd that knows RestartSteps."""

_MEND = f"begin in {STATE_ROOT}/mailbot (`mailbot init {STATE_ROOT}/mailbot`), or give the folder to a user of its own"

KINDS = 2
"""One kind of child opens mails, another evaluates: there are as many of each as ``workers``.

Where a track has a scorer of its own, a third kind runs it, as many again.
"""

OWN_MIB, OTHER_TASKS = 768, 64
"""What the daemon itself may need besides its child processes."""

LONGEST_STATUS = 300


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where this mailbot is installed and configured."""

    command: Path
    config: Path
    #: Whether it is to run under the user's own service manager.
    for_user: bool
    #: The version of systemd.
    systemd: int
    #: The user who owns the config's folder; "" for root and for a dynamic user.
    owner: str
    #: Where the command, the interpreter and the packages are.
    installation: tuple[Path, ...]
    #: Whether a unit that could not reach its files is refused; one that is only printed need not be.
    strict: bool = True
    state_root: Path = STATE_ROOT
    hidden: tuple[Path, ...] = HIDDEN

    @classmethod
    def of(cls, *, command: Path, config: Path, for_user: bool, systemd: int) -> Self:
        """Find out the rest for a command and a config of this host."""
        return cls(
            command=command,
            config=config,
            for_user=for_user,
            systemd=systemd,
            owner=_owner(config.parent),
            installation=(command.parent, Path(sys.prefix), Path(sys.base_prefix), Path(__file__).parents[2]),
        )

    def hides(self, path: Path) -> bool:
        """Whether the unit hides a path from the service, unless it is bound again."""
        return any(path.is_relative_to(folder) for folder in self.hidden)


# --- the unit -----------------------------------------------------------------------------------


SERVICE, DESK, DESK_SOCKET = "mailbot.service", "mailbot-desk.service", "mailbot-desk.socket"
"""The names of the units; each has a template."""


def socket_text(config: Config, port: int) -> str:
    """Return the unit of the socket on this machine's loopback, whose first request starts the desk."""
    template = environment().get_template(f"systemd/{DESK_SOCKET}.txt.j2")
    return template.render(title=_plain(config.challenge.short_name), port=port)


def text(config: Config, place: Place, unit: str = SERVICE) -> str:
    """Return the daemon's or the desk's unit: one sandbox for both.

    Raises ConfigError, which says how to fix it, when the service could not reach its files.
    """
    owner = "" if place.for_user else place.owner
    dynamic = not place.for_user and not owner
    if dynamic and place.strict:
        _check_dynamic(config, place)
    readable = _outermost([place.config.parent, *_read(config), *place.installation])
    figures = [config.metrics.file.parent] if config.metrics.file else []
    writable = _outermost([config.state, config.published, *figures])
    kinds, memory_mib = _children(config)
    return (
        environment()
        .get_template(f"systemd/{unit}.txt.j2")
        .render(
            title=_plain(config.challenge.short_name),
            command=place.command,
            config=place.config,
            backoff=place.systemd >= BACKOFF_SINCE,
            for_user=place.for_user,
            user=owner,
            state_directory=_state_directory(config, place) if dynamic else "",
            writable=writable,
            served=not config.published.is_relative_to(config.state),
            credentials=_credentials(config, unit),
            hidden_readable=[path for path in readable if place.hides(path)],
            hidden_writable=[path for path in writable if place.hides(path)],
            memory_mib=OWN_MIB + config.workers * memory_mib,
            cpu_percent=100 * (1 + config.workers),
            tasks=OTHER_TASKS + 4 * kinds * config.workers,
        )
    )


def _children(config: Config) -> tuple[int, int]:
    """Return how many kinds of children there are, and how many MiB one of each may take together."""
    limits = config.limits
    scorers = any(track.scorer for track in config.tracks.values())
    return KINDS + scorers, KINDS * limits.child_memory_mib + scorers * limits.scorer_memory_mib


def _owner(folder: Path) -> str:
    """Return who owns a folder; "" for root, for a dynamic user and for one that has no name."""
    uid = folder.stat().st_uid
    try:
        return "" if uid == 0 or uid in DYNAMIC else pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _check_dynamic(config: Config, place: Place) -> None:
    """Check that a dynamic user could read and write what the service needs. Raises ConfigError."""
    home = place.state_root / _state_directory(config, place)
    for path in (place.config, *_read(config), config.published):
        if not path.resolve().is_relative_to(home.resolve()) and not _all_may_read(path):
            message = f"the service could not read {path}: {_MEND}"
            raise ConfigError(message)
    for path in place.installation:
        if not place.hides(path) and not _all_may_read(path):
            message = f"the service could not read {path}, where mailbot is installed: `chmod -R go=rX {path}`"
            raise ConfigError(message)


def _state_directory(config: Config, place: Place) -> str:
    """Return the folder below /var/lib that the state is in, as StateDirectory= wants it. Raises ConfigError."""
    state = config.state.absolute()
    for root in (place.state_root / "private", place.state_root):  # systemd moves it to the first at its first start
        if state.is_relative_to(root) and state != root:
            return state.relative_to(root).parts[0]
    if not place.strict:
        return "mailbot"
    message = f"the service could not write to {config.state}: {_MEND}"
    raise ConfigError(message)


def _all_may_read(path: Path) -> bool:
    try:
        passable = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.absolute().parents)
        return passable and bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _read(config: Config) -> list[Path]:
    """Return the files that the daemon reads, except for those that systemd passes as credentials."""
    servers = (config.imap, config.smtp)
    named = [config.roster.file, config.oauth.client_secret_file, *(server.ca_file for server in servers if server)]
    return [*(path for path in named if path), *config.label_files]


def _credentials(config: Config, unit: str) -> list[tuple[str, Path]]:
    """Return the files of passwords and keys, each with the name of its credential; the desk needs no mailbox."""
    servers = {"imap": config.imap, "smtp": config.smtp} if unit == SERVICE else {}
    named = {f"{name}_password": server.password_file for name, server in servers.items() if server}
    named["sheet_credentials"] = config.sheet.credentials_file
    return [(name, path) for name, path in named.items() if path]


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Return the paths, absolute, without those that lie in another one."""
    found = sorted({path.absolute() for path in paths})
    return [path for path in found if not any(path != other and path.is_relative_to(other) for other in found)]


def _plain(title: str) -> str:
    """Return a title as systemd reads it: on one line, and with percent signs doubled, as one begins a specifier."""
    return " ".join(title.replace("%", "%%").split())


# --- notifications (sd_notify(3)) ---------------------------------------------------------------


class Notifier:
    """Notifies the service manager; it removes the environment variables for that, so that no child inherits them."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        """Take the socket and the watchdog's interval from the environment."""
        path = environment.pop("NOTIFY_SOCKET", "")
        micros, pid = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        ours = pid in {"", str(os.getpid())}
        #: Within so many seconds systemd's watchdog wants to hear from us; None when it does not watch.
        self.watchdog_seconds = int(micros) / 1_000_000 if micros.isdecimal() and ours else None

    def ready(self) -> None:
        """Say that the service is ready, after its start or a reload."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Say that the config is being reloaded."""
        self._tell("RELOADING=1")

    def alive(self) -> None:
        """Say to the watchdog that all is well."""
        self._tell("WATCHDOG=1")

    def doing(self, words: str) -> None:
        """Say in words what the service does, for `systemctl status`."""
        self._tell(f"STATUS={printable(words, LONGEST_STATUS)}")

    def stopping(self) -> None:
        """Say that the service is stopping."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            try:
                channel.sendto(message.encode(), self._address)
            except OSError:  # a manager that does not listen is no reason to stop serving mails
                return
