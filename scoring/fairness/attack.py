"""What a patient climber would gain by mail: known attacks, played against a truth under a feedback policy.

- Boosting (Blum and Hardt 2015), on the columns of choices: mail random answers, keep those whose score looked better
  than that of others, and answer by their majority. Nothing is learnt of the questions, only of the labels behind the
  replies.
- Finite differences, on the columns of numbers: mail a fair prediction with a little noise, read off whether it helped,
  and step along what helped.

- Sybil, on the columns of choices: many teams of one owner ask about other items each (:mod:`~scoring.fairness.sybil`).

The other columns stay as they are. The gain is that of the climber's last file over its first, on the items that
replies come from and, given a split, on those that decide, where there is none. The attackers are simple ones, so the
figures are a lower bound. :func:`made_up` gives labels to play against, so that nothing is learnt of the real ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from scoring.fairness import sybil
from scoring.fairness.ladder import Rung, climb, feedback
from scoring.model import Kind, Policy
from scoring.scores.deviations import deviations
from scoring.scores.parts import labels_of, parts_of
from scoring.scores.scored import scored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scoring.kernel import Floats
    from scoring.labels.split import Split
    from scoring.labels.truth import Truth
    from scoring.model import Track

    Play = Callable[["Oracle", Truth, int, np.random.Generator], "tuple[Values, Values]"]

#: Numbers of mails that the figures are given for.
MAILS = (10, 30, 100, 300)
#: How well the climber of numbers begins: standard deviation of its errors over that of the labels.
ERROR = 0.5
#: Size of a probe, and of the steps tried in the end, over the standard deviation of the labels.
PROBE, STEPS = 0.1, (0.05, 0.1, 0.2, 0.3)


class Attack(StrEnum):
    """What a climber does."""

    BOOSTING = "boosting"  # random answers, and the majority of the better ones
    DIFFERENCES = "differences"  # a little noise, and a step along what helped
    SYBIL = "sybil"  # a new team for each mail, with one answer changed


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What a number of mails gained, in points, on average over the runs; positive is better."""

    mails: int
    #: On the items that replies come from.
    shown: float
    #: On the items that decide; None without a split.
    hidden: float | None


def attacks_on(track: Track) -> tuple[Attack, ...]:
    """Return the attacks that the columns of a track are open to."""
    kinds = set() if track.label_columns else {column.kind for column in track.columns}
    return tuple(attack for attack, (kind, _) in PLAYS.items() if kind in kinds)


def made_up(truth: Truth, seed: int) -> Truth:
    """Return a truth of the same items, groups and clusters whose labels are drawn at random, numbers and choices."""
    draw = np.random.default_rng(seed)
    values: dict[str, tuple[float, ...] | tuple[str, ...]] = {}
    for column in truth.track.labelled:
        if column.kind is Kind.NUMBER:
            values[column.name] = tuple(draw.normal(size=len(truth.ids)).tolist())
        else:
            places = draw.integers(0, len(column.choices), len(truth.ids)).tolist()
            values[column.name] = tuple(column.choices[place] for place in places)
    return replace(truth, sha256="0" * 64, whole=None, values=values, _made={})


def simulate(
    truth: Truth,
    policy: Policy,
    *,
    attack: Attack | None = None,
    split: Split | None = None,
    mails: Sequence[int] = MAILS,
    runs: int = 5,
    seed: int = 0,
    resolution: float = 1.0,
    done: Callable[[int], object] = lambda _: None,
) -> list[Gain]:
    """Return what ``mails`` would gain against a truth, or against a split of it, under a policy.

    ``attack`` is the first that the track is open to unless given; ``done`` is told the number of mails after each run.
    """
    _, play = PLAYS[attack or attacks_on(truth.track)[0]]
    gains = []
    for count in mails:
        won = []
        for run in range(runs):
            oracle = Oracle(split.public if split else truth, policy, resolution)
            before, after = play(oracle, truth, count, np.random.default_rng([seed, run, count]))
            won.append([_gain(before, after, truth, part) for part in _parts(truth, split)])
            done(count)
        means = np.mean(won, axis=0).tolist()
        gains.append(Gain(mails=count, shown=means[0], hidden=means[1] if split else None))
    return gains


