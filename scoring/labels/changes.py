"""What changed between two versions of a track's labels: which items, never what their labels are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scoring.labels.truth import Truth
    from scoring.rows.ids import Id


@dataclass(frozen=True, kw_only=True)
class Changes:
    """From one truth to another of the same track; ids in the order of the files."""

    #: Items that only the new file has, and only the old one.
    new: tuple[Id, ...]
    gone: tuple[Id, ...]
    #: Items that are no longer scored although both files have them, and those that are again.
    withdrawn: tuple[Id, ...]
    restored: tuple[Id, ...]
    #: Items whose label of a column differs, by column; the group is a column too.
    changed: Mapping[str, tuple[Id, ...]]

    @property
    def items(self) -> int:
        """How many items differ in any way."""
        columns = (item for items in self.changed.values() for item in items)
        return len({*self.new, *self.gone, *self.withdrawn, *self.restored, *columns})


def changes(old: Truth, new: Truth) -> Changes:
    """Compare two truths of one track."""
    before, after = _labels(old), _labels(new)
    scored_before, scored_after = _scored(old), _scored(new)
    both = [item for item in new.ids if item in before]
    return Changes(
        new=tuple(item for item in new.ids if item not in before),
        gone=tuple(item for item in old.ids if item not in after),
        withdrawn=tuple(item for item in both if item in scored_before and item not in scored_after),
        restored=tuple(item for item in both if item in scored_after and item not in scored_before),
        changed={
            column: items
            for column in (*new.values, *([new.track.group] if new.track.group else []))
            if (items := tuple(item for item in both if before[item][column] != after[item][column]))
        },
    )


def summary(found: Changes) -> Iterator[str]:
    """Yield what differs, in a few words each, as ``3 items gone``."""
    counts = {"new": found.new, "gone": found.gone, "withdrawn": found.withdrawn, "scored again": found.restored}
    for what, items in counts.items():
        if items:
            yield f"{_items(len(items))} {what}"
    for column, items in found.changed.items():
        if items:
            yield f"{column} changed for {_items(len(items))}"


def _items(count: int) -> str:
    return f"{count} item{'s' if count > 1 else ''}"


def labels_of(truth: Truth, item: Id) -> Mapping[str, float | str]:
    """Return the labels of an item, and its group, by column. For the committee's own eyes."""
    return _labels(truth)[item]


def _labels(truth: Truth) -> Mapping[Id, Mapping[str, float | str]]:
    groups = {truth.track.group: truth.groups} if truth.track.group and truth.groups else {}
    columns = {**truth.values, **groups}
    return truth.once(
        "labels by item",
        lambda: {item: {name: cells[place] for name, cells in columns.items()} for place, item in enumerate(truth.ids)},
    )


def _scored(truth: Truth) -> frozenset[Id]:
    return frozenset(truth.ids[place] for place in truth.positions)
