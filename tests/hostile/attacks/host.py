"""Attacks of other accounts of the host: the service's user on root, others on what is kept, a backup's keeper on both.

Each is made on a copy of the folder. Those on root need root; for anybody else they are only asked of the caller.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import stat
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tests.command import MAILBOT, typed
from tests.hostile.attacks.model import Attack
from tests.servers.process import give
from tests.unit.services import submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile.attacks.model import Ground

CONFIG = """preset = "siqa"
{head}
[challenge]
address = "submissions@siqa.example"
organizers = ["chair@siqa.example"]
[tracks.siqa-s]
labels = "labels/answer-s.json"
{more}"""

TOUCHED_BY = {
    "acts.jsonl": ("teams", "list"),
    "roster.jsonl": ("backup", "../backup"),
    "ledger.db": ("teams", "list"),
    "identity.secret": ("publish", "--yes"),
    "mailbot.lock": ("once", "--yes"),
    "page-command.log": ("publish", "--yes"),
}
"""Files of the state, and a command that writes each."""


def folder_of(ground: Ground, change: Callable[[Path], object], *, head: str = "", more: str = "") -> Path:
    """Return a copy of the folder that the service's user has, and has changed, with a config of its own."""
    folder = ground.copied(change)
    (folder / "config.toml").write_text(CONFIG.format(head=head, more=more))
    for path in (folder.parent, *folder.parents):
        if path.owner() == "root" == Path.home().name and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    if os.geteuid() == 0:
        for path in (folder.parent, folder, *folder.rglob("*")):
            if not path.is_symlink():
                give(path)
    return folder


def _carelessly(folder: Path, *arguments: str) -> None:
    """Type a command with an umask of 0."""
    subprocess.run((MAILBOT, *arguments), cwd=folder, capture_output=True, check=False, timeout=240, umask=0)


def _through_links(ground: Ground) -> str:
    """Lay links into the state that lead to files of whoever types a command there, who is root."""
    ground.take(submission("Kept", To=ground.us))
    found = []
    for name, command in TOUCHED_BY.items():
        folder = folder_of(ground, lambda _: None, more='[page]\ncommand = "echo said"\n')
        victim = folder.parent.parent / f"victim-of-{name}"
        victim.write_text("# theirs\n")
        (folder / "state" / name).unlink(missing_ok=True)
        (folder / "state" / name).symlink_to(victim)
        typed(*command, folder=folder)
        if victim.read_text() != "# theirs\n" or victim.stat().st_uid != os.geteuid():
            found.append(name)
        shutil.rmtree(folder.parent)
    return f"what a link leads to was written to: {', '.join(found)}" if found else ""


def _given_away(ground: Ground) -> str:
    """Swap files of the state for links to root's own while root's commands run there, as fast as it goes."""
    ground.take(submission("Kept", To=ground.us))
    folder = folder_of(ground, lambda _: None)
    state, victim, ended = folder / "state", folder.parent / "victim", threading.Event()
    victim.write_text("# theirs\n")
    before = victim.lstat()

    def swap() -> None:
        names = tuple(TOUCHED_BY)
        for number in itertools.takewhile(lambda _: not ended.is_set(), itertools.count()):
            path, aside = state / names[number % len(names)], folder / f"aside-{number}"
            with contextlib.suppress(OSError):
                path.rename(aside)
                path.symlink_to(victim)
                path.unlink()
                aside.rename(path)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for command in (*TOUCHED_BY.values(), ("status",), ("audit", "verify")):
            typed(*command, folder=folder)
    finally:
        ended.set()
        swapper.join()
    after = victim.lstat()
    changed = victim.read_text() != "# theirs\n" or (before.st_uid, before.st_mode) != (after.st_uid, after.st_mode)
    shutil.rmtree(folder.parent)
    return "a file of root's was written to or given away" if changed else ""


def _by_the_config(ground: Ground) -> str:
    """Have root run a command of a config that the service's user wrote, with a state where root has none yet."""
    if os.geteuid() != 0:
        return ""
    ground.take(submission("Kept", To=ground.us))
    found = []
    for name, state in {"a new state": "fresh/state", "a state of root's": "kept/state", "its own": ""}.items():
        folder = folder_of(ground, lambda _: None)
        roots, marker = folder.parent.parent / "roots", folder / "marker"
        shutil.copytree(folder / "state", roots / "kept/state", dirs_exist_ok=True, symlinks=True)
        (roots / "kept/state/mailbot.lock").unlink(missing_ok=True)
        head = f'state = "{roots / state}"' if state else ""
        more = f"[page]\ncommand = \"sh -c 'id -u > {marker}'\"\n"
        (folder / "config.toml").write_text(CONFIG.format(head=head, more=more))
        typed("publish", "--yes", folder=folder)
        if marker.exists() and marker.read_text().strip() == "0":
            found.append(name)
        shutil.rmtree(folder.parent)
        shutil.rmtree(roots)
    return f"root ran the command of another's config, with {', '.join(found)}" if found else ""