class Oracle:
    """The replies to one team: takes predictions in the order of ``Truth.ids``, and tells what its policy tells."""

    def __init__(self, truth: Truth, policy: Policy, resolution: float = 1.0) -> None:
        """Reply from these labels; ``resolution`` is the step of the policy that rounds."""
        self._truth, self._policy, self._resolution = truth, policy, resolution
        self._rung: Rung | None = None

    def reply(self, values: Mapping[str, Floats]) -> float | None:
        """Return the score that a reply shows; None where it shows none."""
        laid = _laid(values, self._truth)
        score, track = scored(laid, self._truth).score, self._truth.track
        if self._policy is Policy.LADDER:
            moves = deviations(laid, self._truth)
            self._rung = climb(self._rung, score, moves, higher_is_better=track.higher_is_better)
        told = feedback(self._policy, score, rung=self._rung, resolution=self._resolution)
        return None if told.score is None else told.score * (1 if track.higher_is_better else -1)

    def asked_by_a_new_team(self, values: Mapping[str, Floats]) -> dict[str, float]:
        """Return what the reply to the first mail of another team shows: the score under "", and figures by group."""
        anew = Oracle(self._truth, self._policy, self._resolution)
        told = anew.reply(values)
        shown = {} if told is None else {"": told}
        if self._policy is Policy.FULL:
            figures = scored(_laid(values, self._truth), self._truth).figures
            groups = [each for each in self._truth.track.measures if each.group is not None]
            shown |= {str(each.group): figures[each.key] for each in groups}
        return shown


Values = dict[str, "Floats"]


def boost(oracle: Oracle, truth: Truth, mails: int, draw: np.random.Generator) -> tuple[Values, Values]:
    """Return a climber's first answers and its last, after ``mails`` mails of random answers."""
    size = len(truth.ids)
    chosen = [column for column in truth.track.columns if column.kind is Kind.CHOICE]
    rest = _fair(truth, draw)
    sent = [
        {column.name: draw.integers(1, len(column.choices) + 1, size).astype(np.float64) for column in chosen}
        for _ in range(mails)
    ]
    weights = _credit([oracle.reply(rest | values) for values in sent])
    voted = {column.name: _vote([values[column.name] for values in sent], weights) for column in chosen}
    return rest | sent[0], rest | voted


def differentiate(oracle: Oracle, truth: Truth, mails: int, draw: np.random.Generator) -> tuple[Values, Values]:
    """Return a climber's first predictions and its last; the last mails go to the length of its step."""
    base = _fair(truth, draw)
    scale = {name: float(labels.std()) for name, labels in _numbers(truth).items()}
    rest = {
        column.name: draw.integers(1, len(column.choices) + 1, len(truth.ids)).astype(np.float64)
        for column in truth.track.columns
        if column.kind is Kind.CHOICE
    }
    start = oracle.reply(rest | base)
    probes = [
        {name: draw.choice([-1.0, 1.0], column.size) for name, column in base.items()}
        for _ in range(max(1, mails - 1 - len(STEPS)))
    ]
    told = [
        oracle.reply(rest | {name: base[name] + PROBE * scale[name] * probe[name] for name in base}) for probe in probes
    ]
    helped = _centred(told)
    slope = {name: helped @ np.array([probe[name] for probe in probes]) for name in base}
    steps = [{name: base[name] + step * scale[name] * _unit(slope[name]) for name in base} for step in (0.0, *STEPS)]
    replies = [start, *(oracle.reply(rest | each) for each in steps[1:])]
    told_best = max(range(len(steps)), key=lambda place: (_said(replies[place]), -place))
    return rest | base, rest | steps[told_best]


