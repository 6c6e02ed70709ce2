"""What each part of scoring loads: the teams' checker must run with nothing installed."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.unit.scoring.made import csv_of, official, s_rows, s_truth, u_rows, u_truth

if TYPE_CHECKING:
    from scoring.labels.truth import Truth

CHECKER = ("files.unpack", "files.read", "rows.check", "model", "declaration.siqa", "text", "report")

LOADED = """
import sys
before = set(sys.modules)
import {module}
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(new - sys.stdlib_module_names))
"""


def loaded_by(module: str, *flags: str) -> list[str]:
    """Return the top-level packages outside the standard library that importing ``module`` loads."""
    command = [sys.executable, *flags, "-c", LOADED.format(module=module)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


@pytest.mark.parametrize("module", [f"scoring.{name}" for name in CHECKER])
def test_the_checkers_modules_use_the_standard_library_alone(module: str) -> None:
    """Nothing but scoring itself."""
    assert loaded_by(module) == ["scoring"]


@pytest.mark.parametrize("module", ["scoring", "scoring.__main__", "scoring.labels.truth"])
def test_importing_is_light(module: str) -> None:
    """Numpy, pandas and pyarrow wait until they are needed."""
    assert loaded_by(module) == ["scoring"]


EVALUATED = """
import pickle, sys
truth, data = pickle.loads(sys.stdin.buffer.read())
from mailbot.evaluation import tasks
job = tasks.Job(name="a.json", data=data, given=(tasks.labels_of(truth),), truths=(truth.sha256,))
assert tasks.evaluate(job).evaluation.ok
print(*(name for name in sys.modules if name.partition(".")[0] == "scoring"))
"""

#: What the evaluation of a file of SIQA's took before there were other tracks.
FEW = 33


def loaded_to_evaluate(data: bytes, truth: Truth) -> set[str]:
    """Return the modules of scoring that a child has loaded when it has evaluated a file."""
    given = pickle.dumps((truth, data))
    command = [sys.executable, "-c", EVALUATED]
    return {*subprocess.run(command, check=True, input=given, capture_output=True).stdout.decode().split()}


@pytest.mark.parametrize(
    ("data", "truth", "family"),
    [
        pytest.param(official(s_rows()), s_truth(), "correlations", id="s"),
        pytest.param(official(u_rows()), u_truth(), "answers", id="u"),
    ],
)
def test_a_plain_track_loads_no_more_than_it_needs(data: bytes, truth: Truth, family: str) -> None:
    """Of the metrics those that it names; nothing that declares, or reads other files than JSON that is clean."""
    loaded = loaded_to_evaluate(data, truth)
    assert len(loaded) <= FEW
    families = {name for name in loaded if name.startswith("scoring.metrics.")}
    assert families == {"scoring.metrics.rule", f"scoring.metrics.{family}"}
    assert not {"scoring.declaration.declare", "scoring.scores.bootstrap", "scoring.files.jsonrows"} & loaded


def test_what_waits_is_loaded_when_it_is_needed() -> None:
    """A file of another form is read by its own module."""
    assert {"scoring.files.delimited"} <= loaded_to_evaluate(csv_of(s_rows()), s_truth())


def test_scoring_knows_nothing_of_mail() -> None:
    """The evaluator loads numpy and msgspec (which loads typing_extensions), and nothing of mailbot."""
    assert loaded_by("scoring.scores.evaluate") == ["msgspec", "numpy", "scoring", "typing_extensions"]
