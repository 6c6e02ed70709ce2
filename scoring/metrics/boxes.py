"""Average precision of boxes as COCO has it, by its own tool, pycocotools (the extra ``boxes``)."""

from __future__ import annotations

import contextlib
import io
from typing import TYPE_CHECKING, Any

from scoring.metrics.rule import Form, Rule
from scoring.rows import cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.metrics.rule import Array, Maker, Options
    from scoring.rows.cells import Box

    Pictures = tuple[tuple[Box, ...], ...]

#: Which of COCO's twelve figures is the one of each overlap.
FIGURES = {"0.50:0.95": 0, "0.50": 1, "0.75": 2}


def _labels(columns: Sequence[Array]) -> Pictures:
    return tuple(cells.boxes(cell, scored=False) for cell in columns[0].tolist())


def coco_ap(x: Array, labels: Pictures, *, iou: str) -> float | None:
    """Return the average precision (Lin et al., ECCV 2014); None where no label has a box."""
    from pycocotools import coco, cocoeval  # noqa: PLC0415 -- an extra

    names = sorted({box.name for picture in labels for box in picture})
    if not names:
        return None
    place = {name: number for number, name in enumerate(names, 1)}
    found = tuple(cells.boxes(cell, scored=True) for cell in x.tolist())
    with contextlib.redirect_stdout(io.StringIO()):  # it prints its progress
        truth, said = coco.COCO(), coco.COCO()
        truth.dataset = _dataset(labels, place, scored=False)
        truth.createIndex()
        said.dataset = _dataset(found, place, scored=True)
        said.createIndex()
        evaluation = cocoeval.COCOeval(truth, said, "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    value = float(evaluation.stats[FIGURES[iou]])
    return None if value < 0 else min(1.0, value)


def _dataset(pictures: Pictures, place: Mapping[str, int], *, scored: bool) -> dict[str, Any]:
    """Return pictures as COCO's JSON has them; boxes of classes that no label has count for nothing there."""
    boxes = [(picture, box) for picture, every in enumerate(pictures, 1) for box in every if box.name in place]
    return {
        "images": [{"id": picture} for picture in range(1, len(pictures) + 1)],
        "categories": [{"id": number, "name": name} for name, number in place.items()],
        "annotations": [
            {
                "id": number,
                "image_id": picture,
                "category_id": place[box.name],
                "bbox": [box.x, box.y, box.width, box.height],
                "area": box.width * box.height,
                "iscrowd": 0,
                **({"score": box.score} if scored else {}),
            }
            for number, (picture, box) in enumerate(boxes, 1)
        ],
    }


def _rule(options: Options) -> Rule[Pictures]:
    iou = str(options["iou"])
    return Rule(form=Form.PLAIN, target=_labels, one=lambda x, labels: coco_ap(x, labels, iou=iou))


MAKERS: Mapping[str, Maker] = {"coco_ap": _rule}

__all__ = ["MAKERS", "coco_ap"]
