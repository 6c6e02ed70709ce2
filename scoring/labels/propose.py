"""A declaration out of a label file: which column is the id, what each holds, and the metric that is usual for it.

It is a proposal, for a person to look at. It quotes no label but the names of classes. Standard library only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.model import RANGE
from scoring.rows.cells import runs
from scoring.table import LABELS
from scoring.values import Fault, number, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scoring.table import Table

#: More classes than that are no classes, nor are those that come less often than that on average.
MOST_CLASSES, LEAST_OFTEN = 60, 2
#: So many whole numbers are grades or classes; more are a quantity.
MOST_GRADES = 12
#: What columns are called that say over what a mean is taken, or what items share.
QUERIES = ("query", "query_id", "qid", "search", "session")
CLUSTERS = ("image", "image_path", "patient", "subject", "speaker", "document", "site")


ROLES = ("id", "label", "query", "cluster", "nothing")
"""What a column can be: the id, what is scored, over what a mean is taken, what items share, or none of these."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a label file was taken for."""

    #: The declaration in TOML, without the track's name.
    declaration: str
    #: What was decided, a sentence each, for a person.
    reasons: tuple[str, ...]
    #: What each column is: one of :data:`ROLES`.
    roles: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Guess:
    """What a column was taken for."""

    column: str
    lines: tuple[str, ...]
    why: str


def propose(table: Table, roles: Mapping[str, str] | None = None) -> Proposal:
    """Return the declaration that fits the columns of a label file; ``roles`` says what each is (default: guessed).

    Raises ValueError where there is none.
    """
    names = [name for name in table.columns if name not in LABELS]
    roles = roles or _roles(table, names)
    identity, query, cluster = (
        next((name for name in names if roles[name] == role), None) for role in ("id", "query", "cluster")
    )
    values = [name for name in names if roles[name] == "label"]
    if identity and len({text(cell) for cell in table.cells[identity]} - {"", None}) < len(table.cells[identity]):
        message = f"the column {identity} cannot be the id: it is not different in each row"
        raise ValueError(message)
    if not values:
        message = f"the label file has no column of labels beside {', '.join(names) or 'none'}"
        raise ValueError(message)
    mixed = len({_is_numeric(table, name) and not _classes(table, name) for name in values}) > 1
    guesses = [_guess(table, name, query=query, mixed=mixed) for name in values]
    top = [f"id = {json.dumps(identity or 'id')}"]
    top += [f"per = {json.dumps(query)}"] if query else []
    top += [f"cluster = {json.dumps(cluster)}"] if cluster and not query else []
    columns = [
        "\n".join(("[[columns]]", f"name = {json.dumps(guess.column, ensure_ascii=False)}", *guess.lines))
        for guess in guesses
    ]
    return Proposal(
        declaration="\n".join(top) + "\n\n" + "\n\n".join(columns) + "\n",
        reasons=tuple(_reasons(identity, query, cluster, guesses)),
        roles=roles,
    )


def _roles(table: Table, names: Sequence[str]) -> dict[str, str]:
    """Guess what each column is."""
    found = dict.fromkeys(names, "label")
    for name in names:
        if name in CLUSTERS and "cluster" not in found.values():
            found[name] = "cluster"
        elif name in QUERIES and "query" not in found.values():
            found[name] = "query"
    if identity := _identity(table, names):
        found[identity] = "id"
    return found


def _reasons(identity: str | None, query: str | None, cluster: str | None, guesses: Sequence[_Guess]) -> Iterator[str]:
    yield (
        f"ids: the column {identity}"
        if identity
        else "ids: the rows' numbers from 1, as no column is different in each row"
    )
    if query:
        yield f"each metric is the mean over {query}"
    elif cluster:
        yield f"rows that share a {cluster} are taken together in the errors"
    for guess in guesses:
        yield f"{guess.column}: {guess.why}"


def _identity(table: Table, names: Sequence[str]) -> str | None:
    """Return the column of ids: one that is called so, else the first that is different in each row and no decimal."""
    called = [name for name in names if name == "id" or name.endswith(("_id", "-id"))]
    for name in [*called, *names]:
        cells = [text(cell) for cell in table.cells[name]]
        if name in QUERIES or len(set(cells)) < len(cells) or not all(cells):
            continue
        if name in called or not all("." in (cell or "") for cell in cells):
            return name
    return None


def _is_numeric(table: Table, name: str) -> bool:
    wide = (-1e15, 1e15)
    return not any(isinstance(number(cell, wide), Fault) for cell in table.cells[name])


def _classes(table: Table, name: str) -> list[str]:
    """Return the classes of a column, in order; none where it holds something else."""
    cells = [(text(cell) or "").upper() for cell in table.cells[name]]
    found = sorted(set(cells), key=lambda each: (len(each), each) if each.isdigit() else (0, each))
    if "" in found or len(found) > min(MOST_CLASSES, len(cells) / LEAST_OFTEN) or len(found) == 1:
        return []
    if _is_numeric(table, name) and not (all(each.isdigit() for each in found) and len(found) <= MOST_GRADES):
        return []
    return found


def _guess(table: Table, name: str, *, query: str | None, mixed: bool) -> _Guess:
    """Return what a column holds, and the metric that is usual for it."""
    classes = _classes(table, name)
    numeric = _is_numeric(table, name)
    lines: tuple[str, ...]
    if query and numeric:
        lines, why = ('metrics = ["ndcg@10"]', 'also = ["mrr@10", "map@10"]'), "relevance, scored by NDCG@10"
    elif classes:
        metric, also = ("accuracy", "macro_f1") if all(len(each) == 1 for each in classes) else ("macro_f1", "accuracy")
        choices = json.dumps(classes, ensure_ascii=False)
        lines = (f"choices = {choices}", f'metrics = ["{metric}"]', f'also = ["{also}"]')
        why = f"{len(classes)} classes, scored by {metric}"
    elif numeric:
        metric, also = ("srcc", '"rmse"') if mixed else ("rmse", '"mae", "r2", "srcc"')
        lines = (*_range(table, name), f'metrics = ["{metric}"]', f"also = [{also}]")
        why = f"numbers, scored by {metric}"
    elif all(_is_mask(text(cell) or "") for cell in table.cells[name]):
        lines, why = (
            ('holds = "mask"', 'metrics = ["dice"]', 'also = ["iou"]'),
            "masks as runs of pixels, scored by Dice",
        )
    else:
        lines = ('holds = "text"', 'metrics = ["token_f1"]', 'also = ["exact_match", "wer"]')
        why = "texts, scored by F1 of words"
    return _Guess(column=name, lines=lines, why=why)


def _is_mask(cell: str) -> bool:
    try:
        return len(cell.split()) != 1 and bool(runs(cell) or not cell)
    except ValueError:
        return False


def _range(table: Table, name: str) -> tuple[str, ...]:
    """Return the line for numbers beyond what is usually taken: ten times as far as the labels, rounded."""
    sizes = [abs(value) for cell in table.cells[name] if not isinstance(value := number(cell, (-1e15, 1e15)), Fault)]
    if max(sizes, default=0.0) <= RANGE[1]:
        return ()
    far = float(f"{10 * max(sizes):.0e}")
    return (f"range = [{-far!r}, {far!r}]",)
