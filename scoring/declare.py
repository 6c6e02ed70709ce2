"""A track from plain data, so that another challenge needs a few lines of config and no code.

Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import TYPE_CHECKING

from scoring.model import Column, Kind, Measure, Term, Track
from scoring.registry import METRICS, Metric
from scoring.values import group_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

TRACK_KEYS = frozenset({"name", "title", "letters", "id", "columns", "group", "cluster", "weights", "floor", "version"})
COLUMN_KEYS = frozenset({"name", "aliases", "choices", "metrics", "also"})
MOST_CHOICES = 255


def track_from(declaration: Mapping[str, object]) -> Track:
    """Return the track that a declaration describes. Raises ValueError, which says what is wrong with it.

    ``name``; ``title``, shown (default: the name); ``letters``, what a file's ``track`` may say; ``id``, the id
    column; ``columns``, a list of mappings with ``name``, ``aliases``, ``choices`` (none: the column holds
    numbers), ``metrics`` (they count, each as much) and ``also`` (shown, not counted); ``group``, the label column
    that parts the items, and ``cluster``, the one that names what items share; ``weights`` by group if there are
    groups, else by column (default: equal), that sum to 1; ``floor``, the least that a term counts; ``version``.
    """
    _known(declaration, TRACK_KEYS, "a track")
    name = _text(declaration, "name")
    title = _text(declaration, "title", name)
    described = _mappings(declaration, "columns")
    columns = tuple(_column(each) for each in described)
    group = _text(declaration, "group", "") or None
    weights = _weights(declaration, columns, grouped=group is not None)
    terms, also = _terms(described, columns, weights, grouped=group is not None, floor=_floor(declaration))
    metrics = [METRICS[measure.metric] for term in terms for measure in term.measures]
    _unique([measure.key for measure in (*(m for term in terms for m in term.measures), *also)], "measure")
    if len({metric.higher_is_better for metric in metrics}) > 1:
        raise ValueError("metrics whose greater value is better and metrics whose smaller value is cannot be summed")
    return Track(
        name=name,
        title=title,
        letters=tuple(letter.strip().upper() for letter in _texts(declaration, "letters", (name,))),
        columns=columns,
        group=group,
        weights=weights,
        formula=_formula(terms, alone=len(columns) == 1),
        scorer=f"{name}/{declaration.get('version', 1)}-{_digest(declaration)}",
        id=_text(declaration, "id", "id").casefold(),
        cluster=_text(declaration, "cluster", "") or None,
        terms=terms,
        also=also,
        higher_is_better=metrics[0].higher_is_better,
        bounds=_bounds(terms),
    )


def checked_weights(weights: Mapping[str, float], expected: Iterable[str]) -> dict[str, float]:
    """Return the weights in the expected order; ValueError unless they are non-negative and sum to 1."""
    names = list(expected)
    if weights.keys() != set(names):
        raise ValueError(f"weights are needed for exactly {', '.join(names)}, not {', '.join(weights)}")
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights.values()):
        raise ValueError("weights must be finite and not negative")
    if not math.isclose(math.fsum(weights.values()), 1.0, abs_tol=1e-9):
        raise ValueError(f"weights must sum to 1, not {math.fsum(weights.values()):.6g}")
    return {name: float(weights[name]) for name in names}


# --- columns, weights, terms -----------------------------------------------------------------


def _column(described: Mapping[str, object]) -> Column:
    _known(described, COLUMN_KEYS, "a column")
    choices = tuple(choice.strip().upper() for choice in _texts(described, "choices"))
    _unique(choices, "choice")
    if len(choices) > MOST_CHOICES:
        raise ValueError(f"a column has at most {MOST_CHOICES} choices")
    return Column(
        name=_text(described, "name").casefold(),
        aliases=tuple(alias.casefold() for alias in _texts(described, "aliases")),
        kind=Kind.CHOICE if choices else Kind.NUMBER,
        choices=choices,
    )


def _weights(declaration: Mapping[str, object], columns: Sequence[Column], *, grouped: bool) -> dict[str, float]:
    given = declaration.get("weights")
    names = [column.name for column in columns]
    _unique([name for column in columns for name in (column.name, *column.aliases)], "column")
    if given is None:
        if grouped:
            raise ValueError("a track with groups needs the weight of each group")
        return dict.fromkeys(names, 1 / len(names))
    if not isinstance(given, dict) or not all(_is_number(weight) for weight in given.values()):
        raise ValueError("weights must be numbers by name")
    weights = {group_word(name) if grouped else str(name).casefold(): weight for name, weight in given.items()}
    return checked_weights(weights, weights if grouped else names)


def _terms(
    described: Sequence[Mapping[str, object]],
    columns: Sequence[Column],
    weights: Mapping[str, float],
    *,
    grouped: bool,
    floor: float | None,
) -> tuple[tuple[Term, ...], tuple[Measure, ...]]:
    """Return one term for each column (in each group), and the measures that are only shown."""
    terms: list[Term] = []
    also: list[Measure] = []
    alone = len(columns) == 1
    for group in weights if grouped else (None,):
        for one, column in zip(described, columns, strict=True):
            weight = weights[column.name] if group is None else weights[group] / len(columns)
            counted = [_metric(name, column) for name in _texts(one, "metrics")]
            measures = tuple(_measure(metric, column.name, group, alone=alone) for metric in counted)
            terms.append(Term(weight=weight, measures=measures, points=_points(counted, column.name), floor=floor))
            shown = [_metric(name, column) for name in _texts(one, "also")]
            also += [_measure(metric, column.name, group, alone=alone) for metric in shown]
    return tuple(terms), tuple(also)


def _metric(name: str, column: Column) -> Metric:
    metric = METRICS.get(name)
    if metric is None:
        raise ValueError(f'there is no metric "{name}"; there are {", ".join(METRICS)}')
    if metric.kind is not column.kind:
        raise ValueError(f"{name} measures a column of {metric.kind.value}s; {column.name} holds {column.kind.value}s")
    return metric


def _points(metrics: Sequence[Metric], column: str) -> float:
    units = {metric.points for metric in metrics}
    if len(units) != 1:
        raise ValueError(f"{column} needs metrics, all of the same unit")
    return units.pop()


def _measure(metric: Metric, column: str, group: str | None, *, alone: bool) -> Measure:
    parts = [column, metric.short] if group is None else [metric.short, group]
    if group is not None and not alone:
        parts.insert(0, column)
    title = column.replace("_", " ").capitalize() if group is None or not alone else ""
    spelled = "" if group is None else "/".join(word.capitalize() for word in group.split("-or-"))
    return Measure(
        key="_".join(parts).replace("-", "_").replace(" ", "_"),
        title=" ".join(word for word in (title, spelled, metric.title) if word),
        metric=metric.name,
        column=column,
        group=group,
        decimals=metric.decimals,
    )


def _floor(declaration: Mapping[str, object]) -> float | None:
    floor = declaration.get("floor")
    if floor is not None and not _is_number(floor):
        raise ValueError("floor must be a number")
    return None if floor is None else float(str(floor))


def _bounds(terms: Sequence[Term]) -> tuple[float, float]:
    """Return the least and the greatest score that the terms allow."""
    low = high = 0.0
    for term in terms:
        bounds = [METRICS[measure.metric].bounds for measure in term.measures]
        worst = math.fsum(low for low, _ in bounds) / len(bounds)
        low += term.weight * term.points * (worst if term.floor is None else max(worst, term.floor))
        high += term.weight * term.points * math.fsum(high for _, high in bounds) / len(bounds) if term.weight else 0.0
    return round(low, 9), round(high, 9)


# --- words -----------------------------------------------------------------------------------


def _formula(terms: Sequence[Term], *, alone: bool) -> str:
    """Return the formula in one line, as ``0.7 macro F1(grade) + 0.3 RMSE(size)``."""
    return " + ".join(f"{'' if len(terms) == 1 else f'{term.weight:.4g} '}{_term(term, alone=alone)}" for term in terms)


def _term(term: Term, *, alone: bool) -> str:
    titles = [METRICS[measure.metric].title for measure in term.measures]
    mean = titles[0] if len(titles) == 1 else f"({' + '.join(titles)}) / {len(titles)}"
    mean = mean if term.floor is None else f"max({mean}, {term.floor:.4g})"
    first = term.measures[0]
    over = [first.group] if first.group and alone else [first.column, *([first.group] if first.group else [])]
    scaled = mean if term.points == 1 else f"{term.points:.4g} {mean}"
    return f"{scaled} of {', '.join(over)}"


def _digest(declaration: Mapping[str, object]) -> str:
    """Return eight hex digits of SHA-256: two declarations that differ never share a scorer's name."""
    plain = json.dumps(declaration, sort_keys=True, ensure_ascii=True, default=list)
    return hashlib.sha256(plain.encode()).hexdigest()[:8]


# --- plain data ------------------------------------------------------------------------------


def _known(mapping: Mapping[str, object], keys: frozenset[str], what: str) -> None:
    unknown = [str(key) for key in mapping if key not in keys]
    if unknown:
        raise ValueError(f"{what} has no key {', '.join(unknown)}; its keys are {', '.join(sorted(keys))}")


def _text(mapping: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = mapping.get(key, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise ValueError(f"{key} must be text")
    return value.strip()


def _texts(mapping: Mapping[str, object], key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
    value = mapping.get(key, default)
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each.strip() for each in value):
        raise ValueError(f"{key} must be a list of texts")
    return tuple(each.strip() for each in value)


def _mappings(mapping: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    value = mapping.get(key)
    if not isinstance(value, list | tuple) or not value or not all(isinstance(each, dict) for each in value):
        raise ValueError(f"{key} must be a list of at least one mapping")
    return list(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _unique(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f'the {what} "{name}" is there twice')
        seen.add(name)
