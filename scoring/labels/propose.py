"""A declaration out of a label file: what each column is, and the metric that is usual for it.

It is a proposal, for a person to look at. It quotes no label but the names of classes. Standard library only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.labels import seen
from scoring.labels.seen import (
    CLASSES,
    CLUSTER,
    ID,
    LABEL,
    MASKS,
    NOTHING,
    NUMBERS,
    PROBABILITIES,
    QUANTILES,
    QUERY,
    TAGS,
    Seen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scoring.table import Table


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """What a label file was taken for."""

    #: The declaration in TOML, without the track's name.
    declaration: str
    #: What was decided, a sentence each, for a person.
    reasons: tuple[str, ...]
    #: What each column is: one of :data:`scoring.labels.seen.ROLES`.
    roles: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Guess:
    """What is declared of a column."""

    column: str
    lines: tuple[str, ...]
    why: str


def propose(table: Table, roles: Mapping[str, str] | None = None) -> Proposal:
    """Return the declaration that fits the columns of a label file; ``roles`` says what some are.

    The others are guessed. Raises ValueError where there is none, and where a column that was guessed is in doubt.
    """
    looks, said = seen.looked_at(table), roles or {}
    if unknown := [name for name in said if name not in looks]:
        message = f"the label file has no column {', '.join(unknown)}; it has {', '.join(looks)}"
        raise ValueError(message)
    if doubts := [look.doubt for name, look in looks.items() if look.doubt and name not in said]:
        raise ValueError("\n".join(doubts))
    roles = {name: said.get(name) or look.role for name, look in looks.items()}
    identity, query, cluster = (
        next((name for name in looks if roles[name] == role), None) for role in (ID, QUERY, CLUSTER)
    )
    values = [name for name in looks if roles[name] not in {ID, QUERY, CLUSTER, NOTHING}]
    if identity and (repeated := seen.repeated(table, identity)):
        message = f"the column {identity} cannot be the id: {repeated}"
        raise ValueError(message)
    if not values:
        message = f"the label file has no column of labels besides {', '.join(looks) or 'none'}"
        raise ValueError(message)
    held = {name: seen.held(table, name) if roles[name] == LABEL else roles[name] for name in values}
    guesses = [_guess(table, name, held[name], query=query, mixed=len(set(held.values())) > 1) for name in values]
    top = [f"id = {json.dumps(identity or 'id')}"]
    top += [f"per = {json.dumps(query)}"] if query else []
    top += [f"cluster = {json.dumps(cluster)}"] if cluster and not query else []
    columns = [
        "\n".join(("[[columns]]", f"name = {json.dumps(guess.column, ensure_ascii=False)}", *guess.lines))
        for guess in guesses
    ]
    return Proposal(
        declaration="\n".join(top) + "\n\n" + "\n\n".join(columns) + "\n",
        reasons=(*_reasons(identity, query, cluster), *_of_columns(guesses, looks, said, roles)),
        roles=roles,
    )


def _reasons(identity: str | None, query: str | None, cluster: str | None) -> Iterator[str]:
    yield (
        f"ids: the column {identity}"
        if identity
        else "ids: the rows' numbers from 1, as no column is different in each row"
    )
    if query:
        yield f"each metric is the mean over {query}"
    elif cluster:
        yield f"rows that share a {cluster} are taken together in the errors"


def _of_columns(
    guesses: list[_Guess], looks: Mapping[str, Seen], said: Mapping[str, str], roles: Mapping[str, str]
) -> Iterator[str]:
    """Say of each column what it was taken for, and how to say something else where it could be."""
    for guess in guesses:
        other = looks[guess.column].other
        yield f"{guess.column}: {guess.why}" + (f"; {other}" if other and guess.column not in said else "")
    for name in looks:
        if roles[name] == NOTHING and name not in said:
            yield f"{name}: left out, {looks[name].other}"


def _guess(table: Table, name: str, held: str, *, query: str | None, mixed: bool) -> _Guess:
    """Return what is declared of a column, with the metric that is usual for what it holds."""
    lines: tuple[str, ...]
    if query and held == NUMBERS:
        lines, why = ('metrics = ["ndcg@10"]', 'also = ["mrr@10", "map@10"]'), "relevance, scored by NDCG@10"
    elif held in {CLASSES, PROBABILITIES}:
        lines, why = _of_classes(table, name, probable=held == PROBABILITIES)
    elif held == NUMBERS:
        metric, also = ("srcc", '"rmse"') if mixed else ("rmse", '"mae", "r2", "srcc"')
        lines = (*seen.number_lines(table, name), f'metrics = ["{metric}"]', f"also = [{also}]")
        why = f"{seen.described_numbers(table, name)}, scored by {metric}"
    elif held == QUANTILES:
        lines = (*seen.number_lines(table, name), "quantiles = [0.1, 0.5, 0.9]", 'metrics = ["pinball"]')
        why = f"{seen.described_numbers(table, name)}, estimated at three levels, scored by pinball"
    elif held == MASKS:
        lines, why = (
            ('holds = "mask"', 'metrics = ["dice"]', 'also = ["iou"]'),
            "masks as runs of pixels, scored by Dice",
        )
    elif held == TAGS:
        lines = ('holds = "tags"', 'metrics = ["tags_f1"]', 'also = ["jaccard"]')
        why = "several words at once, in any order, scored by F1 of tags"
    else:
        lines = ('holds = "text"', 'metrics = ["token_f1"]', 'also = ["exact_match", "wer"]')
        why = "texts, scored by F1 of words"
    return _Guess(column=name, lines=lines, why=why)


def _of_classes(table: Table, name: str, *, probable: bool) -> tuple[tuple[str, ...], str]:
    """Return the lines for classes, and what was decided; ``probable``, files hold a probability for each."""
    classes = seen.classes(table, name)
    choices = f"choices = {json.dumps(classes, ensure_ascii=False)}"
    number = f"{len(classes)} classes"
    if not probable:
        metric, also = ("accuracy", "macro_f1") if all(len(each) == 1 for each in classes) else ("macro_f1", "accuracy")
        return (choices, f'metrics = ["{metric}"]', f'also = ["{also}"]'), f"{number}, scored by {metric}"
    if len(classes) == 2 and classes[-1] in {"1", "YES", "TRUE"}:  # noqa: PLR2004 -- one of the two is what is looked for
        lines = (choices, f'positive = "{classes[-1]}"', 'metrics = ["roc_auc"]', 'also = ["log_loss", "brier"]')
        return lines, f"the probability of {classes[-1]}, scored by roc_auc"
    columns = json.dumps([f"{name}_{each}" for each in classes], ensure_ascii=False)
    lines = (choices, f"probabilities = {columns}", 'metrics = ["log_loss"]', 'also = ["brier"]')
    return lines, f"a probability for each of {number}, scored by log_loss"
