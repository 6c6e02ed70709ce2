"""The figure of each challenge by its own published tool, scikit-learn or scipy; nothing here calls ours.

Where a tool is a script that is not packaged, its computation is written down here with its source.
"""

from __future__ import annotations

import contextlib
import io
import re
import string
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import sacrebleu
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from mailbot import lazily

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    #: A file's columns by name, each a list of texts, as csv gives them.
    Columns = Mapping[str, Sequence[str]]

with lazily(__name__):  # collecting the tests needs none of it
    from scipy import optimize, stats
    from sklearn import metrics, preprocessing  # type: ignore[import-untyped]  # publishes no types


def numbers(columns: Columns, name: str) -> Any:  # noqa: ANN401 -- numpy's array
    """Return a column as numbers."""
    return np.array(columns[name], dtype=np.float64)


def _parts(labels: Columns, name: str) -> list[list[int]]:
    """Return the places of the rows of each query, in order of appearance."""
    found: dict[str, list[int]] = {}
    for place, each in enumerate(labels[name]):
        found.setdefault(each, []).append(place)
    return list(found.values())


# --- pictures --------------------------------------------------------------------------------


def ntire_iqa(said: Columns, labels: Columns) -> float:
    """SRCC plus PLCC after the fit of pyiqa's ``fit_curve(…, "logistic_4params")``, begun where that begins."""
    x, y = numbers(said, "quality"), numbers(labels, "quality")

    def curve(v: Any, b1: float, b2: float, b3: float, b4: float) -> Any:  # noqa: ANN401 -- numpy's array
        return (b1 - b2) / (1 + np.exp(-(v - b3) / np.abs(b4))) + b2

    start = [y.max(), y.min(), x.mean(), x.std() / 4]
    best, _ = optimize.curve_fit(curve, x, y, p0=start, maxfev=10_000, ftol=1e-15, xtol=1e-15, gtol=1e-15)
    return float(stats.spearmanr(x, y).statistic + stats.pearsonr(curve(x, *best), y).statistic)


def brats(said: Columns, labels: Columns) -> float:
    """Mean Dice of the cases, each scikit-learn's F1 of its pixels."""
    size = 400

    def pixels(cell: str) -> Any:  # noqa: ANN401 -- numpy's array
        found: Any = np.zeros(size, dtype=int)
        values = list(map(int, cell.split()))
        for start, length in zip(values[::2], values[1::2], strict=True):
            found[start - 1 : start - 1 + length] = 1
        return found

    pairs = zip(said["mask"], labels["mask"], strict=True)
    return float(np.mean([metrics.f1_score(pixels(b), pixels(a), zero_division=1.0) for a, b in pairs]))


