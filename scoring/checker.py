"""The teams' checker: ``python -m scoring check FILE`` says of a file what the reply to its mail would say.

It needs the ids of the items and no label, so it gives no score. As a single file (``make checker``) it runs wherever
Python 3.11 does. ``audit EXPORT RECEIPT`` checks the audit trail of a contest that was exported. Exit status: 0 in
order, 1 something needs fixing, 2 called wrongly. Standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import pkgutil
import sys
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoring.declaration import siqa
from scoring.declaration.declare import track_from
from scoring.declaration.owned import with_scorer
from scoring.files.read import read
from scoring.files.unpack import Limits, unpack
from scoring.model import Note, Problem, Takes
from scoring.own.program import Program, ScorerFailed, frame
from scoring.rows.check import check, constant_notes, tell_track
from scoring.rows.ids import read_ids
from scoring.rows.members import Members, last_taker, taker
from scoring.rows.members import check as check_members
from scoring.text import counted
from scoring.trail import export

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scoring.model import Track
    from scoring.rows.ids import Id

IN_ORDER, TO_MEND, WRONG_CALL = 0, 1, 2

BAKED_IDS, BAKED_TRACKS, BAKED_SCORERS = "baked/ids.txt", "baked/tracks.json", "baked/scorers.json"
"""What :mod:`scoring.pack` puts into the single file, beside this module."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is to be said of one result file."""

    file: str
    sha256: str
    #: Title of the track; None when the file does not tell it.
    track: str | None = None
    #: Rows that were read.
    rows: int = 0
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def findings(
    data: bytes, ids: Mapping[str, Sequence[Id]], tracks: Sequence[Track], *, name: str = "", hint: str | None = None
) -> list[Finding]:
    """Check every result file in an attachment, bare or packed.

    ``ids`` by track name, ``hint`` a track that the subject names.
    """
    unpacked = unpack(
        name, data, Limits(kept=tuple(each.own.ending for each in tracks if each.own and each.own.ending))
    )
    found = [_finding(file.name, file.data, ids, tracks, hint) for file in unpacked.files]
    if unpacked.problems:
        found.append(Finding(file=name, sha256=hashlib.sha256(data).hexdigest(), problems=unpacked.problems))
    return found


def _finding(
    name: str, data: bytes, ids: Mapping[str, Sequence[Id]], tracks: Sequence[Track], hint: str | None
) -> Finding:
    """Check a bare file, in the order in which :func:`scoring.scores.evaluate.evaluated_any` does."""
    digest, whole = hashlib.sha256(data).hexdigest(), taker(data, tracks, hint)
    if isinstance(whole, Problem):
        return Finding(file=name, sha256=digest, problems=(whole,))
    if whole is not None:
        return _whole(name, data, whole, ids[whole.name])
    reading = read(data, name)
    table = reading.table
    track = tell_track(table, [each for each in tracks if each.columns], hint) if table else None
    if (track is None or isinstance(track, Problem)) and (last := last_taker(tracks)):
        return _whole(name, data, last, ids[last.name])
    if table is None:
        return Finding(file=name, sha256=digest, problems=reading.problems, notes=reading.notes)
    if track is None or isinstance(track, Problem):
        problems = (*reading.problems, *([track] if track else []))
        return Finding(file=name, sha256=digest, rows=len(table), problems=problems, notes=reading.notes)
    checked = check(table, track, ids[track.name])
    problems = (*reading.problems, *checked.problems)
    alike = () if problems else constant_notes(checked.values, track)
    if not problems:
        found, said = _by_scorer(track, ids[track.name], checked.values)
        problems, alike = found, (*alike, *said)
    return Finding(
        file=name,
        sha256=digest,
        track=track.title,
        rows=len(table),
        problems=problems,
        notes=(*reading.notes, *checked.notes, *alike),
    )


def _whole(name: str, data: bytes, track: Track, ids: Sequence[Id]) -> Finding:
    """Check a file that a track's own scorer takes whole: its members by id, and what the scorer's check says."""
    digest, members = hashlib.sha256(data).hexdigest(), Members()
    if track.own and track.own.takes is Takes.MEMBERS:
        members = check_members(data, track, ids, Limits())
        problems, notes = members.problems, members.notes
        if not problems:
            problems, notes = _by_scorer(track, ids, {"data": members.contents})
    else:
        problems, notes = _by_scorer(track, ids, data)
    rows = len(members.contents)
    return Finding(file=name, sha256=digest, track=track.title, rows=rows, problems=problems, notes=notes)


