"""`mailbot rescore` of 10,000 submissions after a correction of labels, ledger written and board built; and scipy."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mailbot import flow
from mailbot.config import load
from mailbot.operations import rescore
from mailbot.system import journal
from tests.bench import contests
from tests.bench.pipeline import TEAMS, base_config
from tests.bench.scores import clocked, peak, scipys_four

if TYPE_CHECKING:
    from mailbot.service import Service
    from scoring.kernel import Floats

MANY = 10_000
SHARE = 200  # of the many, as many go through scipy's loop, whose time for all is that much more
TURNS = 5


def measure() -> dict[str, dict[str, object]]:
    """Return the ratio of scipy's loop over the same arrays to the whole rescore, the least of some turns each."""
    journal.set_up(as_json=False, quiet=True)
    with tempfile.TemporaryDirectory() as folder:
        config = load.build(base_config(Path(folder), "submissions@example.org"), base=Path(folder))
        with flow.working(config) as wired:
            contests.fill(wired, MANY, TEAMS)
            first = _rescored(wired, 0)  # makes the forms too, which the search for copies makes otherwise
            turns = [(_rescored(wired, number), _scipy(wired)) for number in range(1, TURNS + 1)]
            correct(wired, TURNS + 1)
            memory = peak(lambda: _rescore(wired))
            disk = sum(path.stat().st_size for path in (config.state / "columns").iterdir())
    ours, theirs = min(turn[0] for turn in turns), min(turn[1] for turn in turns)
    return {
        "rescore-first": {
            "value": round(first, 2),
            "unit": f"seconds of the first rescore of {MANY:,} submissions, forms made",
        },
        "rescore-s-end-to-end": {
            "value": round(theirs / ours, 1),
            "unit": "times a loop of scipy's; scores in the ledger, board built",
            "ours_ms": round(1e3 * ours),
            "scipy_s": round(theirs, 2),
            "first_ms": round(1e3 * first),
            "submissions": MANY,
            "columns_mib": round(disk / 2**20),
            "working_mib": memory,
        },
    }


def _rescored(wired: Service, number: int) -> float:
    """Correct a label, then return the seconds until all have a new score and the board is built."""
    correct(wired, number)
    return clocked(lambda: _rescore(wired))


def _rescore(wired: Service) -> None:
    scored = sum(rescore.rescore(wired, rescore.plan(wired)))
    if scored != MANY:
        raise RuntimeError(f"{scored} of {MANY} were scored")
    wired.weekly.board(datetime.now(UTC))


def correct(wired: Service, number: int) -> None:
    """Change a label of each dimension."""
    truth = wired.labels.whole[contests.TRACK]
    rows: list[dict[str, object]] = [
        {"id": each, **{name: values[place] for name, values in truth.values.items()}}
        for place, each in enumerate(truth.ids)
    ]
    rows[number] |= dict.fromkeys(truth.values, 1.0 + number / 7)
    kept = wired.labels.keep(json.dumps({"predictions": rows}).encode(), truth.track)
    wired.labels.choose(kept, "a correction", datetime.now(UTC))


def _scipy(wired: Service) -> float:
    truth = wired.labels.whole[contests.TRACK]
    labels = {name: np.array(values, dtype=np.float64) for name, values in truth.values.items()}
    some: list[dict[str, Floats]] = list(islice(contests.predictions(MANY, len(truth.ids), list(labels)), SHARE))
    return clocked(lambda: [scipys_four(laid, labels) for laid in some]) * MANY / SHARE
