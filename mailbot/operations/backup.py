"""Back up everything that cannot be recreated (ledger, spool, daybook) while mailbot runs; and restore it.

It holds the label files that scores were computed with, so it is kept as close as the state folder itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import Counter
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.evaluation.label_files import SECRET
from mailbot.evaluation.scorers import FOLDER
from mailbot.identity import keys as identity
from mailbot.ledger import Ledger, daybook, mails
from mailbot.system import safefile
from mailbot.transport.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MANIFEST = "manifest.json"
LEDGER = "ledger.db"
COLUMNS = "columns"
_OF_THE_FOLDER = frozenset({MANIFEST, "mailbot.lock"})
"""What stands in a backup beside what was backed up."""
_CHUNK = 2**20


def back_up(ledger: Ledger, state: Path, target: Path) -> int:
    """Copy the state into a folder; return how many files its manifest names.

    The ledger is copied first, in one piece; every mail it knows was in the spool before. A second backup into the
    same folder copies only the mails that are new, and drops those that were dropped. All of it is its owner's alone.
    Raises Permanent, also when the folder holds something that is no backup.
    """
    _take_hold(target)
    ledger.copy_to(target / LEDGER)
    daybook.catch_up(ledger, state)
    for name in (daybook.ACTS, daybook.ROSTER):
        if (state / name).exists():
            _copy(state / name, target / name)
    copy = Ledger(f"sqlite:///{target / LEDGER}")
    with copy.read() as tx:
        digests = mails.digests(tx)
    copy.close()
    for path in (*sorted((state / FOLDER).glob("*")), state / SECRET, state / identity.FILE):
        if path.is_file() and not path.name.startswith("."):
            _copy(path, target / path.relative_to(state))
    _copy_mails(Spool(state / "spool"), Spool(target / "spool"), digests)
    for path in sorted((state / COLUMNS).glob("*")):  # of mails that were dropped, only these can be scored anew
        _copy(path, target / path.relative_to(state))
    hashes = safefile.hashes(target, _files(target))
    told = (json.dumps(hashes, indent=1, sort_keys=True) + "\n").encode()
    safefile.replace(target / MANIFEST, told, mode=safefile.PRIVATE_FILE)
    _close(target)
    return len(hashes)


def _take_hold(target: Path) -> None:
    """Make the folder of a backup; a manifest marks it from the start, and is no whole one until all is copied."""
    if target.exists() and any(target.iterdir()) and not _is_backup(target):
        message = f"{target} is not empty and no backup: a backup is written to a new folder, or brings one up to date"
        raise Permanent(message)
    if links := _links(target):
        message = f"{target / links[0]} is a link, which no backup holds: a backup is written through none"
        raise Permanent(message)
    safefile.private_folder(target)
    (target / MANIFEST).touch(safefile.PRIVATE_FILE)


def _is_backup(folder: Path) -> bool:
    """Whether a folder holds a backup, or the beginning of one; an export has a manifest of another kind."""
    try:
        manifest = (folder / MANIFEST).read_bytes()
        return not manifest or LEDGER in json.loads(manifest)
    except (OSError, ValueError, RecursionError):
        return False


def _close(folder: Path) -> None:
    """Take from others what an earlier version, or the copied files' own permissions, let them read."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(safefile.PRIVATE_FOLDER if path.is_dir() else safefile.PRIVATE_FILE)


def _copy_mails(spool: Spool, target: Spool, digests: Sequence[str]) -> None:
    """Copy the mails that are new, and follow those that were dropped. Raises Permanent when one is lost."""
    for digest in digests:
        if spool.why_dropped(digest):
            _copy(spool.note(digest), target.note(digest))
            target.path(digest).unlink(missing_ok=True)
        elif not target.path(digest).exists():
            if not spool.path(digest).exists():
                message = f"the spool has lost the mail {digest}: `mailbot rebuild --from-mailbox` brings it back"
                raise Permanent(message)
            _copy(spool.path(digest), target.path(digest))


