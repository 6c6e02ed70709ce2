"""Word error rate in percent: all edits over all words said; words are compared in small letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

MOST_WORDS = 2_000


def check(prediction: pd.DataFrame, ids: Sequence[int | str]) -> Iterator[str]:
    """Yield what is too long: the edits are counted in time that grows with the square of the words."""
    for item in ids:
        if (count := len(prediction["text"][item].split())) > MOST_WORDS:
            yield f"The text of {item} has {count:,} words; at most {MOST_WORDS:,} are taken."


def score(prediction: pd.DataFrame, labels: pd.DataFrame) -> dict[str, float]:
    """Return the word error rate, and that of the worst recording."""
    said = {item: text.lower().split() for item, text in labels["text"].items()}
    edits = {item: _edits(prediction["text"][item].lower().split(), words) for item, words in said.items()}
    worst = max(edits[item] / max(1, len(words)) for item, words in said.items())
    return {"wer": 100 * sum(edits.values()) / sum(map(len, said.values())), "worst": 100 * worst}


def _edits(found: Sequence[str], said: Sequence[str]) -> int:
    """Count the words to be put in, taken out or replaced (Wagner and Fischer 1974)."""
    row = list(range(len(said) + 1))
    for place, word in enumerate(found, 1):
        before, row[0] = row[0], place
        for at, wanted in enumerate(said, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (word != wanted))
    return row[-1]
