"""What each part of scoring loads: the teams' checker must run with nothing installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

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


def test_scoring_knows_nothing_of_mail() -> None:
    """The evaluator loads numpy and msgspec (which loads typing_extensions), and nothing of mailbot."""
    assert loaded_by("scoring.scores.evaluate") == ["msgspec", "numpy", "scoring", "typing_extensions"]
