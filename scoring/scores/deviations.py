"""How a score deviates over other draws of its items: one vector for each submission, alike for all of a truth.

The length of a submission's vector is the standard error of its score, the length of the difference of two vectors that
of the difference of two scores (:mod:`scoring.interval`). It is made in one of three ways:

- the influences of the items, summed over clusters (the infinitesimal jackknife, Jaeckel 1972), where each metric that
  counts has them;
- else the scores without each of :data:`GROUPS` groups of items, less their mean (the delete-a-group jackknife; Kott,
  Journal of Official Statistics 17, 2001), where what is left out moves a metric smoothly;
- else the scores of :data:`DRAWS` resamples, less their mean (the bootstrap; Efron, Annals of Statistics 7, 1979), for
  medians. Groups and resamples are the same for all submissions, so that differences are of the same draws.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from scoring.declaration.registry import Error, error_of
from scoring.interval import clustered
from scoring.model import Later
from scoring.scores.parts import parts_of
from scoring.scores.scored import influence

if TYPE_CHECKING:
    from scoring.kernel import Floats
    from scoring.labels.truth import Truth
    from scoring.scores import bootstrap
    from scoring.scores.scored import Laid, Scored
else:
    bootstrap = Later("scoring.scores.bootstrap")

GROUPS, DRAWS, SEED = 20, 200, 0


def deviations(laid: Laid, truth: Truth, found: Scored | None = None) -> Floats:
    """Return the deviations of a submission's score, (draws,) or (items,) or (clusters,).

    ``found`` is what it scores, where that is known.
    """
    error = error_of(truth.track)
    if error is Error.INFLUENCE:
        return clustered(influence(laid, truth, found), parts_of(truth).clusters)
    if error is Error.BOOTSTRAP:
        scores = bootstrap.bootstrap(laid, truth, DRAWS, SEED)
        drawn: Floats = (scores - scores.mean()) / math.sqrt(scores.size - 1)
        return drawn
    scores = bootstrap.scores_under(laid, truth, _without_groups(truth))
    left: Floats = (scores - scores.mean()) * math.sqrt((scores.size - 1) / scores.size)
    return left


def _without_groups(truth: Truth) -> Floats:
    """Return the weights of the items without each group, (groups, n): 0 in the group, else 1; clusters stay whole."""
    parts = parts_of(truth)
    clusters = np.arange(parts.n) if parts.clusters is None else parts.clusters
    size = int(clusters.max(initial=0)) + 1
    groups = min(GROUPS, size)
    group = np.random.default_rng(SEED).permutation(np.arange(size) % groups)[clusters]
    weights: Floats = (group != np.arange(groups)[:, None]).astype(np.float64)
    return weights
