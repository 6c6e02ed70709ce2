"""The wheel holds everything that an installed mailbot needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest

from mailbot.demo import challenges

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel as pip does; give the names of its files."""
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.iterdir()
    with ZipFile(path) as archive:
        return set(archive.namelist())


def _names(folder: Path, base: Path, prefix: str = "") -> Iterable[str]:
    """Name the files below a folder as the wheel does."""
    for path in folder.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield prefix + path.relative_to(base).as_posix()


def test_wheel_holds_both_packages(wheel: set[str]) -> None:
    """Every file of mailbot and scoring is in the wheel, presets and migrations too."""
    assert wheel >= {*_names(ROOT / "mailbot", ROOT), *_names(ROOT / "scoring", ROOT)}


def test_wheel_holds_the_templates(wheel: set[str]) -> None:
    """Every template lies inside the installed package."""
    templates = set(_names(ROOT / "templates", ROOT, "mailbot/"))
    assert templates
    assert wheel >= templates


def test_wheel_holds_the_scorer_of_the_demo(wheel: set[str]) -> None:
    """The own scorer that `mailbot demo --preset own` plays is an example of the docs, which are in no wheel."""
    assert challenges.SCORER in {Path(name).name for name in wheel if name.startswith("mailbot/demo/")}


def test_wheel_holds_nothing_else(wheel: set[str]) -> None:
    """The wheel brings no top-level name but the two packages and its metadata."""
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"mailbot", "scoring"}
