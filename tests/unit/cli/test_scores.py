"""`mailbot score` and `mailbot ids`: a file is scored without a mail, and what teams are given for the checker."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command import mailbot
from tests.hostile import files

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Shell

BASE = Path(__file__).parents[2] / "flow" / "base"


def test_score_prints_what_programs_rely_on(shell: Shell) -> None:
    """An accepted file: one object with the fields that are promised, and exit code 0."""
    found = shell.json("score", shell.predictions(), "--track", "siqa-s", "--labels", "labels.json")
    assert set(found) >= {"ok", "track", "team", "method", "score", "metrics", "problems", "notes"}
    assert (found["ok"], found["track"], found["team"], found["method"]) == (True, "siqa-s", "T", "M")
    assert set(found["metrics"]) == {f"{x}_{y}" for x in ("perception", "knowledge") for y in ("srcc", "plcc")}
    assert isinstance(found["score"], float)


def test_score_of_a_refused_file_is_exit_code_1(shell: Shell) -> None:
    """A refused file: its problems by code, no score, and exit code 1; for people the same in words."""
    file = shell.predictions(rows=7)
    found = shell.json("score", file, "--track", "siqa-s", code=1)
    assert (found["ok"], found["score"]) == (False, None)
    assert [(one["code"], one["count"], one["examples"]) for one in found["problems"]] == [("missing-ids", 1, ["8"])]
    assert found["problems"][0]["message"] in shell("score", file, "--track", "siqa-s", code=1)[0]


def test_score_shows_how_sure_it_is_and_what_it_was_computed_with(shell: Shell) -> None:
    """By our kernels and by scipy's; the interval by influences and by resampling; the signature."""
    file = shell.predictions(turned=True)
    ours = shell.json("score", file, "--track", "siqa-s", "--bootstrap", "200", "--seed", "3")
    theirs = shell.json("score", file, "--track", "siqa-s", "--reference")
    assert theirs["score"] == pytest.approx(ours["score"], rel=1e-12)
    assert (ours["by"], theirs["by"], theirs["bootstrap"]) == ("kernels", "reference", None)
    assert (ours["bootstrap"]["draws"], ours["bootstrap"]["seed"]) == (200, 3)
    assert ours["signature"].startswith("siqa-s/1 truth=")
    assert " n=8 seed=3 mailbot=" in ours["signature"]
    shown, _ = shell("score", file, "--track", "siqa-s", "--bootstrap", "200", "--seed", "3")
    for line in ("95 % interval", "bootstrap", "(200 resamples, seed 3)", ours["signature"]):
        assert line in shown


def test_score_reads_a_workbook_where_the_config_allows_it(shell: Shell) -> None:
    """In a child, known by its content; otherwise it is refused as its mail would be."""
    rows = json.loads(Path(shell.folder / shell.predictions()).read_text())["predictions"]
    lines = [tuple(rows[0]), *(tuple(row.values()) for row in rows)]
    (shell.folder / "lo.xlsx").write_bytes(files.xlsx(files.sheet_rows(*lines)))
    (shell.folder / "lo.csv").write_bytes(files.ods(files.ods_rows(*lines)))
    found = shell.json("score", "lo.xlsx", "--track", "siqa-s", code=1)
    assert [one["code"] for one in found["problems"]] == ["unsupported-format"]
    with (shell.folder / "config.toml").open("a") as config:
        config.write("[limits]\nallow_xlsx = true\n")
    expected = shell.json("score", shell.predictions(), "--track", "siqa-s")["score"]
    for name in ("lo.xlsx", "lo.csv"):
        assert shell.json("score", name, "--track", "siqa-s")["score"] == expected


def test_score_takes_a_declared_track(shell: Shell) -> None:
    """Out of its own file, or the config's, the same number and the same scorer."""
    (shell.folder / "track.toml").write_text('name = "area"\n[[columns]]\nname = "area"\nmetrics = ["rmse"]\n')
    (shell.folder / "area.csv").write_text("id,area\na,1\nb,3\n")
    (shell.folder / "mine.csv").write_text("id,area\na,1\nb,4\n")
    with (shell.folder / "config.toml").open("a") as config:
        config.write('[tracks.area]\nlabels = "area.csv"\ndeclaration = "track.toml"\n[board]\noverall = ""\n')
    alone = shell.json("score", "mine.csv", "--track", "track.toml", "--labels", "area.csv")
    assert alone["score"] == pytest.approx(0.5**0.5)
    assert shell.json("score", "mine.csv", "--track", "area") == alone


def test_ids_are_printed_without_labels(tmp_path: Path) -> None:
    """A heading for each track, then one id a line."""
    shutil.copytree(BASE, tmp_path / "work")
    config = tmp_path / "work" / "config.toml"
    config.write_text(config.read_text().replace("{smtp_port}", "25"))
    printed = mailbot("ids", "--track", "siqa-s", folder=tmp_path / "work").out.splitlines()
    assert printed == ["# track siqa-s", *(str(n) for n in range(1, len(printed)))]
    assert len(printed) > 2
