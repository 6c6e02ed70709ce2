"""The labels in force: a choice that cannot be used changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailbot.errors import ConfigError
from scoring.labels.truth import load_truth
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from pathlib import Path


def test_labels_that_a_split_leaves_too_few_of_are_not_chosen(tmp_path: Path) -> None:
    """They would keep mailbot from starting: what was in force stays so."""
    with served(tmp_path, Clock(), split={"public": 0.5}) as service:
        whole = service.labels.whole["siqa-s"]
        few = load_truth(b'{"predictions": [%s]}' % b",".join(_row(n) for n in range(3)), whole.track)
        with pytest.raises(ConfigError, match="leaves a part too small"):
            service.labels.choose(few, "fewer", Clock()())
        assert service.labels.whole["siqa-s"] is whole
        assert not service.labels.refresh()


def _row(number: int) -> bytes:
    return b'{"id": %d, "perception": %d, "knowledge": %d}' % (number, number, number)
