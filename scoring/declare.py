"""A track from plain data, so that another challenge needs a few lines of config and no code.

Standard library only.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.form import DeclarationError, Form, is_number
from scoring.model import Column, Kind, Measure, Term, Track
from scoring.registry import METRICS, Metric
from scoring.values import group_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

TRACK_KEYS = frozenset({"name", "title", "letters", "id", "columns", "group", "cluster", "weights", "floor", "version"})
COLUMN_KEYS = frozenset({"name", "aliases", "choices", "metrics", "also"})
COLUMN_EXAMPLE = '[[columns]] with name = "answer", choices = ["A", "B"], metrics = ["accuracy"]'
MOST_CHOICES = 255
#: What a track may be called: its name stands in commands, file names, the ledger and the signature.
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
#: Keys that name columns of the label file, with what they are unless said; compared in lower case, as all columns.
LABEL_COLUMNS = {"id": "id", "group": "", "cluster": ""}
#: Fields of a file that say what it is; no column of values may be called so.
TAKEN = ("team", "method", "track")


def track_from(declaration: Mapping[str, object]) -> Track:
    """Return the track that a declaration describes. Raises DeclarationError, which says all that is wrong with it.

    ``name``; ``title``, shown (default: the name); ``letters``, what a file's ``track`` may say; ``id``, the id
    column; ``columns``, a list of mappings with ``name``, ``aliases``, ``choices`` (none: the column holds
    numbers), ``metrics`` (they count, each as much) and ``also`` (shown, not counted); ``group``, the label column
    that parts the items, and ``cluster``, the one that names what items share; ``weights`` by group if there are
    groups, else by column (default: equal), that sum to 1; ``floor``, the least that a term counts; ``version``.
    """
    form = Form(declaration, [])
    form.only(TRACK_KEYS)
    name, version = _name(form), _version(form)
    title, letters = form.text("title", name), form.texts("letters", (name or "T",))
    identity, group, cluster = (form.text(key, usual).casefold() for key, usual in LABEL_COLUMNS.items())
    described = tuple(_described(each) for each in form.forms("columns", COLUMN_EXAMPLE))
    weights, floor = _weights(form, described, grouped=bool(group)), form.number("floor")
    _columns_apart(form, described, (identity, *([group] if group else [])))
    _one_direction(form, described, floor)
    if form.mistakes:
        raise DeclarationError(form.mistakes)
    terms, also = _terms(described, weights, grouped=bool(group), floor=floor)
    form.once("columns", [m.key for m in (*(m for term in terms for m in term.measures), *also)], "measure")
    if form.mistakes:
        raise DeclarationError(form.mistakes)
    return Track(
        name=name,
        title=title,
        letters=tuple(letter.upper() for letter in letters),
        columns=tuple(each.column for each in described),
        group=group or None,
        weights=weights,
        formula=_formula(terms, alone=len(described) == 1),
        scorer=f"{name}/{version}-{_digest(declaration, weights)}",
        id=identity,
        cluster=cluster or None,
        terms=terms,
        also=also,
        higher_is_better=described[0].metrics[0].higher_is_better,
        bounds=_bounds(terms),
    )


def track_in(path: Path) -> Track:
    """Return the track that a TOML file declares. Raises OSError, or ValueError, which says all that is wrong."""
    return track_from(tomllib.loads(path.read_text(encoding="utf-8-sig")))


def checked_weights(weights: Mapping[str, float], expected: Iterable[str]) -> dict[str, float]:
    """Return the weights in the expected order; ValueError unless they are non-negative and sum to 1."""
    names = list(expected)
    if weights.keys() != set(names):
        raise ValueError(f"weights are needed for exactly {', '.join(names)}, not {', '.join(weights)}")
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights.values()):
        raise ValueError("weights must not be negative")
    if not math.isclose(math.fsum(weights.values()), 1.0, abs_tol=1e-9):
        raise ValueError(f"weights must sum to 1, not {math.fsum(weights.values()):.6g}")
    return {name: float(weights[name]) for name in names}


# --- columns, weights, terms -----------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Described:
    """A column as declared."""

    column: Column
    #: The metrics that count, and those that are only shown.
    metrics: tuple[Metric, ...]
    also: tuple[Metric, ...]


def _name(form: Form) -> str:
    name = form.text("name")
    if name and not NAME.fullmatch(name):
        form.wrong("name", f'"{name}" is no name of a track: write small letters, digits, dots and hyphens, at most 40')
    return name


def _version(form: Form) -> str:
    version = form.given.get("version", 1)
    if isinstance(version, bool) or not isinstance(version, int | str) or not re.fullmatch(r"[\w.-]+", str(version)):
        form.wrong("version", 'must be a whole number, or text without blanks, as "2" or "2026-03"')
    return str(version)


def _described(form: Form) -> _Described:
    form.only(COLUMN_KEYS)
    name, aliases = form.text("name").casefold(), form.texts("aliases")
    choices = tuple(choice.upper() for choice in form.texts("choices"))
    form.once("choices", choices, "choice")
    if len(choices) > MOST_CHOICES:
        form.wrong("choices", f"a column has at most {MOST_CHOICES} choices")
    kind = Kind.CHOICE if choices else Kind.NUMBER
    metrics, also = (tuple(_metrics(form, key, kind)) for key in ("metrics", "also"))
    form.once("also", [metric.name for metric in (*metrics, *also)], "metric")
    if len({metric.points for metric in metrics}) > 1:
        units = ", ".join(f"{metric.name} in {_unit(metric)}" for metric in metrics)
        form.wrong("metrics", f"all must be of the same unit, not {units}; put others in also")
    column = Column(name=name, aliases=tuple(map(str.casefold, aliases)), kind=kind, choices=choices)
    return _Described(column=column, metrics=metrics, also=also)


def _metrics(form: Form, key: str, kind: Kind) -> Iterable[Metric]:
    """Yield the metrics named under a key; note those that there are not, or that measure something else."""
    fitting = [metric.name for metric in METRICS.values() if metric.kind is kind]
    names = form.texts(key)
    if key == "metrics" and not names and isinstance(form.given.get(key, []), list):
        form.wrong(key, f"needs at least one of {', '.join(fitting)}")
    for name in names:
        metric = METRICS.get(name)
        if metric is None:
            near = difflib.get_close_matches(name, METRICS, 1)
            hint = f'did you mean "{near[0]}"? ' if near else ""
            form.wrong(key, f'there is no metric "{name}"; {hint}there are {", ".join(METRICS)}')
        elif metric.kind is not kind:
            form.wrong(
                key,
                f"{name} measures {metric.kind.value}s, and a column "
                f"{'with' if kind is Kind.CHOICE else 'without'} choices holds {kind.value}s: {', '.join(fitting)}",
            )
        else:
            yield metric


def _unit(metric: Metric) -> str:
    return "percent" if metric.kind is Kind.CHOICE else "the column's unit" if metric.points == 1 else "1"


def _columns_apart(form: Form, described: Sequence[_Described], others: Sequence[str]) -> None:
    """Note columns that could not be told apart: by each other, the ids, the groups, or what a file says of itself."""
    columns = [each.column for each in described]
    names = [name for column in columns for name in (column.name, *column.aliases) if name]
    form.once("columns", [*others, *names], "column")
    for name in sorted({*names, *others} & {*TAKEN}):
        form.wrong("columns", f'a column cannot be called "{name}": files say their {name} under it')


def _one_direction(form: Form, described: Sequence[_Described], floor: float | None) -> None:
    """Note metrics that cannot be summed into one score, and a floor under what is better the lower it is."""
    counted = [metric for each in described for metric in each.metrics]
    lower = [metric.name for metric in counted if not metric.higher_is_better]
    if lower and len(lower) < len(counted):
        higher = ", ".join(metric.name for metric in counted if metric.higher_is_better)
        message = f"of {', '.join(lower)} a smaller value is better, of {higher} a greater: they cannot be summed"
        form.wrong("columns", f"{message}; leave one kind in metrics and put the other in also")
    elif lower and floor is not None:
        form.wrong("floor", f"of {', '.join(lower)} a smaller value is better, so a floor makes no sense: leave it out")


def _weights(form: Form, described: Sequence[_Described], *, grouped: bool) -> dict[str, float]:
    """Return the weight of each group or column; equal ones where none are said."""
    given, names = form.given.get("weights"), [each.column.name for each in described]
    if given is None:
        if grouped:
            form.wrong("weights", 'a track with groups needs the weight of each group, as { "one" = 0.5, "two" = 0.5 }')
        return {name: 1 / len(names) for name in names}
    if not isinstance(given, dict) or not all(is_number(weight) for weight in given.values()):
        form.wrong("weights", 'must be numbers by name, as { "one" = 0.5, "two" = 0.5 }')
        return {}
    weights = {group_word(name) if grouped else str(name).casefold(): weight for name, weight in given.items()}
    try:
        return checked_weights(weights, weights if grouped else names)
    except ValueError as error:
        form.wrong("weights", str(error))
        return {}


def _terms(
    described: Sequence[_Described], weights: Mapping[str, float], *, grouped: bool, floor: float | None
) -> tuple[tuple[Term, ...], tuple[Measure, ...]]:
    """Return one term for each column (in each group), and the measures that are only shown."""
    terms: list[Term] = []
    also: list[Measure] = []
    alone = len(described) == 1
    for group in weights if grouped else (None,):
        for each in described:
            name = each.column.name
            weight = weights[name] if group is None else weights[group] / len(described)
            measures = tuple(_measure(metric, name, group, alone=alone) for metric in each.metrics)
            terms.append(Term(weight=weight, measures=measures, points=each.metrics[0].points, floor=floor))
            also += [_measure(metric, name, group, alone=alone) for metric in each.also]
    return tuple(terms), tuple(also)


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
    """Return the formula in one line, as ``0.7 macro F1 of grade + 0.3 × 100 SRCC of size``."""
    summed = " + ".join(f"{_weight(term) if len(terms) > 1 else ''}{_term(term, alone=alone)}" for term in terms)
    lower = not METRICS[terms[0].measures[0].metric].higher_is_better
    return f"{summed}; lower is better" if lower else summed


def _weight(term: Term) -> str:
    return f"{term.weight:.4g} " if term.points == 1 else f"{term.weight:.4g} × "


def _term(term: Term, *, alone: bool) -> str:
    titles = [METRICS[measure.metric].title for measure in term.measures]
    mean = titles[0] if len(titles) == 1 else f"({' + '.join(titles)}) / {len(titles)}"
    least = max(METRICS[measure.metric].bounds[0] for measure in term.measures)
    mean = mean if term.floor is None or term.floor <= least else f"max({mean}, {term.floor:.4g})"
    first = term.measures[0]
    over = [first.group] if first.group and alone else [first.column, *([first.group] if first.group else [])]
    scaled = mean if term.points == 1 else f"{term.points:.4g} {mean}"
    return f"{scaled} of {', '.join(over)}"


def _digest(declaration: Mapping[str, object], weights: Mapping[str, float]) -> str:
    """Return eight hex digits of SHA-256: two declarations that differ never share a scorer's name."""
    said = {**declaration, **({"weights": dict(weights)} if "weights" in declaration else {})}
    plain = json.dumps(said, sort_keys=True, ensure_ascii=True, default=list)
    return hashlib.sha256(plain.encode()).hexdigest()[:8]
