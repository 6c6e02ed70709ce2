"""Attacks on the labels, and on the secret that splits them."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from tests.hostile.attacks.model import ADA, Attack, carrying

if TYPE_CHECKING:
    from tests.hostile.attacks.model import Ground

ITEMS = range(1, 9)
"""The ids of the track's items."""


def probe(*, item: int, perception: float = 3.0) -> bytes:
    """Return a file that is constant but for one item."""
    rows = [{"id": each, "perception": perception + (each == item), "knowledge": float(each % 5)} for each in ITEMS]
    return json.dumps({"track": "S", "predictions": rows}).encode()


def _split_by_notes(ground: Ground) -> str:
    """Send with ``check`` a file for each item, constant but for that item, and compare what is said of them."""
    files = [(f"{item}.json", probe(item=item)) for item in ITEMS]
    outcome = ground.take(carrying(ground, ADA, "check", *files))
    said = ground.sent()[-1].text if outcome == "command" else ""
    told = {
        re.sub(r"[0-9a-f]{64}", "", part).split("\nThe next")[0].strip() for part in re.split(r"\d\.json", said)[1:]
    }
    return "" if len(told) == 1 else f"{len(told)} different answers about {len(files)} items ({outcome})"


def _bare(part: str) -> str:
    """Return what is said of a file without its hash, and without what stands below the last file."""
    return re.sub(r"[0-9a-f]{64}", "", part).split("\nThe next")[0].strip()


def _split_by_scored_files(ground: Ground) -> str:
    """Hand the same files in, one by one, and compare all that is said but the figures."""
    words: Counter[str] = Counter()
    for item in ITEMS:
        ground.take(carrying(ground, ADA, "siqa-s", (f"{item}.json", probe(item=item))))
        told = " ".join(ground.sent()[-1].text.split())
        told = re.sub(r" It replaces [^:]+: the latest accepted one counts\.", "", told)  # says the figures in words
        words[re.sub(r"[0-9a-f]{16,}|[\d.,-]+", "", told)] += 1
    return "" if len(words) == 1 else f"{len(words)} different receipts for {len(ITEMS)} files"


ATTACKS = (
    Attack(name="split-told-by-notes-of-check", play=_split_by_notes, config={"split": {"public": 0.5}}),
    Attack(
        name="split-told-by-notes-of-receipts",
        play=_split_by_scored_files,
        config={"split": {"public": 0.5}, "quota": {"per_week": 20}, "replies": {"per_address_hour": 100}},
    ),
)