def coco(said: Columns, labels: Columns) -> float:
    """AP of pycocotools' COCOeval."""
    names = {"cat": 1, "dog": 2}

    def boxes(columns: Columns, *, scored: bool) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for picture, cell in enumerate(columns["boxes"], 1):
            for box in cell.split("; "):
                name, *values = box.split()
                *score, x, y, width, height = map(float, values)
                entry = {"image_id": picture, "category_id": names[name], "bbox": [x, y, width, height]}
                more = {"score": score[0]} if scored else {"iscrowd": 0}
                found.append({"id": len(found) + 1, "area": width * height, **entry, **more})
        return found

    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "images": [{"id": place} for place in range(1, len(labels["boxes"]) + 1)],
            "categories": [{"id": each, "name": name} for name, each in names.items()],
            "annotations": boxes(labels, scored=False),
        }
        truth.createIndex()
        evaluation = COCOeval(truth, truth.loadRes(boxes(said, scored=True)), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def imagenet(said: Columns, labels: Columns) -> float:
    """Top-5 accuracy in percent, scikit-learn."""
    classes = sorted(name for name in said if name.startswith("class_"))
    scores = np.array([numbers(said, name) for name in classes]).T
    known = [classes.index(each) for each in labels["label"]]
    return float(100 * metrics.top_k_accuracy_score(known, scores, k=5, labels=range(len(classes))))


def chexpert(said: Columns, labels: Columns) -> float:
    """Mean ROC AUC of the observations, scikit-learn."""
    names = ("atelectasis", "cardiomegaly", "edema")
    return float(np.mean([metrics.roc_auc_score(numbers(labels, n), numbers(said, n)) for n in names]))


def aptos(said: Columns, labels: Columns) -> float:
    """Quadratic weighted kappa, scikit-learn."""
    return float(metrics.cohen_kappa_score(labels["diagnosis"], said["diagnosis"], weights="quadratic"))


def human_protein(said: Columns, labels: Columns) -> float:
    """Macro F1 of several labels at once in percent, scikit-learn."""
    binary = preprocessing.MultiLabelBinarizer().fit([cell.split() for cell in labels["target"]])
    known, found = (binary.transform([cell.split() for cell in c["target"]]) for c in (labels, said))
    return float(100 * metrics.f1_score(known, found, average="macro", zero_division=0))


# --- tables ----------------------------------------------------------------------------------


def otto(said: Columns, labels: Columns) -> float:
    """Multi-class log loss, rows divided by their sums and kept off 0 by 1e-15; scikit-learn."""
    classes = [f"Class_{place}" for place in range(1, 4)]
    p = np.array([numbers(said, name) for name in classes]).T
    p = np.clip(p / p.sum(axis=1, keepdims=True), 1e-15, 1 - 1e-15)
    return float(metrics.log_loss(labels["target"], p, labels=classes))


def house_prices(said: Columns, labels: Columns) -> float:
    """RMSE of the logarithms, scikit-learn."""
    return float(
        metrics.root_mean_squared_error(np.log(numbers(labels, "SalePrice")), np.log(numbers(said, "SalePrice")))
    )


def feedback_ell(said: Columns, labels: Columns) -> float:
    """Mean columnwise RMSE, scikit-learn."""
    names = ("cohesion", "syntax", "grammar")
    return float(np.mean([metrics.root_mean_squared_error(numbers(labels, n), numbers(said, n)) for n in names]))


def home_credit(said: Columns, labels: Columns) -> float:
    """ROC AUC of one column, scikit-learn."""
    return float(metrics.roc_auc_score(numbers(labels, "TARGET"), numbers(said, "TARGET")))


def abaw(said: Columns, labels: Columns) -> float:
    """Mean CCC of valence and arousal, as the challenge's ``CCC_metric``: covariances over n."""

    def ccc(x: Any, y: Any) -> float:  # noqa: ANN401 -- numpy's arrays
        return float(2 * np.cov(x, y, bias=True)[0, 1] / (x.var() + y.var() + (x.mean() - y.mean()) ** 2))

    return (
        ccc(numbers(said, "valence"), numbers(labels, "valence"))
        + ccc(numbers(said, "arousal"), numbers(labels, "arousal"))
    ) / 2


def m4(said: Columns, labels: Columns) -> float:
    """Mean sMAPE of the series, as the competition's R code: ``mean(2*abs(o-f)/(abs(o)+abs(f)))*100``."""
    x, y = numbers(said, "value"), numbers(labels, "value")
    each = [
        float((200 * np.abs(y[at] - x[at]) / (np.abs(y[at]) + np.abs(x[at]))).mean()) for at in _parts(labels, "series")
    ]
    return float(np.mean(each))


def gefcom(said: Columns, labels: Columns) -> float:
    """Mean pinball loss over the levels, scikit-learn."""
    levels = [place / 10 for place in range(1, 10)]
    y = numbers(labels, "load")
    return float(np.mean([metrics.mean_pinball_loss(y, numbers(said, f"load_{a:g}"), alpha=a) for a in levels]))


# --- texts, sounds and searches --------------------------------------------------------------


def offenseval(said: Columns, labels: Columns) -> float:
    """Macro F1 in percent, scikit-learn."""
    return float(100 * metrics.f1_score(labels["label"], said["label"], average="macro"))


def dcase(said: Columns, labels: Columns) -> float:
    """Macro-average accuracy over the scenes in percent, scikit-learn."""
    return float(100 * metrics.balanced_accuracy_score(labels["scene_label"], said["scene_label"]))


def squad(said: Columns, labels: Columns) -> float:
    """Mean F1 of words in percent, the ``f1_score`` of SQuAD's evaluate-v1.1.py."""

    def normalized(text: str) -> list[str]:
        bare = "".join(letter for letter in text.lower() if letter not in set(string.punctuation))
        return re.sub(r"\b(a|an|the)\b", " ", bare).split()

    total = 0.0
    for a, b in zip(map(normalized, said["answer"]), map(normalized, labels["answer"]), strict=True):
        same = sum((Counter(a) & Counter(b)).values())
        if same:
            precision, recall = 1.0 * same / len(a), 1.0 * same / len(b)
            total += 2 * precision * recall / (precision + recall)
    return 100.0 * total / len(labels["answer"])


def wmt(said: Columns, labels: Columns) -> float:
    """ChrF of sacrebleu."""
    return float(sacrebleu.corpus_chrf(list(said["translation"]), [list(labels["translation"])]).score)


def ms_marco(said: Columns, labels: Columns) -> float:
    """MRR@10, as ``compute_metrics`` of MS MARCO's msmarco_eval.py: one over the first relevant place of ten."""
    x, y = numbers(said, "score"), numbers(labels, "score")
    queries = _parts(labels, "query")
    total = 0.0
    for at in queries:
        ranked = sorted(at, key=lambda place: -x[place])[:10]
        total += next((1 / (place + 1) for place, each in enumerate(ranked) if y[each] > 0), 0.0)
    return total / len(queries)


def expedia(said: Columns, labels: Columns) -> float:
    """NDCG@38 with gains 2^relevance - 1, scikit-learn's query by query."""
    x, y = numbers(said, "score"), numbers(labels, "score")
    return float(np.mean([metrics.ndcg_score([2 ** y[at] - 1], [x[at]], k=38) for at in _parts(labels, "search")]))


FIGURES: Mapping[str, Callable[[Columns, Columns], float]] = {
    "abaw": abaw,
    "aptos": aptos,
    "brats": brats,
    "chexpert": chexpert,
    "coco": coco,
    "dcase": dcase,
    "expedia": expedia,
    "feedback-ell": feedback_ell,
    "gefcom": gefcom,
    "home-credit": home_credit,
    "house-prices": house_prices,
    "human-protein": human_protein,
    "imagenet": imagenet,
    "m4": m4,
    "ms-marco": ms_marco,
    "ntire-iqa": ntire_iqa,
    "offenseval": offenseval,
    "otto": otto,
    "squad": squad,
    "wmt": wmt,
}
