"""What is kept of submissions, made of each alone: the slow way that the stacks of many are held to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scoring.metrics.rule import FORMS
from scoring.scores.parts import parts_of
from scoring.scores.stack import Stack, kinds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from scoring.kernel import Floats
    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid
    from scoring.scores.stack import Key


def kept_of(laid: Laid, truth: Truth) -> dict[Key, tuple[NDArray[np.generic], Floats]]:
    """Return what is kept of one submission: for each form that is kept the row (n,) and its squares (parts,)."""
    parts = parts_of(truth)
    kept = {}
    for (column, form), kind in kinds(truth.track, parts.n).items():
        pieces = [FORMS[form](laid[column][part]) for part in parts.slices.values()]
        squares = np.array(
            [0.0 if piece.dtype == np.object_ else float(np.add.reduce(piece * piece)) for piece in pieces]
        )
        kept[column, form] = (np.concatenate(pieces).astype(kind), squares)
    return kept


def stacked(rows: Sequence[Mapping[Key, tuple[NDArray[np.generic], Floats]]]) -> dict[Key, Stack]:
    """Return the stacks of submissions of one track and truth, as :func:`kept_of` gives them; at least one."""
    return {
        key: Stack(matrix=np.stack([each[key][0] for each in rows]), square=np.stack([each[key][1] for each in rows]))
        for key in rows[0]
    }
