"""Metrics of texts. Words are what blanks part; ``exact_match`` and ``token_f1`` compare as SQuAD's scorer does."""

from __future__ import annotations

import importlib
import os
import re
import string
import tempfile
from typing import TYPE_CHECKING, Any

import numpy as np

from scoring.metrics.rule import Form, Rule
from scoring.metrics.sets import shared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    from scoring.kernel import Floats
    from scoring.metrics.rule import Array, Maker

    Texts = tuple[Any, ...]

ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = frozenset(string.punctuation)


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case, without punctuation and articles.

    As the official scorer of SQuAD (Rajpurkar et al., EMNLP 2016).
    """
    bare = "".join(letter for letter in text.lower() if letter not in PUNCTUATION)
    return ARTICLES.sub(" ", bare).split()


def exact(found: list[str], label: list[str]) -> float:
    """Return 1 for the same words in the same order."""
    return float(found == label)


def token_f1(found: list[str], label: list[str]) -> float:
    """Return the harmonic mean of the precision and the recall of words; of no words only no words are right."""
    if not found or not label:
        return float(found == label)
    return 2 * shared(found, label) / (len(found) + len(label))


def distance(found: Sequence[str], label: Sequence[str]) -> int:
    """Return the least number of insertions, deletions and substitutions between two sequences (Levenshtein 1966).

    By columns of bits, one for each place of ``found`` (Hyyrö, Nordic Journal of Computing 10, 2003).

    >>> distance("kitten", "sitting")
    3
    """
    if not found:
        return len(label)
    places: dict[str, int] = {}
    for place, each in enumerate(found):
        places[each] = places.get(each, 0) | 1 << place
    every, last = (1 << len(found)) - 1, 1 << len(found) - 1
    up, down, count = every, 0, len(found)
    for each in label:
        equal = places.get(each, 0)
        level = (((equal & up) + up) ^ up) | equal | down
        right, left = down | ~(level | up) & every, up & level
        count += bool(right & last) - bool(left & last)
        right = (right << 1 | 1) & every
        up, down = ((left << 1) | ~((equal | down) | right) & every) & every, right & (equal | down)
    return count


# --- the rules -------------------------------------------------------------------------------


def _mean(value: Callable[[list[str], list[str]], float]) -> Rule[Texts]:
    """Return the rule of the mean over the items, in percent."""

    def each(x: Array, labels: Texts) -> Floats:
        return np.array([value(words(a), b) for a, b in zip(x.tolist(), labels, strict=True)])

    def one(x: Array, labels: Texts) -> float:
        return 100.0 * float(np.add.reduce(each(x, labels))) / x.size

    def influence(x: Array, labels: Texts) -> Floats:
        found = 100.0 * each(x, labels)
        moves: Floats = (found - found.mean()) / x.size
        return moves

    return Rule(form=Form.PLAIN, target=lambda c: tuple(map(words, c[0].tolist())), one=one, influence=influence)


def _error_rate(parted: Callable[[str], list[str]]) -> Rule[Texts]:
    """Return the rule of all edits over the length of all labels, in percent: a ratio of sums."""

    def edits(x: Array, labels: Texts) -> tuple[Floats, Floats]:
        found = [float(distance(parted(a), b)) for a, b in zip(x.tolist(), labels, strict=True)]
        return np.array(found), np.array([float(len(each)) for each in labels])

    def one(x: Array, labels: Texts) -> float:
        found, lengths = edits(x, labels)
        return 100.0 * float(found.sum()) / max(1.0, float(lengths.sum()))

    def influence(x: Array, labels: Texts) -> Floats:
        found, lengths = edits(x, labels)
        size = max(1.0, float(lengths.sum()))
        moves: Floats = 100.0 * (found - float(found.sum()) / size * lengths) / size
        return moves

    return Rule(form=Form.PLAIN, target=lambda c: tuple(map(parted, c[0].tolist())), one=one, influence=influence)


def _letters(text: str) -> list[str]:
    return list(" ".join(text.split()))


# --- by sacrebleu ----------------------------------------------------------------------------


def _sacrebleu() -> ModuleType:
    """Return sacrebleu, which asks for a folder of temporary files as it loads; a process behind walls has none."""
    before, tempfile.tempdir = tempfile.tempdir, tempfile.tempdir or os.curdir
    try:
        return importlib.import_module("sacrebleu")
    finally:
        tempfile.tempdir = before


def _corpus(name: str) -> Rule[list[str]]:
    """Return the rule of a corpus metric of sacrebleu (Post, WMT 2018), with its defaults.

    It is made of counts that are summed over the items, so under weights each text is counted once.
    """

    def made() -> Any:  # noqa: ANN401  # sacrebleu's metrics have no type that is loaded here
        return getattr(_sacrebleu(), name)()

    def one(x: Array, labels: list[str]) -> float:
        return _percent(made().corpus_score(x.tolist(), [labels]))

    def under(x: Array, labels: list[str], weights: Floats) -> Floats:
        metric = made()
        counts = np.array(metric._extract_corpus_statistics(x.tolist(), [labels]))  # noqa: SLF001  # as its own bootstrap
        sums = weights.astype(np.int64) @ counts
        scores = (_percent(metric._compute_score_from_stats(row)) for row in sums.tolist())  # noqa: SLF001
        return np.array([score if any(row) else np.nan for score, row in zip(scores, weights, strict=True)])

    return Rule(form=Form.PLAIN, target=lambda columns: columns[0].tolist(), one=one, under=under)


def _percent(found: Any) -> float:  # noqa: ANN401  # a score of sacrebleu's
    return min(100.0, float(found.score))


MAKERS: Mapping[str, Maker] = {
    "exact_match": lambda _: _mean(exact),
    "token_f1": lambda _: _mean(token_f1),
    "cer": lambda _: _error_rate(_letters),
    "wer": lambda _: _error_rate(str.split),
    "bleu": lambda _: _corpus("BLEU"),
    "chrf": lambda _: _corpus("CHRF"),
}