def _by_scorer(
    track: Track, ids: Sequence[Id], given: bytes | Mapping[str, Sequence[Any]]
) -> tuple[tuple[Problem, ...], tuple[Note, ...]]:
    """Return what the check of a scorer that is shared says, and a note where it cannot be run here."""
    if track.own is None or not track.own.source:
        return (), ()
    try:
        prediction = given if isinstance(given, bytes) else frame(track, ids, given)
        return Program.of(track.own).problems(prediction, tuple(ids)), ()
    except ImportError:
        why = "it needs pandas, which is not installed here"
    except ScorerFailed as failed:
        why = str(failed).splitlines()[-1]
    message = f"The organizers' own check was skipped: {why}."
    return (), (Note(code="check-left-out", count=1, message=message),)


def as_text(found: Sequence[Finding]) -> str:
    """Return what is to be said in a few lines, in the words of the replies."""
    return "\n\n".join("\n".join(_lines(each)) for each in found)


def _lines(found: Finding) -> Iterator[str]:
    verdict = "needs fixing" if found.problems else "in order"
    yield f"{found.file or '(no name)'} | {found.track or 'track unknown'} | {verdict}"
    yield f"  SHA-256: {found.sha256}"
    if not found.problems:
        yield f"  {counted(found.rows, 'row')}, and every id is there." if found.rows else "  Its form is right."
    for number, problem in enumerate(found.problems, 1):
        yield f"  {number}. {problem.message}"
        if problem.examples:
            yield f"     For example: {'; '.join(problem.examples)}"
    yield from (f"  Note: {note.message}" for note in found.notes)


# --- the command -----------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the answer is the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's own words must not break an ASCII terminal
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["audit"]:
        return export.main(given[1:])
    options = _parser().parse_args(given)
    try:
        ids, tracks = _given(options)
        data = options.file.read_bytes()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"check: {error}\n")
        return WRONG_CALL
    found = findings(data, ids, tracks, name=options.file.name, hint=options.track)
    told = json.dumps([asdict(each) for each in found], indent=2) if options.json else as_text(found)
    sys.stdout.write(told + "\n")
    return TO_MEND if any(each.problems for each in found) else IN_ORDER


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="check",
        description="Say what the reply to a result file would say, without a score.",
        epilog="`audit EXPORT RECEIPT` checks an export of a whole contest instead, and a receipt against it.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="result file: JSON, JSONL, CSV, TSV; .gz, .zip")
    parser.add_argument("--track", metavar="TRACK", help="name of a track, or a .toml file that declares one")
    parser.add_argument("--ids", metavar="IDS", type=Path, help="file of ids, one a line, from the organizers")
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    return parser


def _given(options: argparse.Namespace) -> tuple[dict[str, tuple[Id, ...]], list[Track]]:
    """Return the ids by track, and the tracks that have some. Raises OSError or ValueError with what is missing."""
    known = _known_tracks(options)
    text = options.ids.read_text(encoding="utf-8-sig") if options.ids else _baked(BAKED_IDS)
    if not text:
        message = "the ids are missing: --ids FILE names the list that the organizers give out"
        raise ValueError(message)
    ids = read_ids(text, options.track)
    if options.track:
        ids = {name: items for name, items in ids.items() if name == options.track}
    if not ids:
        message = f"there are no ids of the track {options.track}"
        raise ValueError(message)
    if unknown := sorted(set(ids) - set(known)):
        message = f"{', '.join(unknown)} is none of the tracks {', '.join(known)}; --track may name its .toml file"
        raise ValueError(message)
    return ids, [known[name] for name in ids]


def _known_tracks(options: argparse.Namespace) -> dict[str, Track]:
    """Return SIQA's tracks, those baked in, and the one of ``--track FILE.toml``, which is then called by its name."""
    known = {track.name: track for track in siqa.tracks()}
    texts = json.loads(_baked(BAKED_TRACKS) or "[]")
    if options.track and options.track.endswith(".toml"):
        texts.append(Path(options.track).read_text(encoding="utf-8-sig"))
    declared = [track_from(tomllib.loads(text)) for text in texts]
    sources = json.loads(_baked(BAKED_SCORERS) or "{}")
    if options.track and options.track.endswith(".toml") and (own := declared[-1].own):
        sources[declared[-1].name] = (Path(options.track).parent / own.file).read_text(encoding="utf-8")
    declared = [with_scorer(each, sources[each.name].encode()) if each.name in sources else each for each in declared]
    if options.track and options.track.endswith(".toml"):
        options.track = declared[-1].name
    return known | {track.name: track for track in declared}


def _baked(name: str) -> str:
    """Return a text that was put into the single file; "" where there is none."""
    try:
        return (pkgutil.get_data("scoring", name) or b"").decode()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
