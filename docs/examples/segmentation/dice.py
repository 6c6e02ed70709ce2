"""Mean Dice of masks: the labels are runs of pixels ("start length ...", row by row from 0), the members PNG files."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from scoring.api import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

SIGNATURE, LARGEST = b"\x89PNG\r\n\x1a\n", 4096


def check(prediction: pd.DataFrame, ids: Sequence[int | str]) -> Iterator[str]:
    """Yield what is not a PNG file; it needs no library, so that the checker can run it."""
    for item in ids:
        if not prediction["data"][item].startswith(SIGNATURE):
            yield f"{item}.png is not a PNG file."


def score(prediction: pd.DataFrame, labels: pd.DataFrame) -> dict[str, float]:
    """Return the mean Dice over the cases."""
    found = []
    for case, truth in labels.iterrows():
        size = int(truth["width"]), int(truth["height"])
        found.append(_dice(_mask(prediction["data"][case], str(case), size), _unrolled(truth["runs"], size)))
    return {"dice": sum(found) / len(found)}


def _mask(data: bytes, case: str, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels of a PNG file that are not 0. Whatever a team sent, it is refused before it is unpacked."""
    import numpy as np  # noqa: PLC0415 -- the checker has none
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 -- the checker has none

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.size != size:
                raise Refused(
                    f"{case}.png has {picture.size[0]} x {picture.size[1]} pixels, not {size[0]} x {size[1]}."
                )
            return np.asarray(picture.convert("L")) > 0
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Refused(f"{case}.png is damaged.") from error


def _unrolled(runs: str, size: tuple[int, int]) -> NDArray[np.bool_]:
    import numpy as np  # noqa: PLC0415 -- the checker has none

    flat = np.zeros(size[0] * size[1], dtype=bool)
    numbers = [int(each) for each in runs.split()]
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        flat[start : start + length] = True
    return flat.reshape(size[1], size[0])


def _dice(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    both = int(found.sum()) + int(truth.sum())
    return 2 * int((found & truth).sum()) / both if both else 1.0
