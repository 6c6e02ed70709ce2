"""What the columns of a label file look like: ids, numbers, classes and the rest, and what is in doubt.

A column is in doubt where one slip in the file would make it another kind of column without a word: an empty cell among
numbers or classes, an id that stands twice. No label is quoted but the names of classes. Standard library only.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.model import EXAMPLES, RANGE
from scoring.rows.cells import runs
from scoring.table import LABELS
from scoring.text import counted, listed
from scoring.values import Fault, number, text, with_point

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.table import Table

ID, QUERY, CLUSTER, NOTHING, LABEL = "id", "query", "cluster", "nothing", "label"
NUMBERS, CLASSES, PROBABILITIES, QUANTILES = "numbers", "classes", "probabilities", "quantiles"
TEXT, TAGS, MASKS = "text", "tags", "masks"

ROLES: Mapping[str, str] = {
    ID: "names the item",
    NUMBERS: "numbers to estimate",
    QUANTILES: "numbers; files hold one for each level",
    CLASSES: "one class of several",
    PROBABILITIES: "a class; files hold a probability for each",
    TEXT: "a text",
    TAGS: "several words at once, in any order",
    MASKS: "runs of pixels",
    QUERY: "a mean is taken over each",
    CLUSTER: "what several items share",
    NOTHING: "is left out",
    LABEL: "is scored, as what it looks like",
}
"""What a column can be, and what that means."""

#: More classes than that are no classes, nor are those that come less often than that on average.
MOST_CLASSES, LEAST_OFTEN = 60, 2
#: So many whole numbers are grades or classes; more are a quantity.
MOST_GRADES = 12
#: So large a share of ids that are different, or of cells that are numbers, is meant to be all of them.
MEANT_IDS, MEANT_NUMBERS = 0.8, 0.8
#: What columns are called that say over what a mean is taken, or what items share, and those that are no classes.
QUERIES = ("query", "query_id", "qid", "search", "session")
CLUSTERS = ("image", "image_path", "patient", "subject", "speaker", "document", "site")
COUNTS = frozenset({
    "n", "nr", "num", "number", "numbers", "count", "counts", "counting", "amount", "total", "quantity", "age", "days",
    "hours", "price",
})  # fmt: skip

WIDE = (-1e15, 1e15)


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a column was taken for."""

    #: One of :data:`ROLES`.
    role: str
    #: What it could be as well, and how to say so; of what is left out, why; "" for nothing.
    other: str = ""
    #: What is wrong in the file unless somebody says what the column is; "" for nothing.
    doubt: str = ""


def looked_at(table: Table) -> dict[str, Seen]:
    """Return what each column of a label file looks like, in the order of the file."""
    names = [name for name in table.columns if name not in LABELS]
    found: dict[str, Seen] = {}
    for name in names:
        if name.removesuffix("_id") in CLUSTERS and CLUSTER not in {each.role for each in found.values()}:
            found[name] = Seen(role=CLUSTER)
        elif name in QUERIES and QUERY not in {each.role for each in found.values()}:
            found[name] = Seen(role=QUERY)
    if identity := _identity(table, names):
        again = repeated(table, identity)
        doubt = f"{identity}: looks like the id, which must be different in each row; {again}" if again else ""
        found[identity] = Seen(role=ID, doubt=doubt)
    ranked = QUERY in {each.role for each in found.values()}
    others = {name: _label(table, name, ranked=ranked) for name in names if name not in found}
    scored = [name for name, look in others.items() if look.role != NOTHING]
    for name in scored:  # what is another name of the item is no label, where there is one beside it
        if found and len(scored) > 1 and others[name].role == TEXT and _names_items(table, name):
            others[name] = Seen(role=NOTHING, other=f"as it names the items (else: --column {name}=text)")
    return {name: (found | others)[name] for name in names}


def held(table: Table, name: str) -> str:
    """Return what the labels in a column are."""
    return _label(table, name).role


