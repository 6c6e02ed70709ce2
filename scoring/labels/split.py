"""A secret split of the items: the public part feeds replies and weekly boards, the private part decides.

Whitehill, Climbing the Kaggle Leaderboard by Exploiting the Log-Loss Oracle, 2017 (arXiv 1707.01825): final scores must
come from items that no reply has been computed from.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.labels import restrict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.labels.truth import Truth
    from scoring.rows.ids import Id


@dataclass(frozen=True, kw_only=True)
class Split:
    """The two parts of a truth; files must hold the items of both."""

    public: Truth
    private: Truth


def split(truth: Truth, secret: str, share: float = 0.5) -> Split:
    """Split a truth by its groups, clusters kept together; raises TruthError if a part is too small to be a truth."""
    chosen = public_ids(
        [truth.ids[place] for place in truth.positions],
        secret,
        share,
        strata=truth.groups and [truth.groups[place] for place in truth.positions],
        clusters=truth.clusters and [truth.clusters[place] for place in truth.positions],
    )
    return Split(public=restrict.only(truth, chosen), private=restrict.without(truth, chosen))


def public_ids(
    ids: Sequence[Id],
    secret: str,
    share: float = 0.5,
    *,
    strata: Sequence[str] | None = None,
    clusters: Sequence[str] | None = None,
) -> frozenset[Id]:
    """Return the ids of the public part: ``share`` of each stratum, as nearly as whole clusters allow.

    The same secret gives the same split on any machine; the order of the ids does not matter. Without the secret
    nothing can be told: the order of choice is by HMAC-SHA256 (RFC 2104). Raises ValueError for an empty
    secret, or a share that is not between 0 and 1.
    """
    if not secret:
        raise ValueError("a split needs a secret")
    if not 0.0 < share < 1.0:
        raise ValueError("the public share must be between 0 and 1")
    kinds = strata or [""] * len(ids)
    names = clusters or [_name(each) for each in ids]
    together: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        together[name].append(place)
    room = {kind: share * count for kind, count in Counter(kinds).items()}
    chosen: set[Id] = set()
    for name in sorted(together, key=lambda each: (_draw(secret, each), each)):
        takes = Counter(kinds[place] for place in together[name])
        if sum((room[kind] - count) ** 2 - room[kind] ** 2 for kind, count in takes.items()) < 0:
            room |= {kind: room[kind] - count for kind, count in takes.items()}
            chosen.update(ids[place] for place in together[name])
    return frozenset(chosen)


def _name(item: Id) -> str:
    """Return a name of an id that no id of the other type has."""
    return f"{type(item).__name__}:{item}"


def _draw(secret: str, name: str) -> bytes:
    return hmac.digest(secret.encode(), name.encode(errors="surrogatepass"), hashlib.sha256)
