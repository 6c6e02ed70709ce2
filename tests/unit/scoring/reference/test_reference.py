"""The reference gives the same numbers as the kernels, and the command shows both, the bootstrap and the signature."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring import reference
from scoring.__main__ import main
from scoring.declaration.registry import METRICS
from scoring.scores.evaluate import evaluate, values_of
from scoring.scores.scored import scored
from scoring.single import scores_of
from tests.unit.scoring.cases import s_case, u_case
from tests.unit.scoring.made import official, s_rows, s_truth
from tests.unit.scoring.scores.test_stack import mixed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scoring.labels.truth import Truth
    from scoring.scores.scored import Laid

CASES = pytest.mark.parametrize("case", [s_case, u_case, mixed])


def test_no_metric_is_without_a_reference() -> None:
    """Each of the registry has one."""
    assert set(reference.ORACLES) == set(METRICS)


@CASES
@given(seed=st.integers(0, 99))
def test_the_reference_gives_the_same_numbers(case: Callable[..., tuple[Laid, Truth]], seed: int) -> None:
    """To twelve digits, for both tracks of SIQA and for every metric."""
    laid, truth = case(seed, n=60)
    ours, theirs = scored(laid, truth), reference.scored(laid, truth)
    assert theirs.score == pytest.approx(ours.score, rel=1e-12, abs=1e-9)
    assert dict(theirs.figures) == pytest.approx(dict(ours.figures), rel=1e-12, abs=1e-12)


def test_constant_predictions_are_undefined_in_both() -> None:
    """There scipy would warn and give NaN."""
    laid, truth = s_case(1)
    flat = {name: values * 0 for name, values in laid.items()}
    assert reference.scored(flat, truth) == scored(flat, truth)
    assert scored(flat, truth).undefined == ("perception", "knowledge")


def test_a_file_can_be_evaluated_by_the_reference() -> None:
    """The rest of the evaluation is the same."""
    data, truth = official(s_rows(40)), s_truth(40)
    ours, theirs = evaluate(data, truth), evaluate(data, truth, by=reference.scored)
    assert theirs.score == pytest.approx(ours.score, rel=1e-12)
    assert (theirs.scorer, theirs.truth, theirs.n, theirs.error) == (ours.scorer, ours.truth, ours.n, ours.error)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Return the arguments that name a result file and its labels."""
    (tmp_path / "pred.json").write_bytes(official(s_rows(50, 1), "S"))
    (tmp_path / "labels.json").write_bytes(official(s_rows(50, 2)))
    return [str(tmp_path / "pred.json"), str(tmp_path / "labels.json"), "--track", "siqa-s"]


def test_the_command_shows_scipys_number(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The same, and the same signature."""
    shown = []
    for more in ([], ["--reference"]):
        assert main([*files, "--json", *more]) == 0
        shown.append(json.loads(capsys.readouterr().out))
    assert shown[1]["score"] == pytest.approx(shown[0]["score"], rel=1e-12)
    assert shown[1]["signature"] == shown[0]["signature"]
    assert shown[0]["signature"].startswith("siqa-s/1 truth=")
    assert [one["by"] for one in shown] == ["kernels", "reference"]


def test_the_command_takes_the_bootstrap_with_its_seed(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Repeatable, and close to the interval beside it; the seed is in the signature."""
    assert main([*files, "--json", "--bootstrap", "400", "--seed", "3"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert " seed=3 " in shown["signature"]
    assert (shown["bootstrap"]["draws"], shown["bootstrap"]["seed"]) == (400, 3)
    low, high = shown["bootstrap"]["interval"]
    assert low <= shown["score"] <= high
    assert main([*files, "--bootstrap", "400", "--seed", "3"]) == 0
    assert f"bootstrap        {low:.2f} to {high:.2f} (400 resamples, seed 3)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong", [("--bootstrap", draws) for draws in ("0", "-1", "many", "1000000000")] + [("--seed", "-1")], ids=" ".join
)
def test_a_number_that_makes_no_sense_is_a_wrong_call(files: list[str], wrong: tuple[str, str]) -> None:
    """Exit status 2, as for any wrong call."""
    with pytest.raises(SystemExit) as ended:
        main([*files, *wrong])
    assert ended.value.code == 2


def test_a_file_with_problems_has_nothing_to_resample() -> None:
    """The command says its problems instead."""
    assert values_of(b"", s_truth()) is None
    assert values_of(official(s_rows(3)), s_truth()) is None
    with pytest.raises(ValueError, match="problems"):
        scores_of(b"", s_truth(), 10, 1)
