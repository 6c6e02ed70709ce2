"""The pages of docs/scoring tell every code and every figure as the code has it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoring.declaration import siqa
from scoring.files.zips import MESSAGES
from scoring.rows import members
from scoring.values import Fault
from tests.unit.catalogue import codes

ROOT = Path(__file__).parents[3]
DOCS = "\n".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs" / "scoring").glob("*.md")))
CODE = re.compile(r'(?:code=|refused\(|_fail\(|_refuse\(|_ids_problem\(|_problem\()\s*"([a-z0-9-]+)"')


def codes_in_source() -> set[str]:
    """Return the codes of all problems and notes that scoring can make."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "scoring").rglob("*.py"))
    return (
        {code for source in sources for code in CODE.findall(source)}
        | {*MESSAGES, *members.MESSAGES}
        | {str(fault) for fault in Fault}
    )


def test_every_code_is_documented() -> None:
    """And no code is documented that does not exist."""
    documented = {
        code
        for table in DOCS.split("| code | meaning |\n")[1:]
        for line in table.partition("\n\n")[0].splitlines()
        if line.startswith("| `")
        for code in re.findall(r"`([a-z0-9-]+)`", line.split("|")[1])
    }
    assert len(documented) > 50
    assert codes_in_source() - documented == set()
    by_condition = {"too-compressed", "several-files", "no-file"}
    assert documented - codes_in_source() - codes() <= by_condition


@pytest.mark.parametrize("baseline", siqa.baselines(siqa.siqa_s()), ids=lambda baseline: baseline.name)
def test_the_scores_of_the_baselines_are_documented(baseline: siqa.Baseline) -> None:
    """To two decimals."""
    assert f"| {baseline.name} ({baseline.method}) | {baseline.score:.2f} |" in DOCS


def test_the_formula_is_documented() -> None:
    """As it is printed on the board."""
    assert f"**SIQA-U** = {siqa.siqa_u().formula}." in DOCS
    assert f"**SIQA-S** = {siqa.siqa_s().formula.removeprefix('the ')}." in DOCS