def repeated(table: Table, name: str) -> str:
    """Say why a column is not an id: which cells are empty, or stand in an earlier row; "" where it can be one."""
    cells = [text(cell) or "" for cell in table.cells[name]]
    empty = [table.place(row) for row, cell in enumerate(cells) if not cell]
    if empty:
        return f"{counted(len(empty), 'cell is', 'cells are')} empty ({listed(empty, EXAMPLES)})"
    before: dict[str, int] = {}
    twice = [
        f"{table.place(row)} has that of {table.place(before[cell])}"
        for row, cell in enumerate(cells)
        if before.setdefault(cell, row) != row
    ]
    return f"{counted(len(twice), 'value stands', 'values stand')} twice ({listed(twice, EXAMPLES)})" if twice else ""


def classes(table: Table, name: str) -> list[str]:
    """Return the different values of a column in order, in upper case; what is empty is none."""
    found = {(text(cell) or "").upper() for cell in table.cells[name]} - {""}
    return sorted(found, key=lambda each: (len(each), each) if each.isdigit() else (0, each))


def described_numbers(table: Table, name: str) -> str:
    """Say what numbers a column holds."""
    values = _numbers(table, name)
    kind = "whole numbers" if all(value.is_integer() for value in values) else "numbers"
    return f"{kind} from {min(values):g} to {max(values):g}" if values else kind


def number_lines(table: Table, name: str) -> tuple[str, ...]:
    """Return the lines for numbers that are whole, and for those beyond what is usually taken."""
    values = _numbers(table, name)
    whole = ("whole = true",) if values and all(value.is_integer() for value in values) else ()
    far = max(map(abs, values), default=0.0)
    if far <= RANGE[1]:
        return whole
    far = float(f"{10 * far:.0e}")  # ten times as far as the labels, rounded
    return (*whole, f"range = [{-far!r}, {far!r}]")


# --- ids -------------------------------------------------------------------------------------


def _identity(table: Table, names: Sequence[str]) -> str | None:
    """Return the column of ids, also one with a slip in it; None where the rows' numbers are the ids.

    One that is called so, else the first of all columns, else any that is different in each row and no decimal.
    """
    called = [name for name in names if (name == ID or name.endswith(("_id", "-id"))) and name not in QUERIES]
    called.sort(key=lambda name: _distinct(table, name) < 1)  # stable: whole ones first
    for name in [*called, *names[:1], *names]:
        if name in QUERIES or (name not in called and _is_decimal(table, name)):
            continue
        share = _distinct(table, name)
        near = name == ID or (share >= MEANT_IDS and (name in called or (name == names[0] and len(names) > 1)))
        if share == 1 or near:
            return name
    return None


def _distinct(table: Table, name: str) -> float:
    """Return the share of rows in which a column has a value that no earlier row has."""
    cells = table.cells[name]
    return len({text(cell) or "" for cell in cells} - {""}) / len(cells) if cells else 0.0


def _is_decimal(table: Table, name: str) -> bool:
    return all("." in (text(cell) or "") for cell in table.cells[name]) and not _wrong_numbers(table, name)


def _names_items(table: Table, name: str) -> bool:
    """Whether a column names the items once more, as the path of a file does."""
    return _distinct(table, name) == 1 and all(len((text(cell) or "").split()) == 1 for cell in table.cells[name])


# --- labels ----------------------------------------------------------------------------------


def _label(table: Table, name: str, *, ranked: bool = False) -> Seen:
    """Return what a column of labels looks like; beside queries few whole numbers are grades of relevance."""
    cells = [text(cell) or "" for cell in table.cells[name]]
    found, empty = classes(table, name), [row for row, cell in enumerate(cells) if not cell]
    if len(found) <= 1 and len(cells) > 1:
        same = "as it is the same in each row" if not empty else "as it holds one value at most"
        return Seen(role=NOTHING, other=same)
    return (
        _numeric(table, name, found, ranked=ranked)
        if not _wrong_numbers(table, name)
        else _worded_labels(table, name, cells)
    )


