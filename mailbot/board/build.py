"""Build a board from standings: one ranked table per track and one over all tracks, baselines apart. Pure."""

from __future__ import annotations

import math
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from mailbot.board.model import Board, Row, Table
from mailbot.config.board import OVERALL, SURENESS_RULE, Baseline, Heading, ranking_rule
from mailbot.errors import Permanent
from mailbot.model import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from mailbot.board.uncertainty import Sure, Sureness
    from mailbot.config.board import BoardRules, TrackRules

AUDIT_RULE = "The audit trail of all decisions ends, at this board, in "
"""How the rule begins that names the head of the audit trail."""

_DROPPED = frozenset("\u061c\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")
_SPACED = frozenset({"Cc", "Cs", "Zl", "Zp"})


_Entry = TypeVar("_Entry", Standing, Baseline)


def build(standings: Sequence[Standing], rules: BoardRules, as_of: datetime, sure: Sureness | None = None) -> Board:
    """Rank ``standings`` by ``rules``; ``as_of`` is an instant with the challenge's zone.

    Scores are rounded once, by ``round`` (to the nearest decimal, on the exact value of the float); what is shown is
    what is ranked. Equal scores share a rank and the next is skipped (1, 1, 3); among equals the earlier arrival
    stands first, then the name decides. Standings on tracks the rules do not name are left out. ``sure`` tells how
    sure the rows are, where that is known.

    Raises:
        Permanent: ``as_of`` has no zone, a score is not finite, or a team has two standings on a track.
    """
    _verify(standings, as_of)
    sure = sure or {}
    tables = [_track_table(track, standings, rules, as_of, sure.get(track.name, {})) for track in rules.tracks]
    if rules.has_overall:
        tables.insert(0, _overall_table(standings, rules, as_of, sure.get(OVERALL, {})))
    return Board(
        challenge=rules.challenge,
        as_of=as_of,
        tables=tuple(tables),
        truths=MappingProxyType(dict(rules.truths)),
        rules=(
            ranking_rule(rules.decimals, with_baselines=bool(rules.baselines)),
            *([SURENESS_RULE] if sure else []),
            *rules.rules,
        ),
    )


def score_heading(table: Table) -> Heading:
    """Name the score column of ``table`` and its decimals: 2, or more if its rounded scores have more."""
    fractions = [len(f"{row.score:.6f}".rstrip("0").partition(".")[2]) for row in table.rows]
    title = "Combined" if table.key == OVERALL else "Final score"
    return Heading(key="score", title=title, decimals=max([2, *fractions]))


def one_line(text: str) -> str:
    """Make a participant's ``text`` fit to be shown: NFC, on one line, without controls that hide or turn it."""
    kept = (" " if unicodedata.category(c) in _SPACED else c for c in text if c not in _DROPPED)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


# --- tables ----------------------------------------------------------------------------------


def _track_table(
    track: TrackRules, standings: Sequence[Standing], rules: BoardRules, as_of: datetime, sure: Mapping[str, Sure]
) -> Table:
    """Rank the standings on one track."""
    teams = [
        _with(_standing_row(s, track, rules, as_of), sure.get(s.team), rules.decimals)
        for s in standings
        if s.track == track.name
    ]
    baselines = [
        _baseline_row(b.team, b.method, _rounded(b.score, rules.decimals), _cells(b.metrics, track.headings))
        for b in rules.baselines
        if b.track == track.name
    ]
    return Table(
        key=track.name,
        title=track.title,
        formula=track.formula,
        headings=track.headings,
        rows=(
            *_ranked(teams, higher_is_better=track.higher_is_better),
            *_by_score(baselines, higher_is_better=track.higher_is_better),
        ),
        higher_is_better=track.higher_is_better,
    )


def _overall_table(
    standings: Sequence[Standing], rules: BoardRules, as_of: datetime, sure: Mapping[str, Sure]
) -> Table:
    """Rank the teams over all tracks; a baseline is here only if it has a score on every track."""
    headings = tuple(Heading(key=t.name, title=t.title, decimals=rules.decimals) for t in rules.tracks)
    teams = [
        _with(_overall_row(found, headings, as_of), sure.get(team), rules.decimals)
        for team, found in _by_team(standings, headings).items()
    ]
    baselines = [
        _baseline_row(label, _methods(found), *_combined(found, headings))
        for label, found in _by_team(rules.baselines, headings).items()
        if len(found) == len(headings)
    ]
    return Table(
        key=OVERALL,
        title=rules.overall_title,
        formula=rules.overall_formula or "",
        headings=headings,
        rows=(*_ranked(teams), *_by_score(baselines)),
    )


