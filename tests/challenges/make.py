"""``python -m tests.challenges.make``: write labels and submissions of the challenges into docs/examples, and figures.

The data are made up, always the same; the declarations are written by hand and stay.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.challenges.tools import FIGURES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Draw = np.random.Generator
    #: The labels' columns, and the submission's.
    Files = tuple[dict[str, Sequence[object]], dict[str, Sequence[object]]]

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
VERBS = ("sees", "hears", "paints", "finds", "loses")
NOUNS = ("the cat", "a dog", "the red house", "an old tree", "the river")


def _plain(draw: Draw, name: str, *columns: str, n: int = 60, low: float = -3, high: float = 3) -> Files:
    labels: dict[str, Sequence[object]] = {name: range(1, n + 1)}
    said: dict[str, Sequence[object]] = {name: range(1, n + 1)}
    for column in columns:
        y = draw.uniform(low, high, n).round(3)
        labels[column] = y.tolist()
        said[column] = np.clip(y + (high - low) * 0.1 * draw.normal(size=n), low, high).round(3).tolist()
    return labels, said


def _classes(draw: Draw, name: str, column: str, choices: Sequence[str], n: int = 80, skill: float = 0.6) -> Files:
    y = [*choices, *draw.choice(list(choices), n - len(choices)).tolist()]
    x = [each if draw.random() < skill else str(draw.choice(list(choices))) for each in y]
    ids = [f"{name}{place:03}" for place in range(1, n + 1)]
    return {name: ids, column: y}, {name: ids, column: x}


def _probabilities(draw: Draw, files: Files, column: str, choices: Sequence[str]) -> Files:
    """Put a probability for each class in place of the answers."""
    labels, said = files
    wanted = np.array([[float(each == choice) for choice in choices] for each in labels[column]])
    p = wanted * draw.random((len(wanted), 1)) + draw.random(wanted.shape)
    p = (p / p.sum(axis=1, keepdims=True)).round(4)
    rest = {name: cells for name, cells in said.items() if name != column}
    return labels, rest | {choice: p[:, place].tolist() for place, choice in enumerate(choices)}


def _binary(draw: Draw, name: str, *columns: str, n: int = 80) -> Files:
    labels: dict[str, Sequence[object]] = {name: range(1, n + 1)}
    said: dict[str, Sequence[object]] = {name: range(1, n + 1)}
    for column in columns:
        y = draw.integers(0, 2, n)
        labels[column] = y.tolist()
        said[column] = np.clip(0.3 * y + 0.7 * draw.random(n), 0, 1).round(3).tolist()
    return labels, said


def _queries(draw: Draw, query: str, queries: int, documents: int, most: int) -> Files:
    n = queries * documents
    ids = [f"d{place:04}" for place in range(n)]
    relevance = np.zeros(n, dtype=int)
    for first in range(0, n, documents):
        relevance[first + int(draw.integers(0, documents))] = most
        relevance[first + int(draw.integers(0, documents))] = 1
    scores = (relevance + draw.normal(size=n) * 1.2).round(4)
    names = [f"q{place // documents:02}" for place in range(n)]
    return {"doc": ids, query: names, "score": relevance.tolist()}, {"doc": ids, "score": scores.tolist()}


def _quantiles(draw: Draw) -> Files:
    labels, said = _plain(draw, "hour", "load", low=0, high=100)
    middle = np.array(said.pop("load"))
    return labels, said | {
        f"load_{level / 10:g}": (middle + 3 * (level - 5)).round(3).tolist() for level in range(1, 10)
    }


def _masks(draw: Draw) -> Files:
    def runs() -> tuple[str, str]:
        edges = np.cumsum(draw.integers(5, 40, 8))
        moved = edges + draw.integers(-2, 3, 8)
        return tuple(  # type: ignore[return-value]  # two of them
            " ".join(f"{a} {b - a}" for a, b in zip(each[::2], each[1::2], strict=True)) for each in (edges, moved)
        )

    pairs = [runs() for _ in range(20)] + [("", "")]
    ids = [f"case{place:02}" for place in range(len(pairs))]
    return {"case": ids, "mask": [y for y, _ in pairs]}, {"case": ids, "mask": [x for _, x in pairs]}


def _boxes(draw: Draw) -> Files:
    labels, said = [], []
    for _ in range(25):
        boxes = [
            (str(draw.choice(["cat", "dog"])), *draw.integers(1, 200, 2), *draw.integers(40, 150, 2)) for _ in range(3)
        ]
        labels.append("; ".join("{} {} {} {} {}".format(*box) for box in boxes))
        near = [
            (name, f"{draw.random():.4f}", *(f"{v + draw.normal() * 6:.2f}" for v in (x, y)), width, height)
            for name, x, y, width, height in boxes
        ]
        said.append("; ".join("{} {} {} {} {} {}".format(*box) for box in near))
    ids = range(1, 26)
    return {"image": ids, "boxes": labels}, {"image": ids, "boxes": said}


def _texts(draw: Draw, name: str, column: str) -> Files:
    y = [f"{draw.choice(NOUNS)} {draw.choice(VERBS)} {draw.choice(NOUNS)}." for _ in range(40)]
    x = [" ".join(word for word in each.split() if draw.random() < 0.85) or "nothing" for each in y]
    ids = range(1, len(y) + 1)
    return {name: ids, column: y}, {name: ids, column: x}


def _tags(draw: Draw) -> Files:
    def cell(wanted: str = "") -> str:
        found = [str(each) for each in range(6) if draw.random() < (0.8 if str(each) in wanted.split() else 0.2)]
        return " ".join(found or ["0"])

    y = [cell() for _ in range(60)]
    ids = [f"cell{place:02}" for place in range(60)]
    return {"id": ids, "target": y}, {"id": ids, "target": [cell(each) for each in y]}


def _prices(draw: Draw) -> Files:
    y = np.exp(draw.normal(12, 0.4, 60)).round()
    return (
        {"Id": range(1, 61), "SalePrice": y.astype(int).tolist()},
        {"Id": range(1, 61), "SalePrice": (y * np.exp(0.15 * draw.normal(size=60))).round(2).tolist()},
    )


def _quality(draw: Draw) -> Files:
    x = draw.normal(size=80).round(4)
    y = (1400 + 200 / (1 + np.exp(-1.5 * x)) + 12 * draw.normal(size=80)).round(3)
    ids = [f"A{place:04}" for place in range(80)]
    return {"image": ids, "quality": y.tolist()}, {"image": ids, "quality": x.tolist()}


def _series(draw: Draw) -> Files:
    names = [f"Y{series}" for series in range(1, 11) for _ in range(6 + series % 3)]
    y = (100 + 50 * draw.random(len(names))).round(2)
    ids = [f"{name}-{place}" for place, name in enumerate(names)]
    x = (y * (1 + 0.1 * draw.normal(size=y.size))).round(2)
    return {"id": ids, "series": names, "value": y.tolist()}, {"id": ids, "value": x.tolist()}


def _scenes(draw: Draw) -> Files:
    scenes = ("airport", "bus", "park")
    labels, said = _classes(draw, "filename", "scene_label", scenes)
    _, shares = _probabilities(draw, (labels, said), "scene_label", scenes)
    return labels, said | shares


GRADES = ("0", "1", "2", "3", "4")
OTTO = ("Class_1", "Class_2", "Class_3")
IMAGENET = tuple(f"class_{place}" for place in range(1, 13))
MADE: Mapping[str, Callable[[Draw], Files]] = {
    "abaw": lambda draw: _plain(draw, "frame", "valence", "arousal", low=-1, high=1),
    "aptos": lambda draw: _classes(draw, "id_code", "diagnosis", GRADES),
    "brats": _masks,
    "chexpert": lambda draw: _binary(draw, "study", "atelectasis", "cardiomegaly", "edema"),
    "coco": _boxes,
    "dcase": _scenes,
    "expedia": lambda draw: _queries(draw, "search", 12, 10, 5),
    "feedback-ell": lambda draw: _plain(draw, "text_id", "cohesion", "syntax", "grammar", low=1, high=5),
    "gefcom": _quantiles,
    "home-credit": lambda draw: _binary(draw, "SK_ID_CURR", "TARGET"),
    "house-prices": _prices,
    "human-protein": _tags,
    "imagenet": lambda draw: _probabilities(draw, _classes(draw, "image", "label", IMAGENET), "label", IMAGENET),
    "m4": _series,
    "ms-marco": lambda draw: _queries(draw, "query", 12, 15, 1),
    "ntire-iqa": _quality,
    "offenseval": lambda draw: _classes(draw, "tweet", "label", ("OFF", "NOT")),
    "otto": lambda draw: _probabilities(draw, _classes(draw, "id", "target", OTTO), "target", OTTO),
    "squad": lambda draw: _texts(draw, "question", "answer"),
    "wmt": lambda draw: _texts(draw, "segment", "translation"),
}


def main() -> None:
    """Write every file that is made."""
    for seed, (name, make) in enumerate(MADE.items()):
        labels, said = make(np.random.default_rng(seed))
        folder = EXAMPLES / name
        folder.mkdir(exist_ok=True)
        _write(folder / "labels.csv", labels)
        _write(folder / "submission.csv", said)
        texts = [{key: list(map(str, cells)) for key, cells in columns.items()} for columns in (said, labels)]
        figure = {"by": (FIGURES[name].__doc__ or "").strip(), "value": FIGURES[name](*texts)}
        (folder / "figure.json").write_text(json.dumps(figure, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _write(path: Path, columns: Mapping[str, Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))


if __name__ == "__main__":
    main()
