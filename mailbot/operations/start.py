"""What init begins with: a starter, or a label file that says what the challenge is; and the sample that is scored."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config.load import expanded
from mailbot.config.starters import STARTERS
from mailbot.config.tracks import made
from mailbot.errors import Permanent
from scoring import report
from scoring.files.read import read
from scoring.labels.propose import propose
from scoring.labels.seen import ROLES, Seen, looked_at
from scoring.labels.truth import TruthError, load_truth
from scoring.rows import example
from scoring.scores.evaluate import evaluate

if TYPE_CHECKING:
    from pathlib import Path

    from scoring.model import Problem

Choose = Callable[[Mapping[str, Seen]], Mapping[str, str]]
"""Takes what each column looks like, and returns what some or all are (:data:`scoring.labels.seen.ROLES`)."""

SAMPLE = "sample.csv"

COLUMN = f"--column NAME=ROLE, a role being one of {', '.join(ROLES)}"
"""How a command is told what a column is."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """A declared track with its labels."""

    track: str
    #: The declaration in TOML, without the name.
    declaration: str
    #: The label file's name and content.
    name: str
    labels: bytes
    #: What was decided and why, a sentence each.
    reasons: tuple[str, ...] = ()


def start_of(preset: str, from_labels: Path | None, choose: Choose = lambda _looks: {}) -> Start | None:
    """Return what init begins with; None for a preset with tracks of its own.

    ``choose`` is shown what each column of a label file looks like; what it leaves open is guessed. Raises Permanent.
    """
    if from_labels is not None:
        return _from_labels(expanded(str(from_labels)), choose)
    if (found := STARTERS.get(preset)) is None:
        return None
    return Start(track=found.track, declaration=found.declaration, name="labels.csv", labels=found.labels.encode())


def _from_labels(path: Path, choose: Choose) -> Start:
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise Permanent(message) from error
    reading = read(data, path.name)
    if reading.table is None or reading.problems:
        message = f"{path} cannot be read: {' '.join(problem.message for problem in reading.problems)}"
        raise Permanent(message)
    track = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:30] or "main"
    track = "main" if track.startswith(("siqa", "labels", "answer")) else track
    try:
        proposal = propose(reading.table, choose(looked_at(reading.table)))
        load_truth(data, made(track, tomllib.loads(proposal.declaration)), path.name)
    except ValueError as error:
        message = f"{path}:\n{error}\nCorrect the file, or say what a column is: {COLUMN}"
        raise Permanent(message) from error
    except TruthError as error:
        raise Permanent(f"{path}: {' '.join(map(_placed, error.problems))}") from error
    return Start(track=track, declaration=proposal.declaration, name=path.name, labels=data, reasons=proposal.reasons)


def _placed(problem: Problem) -> str:
    return f"{problem.message} ({'; '.join(problem.examples)})" if problem.examples else problem.message


def score_at_once(folder: Path, start: Start) -> list[str]:
    """Write a sample of a submission into the new folder, score it, and return what is to be said of both."""
    track = made(start.track, tomllib.loads(start.declaration))
    truth = load_truth(start.labels, track, start.name)
    sample = example.sample_csv(track, truth.ids)
    (folder / SAMPLE).write_text(sample, encoding="utf-8")
    return [
        *(f"  {reason}" for reason in start.reasons),
        f"A submission looks like {folder / SAMPLE}, whose values are made up:",
        *(f"  {line}" for line in sample.splitlines()[:4]),
        f"Scored by {track.formula}:",
        report.as_text(evaluate(sample.encode(), truth, name=SAMPLE)),
    ]
