"""``python -m scoring PRED TRUTH --track siqa-s``: score one file against one label file, with no mail and no ledger.

Exit status: 0 accepted, 1 refused, 2 called wrongly or labels unusable.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from scoring import siqa
from scoring.declare import track_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.model import Evaluation, Track

ACCEPTED, REFUSED, WRONG_CALL = 0, 1, 2
MOST_DRAWS = 100_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the answer is the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's own words must not break an ASCII terminal
    options = _parser().parse_args(arguments)
    found = _evaluation(options, options.track)
    if isinstance(found, str):
        sys.stderr.write(f"scoring: {found}\n")
        return WRONG_CALL
    evaluation, drawn = found
    sys.stdout.write(_shown(evaluation, drawn, options) + "\n")
    return ACCEPTED if evaluation.ok else REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scoring", description="Score a result file against a label file.")
    parser.add_argument("pred", metavar="PRED", type=Path, help="result file: JSON, JSONL, CSV, TSV; .gz, .zip")
    parser.add_argument("truth", metavar="TRUTH", type=Path, help="label file: the same forms, or Parquet")
    track = "siqa-s, siqa-u, or a .toml file that declares a track"
    parser.add_argument("--track", required=True, type=_track, metavar="TRACK", help=track)
    parser.add_argument("--reference", action="store_true", help="compute the measures with scipy.stats")
    parser.add_argument("--bootstrap", type=_draws, metavar="B", help="also take the interval from B resamples")
    parser.add_argument("--seed", type=int, default=0, help="of the resamples (default: 0)")
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
        return track_from(tomllib.loads(Path(text).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


def _draws(text: str) -> int:
    """Return a number of resamples."""
    if not text.isdecimal() or not 0 < int(text) <= MOST_DRAWS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST_DRAWS:,}")
    return int(text)


def _evaluation(options: argparse.Namespace, track: Track) -> tuple[Evaluation, tuple[float, float] | None] | str:
    """Return the evaluation and the interval of the bootstrap if asked for, or what keeps them from being made."""
    from scoring import reference, scored  # noqa: PLC0415 -- numpy is slow to load, and not for --help
    from scoring.bootstrap import percentiles, scores_of  # noqa: PLC0415 -- the same
    from scoring.evaluate import evaluate_packed  # noqa: PLC0415 -- the same
    from scoring.truth import TruthError, read_truth_file  # noqa: PLC0415 -- the same

    try:
        truth = read_truth_file(options.truth, track)
        data = options.pred.read_bytes()
    except OSError as error:
        return f"cannot read {error.filename}: {error.strerror}"
    except TruthError as error:
        lines = (f"  {each.code}: {each.message}" for each in error.problems)
        return "\n".join((f"the labels in {options.truth} are unusable:", *lines))
    by = reference.scored if options.reference else scored.scored
    evaluation = evaluate_packed(data, truth, name=options.pred.name, by=by)
    if not evaluation.ok or options.bootstrap is None:
        return evaluation, None
    drawn = scores_of(data, truth, options.bootstrap, options.seed, name=options.pred.name)
    return evaluation, percentiles(drawn)


def _shown(evaluation: Evaluation, drawn: tuple[float, float] | None, options: argparse.Namespace) -> str:
    """Return what is printed, with the signature and the bootstrap where there are any."""
    from scoring import report  # noqa: PLC0415 -- not for --help
    from scoring.signature import signature  # noqa: PLC0415 -- not for --help

    signed = signature(evaluation, seed=None if drawn is None else options.seed)
    if options.json:
        extra = {} if drawn is None else {"bootstrap": {"draws": options.bootstrap, "interval": list(drawn)}}
        whole = report.as_json(evaluation) | {"signature": None if signed is None else str(signed)} | extra
        return json.dumps(whole, indent=2)
    lines = [report.as_text(evaluation)]
    if drawn is not None:
        lines.append(f"  bootstrap        {drawn[0]:.2f} to {drawn[1]:.2f} ({options.bootstrap:,} resamples)")
    return "\n".join([*lines, *([] if signed is None else [f"  {signed}"])])


if __name__ == "__main__":
    sys.exit(main())
