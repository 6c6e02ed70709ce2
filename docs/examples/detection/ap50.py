"""AP at an overlap of 0.5 of boxes in COCO's result format, the mean over the categories."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.api import Refused

if TYPE_CHECKING:
    import pandas as pd

    Box = tuple[float, float, float, float]

OVERLAP, MOST, POINTS = 0.5, 100, np.linspace(0, 1, 101)
SIDES, LARGEST = 4, 1e9
KEYS = {"image_id", "category_id", "bbox", "score"}


def score(prediction: bytes, labels: pd.DataFrame) -> dict[str, float]:
    """Return AP50; the labels have, for each image, a JSON list of {category_id, bbox}."""
    found = _read(prediction, {int(item) for item in labels.index})
    truth: dict[int, dict[int, list[Box]]] = defaultdict(lambda: defaultdict(list))
    for image, text in labels["boxes"].items():
        for each in json.loads(text):
            truth[each["category_id"]][int(str(image))].append(tuple(each["bbox"]))
    return {"ap50": float(np.mean([_average_precision(found[category], boxes) for category, boxes in truth.items()]))}


def _read(data: bytes, images: set[int]) -> dict[int, dict[int, list[tuple[float, Box]]]]:
    """Return score and box by category and image, the surest first. Raises Refused for what is no result file."""
    try:
        rows: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused("The file is no JSON.") from error
    if not isinstance(rows, list):
        raise Refused("The file must be a JSON list of {image_id, category_id, bbox, score}.")
    found: dict[int, dict[int, list[tuple[float, Box]]]] = defaultdict(lambda: defaultdict(list))
    for number, row in enumerate(rows, 1):
        if (
            not isinstance(row, dict)
            or not row.keys() >= KEYS
            or not _is_box(row["bbox"])
            or not _is_number(row["score"])
        ):
            raise Refused(f"Entry {number} must have image_id, category_id, a score, and bbox = [x, y, width, height].")
        if not isinstance(row["category_id"], int) or not isinstance(row["image_id"], int):
            raise Refused(f"Entry {number}: image_id and category_id must be whole numbers.")
        if row["image_id"] in images:  # with a split, the others are scored elsewhere
            found[row["category_id"]][row["image_id"]].append((float(row["score"]), tuple(map(float, row["bbox"]))))
    for boxes_of in found.values():
        for boxes in boxes_of.values():
            boxes.sort(key=lambda each: -each[0])
            del boxes[MOST:]
    return found


def _is_box(value: object) -> bool:
    return isinstance(value, list) and len(value) == SIDES and all(map(_is_number, value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _average_precision(found: dict[int, list[tuple[float, Box]]], truth: dict[int, list[Box]]) -> float:
    """Return the mean precision at 101 points of recall; a box is right if it is the surest on a box of the truth."""
    right: list[tuple[float, bool]] = []
    for image, boxes in found.items():
        free = list(truth.get(image, []))
        for sure, box in boxes:
            best = max(free, key=lambda each: _overlap(box, each), default=None)
            hit = best is not None and _overlap(box, best) >= OVERLAP
            if best is not None and hit:
                free.remove(best)
            right.append((sure, hit))
    right.sort(key=lambda each: -each[0])
    if not right:
        return 0.0
    hits = np.cumsum([hit for _, hit in right])
    recall = hits / sum(map(len, truth.values()))
    precision = np.maximum.accumulate((hits / np.arange(1, len(right) + 1))[::-1])[::-1]
    places = np.searchsorted(recall, POINTS, side="left")
    return float(np.mean([precision[place] if place < len(precision) else 0.0 for place in places]))


def _overlap(one: Box, other: Box) -> float:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (one[2] * one[3] + other[2] * other[3] - both)
