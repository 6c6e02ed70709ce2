"""A track from plain data, so that another challenge needs a few lines of config and no code.

Standard library only.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

from scoring.declaration.declared import Described, described
from scoring.declaration.form import DeclarationError, Form, is_number
from scoring.declaration.formulas import bounds_of, expressed, formula_of, measure_of
from scoring.declaration.owned import OWN_KEYS, owned, with_scorer
from scoring.model import Column, Kind, Measure, Term, Track
from scoring.values import group_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from scoring.declaration.uses import Use

TRACK_KEYS = frozenset(
    {
        *("name", "title", "letters", "id", "columns", "group", "cluster", "per", "weights", "floor", "points"),
        *("score", "better", "bounds", "version"),
    }
)
COLUMN_EXAMPLE = '[[columns]] with name = "answer", choices = ["A", "B"], metrics = ["accuracy"]'
#: What a track may be called: its name stands in commands, file names, the ledger and the signature.
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}", re.ASCII)
#: Keys that name columns of the label file, with what they are unless said; compared in lower case, as all columns.
LABEL_COLUMNS = {"id": "id", "group": "", "cluster": "", "per": ""}
#: Fields of a file that say what it is; no column of values may be called so.
TAKEN = ("team", "method", "track")


def track_from(declaration: Mapping[str, object]) -> Track:
    """Return the track that a declaration describes. Raises DeclarationError, which says all that is wrong with it.

    ``name``; ``title``, shown (default: the name); ``letters``, what a file's ``track`` may say; ``id``, the id
    column; ``columns``, a list of mappings (:mod:`.declared`), whose ``metrics`` count, each as much, and whose
    ``also`` are shown; ``group``, the label column that parts the items, ``cluster``, the one that names what items
    share, and ``per``, the one over whose values (queries, series) each metric's mean is taken; ``weights`` by group if
    there are groups, else by column (default: equal), that sum to 1; ``floor``, the least that a term counts;
    ``points``, what 1 of a metric counts; ``score``, an expression of the measures in place of the weighted sum, with
    ``better`` and ``bounds``; ``version``. One with ``scorer``, a file of one's own, says other things
    (:mod:`.owned`).
    """
    form = Form(declaration, [])
    form.only(OWN_KEYS if "scorer" in declaration else TRACK_KEYS)
    name, version = _name(form), _version(form)
    title, letters = form.text("title", name), form.texts("letters", (name or "T",))
    identity, group, cluster, per = (form.text(key, usual).casefold() for key, usual in LABEL_COLUMNS.items())
    if "scorer" in declaration:
        made = Track(name=name, title=title, letters=letters, columns=(), scorer=f"{name}/{version}", id=identity)
        return _owned(form, made, cluster)
    every = tuple(described(each) for each in form.forms("columns", COLUMN_EXAMPLE))
    weights, floor = _weights(form, every, grouped=bool(group)), form.number("floor")
    _columns_apart(form, every, (identity, *([group] if group else [])))
    _one_direction(form, every, floor)
    _over_queries(form, every, per)
    points = form.number("points")
    _verify(form)
    terms, also = _terms(every, weights, group=group, floor=floor, points=points, per=per or None)
    form.once("columns", [m.key for m in (*(m for term in terms for m in term.measures), *also)], "measure")
    said = expressed(form, terms, also)
    _verify(form)
    terms, also = (said.terms, said.also) if said else (terms, also)
    return Track(
        name=name,
        title=title,
        letters=tuple(letter.upper() for letter in letters),
        columns=tuple(column for each in every for column in each.columns),
        group=group or None,
        weights=weights,
        formula=said.formula if said else formula_of(terms, alone=len(every) == 1),
        scorer=f"{name}/{version}-{_digest(declaration, weights)}",
        id=identity,
        cluster=cluster or per or None,
        terms=terms,
        also=also,
        higher_is_better=said.higher_is_better if said else every[0].metrics[0].metric.higher_is_better,
        bounds=said.bounds if said else bounds_of(terms),
        label_columns=_label_columns(every, per),
        expression=said.text if said else "",
    )


def _verify(form: Form) -> None:
    if form.mistakes:
        raise DeclarationError(form.mistakes)


def track_in(path: Path) -> Track:
    """Return the track that a TOML file declares, with the scorer of its own that lies beside it.

    Raises OSError, or ValueError, which says all that is wrong.
    """
    track = track_from(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    return with_scorer(track, (path.parent / track.own.file).read_bytes()) if track.own else track


def _owned(form: Form, track: Track, cluster: str) -> Track:
    """Return a track with a scorer of its own; where the file lies is none of its name."""
    _columns_apart(form, (), (track.id, *([cluster] if cluster else [])))
    rest = {key: value for key, value in form.given.items() if key != "scorer"}
    letters = tuple(letter.upper() for letter in track.letters)
    return owned(form, replace(track, scorer=f"{track.scorer}-{_digest(rest, {})}", letters=letters), cluster)


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


# --- names -----------------------------------------------------------------------------------


def _name(form: Form) -> str:
    name = form.text("name")
    if name and not NAME.fullmatch(name):
        form.wrong("name", f'"{name}" is not a track name: write small letters, digits, dots and hyphens, at most 40')
    return name


def _version(form: Form) -> str:
    version = form.given.get("version", 1)
    if isinstance(version, bool) or not isinstance(version, int | str) or not re.fullmatch(r"[\w.-]+", str(version)):
        form.wrong("version", 'must be a whole number, or text without blanks, as "2" or "2026-03"')
    return str(version)


def _columns_apart(form: Form, every: Sequence[Described], others: Sequence[str]) -> None:
    """Note columns that could not be told apart: by each other, the ids, the groups, or what a file says of itself."""
    columns = [column for each in every for column in each.columns]
    names = [name for column in columns for name in (column.name, *column.aliases) if name]
    form.once("columns", [*others, *names], "column")
    for name in sorted({*names, *others} & {*TAKEN}):
        form.wrong("columns", f'a column cannot be called "{name}": files say their {name} under it')


def _label_columns(every: Sequence[Described], per: str) -> tuple[Column, ...]:
    """Return the columns of labels; none where they are those of files."""
    labels = tuple(column for each in every for column in each.labels)
    if not per and labels == tuple(column for each in every for column in each.columns):
        return ()
    known = {column.name for column in labels}
    return (*labels, *([Column(name=per, kind=Kind.TEXT)] if per and per not in known else []))


# --- what is summed --------------------------------------------------------------------------


def _one_direction(form: Form, every: Sequence[Described], floor: float | None) -> None:
    """Note metrics that cannot be summed into one score, and a floor under what is better the lower it is."""
    if "score" in form.given:
        return
    counted = [use.metric for each in every for use in each.metrics]
    lower = [metric.name for metric in counted if not metric.higher_is_better]
    if lower and len(lower) < len(counted):
        higher = ", ".join(metric.name for metric in counted if metric.higher_is_better)
        message = f"of {', '.join(lower)} a smaller value is better, of {higher} a greater: they cannot be summed"
        form.wrong("columns", f"{message}; leave one kind in metrics and put the other in also")
    elif lower and floor is not None:
        form.wrong("floor", f"of {', '.join(lower)} a smaller value is better, so a floor makes no sense: leave it out")
    for number, each in enumerate(every):
        units = {use.metric.unit for use in each.metrics}
        if len(units) > 1 or len({use.metric.points for use in each.metrics}) > 1:
            told = ", ".join(f"{use.metric.name} in {use.metric.unit}" for use in each.metrics)
            form.wrong(f"columns.{number}.metrics", f"all must be of the same unit, not {told}; put others in also")


def _over_queries(form: Form, every: Sequence[Described], per: str) -> None:
    needing = [use.metric.name for each in every for use in (*each.metrics, *each.also) if use.metric.needs_per]
    if needing and not per:
        form.wrong("per", f'{needing[0]} is a mean over queries: per = "query" names the label column that tells them')


def _weights(form: Form, every: Sequence[Described], *, grouped: bool) -> dict[str, float]:
    """Return the weight of each group or column; equal ones where none are said."""
    given, names = form.given.get("weights"), [each.name for each in every]
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
    every: Sequence[Described],
    weights: Mapping[str, float],
    *,
    group: str,
    floor: float | None,
    points: float | None,
    per: str | None,
) -> tuple[tuple[Term, ...], tuple[Measure, ...]]:
    """Return one term for each column (in each group), and the measures that are only shown."""
    terms: list[Term] = []
    also: list[Measure] = []
    alone = len(every) == 1
    for part in weights if group else (None,):
        for each in every:
            weight = weights[each.name] if part is None else weights[part] / len(every)
            made = tuple(_measure(each, use, part, alone=alone, per=per) for use in each.metrics)
            worth = each.metrics[0].metric.points if points is None else points
            terms.append(Term(weight=weight, measures=made, points=worth, floor=floor))
            also += [_measure(each, use, part, alone=alone, per=per) for use in each.also]
    return tuple(terms), tuple(also)


def _measure(each: Described, use: Use, group: str | None, *, alone: bool, per: str | None) -> Measure:
    return measure_of(each, use, group, alone=alone, per=per)


def _digest(declaration: Mapping[str, object], weights: Mapping[str, float]) -> str:
    """Return eight hex digits of SHA-256: two declarations that differ never share a scorer's name."""
    said = {**declaration, **({"weights": dict(weights)} if "weights" in declaration else {})}
    plain = json.dumps(said, sort_keys=True, ensure_ascii=True, default=list)
    return hashlib.sha256(plain.encode()).hexdigest()[:8]
