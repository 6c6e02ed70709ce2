"""What a patient climber would gain by mail: two known attacks, played against a truth under a feedback policy.

- Boosting (Blum and Hardt 2015), on choices: mail random answers, keep those whose score looked better than that of
  others, and answer by their majority. Nothing is learnt of the questions, only of the labels behind the replies.
- Finite differences, on numbers: mail a fair prediction with a little noise, read off whether it helped, and step along
  what helped.

The gain is that of the climber's last file over its first, on the items that replies come from and, given a split, on
those that decide, where there is none. The attackers are simple ones, so the figures are a lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from scoring.ladder import Policy, Rung, climb, feedback
from scoring.model import Kind
from scoring.parts import labels_of, parts_of
from scoring.scored import influence, scored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scoring.kernel import Floats
    from scoring.split import Split
    from scoring.truth import Truth

#: Numbers of mails that the figures are given for.
MAILS = (10, 30, 100, 300)
#: How well the climber of numbers begins: standard deviation of its errors over that of the labels.
ERROR = 0.5
#: Size of a probe, and of the steps tried in the end, over the standard deviation of the labels.
PROBE, STEPS = 0.1, (0.05, 0.1, 0.2, 0.3)


@dataclass(frozen=True, kw_only=True)
class Gain:
    """What a number of mails gained, in points, on average over the runs; positive is better."""

    mails: int
    #: On the items that replies come from.
    shown: float
    #: On the items that decide; None without a split.
    hidden: float | None


def simulate(
    truth: Truth,
    policy: Policy,
    *,
    split: Split | None = None,
    mails: Sequence[int] = MAILS,
    runs: int = 5,
    seed: int = 0,
    resolution: float = 1.0,
) -> list[Gain]:
    """Return what ``mails`` would gain against a truth, or against a split of it, under a policy.

    Boosting for a track of choices, finite differences for one of numbers.
    """
    attack = boost if truth.track.columns[0].kind is Kind.CHOICE else differentiate
    gains = []
    for count in mails:
        won = []
        for run in range(runs):
            oracle = Oracle(split.public if split else truth, policy, resolution)
            before, after = attack(oracle, truth, count, np.random.default_rng([seed, run, count]))
            won.append([_gain(before, after, truth, part) for part in _parts(truth, split)])
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
            moves = influence(laid, self._truth)
            clusters = parts_of(self._truth).clusters
            self._rung = climb(self._rung, score, moves, clusters=clusters, higher_is_better=track.higher_is_better)
        told = feedback(self._policy, score, rung=self._rung, resolution=self._resolution)
        return None if told.score is None else told.score * (1 if track.higher_is_better else -1)


Values = dict[str, "Floats"]


def boost(oracle: Oracle, truth: Truth, mails: int, draw: np.random.Generator) -> tuple[Values, Values]:
    """Return a climber's first answers and its last, after ``mails`` mails of random answers."""
    size = len(truth.ids)
    sent = [
        {
            column.name: draw.integers(1, len(column.choices) + 1, size).astype(np.float64)
            for column in truth.track.columns
        }
        for _ in range(mails)
    ]
    weights = _credit([oracle.reply(values) for values in sent])
    return sent[0], {
        column.name: _vote([values[column.name] for values in sent], weights) for column in truth.track.columns
    }


def differentiate(oracle: Oracle, truth: Truth, mails: int, draw: np.random.Generator) -> tuple[Values, Values]:
    """Return a climber's first predictions and its last; the last mails go to the length of its step."""
    labels = _unlaid(labels_of(truth), truth)
    scale = {name: float(column.std()) for name, column in labels.items()}
    base = {name: column + ERROR * scale[name] * draw.normal(size=column.size) for name, column in labels.items()}
    start = oracle.reply(base)
    probes = [
        {name: draw.choice([-1.0, 1.0], column.size) for name, column in base.items()}
        for _ in range(max(1, mails - 1 - len(STEPS)))
    ]
    told = [oracle.reply({name: base[name] + PROBE * scale[name] * probe[name] for name in base}) for probe in probes]
    helped = _centred(told)
    slope = {name: helped @ np.array([probe[name] for probe in probes]) for name in base}
    steps = [{name: base[name] + step * scale[name] * _unit(slope[name]) for name in base} for step in (0.0, *STEPS)]
    replies = [start, *(oracle.reply(each) for each in steps[1:])]
    told_best = max(range(len(steps)), key=lambda place: (replies[place] or 0.0, -place))
    return base, steps[told_best]


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
    return np.array([0.0 if each is None else each for each in replies])


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