def _copy(path: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(path, place)
    place.chmod(safefile.PRIVATE_FILE)


LONGEST_NAME = 200
"""Characters of a name in a manifest."""


def mistakes(backup: Path) -> list[str]:
    """Compare a backup with its manifest; return one sentence for each file that is missing or changed."""
    try:
        manifest = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        return [f"{backup / MANIFEST} cannot be read ({error.__class__.__name__}): this is not a whole backup"]
    if not isinstance(manifest, dict) or not all(isinstance(each, str) for each in manifest.values()):
        return [f"{backup / MANIFEST} is not a list of checksums: this is not a whole backup"]
    found = [f"{name} is a link, which no backup holds" for name in _links(backup)]
    for name, digest in manifest.items():
        path = backup / name
        if not _is_inside(name):
            found.append(f"{name[:LONGEST_NAME]!r} in {MANIFEST} is no file of a backup")
        elif not path.is_file():
            found.append(f"{name} is missing")
        elif not path.is_symlink() and safefile.sha256(path) != digest:
            found.append(f"{name} was changed")
    extra = sorted({str(path.relative_to(backup)) for path in _files(backup)} - {*manifest, *_links(backup)})
    return found + [f"{name} is not in {MANIFEST}" for name in extra]


def seen(backup: Path) -> str:
    """Return what a backup holds, in a sentence: for whom verified it, and nothing was wrong."""
    manifest = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
    kinds = Counter("mails" if name.startswith("spool/") else "other files" for name in manifest)
    counted = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    size = sum((backup / name).stat().st_size for name in manifest)
    return f"{len(manifest):,} files as in {MANIFEST} ({counted}; {size / 2**20:,.1f} MiB), no others and no links"


def _is_inside(name: str) -> bool:
    """Whether a name of the manifest is a path below the backup's folder, as a file of ours can have one."""
    path = PurePosixPath(name)
    is_below = bool(path.parts) and not path.is_absolute() and ".." not in path.parts
    return is_below and name.isprintable() and len(name) <= LONGEST_NAME


def _links(folder: Path) -> list[str]:
    """Return the links below a folder, whatever they lead to."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_symlink())


def restore(backup: Path, state: Path) -> int:
    """Copy a verified backup into an empty state folder; return how many files. Raises Permanent."""
    wrong = mistakes(backup)
    if wrong:
        raise Permanent("\n".join([f"{backup} cannot be restored:", *(f"  - {line}" for line in wrong)]))
    if (state / LEDGER).exists():
        message = f"{state / LEDGER} exists: move it away first; a backup is only restored where there is none"
        raise Permanent(message)
    manifest: dict[str, str] = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
    places = [name for name in sorted(manifest) if PurePosixPath(name).name not in _OF_THE_FOLDER]
    safefile.private_folder(state)
    for name in places:
        _restore(backup / name, state / name, manifest[name], state)
    return len(places)


def _restore(path: Path, place: Path, digest: str, state: Path) -> None:
    """Copy a file whose bytes are those of the manifest as they are copied, through no link on either side."""
    if link := next((each for each in (place, *place.parents) if each.is_symlink() and state in each.parents), None):
        safefile.refuse_link(link)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    seen = hashlib.sha256()
    with safefile.opened(path, "rb") as source, safefile.opened(place, "xb") as copy:
        while chunk := source.read(_CHUNK):
            seen.update(chunk)
            copy.write(chunk)
        times = os.fstat(source.fileno())
    if seen.hexdigest() != digest:
        place.unlink()
        message = f"{path} was changed while it was restored"
        raise Permanent(message)
    os.utime(place, ns=(times.st_atime_ns, times.st_mtime_ns))
    for folder in place.relative_to(state).parents:
        (state / folder).chmod(safefile.PRIVATE_FOLDER)


def _files(folder: Path) -> Iterator[Path]:
    """Yield what a backup holds, in order."""
    yield from sorted(p for p in folder.rglob("*") if p.is_file() and p.name not in _OF_THE_FOLDER)
