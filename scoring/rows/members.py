"""Zip archives with a file for each item as a submission: members by id, checked as rows are.

Standard library only: the teams' checker is this code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.files.sniff import base_name
from scoring.files.zips import holds, open_members
from scoring.model import Problem, Takes
from scoring.rows.check import names_track
from scoring.rows.ids import worded
from scoring.text import counted, first, listed, printable, quoted
from scoring.values import whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scoring.files.unpack import Limits
    from scoring.model import Note, Track
    from scoring.rows.ids import Id

PACKED = b"PK\x03\x04"
MOST_BEYOND = 100
"""An archive is read as far as it has so many members more than there are items."""


@dataclass(frozen=True, kw_only=True)
class Members:
    """The content of each item's member, in the order of the ids; usable only when there is no problem."""

    contents: tuple[bytes, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def taker(data: bytes, tracks: Sequence[Track], hint: str | None = None) -> Track | Problem | None:
    """Return the track whose own scorer takes a file whole; None where rows are to be read, or what is unclear.

    A zip of members is told by their ending, another file by ``hint``, or by there being no other track.
    """
    if tracks and not any(track.own for track in tracks):
        return None
    packed = data.startswith(PACKED)
    found = [track for track in tracks if _takes(track, data, packed=packed)]
    named = [track for track in found if hint is not None and names_track(hint, track)]
    if len(named) == 1 or (len(found) == 1 and (packed or len(tracks) == 1)):
        return (named or found)[0]
    if not found and packed and not any(track.columns for track in tracks):
        message = f"No file in the archive ends as those of {_titles(tracks)} do; please see the rules for its form."
        return Problem(code="track-unclear", count=1, message=message)
    if not packed and any(track.columns for track in tracks):
        return None
    titles = _titles(found or tracks)
    message = f"The file does not tell which track it is for: {titles}. Please write the name of one in the subject."
    if not found:
        message = f"{titles} takes a .zip with a file for each item, named by its id; this file is none."
    return Problem(code="track-unclear", count=1, message=message)


def last_taker(tracks: Sequence[Track]) -> Track | None:
    """Return the one track that takes any file: it is meant by one that no track with rows can read."""
    found = [track for track in tracks if track.own and track.own.takes is Takes.FILE]
    return found[0] if len(found) == 1 else None


def _takes(track: Track, data: bytes, *, packed: bool) -> bool:
    if track.own is None:
        return False
    if packed:
        return track.own.takes is Takes.MEMBERS and holds(data, (track.own.ending,))
    return track.own.takes is Takes.FILE


def _titles(tracks: Sequence[Track]) -> str:
    return listed(track.title for track in tracks)


def check(data: bytes, track: Track, ids: Sequence[Id], limits: Limits) -> Members:
    """Return the member of each id in a zip, or all problems: missing, unknown, twice, damaged, too big, in folders.

    A member is named by its id and the track's ending, as ``case-7.png``. One folder around all of them is passed over.
    """
    ending = track.own.ending if track.own else ""
    opened = open_members(data, most=len(ids) + MOST_BEYOND, limits=limits)
    problems = list(opened.problems)
    broken = {name for name, _ in opened.refused}
    paths = [*(path for path, _ in opened.members), *broken]
    folder = _folder(paths)
    found: dict[Id, bytes | None] = {}
    said: dict[str, list[str]] = {code: [] for code in MESSAGES}
    wanted = set(ids)
    numeric = all(isinstance(item, int) for item in ids)
    for path, content in [*opened.members, *((name, None) for name in broken)]:
        name = path.removeprefix(folder)
        stem = name[: -len(ending)]
        item = whole(stem) if numeric else worded(stem)
        if re.search(r"[/\\]", name):
            said["nested-members"].append(path)
        elif not name.lower().endswith(ending) or item is None:
            said["other-members"].append(path)
        elif item not in wanted:
            said["unknown-members"].append(path)
        elif item in found:
            said["duplicate-members"].append(path)
        else:
            found[item] = content
    problems += _problems(said, [item for item in ids if item not in found], ending, whole=not problems or bool(found))
    if problems:
        return Members(problems=tuple(problems))
    return Members(contents=tuple(found[item] or b"" for item in ids))


def _folder(paths: Sequence[str]) -> str:
    """Return the one folder that everything lies in, with its slash; "" where there is none."""
    tops = {path.replace("\\", "/").partition("/")[0] for path in paths if re.search(r"[/\\]", path)}
    within = all(re.search(r"[/\\]", path) for path in paths)
    return f"{tops.pop()}/" if within and len(tops) == 1 else ""


MESSAGES = {
    "nested-members": "in a folder. Please put all of them next to each other in the archive.",
    "other-members": "not named by an id and {ending}. Please leave out what is no prediction.",
    "unknown-members": "named by an id that none of our items has.",
    "duplicate-members": "there twice under one id. Please keep one of each.",
}
"""What is wrong with a member, by code, behind "3 members of the archive are"."""


def _problems(said: dict[str, list[str]], missing: list[Id], ending: str, *, whole: bool) -> Iterator[Problem]:
    for code, message in MESSAGES.items():
        if paths := said[code]:
            shown = first(printable(path if code == "nested-members" else base_name(path), 60) for path in paths)
            verb = "is" if len(paths) == 1 else "are"
            text = f"{counted(len(paths), 'member')} of the archive {verb} {message.format(ending=quoted(ending))}"
            yield Problem(code=code, count=len(paths), examples=shown, message=text)
    if missing and whole:
        shown = first(f"{printable(str(item), 40)}{ending}" for item in missing)
        text = f"{counted(len(missing), 'of our items has', 'of our items have')} no member in the archive."
        yield Problem(code="missing-members", count=len(missing), examples=shown, message=text)
