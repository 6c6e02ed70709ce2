"""Stages: which phases share labels and a board, and which stage an instant or a submission belongs to."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mailbot.config import load
from mailbot.config.stages import FIRST, stage_at, stage_before, stage_of, switches
from mailbot.config.starter import Answers, config_text
from mailbot.errors import ConfigError

START = datetime(2026, 3, 10, tzinfo=UTC)
SWITCH = START + timedelta(days=30)
SECOND = timedelta(seconds=1)


def config(*phases: dict[str, Any], labels: str | None = "val.json") -> Any:  # noqa: ANN401  # the config
    """Return a config of one track with phases."""
    track = {} if labels is None else {"labels": labels}
    given = {"challenge": {"address": "s@example.org"}, "preset": "siqa", "tracks": {"siqa-s": track}}
    return load.build({**given, "phases": list(phases)}, base=Path("/contest"), with_files=False)


VALIDATION = {"name": "validation", "opens": START, "closes": SWITCH}
TEST = {"name": "test", "opens": SWITCH, "labels": {"siqa-s": "test.json"}}
FINALE = {"name": "finale", "opens": SWITCH + timedelta(days=9)}


def test_phases_without_labels_share_one_stage() -> None:
    """Whatever phases there are, all submissions count on one board, as long as none says otherwise."""
    (stage,) = config(VALIDATION, {"name": "more", "opens": SWITCH}).stages
    assert (stage.key, stage.name, stage.within) == (FIRST, "", None)


def test_a_phase_with_labels_begins_a_stage_of_its_own() -> None:
    """It opens at its instant, and the submissions of a phase count on the board of its stage alone."""
    first, second = stages = config({**TEST, "closes": FINALE["opens"]}, FINALE, VALIDATION).stages
    assert (first.key, first.name, second.key, second.name) == (FIRST, "validation", "test", "test")
    assert second.labels == {"siqa-s": Path("/contest/test.json")}
    assert [stage_at(stages, at).name for at in (START, SWITCH - SECOND, SWITCH)] == [
        "validation",
        "validation",
        "test",
    ]
    assert stage_before(stages, SWITCH) is first
    assert [stage_of(stages, phase).name for phase in ("test", "finale", "validation", "as it was called once")] == [
        "test", "test", "validation", "validation",
    ]  # fmt: skip
    assert first.within is not None
    assert second.within is not None
    assert [first.within.holds(each) for each in ("validation", "test", "finale", "old")] == [True, False, False, True]
    assert [second.within.holds(each) for each in ("validation", "test", "finale", "old")] == [False, True, True, False]
    assert switches(stages) == [(first, SWITCH)]


def test_submissions_carry_over_where_a_phase_says_so() -> None:
    """What counted before counts on the new board too; what comes later does not."""
    _, second, third = config(
        VALIDATION,
        {"name": "test", "opens": SWITCH, "closes": FINALE["opens"], "carry_over": False},
        {**FINALE, "labels": {"siqa-s": "more.json"}, "carry_over": True},
    ).stages
    assert [second.within.holds(each) for each in ("validation", "test", "finale")] == [False, True, False]
    assert [third.within.holds(each) for each in ("validation", "test", "finale")] == [False, True, True]


def test_the_first_phase_may_name_the_labels_of_the_tracks() -> None:
    """Then the tracks need name none."""
    made = config({**VALIDATION, "labels": {"siqa-s": "val.json"}}, TEST, labels=None)
    assert made.tracks["siqa-s"].labels == Path("/contest/val.json")
    assert [stage.name for stage in made.stages] == ["validation", "test"]
    assert [path.name for path in made.label_files] == ["val.json", "test.json"]


@pytest.mark.parametrize(
    ("phases", "told"),
    [
        ([{**VALIDATION, "labels": {"siqa-s": "x.json"}}], "the first phase uses tracks.siqa-s.labels"),
        ([VALIDATION, {**TEST, "labels": {"siqa-z": "x.json"}}], "phases.test.labels.siqa-z: there is no such track"),
        ([VALIDATION, {"name": "test", "opens": SWITCH, "standing": "best"}], "phases.test.standing: it shares"),
    ],
)
def test_a_mistake_is_told_with_its_key(phases: list[dict[str, Any]], told: str) -> None:
    """What cannot be meant is refused when the config is read."""
    with pytest.raises(ConfigError, match=told):
        config(*phases)


def test_the_first_config_shows_both_phases() -> None:
    """The lines that `mailbot init` leaves commented are a validation phase and a test phase that load as they are."""
    labels = {"siqa-u": "labels/u.json", "siqa-s": "labels/s.json"}
    text = config_text(
        Answers(preset="siqa", profile="generic", address="s@example.org", user="s@example.org", labels=labels)
    )
    begins = text.index("# [[phases]]")
    ends = text.index("\n\n[", begins) if "\n\n[" in text[begins:] else len(text)
    shown = "\n".join(
        line.removeprefix("# ") for line in text[begins:ends].splitlines() if " = " in line or "[[" in line
    )
    tracks = {name: {"labels": path} for name, path in labels.items()}
    given = {"challenge": {"address": "s@example.org"}, "preset": "siqa", "tracks": tracks, **tomllib.loads(shown)}
    first, second = load.build(given, base=Path("/contest"), with_files=False).stages
    assert (first.name, first.opens) == ("validation", datetime(2026, 3, 9, 16, tzinfo=UTC))
    assert (second.name, sorted(second.labels)) == ("test", ["siqa-s", "siqa-u"])