def _open_files(ground: Ground) -> str:
    """Read, as another user of the host, what commands leave behind that were typed with an umask of 0."""
    ground.take(submission("Kept", To=ground.us))
    ground.publish()
    folder = folder_of(ground, _closed)
    for command in (("publish", "--yes"), ("backup", "../backup"), ("export", "../exported")):
        _carelessly(folder, *command)
    left = [folder / "state", folder.parent / "backup", folder.parent / "exported"]
    left += [path for place in tuple(left) for path in place.rglob("*") if not path.is_symlink()]
    left = [path for path in left if "published" not in path.relative_to(folder.parent).parts]  # it is to be read
    is_open = [str(path.relative_to(folder.parent)) for path in left if stat.S_IMODE(path.stat().st_mode) & 0o077]
    state = ground.folder / "state"
    is_open += [path.name for path in (state, *state.rglob("*.db*")) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    for path in (folder, folder / "state"):
        path.chmod(0o755)
    told = typed("doctor", "--json", folder=folder)
    if "others can read what is in" not in told.out or not told.code:
        is_open.append("a state that doctor is content with")
    shutil.rmtree(folder.parent)
    return f"others can read {', '.join(is_open[:3])}" if is_open else ""


def _closed(state: Path) -> None:
    """Take from others what copying gave them; a published site stays open, as under another umask."""
    for path in (state, *state.rglob("*")):
        if not path.is_symlink() and "published" not in path.parts:
            path.chmod(path.stat().st_mode & 0o700)


def _laid_into_a_backup(ground: Ground) -> str:
    """Lay links, files and names that lead out into a backup; have it restored, and have one written through a link."""
    ground.take(submission("Kept", To=ground.us))
    folder = folder_of(ground, lambda _: None)
    kept, victim = folder.parent / "backup", folder.parent / "victim"
    victim.write_text("theirs\n")
    if typed("backup", str(kept), folder=folder).code:
        return "nothing: the backup itself failed"
    secret = (kept / "identity.secret").read_bytes()
    lays: dict[str, Callable[[Path], object]] = {
        "a link in place of a file": lambda bad: _link(bad / "acts.jsonl", victim),
        "a file that the manifest does not name": lambda bad: (bad / "spool/more.eml").write_text("x"),
        "a link beside the others": lambda bad: _link(bad / "columns/more", victim),
        "a link in place of a folder": lambda bad: _elsewhere(bad / "spool", folder.parent / "away"),
        "names that lead out": lambda bad: (bad / "manifest.json").write_text('{"../victim": "00"}'),
        "a file changed": lambda bad: (bad / "identity.secret").write_bytes(secret[::-1]),
        "nothing left of the manifest": lambda bad: (bad / "manifest.json").write_text("{}"),
        "a manifest of brackets": lambda bad: (bad / "manifest.json").write_text("[" * 200_000),
        "a name that no file has": lambda bad: (bad / "manifest.json").write_text(
            json.dumps({"\ud800": "00", "a" * 5000: ""})
        ),
    }
    found = []
    for number, (name, lay) in enumerate(lays.items()):
        shutil.copytree(kept, bad := folder.parent / f"bad-{number}", symlinks=True)
        lay(bad)
        (folder / "config.toml").write_text(CONFIG.format(head=f'state = "new-{number}"', more=""))
        done = typed("restore", str(bad), folder=folder)
        verified = typed("restore", "--verify", str(bad), folder=folder)
        if not done.code or not verified.code or (folder / f"new-{number}" / "ledger.db").exists():
            found.append(f"restored with {name}")
        if "Traceback" in done.err + verified.err:
            found.append(f"a traceback because of {name}")
    (folder / "config.toml").write_text(CONFIG.format(head="", more=""))
    _link(kept / "acts.jsonl", victim)
    typed("backup", str(kept), folder=folder)
    if victim.read_text() != "theirs\n" or stat.S_IMODE(victim.stat().st_mode) != 0o644:
        found.append("a backup was written through a link")
    shutil.rmtree(folder.parent)
    return ", ".join(found)


def _link(path: Path, to: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.symlink_to(to)


def _elsewhere(folder: Path, to: Path) -> None:
    """Move a folder and leave a link to it."""
    shutil.move(folder, to)
    folder.symlink_to(to, target_is_directory=True)


ATTACKS = (
    Attack(name="root-writes-through-links-in-the-state", play=_through_links),
    Attack(name="root-gives-files-away-in-a-race", play=_given_away),
    Attack(name="root-runs-the-command-of-anothers-config", play=_by_the_config),
    Attack(name="files-that-others-of-the-host-can-read", play=_open_files),
    Attack(name="backups-with-links-and-more-than-their-manifest", play=_laid_into_a_backup),
)
