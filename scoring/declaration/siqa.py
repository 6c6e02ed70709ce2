"""The two tracks of the SIQA challenge (ICME 2026), their formulas and the published baselines.

Source: the challenge's page and its official scorer during the contest. After it the organizers' own toolkit
took the plain mean of the three accuracies instead, so the weights are arguments. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scoring.declaration import formula
from scoring.declaration.declare import checked_weights, track_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scoring.model import Track

U_WEIGHTS = {"yes-or-no": 0.2, "what": 0.3, "how": 0.5}
S_WEIGHTS = {"perception": 0.5, "knowledge": 0.5}
CORRELATIONS = ("srcc", "plcc")

U_DECLARED: Mapping[str, object] = {
    "name": "siqa-u",
    "title": "SIQA-U",
    "letters": ["U", "SIQA-U"],
    "group": "type",
    "cluster": "image_path",
    "columns": [
        {"name": "precision", "aliases": ["answer"], "choices": ["A", "B", "C", "D"], "metrics": ["accuracy"]},
    ],
}
S_DECLARED: Mapping[str, object] = {
    "name": "siqa-s",
    "title": "SIQA-S",
    "letters": ["S", "SIQA-S"],
    "floor": 0.0,
    "columns": [
        {"name": "perception", "aliases": ["perception_rating", "perception_raing"], "metrics": ["srcc", "plcc"]},
        {"name": "knowledge", "aliases": ["knowledge_rating"], "metrics": ["srcc", "plcc"]},
    ],
}


def siqa_u(weights: Mapping[str, float] = U_WEIGHTS) -> Track:
    """SIQA-U: multiple-choice questions of three types; ``weights`` by type must sum to 1."""
    weights = checked_weights(weights, U_WEIGHTS)
    terms = " + ".join(f"{weight:.4g} acc({kind})" for kind, weight in weights.items())
    scorer = _scorer("siqa-u/1", weights, U_WEIGHTS)
    return replace(track_from({**U_DECLARED, "weights": weights}), formula=f"100 ({terms})", scorer=scorer)


def siqa_s(weights: Mapping[str, float] = S_WEIGHTS) -> Track:
    """SIQA-S: ratings of two dimensions; ``weights`` by dimension must sum to 1."""
    weights = checked_weights(weights, S_WEIGHTS)
    terms = " + ".join(f"{weight:.4g} {name}" for name, weight in weights.items())
    final = "the mean of perception and knowledge" if weights == S_WEIGHTS else terms
    words = f"{final}, each 100 max((SRCC + PLCC) / 2, 0)"
    scorer = _scorer("siqa-s/1", weights, S_WEIGHTS)
    return replace(track_from({**S_DECLARED, "weights": weights}), formula=words, scorer=scorer)


def tracks() -> tuple[Track, Track]:
    """Both tracks with the published weights."""
    return siqa_s(), siqa_u()


def u_score(accuracies: Mapping[str, float], weights: Mapping[str, float] = U_WEIGHTS) -> float:
    """Return the weighted sum of accuracies in percent, by type.

    >>> round(u_score({"yes-or-no": 100 * 223 / 380, "what": 100 * 293 / 350, "how": 100 * 110 / 390}), 2)
    50.95
    """
    track = siqa_u(weights)
    return formula.score(track, {each.key: accuracies[each.group or ""] for each in track.measures})


def s_score(correlations: Mapping[str, float], weights: Mapping[str, float] = S_WEIGHTS) -> float:
    """Return the weighted sum over dimensions of 100 max((SRCC + PLCC) / 2, 0), from metrics as ``perception_srcc``.

    >>> round(s_score({"perception_srcc": .9135, "perception_plcc": .9253,
    ...                "knowledge_srcc": .9282, "knowledge_plcc": .9527}), 2)
    92.99
    """
    return formula.score(siqa_s(weights), correlations)


def _scorer(name: str, weights: Mapping[str, float], standard: Mapping[str, float]) -> str:
    """Return the formula's name and version; weights of one's own belong to it."""
    return name if weights == standard else f"{name}({','.join(f'{weight!r}' for weight in weights.values())})"


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A published result that stands on the board beside the teams, never ranked among them."""

    name: str
    #: How the model was used, as published: ``zero-shot``.
    method: str
    #: Name of the track.
    track: str
    #: The published metrics, three decimals each.
    metrics: Mapping[str, float]
    #: What our formula gives for them, 0 to 100, unrounded.
    score: float


#: Perception SRCC and PLCC, knowledge SRCC and PLCC on SIQA-S, from the table on the challenge's page.
_PUBLISHED = (
    ("NIQE", "zero-shot", (0.345, 0.235, 0.447, 0.410)),
    ("Q-Align", "zero-shot", (0.749, 0.762, 0.285, 0.400)),
    ("CLIP-IQA", "zero-shot", (0.496, 0.520, 0.362, 0.435)),
    ("CLIP-IQA+", "trained", (0.724, 0.676, 0.862, 0.801)),
    ("HyperIQA", "trained", (0.773, 0.783, 0.897, 0.895)),
    ("InternVL3.5", "fine-tuned", (0.857, 0.881, 0.915, 0.937)),
)


def baselines(track: Track) -> tuple[Baseline, ...]:
    """Return the published baselines of a track, scored with its weights; only SIQA-S has any."""
    if track.name != "siqa-s":
        return ()
    names = [f"{dimension}_{metric}" for dimension in S_WEIGHTS for metric in CORRELATIONS]
    rows = [(name, method, dict(zip(names, figures, strict=True))) for name, method, figures in _PUBLISHED]
    return tuple(
        Baseline(name=name, method=method, track=track.name, metrics=metrics, score=formula.score(track, metrics))
        for name, method, metrics in rows
    )
