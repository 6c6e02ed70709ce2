"""GDT_TS of predicted structures: a row for each residue, its C-alpha atom at x, y, z in Angstrom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

AXES = ["x", "y", "z"]
CUTOFFS = (1.0, 2.0, 4.0, 8.0)


def score(prediction: pd.DataFrame, labels: pd.DataFrame) -> dict[str, float]:
    """Return the mean GDT_TS over the targets, 0 to 100, and the mean RMSD in Angstrom."""
    gdt, rmsd = [], []
    for _, native in labels.groupby("target"):
        model = prediction.loc[native.index, AXES].to_numpy()
        distances = _superposed(model, native[AXES].to_numpy())
        gdt.append(100 * np.mean([(distances <= cutoff).mean() for cutoff in CUTOFFS]))
        rmsd.append(np.sqrt((distances**2).mean()))
    return {"gdt_ts": float(np.mean(gdt)), "rmsd": float(np.mean(rmsd))}


def _superposed(model: NDArray[np.float64], native: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each residue, (n,), after the rigid superposition of least squares (Kabsch 1976)."""
    p, q = model - model.mean(axis=0), native - native.mean(axis=0)
    u, _, vt = np.linalg.svd(p.T @ q)
    flip = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return np.linalg.norm(p @ (u @ flip @ vt) - q, axis=1)
