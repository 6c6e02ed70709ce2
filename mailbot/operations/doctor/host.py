"""Checks of the host: interpreter and packages, disk, permissions, the systemd service."""

from __future__ import annotations

import platform
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from importlib import metadata
from typing import TYPE_CHECKING

from mailbot import errors
from mailbot.errors import Temporary
from mailbot.evaluation.label_files import SECRET as SPLIT
from mailbot.identity.keys import FILE as IDENTITY
from mailbot.mail import tasks
from mailbot.operations.doctor.finding import Finding, green, red, yellow
from mailbot.system.children.walls import Wall

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.system.sandbox import Sandbox

UNIT = "mailbot.service"

_REQUIREMENT = re.compile(r"[\w.-]+")
_SECONDS = 10.0
_OTHERS_MAY_READ, _OTHERS_MAY_PASS = stat.S_IRGRP | stat.S_IROTH, stat.S_IXGRP | stat.S_IXOTH


def python() -> Iterator[Finding]:
    """Look at the interpreter and at what mailbot is built on."""
    yield green("python", f"{platform.python_version()} at {sys.executable}")
    needed = [_REQUIREMENT.match(line) for line in metadata.requires("mailbot") or () if "extra ==" not in line]
    missing = [name[0] for name in needed if name and not _is_installed(name[0])]
    if missing:
        yield red("packages", f"missing: {', '.join(missing)}", f"install mailbot again: {errors.how()}")
    else:
        yield green("packages", f"all {len(needed)} are there")


def _is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def disk(config: Config) -> Iterator[Finding]:
    """Look for room: a mail is spooled before anything else is done with it."""
    free = shutil.disk_usage(_existing(config.state)).free
    detail = f"{free / 1e9:.1f} GB free for {config.state}"
    if free >= config.alerts.disk_mib * 2**20:
        yield green("disk", detail)
    else:
        yield red("disk", detail, "make room: a mail that cannot be spooled waits in the mailbox")


def folders(config: Config) -> Iterator[Finding]:
    """Try whether files can be written where the config wants them; no file is left, and no folder made."""
    named = {"state": config.state, "board.folder": config.published}
    refused = {key: why for key, folder in named.items() if (why := _refusal(folder))}
    for key, why in refused.items():
        yield red(
            "folders",
            f"{key}: {named[key]} cannot be written ({why})",
            f"make it a folder that mailbot may write, or set {key}",
        )
    if not refused:
        yield green("folders", "state and published files can be written")


def _refusal(folder: Path) -> str:
    """Return why no file can be written in a folder, or in the nearest one above it that is there; "" when it can."""
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return ""
    except OSError as error:
        return error.strerror or error.__class__.__name__


def permissions(config: Config) -> Iterator[Finding]:
    """Look for files that others on this host could read: passwords, labels, the state folder."""
    servers = (config.imap, config.smtp)
    named = [*(server.password_file for server in servers if server), config.sheet.credentials_file]
    made = [config.tokens, config.state / IDENTITY, config.state / SPLIT]
    secrets = [path for path in (*named, config.oauth.client_secret_file, *made) if path]
    open_secrets = [path for path in dict.fromkeys(secrets) if _others_may_read(path)]
    for path in open_secrets:
        yield red("permissions", f"others can read the secret in {path}", f"chmod 600 {path}")
    open_state = [config.state] if _others_may_read(config.state) else []
    for path in open_state:
        yield red("permissions", f"others can read what is in {path}: mails, addresses, labels", f"chmod go= {path}")
    open_labels = [path for path in config.label_files if _others_may_read(path)]
    for path in open_labels:
        yield yellow("permissions", f"others can read {path}", f"chmod go= {path}")
    if not open_secrets + open_state + open_labels:
        yield green("permissions", "secrets, labels and state are their owner's alone")


def _others_may_read(path: Path) -> bool:
    """Whether somebody else may read a file or folder, and may pass through every folder above it."""
    try:
        modes = [folder.stat().st_mode for folder in path.absolute().parents]
        return bool(path.stat().st_mode & _OTHERS_MAY_READ) and all(mode & _OTHERS_MAY_PASS for mode in modes)
    except OSError:  # what we cannot even look at is not open to others, or is named by another finding
        return False


def _existing(path: Path) -> Path:
    """Return a path, or the nearest folder above it that is there."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())


_MENDS = {
    Wall.LANDLOCK: "use a kernel of 5.13 or newer that names landlock in /sys/kernel/security/lsm",
    Wall.SECCOMP: "use a kernel with seccomp filters, on x86_64 or aarch64",
    Wall.NAMESPACES: "allow user namespaces: `sysctl kernel.unprivileged_userns_clone=1` or, on Ubuntu, "
    "`sysctl kernel.apparmor_restrict_unprivileged_userns=0`",
}
"""What brings a wall back; the others are missing only where something around mailbot forbids them."""


def walls(sandbox: Sandbox) -> Iterator[Finding]:
    """Start a child, and say which of the kernel's walls stand around it; without some of them mailbot still runs."""
    try:
        missing = sandbox.missing(tasks.KIND)
    except Temporary as error:
        yield red("children", str(error), "fix this first: no mail can be read before")
        return
    standing = ", ".join(wall for wall in Wall if wall not in missing)
    if not missing:
        yield green("children", f"behind {standing}")
    for wall in sorted(missing):
        fix = _MENDS.get(wall, "run mailbot outside of the container or filter that forbids it")
        yield yellow("children", f"without {wall}; behind {standing or 'no sandbox of the kernel'}", fix)


def service() -> Iterator[Finding]:
    """Look at the systemd service, and at its watchdog."""
    shown = {scope: _shown(scope) for scope in ("--system", "--user")}
    units = {scope: unit for scope, unit in shown.items() if unit.get("LoadState") == "loaded"}
    if not units:
        yield green("service", "no systemd unit; `mailbot install-service` writes one")
    for scope, unit in units.items():
        user = "" if scope == "--system" else " --user"
        said = f"{unit.get('ActiveState')} ({unit.get('SubState')}), restarted {unit.get('NRestarts')} times"
        status = f": {unit['StatusText']}" if unit.get("StatusText") else ""
        if unit.get("ActiveState") == "active":
            yield green("service", f"{said}{status}")
        else:
            fix = f"`systemctl{user} start mailbot`; `journalctl{user} -u mailbot` says why it ended"
            yield red("service", f"{said}, {unit.get('Result')}", fix)
        if unit.get("WatchdogUSec") in {"0", "infinity", None}:
            yield yellow("watchdog", "off: a daemon that hangs is not restarted", "`mailbot install-service`")
        else:
            yield green("watchdog", f"every {unit['WatchdogUSec']}")


def _shown(scope: str) -> dict[str, str]:
    """Return what systemd says of the unit; nothing where there is no systemd."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return {}
    wanted = "LoadState,ActiveState,SubState,Result,NRestarts,WatchdogUSec,StatusText"
    command = (systemctl, scope, "show", UNIT, "--property", wanted)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    lines = (line.partition("=") for line in done.stdout.splitlines())
    return {key: value for key, _, value in lines if value}
