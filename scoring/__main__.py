"""``python -m scoring PRED TRUTH --track siqa-s``: score one file against one label file, with no mail and no ledger.

``python -m scoring check FILE`` is the teams' checker (:mod:`scoring.checker`), ``python -m scoring audit EXPORT
RECEIPT`` checks an export of the whole contest, and a receipt against it (:mod:`scoring.trail.export`).

Exit status: 0 accepted, 1 refused, 2 called wrongly or labels unusable.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scoring import checker
from scoring.declaration import siqa
from scoring.declaration.declare import track_in
from scoring.trail import export

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.model import Track

ACCEPTED, REFUSED, WRONG_CALL = 0, 1, 2
MOST_DRAWS = 100_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the answer is the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's own words must not break an ASCII terminal
    given = sys.argv[1:] if arguments is None else list(arguments)
    if given[:1] == ["check"]:
        return checker.main(given[1:])
    if given[:1] == ["audit"]:
        return export.main(given[1:])
    options = _parser().parse_args(given)
    from scoring import single  # noqa: PLC0415 -- numpy is slow to load, and not for --help

    drawn = {"draws": options.bootstrap, "seed": options.seed}
    found = single.of_files(options.pred, options.truth, options.track, by_reference=options.reference, **drawn)
    if isinstance(found, str):
        sys.stderr.write(f"scoring: {found}\n")
        return WRONG_CALL
    shown = json.dumps(single.as_json(found), indent=2) if options.json else single.as_text(found)
    sys.stdout.write(f"{shown}\n")
    return ACCEPTED if found.evaluation.ok else REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scoring", description="Score a result file against a label file.")
    parser.add_argument("pred", metavar="PRED", type=Path, help="result file: JSON, JSONL, CSV, TSV; .gz, .zip")
    parser.add_argument("truth", metavar="TRUTH", type=Path, help="label file: the same forms, or Parquet")
    track = "siqa-s, siqa-u, or a .toml file that declares a track"
    parser.add_argument("--track", required=True, type=_track, metavar="TRACK", help=track)
    parser.add_argument("--reference", action="store_true", help="compute the measures with scipy.stats")
    parser.add_argument("--bootstrap", type=_draws, metavar="B", help="also take the interval from B resamples")
    parser.add_argument("--seed", type=_seed, default=0, help="of the resamples (default: 0)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _track(text: str) -> Track:
    """Return a track by its name, or out of the file that declares it."""
    known = {track.name: track for track in siqa.tracks()}
    if text in known:
        return known[text]
    if not text.endswith(".toml"):
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(known)} and no .toml file")
    try:
        track = track_in(Path(text))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error
    if track.own:
        raise argparse.ArgumentTypeError(f"{text} has a scorer of its own: `mailbot score` runs it, in a sandbox")
    return track


def _seed(text: str) -> int:
    """Return a seed."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def _draws(text: str) -> int:
    """Return a number of resamples."""
    if not text.isdecimal() or not 0 < int(text) <= MOST_DRAWS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_DRAWS:,}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