def multiply(oracle: Oracle, truth: Truth, mails: int, draw: np.random.Generator) -> tuple[Values, Values]:
    """Return a climber's first answers and its last, after ``mails`` teams asked about one item of each group."""
    size = len(truth.ids)
    chosen = [column for column in truth.track.columns if column.kind is Kind.CHOICE]
    base = _fair(truth, draw) | {
        column.name: draw.integers(1, len(column.choices) + 1, size).astype(np.float64) for column in chosen
    }
    groups = {"": sybil.shuffled(list(range(size)), draw)}
    if truth.groups is not None and len(oracle.asked_by_a_new_team(base)) > 1:
        names = dict.fromkeys(truth.groups)
        groups = {
            name: sybil.shuffled([place for place in range(size) if truth.groups[place] == name], draw)
            for name in names
        }
    last = base
    for column in chosen:
        share, choices = mails // len(chosen), len(column.choices)
        last = sybil.probe(oracle.asked_by_a_new_team, last, column.name, choices=choices, groups=groups, mails=share)
    return base, last


PLAYS: Mapping[Attack, tuple[Kind, Play]] = {
    Attack.BOOSTING: (Kind.CHOICE, boost),
    Attack.DIFFERENCES: (Kind.NUMBER, differentiate),
    Attack.SYBIL: (Kind.CHOICE, multiply),
}
"""Each attack with the kind of column that it climbs by."""


def _fair(truth: Truth, draw: np.random.Generator) -> Values:
    """Return fair predictions of the columns of numbers."""
    return {
        name: labels + ERROR * labels.std() * draw.normal(size=labels.size) for name, labels in _numbers(truth).items()
    }


def _numbers(truth: Truth) -> Values:
    """Return the labels of the columns of numbers, in the order of ``Truth.ids``."""
    names = [column.name for column in truth.track.columns if column.kind is Kind.NUMBER]
    return _unlaid({name: labels_of(truth)[name] for name in names}, truth)


def _credit(replies: Sequence[float | None]) -> Floats:
    """Return 1 for each mail whose reply says that it was one of the better ones, else 0.

    A climber sees on a ladder only which mails raised it; else those above the median are the better ones.
    """
    seen = _seen(replies)
    rising = bool((seen[1:] >= seen[:-1]).all())
    better = np.append([True], seen[1:] > seen[:-1]) if rising else seen > np.median(seen)
    return better.astype(np.float64) if better.any() else np.ones(seen.size)


def _centred(replies: Sequence[float | None]) -> Floats:
    """Return how much each probe helped more than the others: any probe costs, being noise."""
    seen = _seen(replies)
    helped: Floats = seen - seen.mean()
    return helped


def _seen(replies: Sequence[float | None]) -> Floats:
    return np.array([_said(each) for each in replies])


def _said(reply: float | None) -> float:
    return 0.0 if reply is None else reply


def _vote(answers: Sequence[Floats], weights: Floats) -> Floats:
    """Return the answer to each item that most of the weighted mails gave."""
    sheet = np.array(answers)
    votes = np.array([weights @ (sheet == choice) for choice in range(int(sheet.max()) + 1)])
    most: Floats = votes.argmax(axis=0).astype(np.float64)
    return most


def _unit(slope: Floats) -> Floats:
    """Return a direction of unit spread; none where nothing was learnt."""
    spread = float(slope.std())
    return slope / spread if spread > 0 else slope


def _laid(values: Mapping[str, Floats], truth: Truth) -> Values:
    return {name: column[parts_of(truth).order] for name, column in values.items()}


def _unlaid(laid: Mapping[str, Floats], truth: Truth) -> Values:
    """Return columns in the order of ``Truth.ids``; items that are not scored are 0."""
    found = {name: np.zeros(len(truth.ids)) for name in laid}
    for name, column in laid.items():
        found[name][parts_of(truth).order] = column
    return found


def _parts(truth: Truth, split: Split | None) -> list[Truth]:
    return [split.public, split.private] if split else [truth]


def _gain(before: Values, after: Values, truth: Truth, part: Truth) -> float:
    gain = scored(_laid(after, part), part).score - scored(_laid(before, part), part).score
    return gain if truth.track.higher_is_better else -gain
