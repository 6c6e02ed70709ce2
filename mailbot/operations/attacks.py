"""Attacks played against made-up labels: what a number of mails would gain under what replies tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config import challenge
from mailbot.errors import ConfigError
from mailbot.evaluation import label_files
from scoring.fairness.attack import attacks_on, made_up, simulate
from scoring.labels.split import split
from scoring.labels.truth import TruthError
from scoring.model import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mailbot.config.schema import Config
    from scoring.fairness.attack import Attack, Gain
    from scoring.labels.truth import Truth


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is played against the labels of each track."""

    #: What replies tell, each with its step of rounding.
    policies: Mapping[Policy, float]
    #: Share of the items behind the replies; 0 and 1: all of them.
    share: float
    #: Numbers of mails.
    mails: Sequence[int]
    #: Runs to take the mean of.
    repeats: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What an attack gains under a policy, on all items or on one part of them."""

    track: str
    attack: Attack
    policy: Policy
    #: ``all``, ``public`` or ``private``.
    on: str
    items: int
    #: Points by number of mails; None where nothing could be measured.
    gains: Mapping[int, float | None]


def policies(config: Config, names: Sequence[str] | None) -> dict[Policy, float]:
    """Return the policies named, or those of the phases, each with its step of rounding. Raises ConfigError."""
    if unknown := [name for name in names or () if name not in {*Policy}]:
        message = f"--policy {unknown[0]}: it is one of {', '.join(Policy)}"
        raise ConfigError(message)
    steps = {phase.feedback: phase.rounding for phase in config.calendar}
    return {Policy(name): steps.get(Policy(name), 1.0) for name in names or steps}


def made_up_labels(config: Config, track: str | None, seed: int) -> Iterator[Truth]:
    """Yield made-up labels of the size of each track's own, or of one track's. Raises ConfigError."""
    tracks = challenge.tracks_of(config)
    if track is not None and track not in tracks:
        message = f"--track {track}: the config has {', '.join(tracks)}"
        raise ConfigError(message)
    for name, truth in label_files.given_truths(config, tracks).items():
        if truth.track.own and track == name:
            message = f"--track {track}: the scorer of its own says nothing about what an attack could use"
            raise ConfigError(message)
        if track in (None, name) and not truth.track.own:
            yield made_up(truth, seed)


def mails_to_play(truth: Truth, plan: Plan) -> int:
    """Return how many mails the attacks on a track come to."""
    return len(attacks_on(truth.track)) * len(plan.policies) * sum(plan.mails) * plan.repeats


def play(truth: Truth, plan: Plan, played: Callable[[int], object]) -> list[Outcome]:
    """Play every attack that a track is open to under each policy; ``played`` is told of mails as they are played.

    Raises ConfigError when a track has too few items for the split.
    """
    try:
        parts = split(truth, f"made up {plan.seed}", plan.share) if 0.0 < plan.share < 1.0 else None
    except TruthError as error:
        message = f"--split {plan.share:g}: {truth.track.name} has too few items to be split: {error}"
        raise ConfigError(message) from error
    named = {"public": parts.public, "private": parts.private} if parts else {"all": truth}
    found: list[Outcome] = []
    for attack in attacks_on(truth.track):
        for policy, step in plan.policies.items():
            gains = simulate(
                truth,
                policy,
                attack=attack,
                split=parts,
                mails=plan.mails,
                runs=plan.repeats,
                seed=plan.seed,
                resolution=step,
                done=played,
            )
            found += _outcomes(gains, named, attack=attack, policy=policy)
    return found


def _outcomes(
    gains: Sequence[Gain], parts: Mapping[str, Truth], *, attack: Attack, policy: Policy
) -> Iterator[Outcome]:
    """Yield one outcome for the items behind the replies, and one for those that decide where they are others."""
    for (name, truth), hidden in zip(parts.items(), (False, True), strict=False):
        points = {gain.mails: gain.hidden if hidden else gain.shown for gain in gains}
        track = truth.track.name
        yield Outcome(track=track, attack=attack, policy=policy, on=name, items=truth.n, gains=points)
