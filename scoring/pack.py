"""``python -m scoring.pack OUT [--ids IDS] [--track FILE.toml]``: write the teams' checker as one file (PEP 441).

It holds the modules that :mod:`scoring.checker` loads, at once or later, and nothing else: no label, nothing to
install. Given the same sources and ids it is the same file, byte for byte.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from scoring import checker
from scoring.declaration.declare import track_in
from scoring.rows.ids import read_ids

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHEBANG = b"#!/usr/bin/env python3\n"
LOADED = """
import sys
sys.path.insert(0, sys.argv[1])
import scoring.checker
from importlib import import_module
from scoring.model import Later
while Later.names - sys.modules.keys():
    for name in [*Later.names]:
        import_module(name)
print(*sorted(name for name in sys.modules if name.partition(".")[0] == "scoring"))
"""
EPOCH = (1980, 1, 1, 0, 0, 0)  # the first instant a zip archive can tell
MAIN = """\
import sys

if sys.version_info < (3, 11):
    sys.exit("check: this needs Python 3.11 or newer, and this is " + sys.version.split()[0])
from scoring.checker import main

sys.exit(main())
"""


def packed(ids: str = "", tracks: Sequence[str] = (), scorers: Mapping[str, str] | None = None) -> bytes:
    """Return the single file; the texts of a file of ids and of declarations of tracks are baked in.

    ``scorers`` are the texts of tracks' own scorers, by track; of those that teams may have.
    """
    if ids:
        read_ids(ids)  # of which tracks they are must stand in it
    files = {"__main__.py": MAIN.encode(), **_sources()}
    files |= {f"scoring/{checker.BAKED_IDS}": ids.encode()} if ids else {}
    files |= {f"scoring/{checker.BAKED_TRACKS}": json.dumps(list(tracks)).encode()} if tracks else {}
    files |= {f"scoring/{checker.BAKED_SCORERS}": json.dumps(dict(scorers)).encode()} if scorers else {}
    draft = io.BytesIO(SHEBANG)
    draft.seek(0, io.SEEK_END)
    with zipfile.ZipFile(draft, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return draft.getvalue()


def shared(declarations: Sequence[Path]) -> dict[str, str]:
    """Return the texts of the scorers of their own that declarations let teams have. Raises OSError or ValueError."""
    tracks = [track_in(path) for path in declarations]
    return {track.name: track.own.source for track in tracks if track.own and track.own.shared}


def _sources() -> dict[str, bytes]:
    """Return the modules of this package that the checker loads, by their place in the archive."""
    here = Path(__file__).parent
    command = (sys.executable, "-I", "-S", "-c", LOADED, str(here.parent))
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    bare = [Path(*name.split(".")) for name in loaded]
    places = [place / "__init__.py" if (here.parent / place).is_dir() else place.with_suffix(".py") for place in bare]
    return {place.as_posix(): (here.parent / place).read_bytes() for place in places}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the answer is the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scoring.pack", description="Write the teams' checker as one file.")
    parser.add_argument("out", metavar="OUT", type=Path, help="the file to write, as checker.pyz")
    parser.add_argument("--ids", metavar="IDS", type=Path, help="bake these ids in (`mailbot ids` writes them)")
    parser.add_argument("--track", metavar="FILE.toml", type=Path, action="append", default=[], help="bake a track in")
    options = parser.parse_args(arguments)
    try:
        ids = options.ids.read_text(encoding="utf-8") if options.ids else ""
        made = packed(ids, [path.read_text(encoding="utf-8") for path in options.track], shared(options.track))
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_bytes(made)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"scoring.pack: {error}\n")
        return 2
    sys.stdout.write(f"{options.out}: {len(made):,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
