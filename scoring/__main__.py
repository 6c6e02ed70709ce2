"""``python -m scoring PRED TRUTH --track siqa-s``: score one file against one label file, with no mail and no ledger.

Exit status: 0 accepted, 1 refused, 2 called wrongly or labels unusable.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scoring import siqa

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.model import Evaluation, Track

ACCEPTED, REFUSED, WRONG_CALL = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the answer is the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's own words must not break an ASCII terminal
    tracks = {track.name: track for track in siqa.tracks()}
    options = _parser(tuple(tracks)).parse_args(arguments)
    evaluation = _evaluation(options.pred, options.truth, tracks[options.track])
    if isinstance(evaluation, str):
        sys.stderr.write(f"scoring: {evaluation}\n")
        return WRONG_CALL
    sys.stdout.write(_shown(evaluation, as_json=options.json) + "\n")
    return ACCEPTED if evaluation.ok else REFUSED


def _parser(tracks: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scoring", description="Score a result file against a label file.")
    parser.add_argument("pred", metavar="PRED", type=Path, help="result file: JSON, JSONL, CSV, TSV; .gz, .zip")
    parser.add_argument("truth", metavar="TRUTH", type=Path, help="label file: the same forms, or Parquet")
    parser.add_argument("--track", required=True, choices=tracks)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _evaluation(pred: Path, labels: Path, track: Track) -> Evaluation | str:
    """Return the evaluation, or what keeps it from being made."""
    from scoring.evaluate import evaluate_packed  # noqa: PLC0415 -- numpy is slow to load, and not for --help
    from scoring.truth import TruthError, read_truth_file  # noqa: PLC0415 -- the same

    try:
        truth = read_truth_file(labels, track)
        data = pred.read_bytes()
    except OSError as error:
        return f"cannot read {error.filename}: {error.strerror}"
    except TruthError as error:
        lines = (f"  {each.code}: {each.message}" for each in error.problems)
        return "\n".join((f"the labels in {labels} are unusable:", *lines))
    return evaluate_packed(data, truth, name=pred.name)


def _shown(evaluation: Evaluation, *, as_json: bool) -> str:
    from scoring import report  # noqa: PLC0415 -- not for --help

    return json.dumps(report.as_json(evaluation), indent=2) if as_json else report.as_text(evaluation)


if __name__ == "__main__":
    sys.exit(main())
