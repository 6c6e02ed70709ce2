"""A track whose score is computed by a file of the organizers' own (:mod:`scoring.api`).

Standard library only: the checker reads such declarations too.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from scoring.declaration.declared import described
from scoring.declaration.form import DeclarationError
from scoring.declaration.formulas import stated_bounds
from scoring.model import Measure, Own, Takes, Term

if TYPE_CHECKING:
    from scoring.declaration.form import Form
    from scoring.model import Column, Track

OWN_KEYS = frozenset(
    {
        *("name", "title", "letters", "id", "columns", "cluster", "better", "bounds", "version"),
        *("scorer", "takes", "ending", "figures", "label_columns", "shared", "decimals"),
    }
)
EXAMPLE = '[[label_columns]] with name = "mask", holds = "text"'
FIGURE = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
#: Names of what a board shows of every row.
TAKEN = frozenset(
    {
        *("table", "rank", "team", "method", "score", "low", "high", "group", "date", "submissions", "receipt"),
        *("baseline", "overall"),
    }
)
DIGITS, MOST_DECIMALS = 16, 12

OWN = "own"
"""What stands as the metric of a measure that a scorer of one's own computes."""


def owned(form: Form, track: Track, cluster: str) -> Track:
    """Return the track with what a declaration with ``scorer`` says. Raises DeclarationError with all mistakes.

    ``scorer``, the file; ``takes``, whether a submission is ``rows`` (default), any ``file``, or the ``members`` of a
    zip, whose names end in ``ending``; ``figures``, what the scorer returns, the first of which ranks; ``better``;
    ``bounds``; ``columns`` of a submission's rows, and ``label_columns`` where those of the labels are others;
    ``shared``, whether the teams' checker holds the scorer; ``decimals``, how many are shown.
    """
    own, figures = _own(form), form.texts("figures")
    form.once("figures", figures, "figure")
    for name in figures:
        if not FIGURE.fullmatch(name) or name in TAKEN:
            form.wrong("figures", f'"{name}" is not a figure name: small letters, digits and _, and no board column')
    if not figures and "figures" not in {each.key for each in form.mistakes}:
        form.wrong("figures", 'missing; names what the scorer returns, the first of which ranks, as ["dice"]')
    columns = _columns(form, "columns", needed=own.takes is Takes.ROWS)
    labels = _columns(form, "label_columns", needed=own.takes is not Takes.ROWS)
    form.once("label_columns", [track.id, *(column.name for column in labels)], "column")
    higher, bounds, decimals = _better(form), stated_bounds(form), _decimals(form)
    if form.mistakes:
        raise DeclarationError(form.mistakes)
    measures = tuple(
        Measure(key=name, title=name.replace("_", " "), metric=OWN, column=name, decimals=decimals) for name in figures
    )
    said = f"{figures[0]} by the organizers' own scorer"
    return replace(
        track,
        columns=columns,
        label_columns=labels,
        cluster=cluster or None,
        terms=(Term(weight=1.0, measures=measures[:1]),),
        also=measures[1:],
        formula=said if higher else f"{said}; lower is better",
        higher_is_better=higher,
        bounds=bounds,
        own=own,
    )


def with_scorer(track: Track, source: bytes) -> Track:
    """Return a track with a version of its own scorer in force. Raises ValueError for what is not text in UTF-8."""
    if track.own is None:
        return track
    digest = hashlib.sha256(source).hexdigest()
    own = replace(track.own, sha256=digest, source=source.decode("utf-8"))
    return replace(track, own=own, scorer=named_scorer(track.scorer, digest))


def named_scorer(declared: str, sha256: str) -> str:
    """Return the name of what scores: of the declaration, and of the version of the file."""
    return f"{declared.partition('+')[0]}+{sha256[:DIGITS]}"


def _own(form: Form) -> Own:
    file, takes, ending = form.text("scorer"), form.text("takes", Takes.ROWS), form.text("ending", "").lower()
    if file and not file.endswith(".py"):
        form.wrong("scorer", 'must name a Python file, as "my_scorer.py" (docs/scoring/own-scorer.md)')
    if takes not in set(Takes):
        form.wrong("takes", f"must be one of {', '.join(Takes)}")
        takes = Takes.ROWS
    if (takes == Takes.MEMBERS) != bool(re.fullmatch(r"(\.[a-z0-9]{1,10}){1,2}", ending)):
        form.wrong("ending", 'goes with takes = "members", and is what each member ends in, as ".png"')
    shared = form.given.get("shared", False)
    if not isinstance(shared, bool):
        form.wrong("shared", "must be true or false")
    return Own(file=re.split(r"[/\\]", file)[-1], takes=Takes(takes), ending=ending, shared=shared is True)


def _columns(form: Form, key: str, *, needed: bool) -> tuple[Column, ...]:
    """Return what a table of columns describes; they hold values, and no metric measures them here."""
    if key not in form.given and not needed:
        return ()
    found: list[Column] = []
    for each in form.forms(key, EXAMPLE):
        for name in ("metrics", "also", "probabilities", "positive", "quantiles", "event"):
            if name in each.given:
                each.wrong(name, "cannot be combined with an own scorer, which computes all figures")
        made = described(each, measured=False)
        found += made.columns
    return tuple(found)


def _better(form: Form) -> bool:
    said = form.text("better", "higher")
    if said not in {"higher", "lower"}:
        form.wrong("better", 'must be "higher" or "lower"')
    return said != "lower"


def _decimals(form: Form) -> int:
    said = form.given.get("decimals", 4)
    if isinstance(said, bool) or not isinstance(said, int) or not 0 <= said <= MOST_DECIMALS:
        form.wrong("decimals", f"must be a whole number from 0 to {MOST_DECIMALS}")
        return 4
    return said
