"""What a reference is: a function of columns of predictions and of labels, and of what the metric is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Column = Sequence[Any]
Told = Mapping[str, float | str]
#: Of the counts of right, answered and labelled items of a class.
Ratio = Callable[[int, int, int], float]
Oracle = Callable[[Sequence[Column], Sequence[Column], Told], float | None]
