"""The systemd unit of this installation: what it needs to see, to write and to be given. Looks, and writes nothing."""

from __future__ import annotations

import os
import pwd
import socket
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.errors import ConfigError
from mailbot.mail.templates import environment
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from mailbot.config.schema import Config


STATE_ROOT = Path("/var/lib")

HIDDEN = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108  # hidden from the service

DYNAMIC = range(61184, 65520)
"""The users that systemd makes up (systemd.exec(5), DynamicUser=)."""

BACKOFF_SINCE = 254
"""The first systemd that knows RestartSteps."""

_MEND = f"begin in {STATE_ROOT}/mailbot (`mailbot init {STATE_ROOT}/mailbot`), or give the folder to a user of its own"

OWN_MIB, OTHER_TASKS = 768, 64
"""What the daemon itself may need besides its children."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where this mailbot is installed and configured."""

    command: Path
    config: Path
    #: Whether it is to run under the user's own service manager.
    for_user: bool
    systemd: int
    #: Whether a unit that could not reach its files is refused; where it is only looked at, it need not be.
    strict: bool = True


def text(config: Config, place: Place) -> str:
    """Return the unit. Raises ConfigError when the service could not reach its files, with the mend."""
    owner = "" if place.for_user else _owner(place.config.parent)
    dynamic = not place.for_user and not owner
    if dynamic and place.strict:
        _check_dynamic(config, place)
    readable = _outermost([place.config.parent, *_read(config), *_installation(place.command)])
    figures = [config.metrics.file.parent] if config.metrics.file else []
    writable = _outermost([config.state, config.published, *figures])
    limits = config.limits
    return (
        environment()
        .get_template("systemd/mailbot.service.txt.j2")
        .render(
            title=_plain(config.challenge.short_name),
            command=place.command,
            config=place.config,
            backoff=place.systemd >= BACKOFF_SINCE,
            for_user=place.for_user,
            user=owner,
            state_directory=_state_directory(config, strict=place.strict) if dynamic else "",
            writable=writable,
            credentials=_credentials(config),
            hidden_readable=[path for path in readable if _is_hidden(path)],
            hidden_writable=[path for path in writable if _is_hidden(path)],
            memory_mib=OWN_MIB + config.workers * limits.child_memory_mib,
            cpu_percent=100 * (1 + config.workers),
            tasks=OTHER_TASKS + 8 * config.workers,
        )
    )


def _owner(folder: Path) -> str:
    """Return who owns the config's folder; "" for root and for a user that systemd made up."""
    uid = folder.stat().st_uid
    try:
        return "" if uid == 0 or uid in DYNAMIC else pwd.getpwuid(uid).pw_name
    except KeyError:
        return ""


def _check_dynamic(config: Config, place: Place) -> None:
    """Hold that a user of its own, made up by systemd, could read and write what it must."""
    home = STATE_ROOT / _state_directory(config)
    for path in (place.config, *_read(config), config.published):
        if not path.resolve().is_relative_to(home.resolve()) and not _all_may_read(path):
            message = f"the service could not read {path}: {_MEND}"
            raise ConfigError(message)
    for path in _installation(place.command):
        if not _is_hidden(path) and not _all_may_read(path):
            message = f"the service could not read {path}, where mailbot is installed: `chmod -R go=rX {path}`"
            raise ConfigError(message)


def _state_directory(config: Config, *, strict: bool = True) -> str:
    """Return the folder below /var/lib that the state is in, as StateDirectory= wants it."""
    state = config.state.absolute()
    for root in (STATE_ROOT / "private", STATE_ROOT):  # the first is where systemd has put it since its first start
        if state.is_relative_to(root) and state != root:
            return state.relative_to(root).parts[0]
    if not strict:
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
    """Return the files that the daemon reads, but for those that systemd brings."""
    servers = (config.imap, config.smtp)
    named = [config.roster.file, config.oauth.client_secret_file, *(server.ca_file for server in servers if server)]
    return [*(path for path in named if path), *(section.labels for section in config.tracks.values())]


def _installation(command: Path) -> list[Path]:
    """Return where the command, the interpreter and the packages are."""
    package = Path(__file__).parents[2]
    return [command.parent, Path(sys.prefix), Path(sys.base_prefix), package]


def _credentials(config: Config) -> list[tuple[str, Path]]:
    servers = {"imap": config.imap, "smtp": config.smtp}
    named = {f"{name}_password": server.password_file for name, server in servers.items() if server}
    named["sheet_credentials"] = config.sheet.credentials_file
    return [(name, path) for name, path in named.items() if path]


def _is_hidden(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in HIDDEN)


def _outermost(paths: Iterable[Path]) -> list[Path]:
    """Return the paths, absolute, without those that lie within another."""
    found = sorted({path.absolute() for path in paths})
    return [path for path in found if not any(path != other and path.is_relative_to(other) for other in found)]


def _plain(title: str) -> str:
    """Return a title that systemd takes as it stands: a percent sign would begin a specifier."""
    return " ".join(title.replace("%", "%%").split())


LONGEST_STATUS = 300


class Notifier:
    """The way to the service manager; the variables that name it are taken out, so that no child has them."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        """Take the socket and the watchdog's interval from the environment."""
        path = environment.pop("NOTIFY_SOCKET", "")
        micros, pid = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        self._address = f"\0{path[1:]}" if path.startswith("@") else path
        ours = pid in {"", str(os.getpid())}
        #: Seconds within which systemd wants to be told that all is well; None when it does not watch.
        self.watchdog_seconds = int(micros) / 1_000_000 if micros.isdecimal() and ours else None

    def ready(self) -> None:
        """Say that the service works, after its start or a reload."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """Say that the config is being read anew."""
        self._tell("RELOADING=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._tell("WATCHDOG=1")

    def doing(self, words: str) -> None:
        """Say in words what the service does; `systemctl status` shows it."""
        self._tell(f"STATUS={printable(words, LONGEST_STATUS)}")

    def stopping(self) -> None:
        """Say that the service comes to its end."""
        self._tell("STOPPING=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
            try:
                way.sendto(message.encode(), self._address)
            except OSError:  # a manager that does not listen is no reason to stop serving mails
                return
