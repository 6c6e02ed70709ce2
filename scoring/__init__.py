"""Reads, checks and scores result files; knows nothing of mail.

``import scoring`` is light: what needs numpy is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scoring.model import Evaluation
    from scoring.scores.evaluate import evaluate

__all__ = ["Evaluation", "evaluate"]

_HOMES = {"Evaluation": "scoring.model", "evaluate": "scoring.scores.evaluate"}


def __getattr__(name: str) -> object:
    """Load an exported name from its module."""
    if name not in _HOMES:
        message = f"module 'scoring' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)
