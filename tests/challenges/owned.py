"""The examples with a scorer of their own: their data, made by a script, and their figures by other hands.

``python -m tests.challenges.owned`` writes them into docs/examples.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import zipfile
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mailbot import lazily
from tests.challenges.make import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Draw = np.random.Generator
    #: The labels' columns, and the bytes of the submission.
    Files = tuple[dict[str, Sequence[object]], bytes]

with lazily(__name__):  # collecting the tests needs none of it
    from scipy.spatial import transform as geometry
    from sklearn import metrics as sklearn  # type: ignore[import-untyped]  # publishes no types

SUBMISSIONS = {
    "casp": "submission.csv",
    "segmentation": "submission.zip",
    "transcripts": "submission.csv",
    "detection": "submission.json",
}
SIDE = 24
WORDS = ("a", "bird", "sang", "before", "the", "rain", "fell", "on", "old", "roofs")


def as_csv(columns: Mapping[str, Sequence[object]]) -> bytes:
    """Return a CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([list(columns), *zip(*columns.values(), strict=True)])
    return text.getvalue().encode()


def rows_of(data: bytes) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(data.decode())))


# --- the data --------------------------------------------------------------------------------


def _casp(draw: Draw) -> Files:
    names, targets, native, model = [], [], [], []
    for target, n in (("T1024", 40), ("T1030", 30), ("T1031", 25)):
        walk = np.cumsum(draw.normal(size=(n, 3)) * 2.2, axis=0)
        turned = geometry.Rotation.random(random_state=n).apply(walk + draw.normal(size=(n, 3)) * 1.6)
        native += walk.round(3).tolist()
        model += (turned + draw.uniform(-20, 20, 3)).round(3).tolist()
        names += [f"{target}-{place:03}" for place in range(1, n + 1)]
        targets += [target] * n
    x, y, z = zip(*native, strict=True)
    said = dict(zip("xyz", zip(*model, strict=True), strict=True))
    return {"residue": names, "target": targets, "x": x, "y": y, "z": z}, as_csv({"residue": names, **said})


def _masks(draw: Draw) -> Files:
    names, runs, packed = [f"case-{place:02}" for place in range(1, 13)], [], io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, name in enumerate(names):
            middle, radius = draw.uniform(8, SIDE - 8, 2), draw.uniform(3, 7)
            truth = _disc(middle, radius) if place else np.zeros((SIDE, SIDE), dtype=bool)
            found = _disc(middle + draw.normal(size=2), radius * draw.uniform(0.8, 1.2)) if place else truth
            runs.append(_runs(truth))
            picture = io.BytesIO()
            Image.fromarray(found.astype("u1") * 255).save(picture, "PNG")
            archive.writestr(zipfile.ZipInfo(f"masks/{name}.png"), picture.getvalue())
    return {"case": names, "runs": runs, "width": [SIDE] * 12, "height": [SIDE] * 12}, packed.getvalue()


def _disc(middle: np.ndarray, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.asarray((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 <= radius**2)


def _runs(mask: np.ndarray) -> str:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.ravel().astype(int), [0]))))
    return " ".join(f"{start} {end - start}" for start, end in edges.reshape(-1, 2))


def _texts(draw: Draw) -> Files:
    said = [" ".join(draw.choice(WORDS, draw.integers(4, 12))) for _ in range(40)]
    found = [
        " ".join(str(draw.choice(WORDS)) if draw.random() < 0.2 else word for word in text.split()) for text in said
    ]
    found = [" ".join(word for word in text.split() if draw.random() > 0.05) or "a" for text in found]
    numbers = list(range(1, 41))
    return {"recording": numbers, "text": said}, as_csv({"recording": numbers, "text": found})


def _boxes(draw: Draw) -> Files:
    labels, found = [], []
    for image in range(1, 21):
        truth = [
            {"category_id": int(draw.integers(1, 4)), "bbox": [*_pair(draw, 0, 60), *_pair(draw, 10, 35)]}
            for _ in range(draw.integers(1, 5))
        ]
        labels.append(json.dumps(truth))
        for each in truth:
            box = (np.array(each["bbox"]) + draw.normal(size=4) * 3).clip(1, 99).round(1).tolist()
            found.append(
                {
                    "image_id": image,
                    "category_id": each["category_id"],
                    "bbox": box,
                    "score": float(draw.random().__round__(4)),
                }
            )
        stray = [*_pair(draw, 0, 60), *_pair(draw, 10, 35)]
        found.append(
            {
                "image_id": image,
                "category_id": int(draw.integers(1, 4)),
                "bbox": stray,
                "score": float(draw.random().__round__(4)),
            }
        )
    return {"image_id": list(range(1, 21)), "boxes": labels}, json.dumps(found).encode()