def _worded_labels(table: Table, name: str, cells: Sequence[str]) -> Seen:
    """Return what a column looks like whose cells are not all numbers."""
    found, empty = classes(table, name), [row for row, cell in enumerate(cells) if not cell]
    wrong = _wrong_numbers(table, name)
    if len(wrong) <= (1 - MEANT_NUMBERS) * len(cells):
        held = f"{len(cells) - len(wrong)} of {len(cells)} cells are numbers"
        return Seen(role=NUMBERS, doubt=f"{name}: {held}, and {_worded(table, wrong, cells)}")
    if _are_comma_numbers(table, name):
        return Seen(role=NUMBERS, doubt=f"{name}: numbers with a comma for the point; write them with a point")
    if len(found) <= min(MOST_CLASSES, (len(cells) - len(empty)) / LEAST_OFTEN):
        lost = f"{name}: {len(found)} classes, and {_worded(table, empty, cells)}" if empty else ""
        return Seen(role=CLASSES, doubt=lost)
    if _are_tags(cells):
        return Seen(role=TAGS)
    return Seen(role=MASKS if all(map(_is_mask, cells)) else TEXT)


def _worded(table: Table, rows: Sequence[int], cells: Sequence[str]) -> str:
    """Say which cells hold what they should not, without a value."""
    told = [f"{table.place(row)} {'is empty' if not cells[row] else 'is none'}" for row in rows]
    return listed(told, EXAMPLES)


def is_count(name: str) -> bool:
    """Whether a column is called as a quantity is: by its last word, as ``cell_count``."""
    return name.replace("-", "_").replace(" ", "_").rpartition("_")[2] in COUNTS


def _numeric(table: Table, name: str, found: Sequence[str], *, ranked: bool) -> Seen:
    """Return whether numbers are classes: few whole ones without a gap, from 0 or 1 on, that are not called a count."""
    often = len(found) <= min(MOST_CLASSES, len(table) / LEAST_OFTEN)
    whole = all(each.isdigit() for each in found)
    if not (whole and often):
        return Seen(role=NUMBERS)
    wholes = sorted(map(int, found))
    graded = wholes == list(range(wholes[0], wholes[0] + len(wholes))) and wholes[0] <= 1
    two = len(wholes) == 2  # noqa: PLR2004 -- yes and no
    if not ranked and (two or (graded and len(wholes) <= MOST_GRADES and not is_count(name))):
        return Seen(role=CLASSES, other="" if two else f"if they are counts or grades: --column {name}=numbers")
    return Seen(role=NUMBERS, other=f"if they are classes: --column {name}=classes")


def _numbers(table: Table, name: str) -> list[float]:
    values = [number(cell, WIDE) for cell in table.cells[name]]
    return [value for value in values if not isinstance(value, Fault)]


def _wrong_numbers(table: Table, name: str) -> list[int]:
    """Return the rows whose cell is no number."""
    return [row for row, cell in enumerate(table.cells[name]) if isinstance(number(cell, WIDE), Fault)]


def _are_comma_numbers(table: Table, name: str) -> bool:
    return not any(isinstance(number(with_point(cell), WIDE), Fault) for cell in table.cells[name])


def _are_tags(cells: Sequence[str]) -> bool:
    """Whether cells hold sets of words out of a small stock."""
    words = [re.split(r"[\s,;]+", cell) for cell in cells if cell]
    stock = Counter(word for each in words for word in each)
    several = any(len(each) > 1 for each in words) and all(len(each) == len(set(each)) for each in words)
    return several and len(stock) <= min(MOST_CLASSES, sum(stock.values()) / (2 * LEAST_OFTEN))


def _is_mask(cell: str) -> bool:
    try:
        return len(cell.split()) != 1 and bool(runs(cell) or not cell)
    except ValueError:
        return False
