"""The board rules that follow from the config, and the sentences that state them on the board. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from mailbot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


OVERALL = "overall"
"""Key of the table over all tracks; no track may be named so."""

BEFORE_CELLS = ("table", "rank", "team", "method")

AFTER_CELLS = ("score", "low", "high", "group", "date", "submissions", "receipt", "baseline")
"""Columns that every table has, around its own; no heading may use these keys."""

SURENESS_RULE = (
    "Scores are shown with 95 % confidence intervals over other items of the same kind; the scores of teams with the "
    "same letter do not differ significantly from the best of them (paired tests of all pairs, Holm's correction, 5 %)."
)


@dataclass(frozen=True, kw_only=True)
class TrackRules:
    """How one track is shown."""

    #: Name in the ledger, as ``siqa-s``.
    name: str
    #: Name shown to people, as ``SIQA-S``.
    title: str
    #: The formula of its score, as text.
    formula: str
    #: Its metric columns, in the order shown; the keys are those of ``Standing.metrics``.
    headings: tuple[Heading, ...]
    #: Whether a greater score is the better one; not so for an error as RMSE.
    higher_is_better: bool = True


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A result of the organizers' own on one track, shown for comparison and never ranked."""

    #: Label, as ``HyperIQA (trained)``.
    team: str
    #: Name of the track.
    track: str
    method: str = ""
    #: Unrounded score, by the track's own formula.
    score: float
    #: Metrics by name, unrounded.
    metrics: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, kw_only=True)
class BoardRules:
    """What the config says of the board."""

    #: Title of the challenge, shown on top.
    challenge: str
    #: In the order shown.
    tracks: tuple[TrackRules, ...]
    baselines: tuple[Baseline, ...] = ()
    overall_title: str = "Overall"
    #: The line printed with the table over all tracks; None: there is no such table, nor with one track only.
    overall_formula: str | None = "Combined = mean of the track scores; a missing track counts 0"
    #: Every score is rounded to so many decimals, for showing and for ranking alike.
    decimals: int = 2
    #: SHA-256 (hex) of the truth of each track, by track name.
    truths: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    #: More rules to print, one sentence each; the one on rounding and ranks comes first by itself.
    rules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse rules whose tables or columns could not be told apart.

        Raises:
            ConfigError: two tracks share a name, a name is taken by a column of every table, or the table over all
                tracks would average scores of which a smaller one is better.
        """
        names = [track.name for track in self.tracks]
        if not names or len({OVERALL, *names}) <= len(names):
            raise ConfigError(f"The board needs tracks with different names, none of them {OVERALL!r}: {names}")
        keys = {*names, *(heading.key for track in self.tracks for heading in track.headings)}
        if taken := keys.intersection((*BEFORE_CELLS, *AFTER_CELLS)):
            raise ConfigError(f"These names are columns of every table, choose others: {sorted(taken)}")
        if self.has_overall and not all(track.higher_is_better for track in self.tracks):
            raise ConfigError(
                "A smaller score is the better one on a track, so the tracks have no mean; leave overall out"
            )

    @property
    def has_overall(self) -> bool:
        """Whether there is a table over all tracks."""
        return len(self.tracks) > 1 and self.overall_formula is not None


def ranking_rule(decimals: int, *, with_baselines: bool) -> str:
    """Say how scores are rounded and ranked, for the foot of the board."""
    return (
        f"Scores are rounded to {decimals} decimals and ranked as shown; equal scores share a rank (1, 1, 3), "
        f"the earlier arrival listed first.{' Baselines are not ranked.' if with_baselines else ''}"
    )


@dataclass(frozen=True, kw_only=True)
class Heading:
    """One metric column of a table."""

    key: str
    title: str
    #: Decimals shown.
    decimals: int