def _pair(draw: Draw, low: float, high: float) -> list[float]:
    return [float(each) for each in draw.uniform(low, high, 2).round(1)]


MADE: Mapping[str, Callable[[Draw], Files]] = {
    "casp": _casp,
    "segmentation": _masks,
    "transcripts": _texts,
    "detection": _boxes,
}


# --- the figures, by other hands -------------------------------------------------------------


def gdt(labels: Sequence[Mapping[str, str]], data: bytes) -> float:
    """Return GDT_TS after scipy's superposition."""
    said = {row["residue"]: [float(row[axis]) for axis in "xyz"] for row in rows_of(data)}
    found = []
    for target in dict.fromkeys(row["target"] for row in labels):
        own = [row for row in labels if row["target"] == target]
        q = np.array([[float(row[axis]) for axis in "xyz"] for row in own])
        p = np.array([said[row["residue"]] for row in own])
        p, q = p - p.mean(axis=0), q - q.mean(axis=0)
        away = np.linalg.norm(geometry.Rotation.align_vectors(q, p)[0].apply(p) - q, axis=1)
        found.append(np.mean([np.mean(away <= cutoff) for cutoff in (1, 2, 4, 8)]))
    return 100 * float(np.mean(found))


def dice(labels: Sequence[Mapping[str, str]], data: bytes) -> float:
    """Return the mean of scikit-learn's F1 of the pixels."""
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for row in labels:
            mask = np.array(Image.open(io.BytesIO(archive.read(f"masks/{row['case']}.png")))).ravel() > 0
            truth, numbers = np.zeros(mask.size, dtype=bool), list(map(int, row["runs"].split()))
            for start, length in zip(numbers[::2], numbers[1::2], strict=True):
                truth[start : start + length] = True
            found.append(sklearn.f1_score(truth, mask, zero_division=1.0))
    return float(np.mean(found))


def wer(labels: Sequence[Mapping[str, str]], data: bytes) -> float:
    """Count edits by a whole table of distances."""
    said = {row["recording"]: row["text"].split() for row in rows_of(data)}
    edits = words = 0
    for row in labels:
        x, y = said[row["recording"]], row["text"].split()
        table = np.zeros((len(x) + 1, len(y) + 1), dtype=int)
        table[:, 0], table[0] = range(len(x) + 1), range(len(y) + 1)
        for i, j in np.ndindex(len(x), len(y)):
            table[i + 1, j + 1] = min(table[i, j + 1] + 1, table[i + 1, j] + 1, table[i, j] + (x[i] != y[j]))
        edits, words = edits + int(table[-1, -1]), words + len(y)
    return 100 * edits / words


def ap50(labels: Sequence[Mapping[str, str]], data: bytes) -> float:
    """Ask COCO's own tool."""
    truth = [{"image_id": int(row["image_id"]), **each} for row in labels for each in json.loads(row["boxes"])]
    made = [
        {**each, "id": number, "iscrowd": 0, "area": each["bbox"][2] * each["bbox"][3]}
        for number, each in enumerate(truth, 1)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": [{"id": int(row["image_id"])} for row in labels],
            "annotations": made,
            "categories": [{"id": each} for each in sorted({each["category_id"] for each in truth})],
        }
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(json.loads(data)), "bbox")
        run.evaluate()
        run.accumulate()
        run.summarize()
    return float(run.stats[1])


FIGURES = {"casp": gdt, "segmentation": dice, "transcripts": wer, "detection": ap50}
BY = {
    "casp": "GDT_TS after the superposition of scipy's Rotation.align_vectors.",
    "segmentation": "The mean of scikit-learn's f1_score of the pixels of each case.",
    "transcripts": "All edits, by a table of Wagner and Fischer, over all words.",
    "detection": "COCOeval of pycocotools, AP at 0.5.",
}


def main() -> None:
    """Write labels, submissions and figures."""
    for number, (name, make) in enumerate(MADE.items()):
        labels, data = make(np.random.default_rng(1700 + number))
        folder, written = EXAMPLES / name, as_csv(labels)
        (folder / "labels.csv").write_bytes(written)
        (folder / SUBMISSIONS[name]).write_bytes(data)
        figure = {"by": BY[name], "value": FIGURES[name](rows_of(written), data)}
        (folder / "figure.json").write_text(json.dumps(figure, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
