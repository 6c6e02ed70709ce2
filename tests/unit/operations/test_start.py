"""init --preset and --from-labels: a track of one's own with its config, a sample of a submission, and its score."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from mailbot.config import challenge, load
from mailbot.config.starter import EXAMPLE
from mailbot.config.starters import STARTERS
from mailbot.evaluation.label_files import given_truths
from scoring.scores.evaluate import evaluate
from tests.challenges.make import EXAMPLES
from tests.command import mailbot

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("preset", STARTERS)
def test_a_preset_is_ready_at_once(tmp_path: Path, preset: str) -> None:
    """The config loads, the labels fit, the sample scores, and no word of SIQA is in any file or line."""
    said = mailbot("init", "new", "--preset", preset, "--yes", folder=tmp_path).out
    config = load.load(tmp_path / "new" / "config.toml")
    tracks = challenge.tracks_of(config)
    (truth,) = given_truths(config, tracks).values()
    sample = (tmp_path / "new" / "sample.csv").read_bytes()
    found = evaluate(sample, truth, name="sample.csv")
    assert found.score is not None
    assert f"{truth.track.name}: {found.score:.2f} ({truth.n} items)" in said
    files = [path for path in (tmp_path / "new").rglob("*") if path.is_file() and path.name != EXAMPLE]  # of all keys
    written = [path.read_text(encoding="utf-8") for path in files]
    assert not any(re.search("siqa", text, re.IGNORECASE) for text in (said, *written))


@pytest.mark.parametrize("name", ["aptos", "house-prices", "ms-marco", "leaves"])
def test_labels_say_what_the_challenge_is(tmp_path: Path, name: str) -> None:
    """The file is copied, its columns are declared with a reason each, and a sample scores."""
    labels = EXAMPLES / name / "labels.csv"
    said = mailbot("init", "new", "--from-labels", str(labels), "--yes", folder=tmp_path).out
    config = load.load(tmp_path / "new" / "config.toml")
    (track,) = challenge.tracks_of(config).values()
    assert (tmp_path / "new" / "labels" / "labels.csv").read_bytes() == labels.read_bytes()
    assert f"ids: the column {track.id}" in said
    assert f"Scored by {track.formula}:" in said


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "empty"), (b'[{"id": 1}, {"id": 2}]', "no column of labels"), (None, "No such")]
)
def test_labels_that_say_nothing_are_refused(tmp_path: Path, content: bytes | None, why: str) -> None:
    """With the reason, and nothing is written."""
    if content is not None:
        (tmp_path / "labels.csv").write_bytes(content)
    found = mailbot("init", "new", "--from-labels", "labels.csv", "--yes", folder=tmp_path, code=2)
    assert why in found.err
    assert not (tmp_path / "new").exists()


def test_a_slip_in_the_labels_is_told_before_anything_is_written(tmp_path: Path) -> None:
    """With its line, and how to say what the column is; what is said then still has to fit."""
    rows = "".join(f"im{n},{n * 7 % 23}\n" for n in range(1, 31))
    (tmp_path / "cells.csv").write_text("image,count\n" + rows.replace("im9,17\n", "im9,\n"))
    refused = mailbot("init", "new", "--from-labels", "cells.csv", "--yes", folder=tmp_path, code=2).err
    assert "count: 29 of 30 cells are numbers, and line 10 is empty" in refused
    assert "--column NAME=ROLE" in refused
    flags = ("--column", "count=numbers")
    refused = mailbot("init", "new", "--from-labels", "cells.csv", "--yes", *flags, folder=tmp_path, code=2).err
    assert "1 row whose count is not a finite number. (line 10: count)" in " ".join(refused.split())
    wrong = ("--column", "count=digits")
    assert "write NAME=ROLE" in mailbot("init", "new", *wrong, "--yes", folder=tmp_path, code=2).err
    assert not (tmp_path / "new").exists()


MAIL = """From: A <a@lab.example>
To: s@cells.example
Subject: [Submission] Alpha
Message-ID: <{number}@lab.example>
MIME-Version: 1.0
Content-Type: text/csv; name="{number}.csv"
Content-Disposition: attachment; filename="{number}.csv"

image,count
{rows}"""


def test_a_contest_of_counts_says_what_its_score_is(tmp_path: Path) -> None:
    """The formula wherever a score is told, that a worse file replaced a better one, ranges and contact on the page."""
    labels = [f"im{n},{n * 7 % 23}" for n in range(1, 31)]
    (tmp_path / "cells.csv").write_text("\n".join(["image,count", *labels]) + "\n")
    flags = ("--address", "s@cells.example", "--contact", "help@cells.example", "--yes")
    said = mailbot("init", "c", "--from-labels", "cells.csv", *flags, folder=tmp_path).out
    assert "count: whole numbers from 0 to 22, scored by rmse" in said
    assert "im1,4\n" in said  # a whole number, as the labels are
    assert "ingest FILE.eml" in said
    folder = tmp_path / "c"
    config = folder / "config.toml"
    config.write_text(config.read_text().replace("whole = true", "whole = true\nrange = [0, 500]"))
    (folder / "teams.csv").write_text("team,address\nAlpha,a@lab.example\n")
    for number, off in ((1, 1), (2, 3)):
        rows = "\n".join(f"im{n},{n * 7 % 23 + off}" for n in range(1, 31))
        (folder / f"{number}.eml").write_text(MAIL.format(number=number, rows=rows + "\n"))
    (folder / "answer.csv").write_text("\n".join(["image,count", *labels]) + "\n")
    assert "scored by        RMSE of count; lower is better" in mailbot("score", "answer.csv", folder=folder).out
    mailbot("ingest", "1.eml", "2.eml", folder=folder)
    reply = " ".join(mailbot("outbox", "show", "R-2", folder=folder).out.split())
    assert "Score: 3.00 Formula: RMSE of count; lower is better" in reply
    assert "It replaces S-000001, whose score of 1.00 was better: the latest accepted one counts." in reply
    mailbot("publish", folder=folder)
    page = (folder / "state/published/page/index.html").read_text()
    assert page.count("Count RMSE") == 0  # it is the score
    assert "Count MAE" in page
    assert "Baselines" not in page
    rules = (folder / "state/published/page/rules/index.html").read_text()
    assert "a number from 0 to 500; the right ones are whole" in rules
    assert "mailto:help@cells.example" in rules