def _ranked(rows: Iterable[Row], *, higher_is_better: bool = True) -> list[Row]:
    """Give each team's row its rank: one more than the number of teams with a better score."""
    sign = -1 if higher_is_better else 1
    ordered = sorted(rows, key=lambda row: (sign * row.score, row.date, row.team))
    scores = [sign * row.score for row in ordered]
    return [replace(row, rank=1 + bisect_left(scores, sign * row.score)) for row in ordered]


def _by_score(rows: Iterable[Row], *, higher_is_better: bool = True) -> list[Row]:
    return sorted(rows, key=lambda row: (-row.score if higher_is_better else row.score, row.team))


# --- rows ------------------------------------------------------------------------------------


def _standing_row(standing: Standing, track: TrackRules, rules: BoardRules, as_of: datetime) -> Row:
    return Row(
        rank=None,
        team=one_line(standing.team),
        method=one_line(standing.method),
        score=_rounded(standing.score, rules.decimals),
        cells=_cells(standing.metrics, track.headings),
        date=standing.arrived_at.astimezone(as_of.tzinfo),
        submissions=standing.submissions,
        receipt=standing.receipt,
    )


def _with(row: Row, sure: Sure | None, decimals: int) -> Row:
    """Add how sure a row is; its interval is rounded as its score."""
    if sure is None:
        return row
    low, high = sure.interval
    span = (_rounded(low, decimals), _rounded(high, decimals))
    return replace(row, interval=span, group=sure.group, ranks=sure.ranks, flip=sure.flip)


def _overall_row(found: Mapping[str, Standing], headings: tuple[Heading, ...], as_of: datetime) -> Row:
    """Put a team's tracks on one line, dated by the last of its submissions that count."""
    score, cells = _combined(found, headings)
    return Row(
        rank=None,
        team=one_line(next(iter(found.values())).team),
        method=_methods(found),
        score=score,
        cells=cells,
        date=max(s.arrived_at for s in found.values()).astimezone(as_of.tzinfo),
        submissions=sum(s.submissions for s in found.values()),
    )


def _baseline_row(team: str, method: str, score: float, cells: Mapping[str, float | None]) -> Row:
    return Row(
        rank=None, team=team, method=method, score=score, cells=cells, date=None, submissions=None, baseline=True
    )


def _combined(
    found: Mapping[str, Standing | Baseline], headings: tuple[Heading, ...]
) -> tuple[float, Mapping[str, float | None]]:
    """Return the mean of the unrounded track scores (0 where missing), rounded, and each track's score."""
    scores = {track: one.score for track, one in found.items()}
    mean = math.fsum(scores.values()) / len(headings)
    return _rounded(mean, headings[0].decimals), _cells(scores, headings)


def _methods(found: Mapping[str, Standing | Baseline]) -> str:
    """Join a team's methods in the order of the tracks; one that serves all is named once."""
    return " / ".join(dict.fromkeys(name for one in found.values() if (name := one_line(one.method))))


def _by_team(entries: Sequence[_Entry], headings: tuple[Heading, ...]) -> dict[str, dict[str, _Entry]]:
    """Group ``entries`` by team, each group by track in the order of ``headings``."""
    groups: defaultdict[str, dict[str, _Entry]] = defaultdict(dict)
    for heading in headings:
        for entry in entries:
            if entry.track == heading.key:
                groups[entry.team][entry.track] = entry
    return dict(groups)


# --- numbers ---------------------------------------------------------------------------------


def _cells(values: Mapping[str, float], headings: tuple[Heading, ...]) -> Mapping[str, float | None]:
    """Round the value under each heading; None where there is none."""
    return MappingProxyType({h.key: _rounded(values[h.key], h.decimals) if h.key in values else None for h in headings})


def _rounded(value: float, decimals: int) -> float:
    """Round ``value``; a negative zero becomes zero."""
    return round(value, decimals) + 0.0


def _verify(standings: Sequence[Standing], as_of: datetime) -> None:
    """Raise Permanent for what only a mistake of ours can bring about."""
    if as_of.tzinfo is None:
        raise Permanent("The instant of a board needs a zone")
    for standing in standings:
        if not all(map(math.isfinite, (standing.score, *standing.metrics.values()))):
            raise Permanent(f"{standing.receipt} has a score or metric that is not a finite number")
    twice = [key for key, n in Counter((s.team, s.track) for s in standings).items() if n > 1]
    if twice:
        raise Permanent(f"More than one standing of a team on a track: {twice}")
