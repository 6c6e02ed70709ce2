"""A clean file from its bytes to its score, beside ``json.loads`` and the organizers' way to score it.

Theirs is the script of the first challenge: rows by id, ``float()`` of each value, scipy's correlations; or answers
compared by ``str(x).strip().upper()``, counted for each type of question. It checks nothing and takes no interval.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING, Any

from scipy import stats

from scoring.declaration import siqa
from scoring.labels.truth import load_truth
from scoring.scores.evaluate import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable

    from scoring.labels.truth import Truth
    from scoring.model import Track

ITEMS = 1_050
QUESTIONS = {"yes-or-no": 380, "what": 350, "how": 390}
TURNS = 300
STARTS = 9
LOADED = """
import sys, time
import msgspec, numpy
before, begun = len(sys.modules), time.process_time()
import scoring.labels.truth, scoring.scores.evaluate
print(1000 * (time.process_time() - begun), len(sys.modules) - before)
"""


def measure() -> dict[str, dict[str, object]]:
    """Return the figures of a file of each track."""
    chance = random.Random(9)  # noqa: S311  # made-up predictions
    labels = [{"id": n, "perception": _rating(chance), "knowledge": _rating(chance)} for n in range(1, ITEMS + 1)]
    rows = [{name: _near(value, chance) for name, value in row.items()} for row in labels]
    types = [name for name, count in QUESTIONS.items() for _ in range(count)]
    letters = [{"id": n, "precision": chance.choice("ABCD"), "type": name} for n, name in enumerate(types, 1)]
    answers = [{"id": row["id"], "precision": chance.choice("ABCD")} for row in letters]
    return {
        "evaluate-s": _beside(_file("S", rows), _truth(labels, siqa.siqa_s()), _official_s),
        "evaluate-u": _beside(_file("U", answers), _truth(letters, siqa.siqa_u()), _official_u),
        "evaluator-import": _imports(),
    }


def _imports() -> dict[str, object]:
    """Return what it takes to load what evaluates, numpy and msgspec aside, in a process of its own each time."""
    command = (sys.executable, "-c", LOADED)
    runs = [subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() for _ in range(STARTS)]
    return {
        "value": round(median(float(run[0]) for run in runs), 1),
        "unit": "ms of processor time",
        "modules": int(runs[0][1]),
    }


def _rating(chance: random.Random) -> float:
    return round(chance.uniform(1, 5), 4)


def _near(value: float, chance: random.Random) -> float:
    """Return a number near a rating, with all its digits; an id as it is."""
    return value if isinstance(value, int) else value + chance.gauss(0, 0.4)


def _file(track: str, rows: object) -> bytes:
    return json.dumps({"team": "t", "method": "m", "track": track, "predictions": rows}, indent=2).encode()


def _truth(rows: object, track: Track) -> Truth:
    return load_truth(json.dumps({"predictions": rows}).encode(), track)


def _official_s(data: bytes, truth: Truth) -> float:
    rows = _by_id(data)
    scores = []
    for name, labels in truth.values.items():
        pairs = [(float(rows[i][name]), label) for i, label in zip(truth.ids, labels, strict=True) if i in rows]
        given, wanted = zip(*pairs, strict=True)
        found = (stats.spearmanr(given, wanted).statistic, stats.pearsonr(given, wanted).statistic)
        scores.append(50 * sum(max(0.0, float(each)) for each in found))
    return sum(scores) / len(scores)


def _official_u(data: bytes, truth: Truth) -> float:
    rows, right = _by_id(data), Counter[str]()
    for item, label, group in zip(truth.ids, truth.values["precision"], truth.groups or (), strict=True):
        right[group] += str(rows[item]["precision"]).strip().upper() == label
    return sum(100 * truth.track.weights[name] * right[name] / count for name, count in QUESTIONS.items())


def _by_id(data: bytes) -> dict[Any, dict[str, Any]]:
    return {row["id"]: row for row in json.loads(data)["predictions"]}


def _beside(data: bytes, truth: Truth, official: Callable[[bytes, Truth], float]) -> dict[str, object]:
    """Return the ratio of the medians of processor time, taken in turn."""
    if abs((evaluate(data, truth).score or 0.0) - official(data, truth)) > 1e-9:
        raise RuntimeError("the two ways do not agree")
    ours, theirs, bare = [], [], []
    for _ in range(TURNS):
        ours.append(_taken(lambda: evaluate(data, truth)))
        theirs.append(_taken(lambda: official(data, truth)))
        bare.append(_taken(lambda: json.loads(data)))
    return {
        "value": round(median(ours) / median(theirs), 3),
        "unit": "time of ours over that of json.loads and the organizers' way",
        "ours_ms": round(1e3 * median(ours), 2),
        "official_ms": round(1e3 * median(theirs), 2),
        "json_ms": round(1e3 * median(bare), 2),
    }


def _taken(work: Callable[[], object]) -> float:
    begun = time.thread_time()
    work()
    return time.thread_time() - begun
