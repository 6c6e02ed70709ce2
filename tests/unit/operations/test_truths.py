"""Versions of the labels: a corrected file, withdrawn items, an earlier version, and what differs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Permanent
from mailbot.evaluation.label_files import load_truths
from mailbot.operations import truths
from tests.unit.services import LABELS, Clock, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.service import Service
    from scoring.labels.truth import Truth

BOTH = {name: {"labels": f"labels/answer-{name[-1]}.json"} for name in ("siqa-s", "siqa-u")}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Give a mailbot with two tracks."""
    with served(tmp_path, Clock(), tracks=BOTH) as made:
        yield made


def corrected(folder: Path) -> Path:
    """Write a label file of siqa-s in which the first label is another."""
    rows = json.loads((LABELS / "answer-s.json").read_text())
    rows[0]["perception_rating"] += 1
    path = folder / "new.json"
    path.write_text(json.dumps(rows))
    return path


def test_a_label_file_becomes_active(service: Service, tmp_path: Path) -> None:
    """Its columns tell its track; a second time there is nothing to do."""
    made = truths.from_file(service, corrected(tmp_path), None)
    before = _activate(service, made)
    assert (made.track.name, service.labels.whole["siqa-s"].sha256) == ("siqa-s", made.sha256)
    (one,) = truths.differences(before, made)
    assert (one.item, one.what) == (before.ids[0], "perception")
    assert isinstance(one.old, float)
    assert one.new == one.old + 1
    with pytest.raises(Permanent, match="already active for siqa-s: nothing to do"):
        truths.effect(service, made, service.ranking.stage)


def test_what_was_active_is_told_in_order(service: Service, tmp_path: Path) -> None:
    """The last choice of each track lasts."""
    _activate(service, truths.from_file(service, corrected(tmp_path), "siqa-s"))
    with service.ledger.read() as tx:
        periods = truths.history(tx)
    assert [(one.track, one.in_force) for one in periods] == [("siqa-u", True), ("siqa-s", False), ("siqa-s", True)]
    assert periods[-1].why == "a wrong label"


def _activate(service: Service, made: Truth) -> Truth:
    """Make a truth the active one, and return the one before."""
    before = service.labels.whole[made.track.name]
    service.labels.choose(made, "a wrong label", service.clock())
    return before


def test_the_last_two_versions_are_compared(service: Service, tmp_path: Path) -> None:
    """Unless others are named; a track that had one version only has nothing to compare."""
    with pytest.raises(Permanent, match="siqa-s has had no other labels yet"):
        truths.two(service, None, None, "siqa-s", service.ranking.stage)
    made = truths.from_file(service, corrected(tmp_path), None)
    before = _activate(service, made)
    old, new = before.sha256, made.sha256
    for first, second, told in ((None, None, (old, new)), (new[:8], old[:8], (new, old)), (old[:8], None, (old, new))):
        assert tuple(one.sha256 for one in truths.two(service, first, second, None, service.ranking.stage)) == told


def test_an_earlier_version_is_found_by_its_first_digits(service: Service, tmp_path: Path) -> None:
    """Which must be those of one version."""
    before = _activate(service, truths.from_file(service, corrected(tmp_path), None))
    assert truths.earlier(service, before.sha256[:8].upper(), None).sha256 == before.sha256
    with pytest.raises(Permanent, match="names 3 versions"):
        truths.earlier(service, "", None)


def test_items_are_withdrawn(service: Service) -> None:
    """By their ids as the labels have them; an id that no item has, or that is no number, is refused."""
    whole = service.labels.whole["siqa-s"]
    made = truths.without_items(service, ["1"], "siqa-s", service.ranking.stage)
    assert made.n == whole.n - 1
    assert [(one.item, one.what, one.old) for one in truths.differences(whole, made)] == [(1, "withdrawn", None)]
    with pytest.raises(Permanent, match="one: the ids of SIQA-S are whole numbers"):
        truths.without_items(service, ["one"], "siqa-s", service.ranking.stage)
    with pytest.raises(Permanent, match="9999"):
        truths.without_items(service, ["9999"], "siqa-s", service.ranking.stage)
    with pytest.raises(Permanent, match="--track: name one of siqa-u, siqa-s"):
        truths.without_items(service, ["1"], None, service.ranking.stage)


def test_a_file_that_is_no_label_file_is_refused(service: Service, tmp_path: Path) -> None:
    """With its mistakes, when its track is named."""
    (tmp_path / "none.json").write_text("[]")
    with pytest.raises(Permanent, match="--track: name one of"):
        truths.from_file(service, tmp_path / "none.json", None)
    with pytest.raises(Permanent, match=r"none\.json cannot be used:\n  - "):
        truths.from_file(service, tmp_path / "none.json", "siqa-s")
    with pytest.raises(Permanent, match=r"missing\.json cannot be read"):
        truths.from_file(service, tmp_path / "missing.json", "siqa-s")


def test_the_ledger_says_which_labels_score(service: Service, tmp_path: Path) -> None:
    """Those of the config's file are used only while there is no ledger."""
    config, path = service.config, tmp_path / "labels" / "answer-s.json"
    given = load_truths({"siqa-s": path}, service.challenge.tracks)["siqa-s"]
    assert truths.in_force(config, given.track, config.stages[0]).sha256 == given.sha256
    made = truths.from_file(service, corrected(tmp_path), None)
    _activate(service, made)
    assert truths.in_force(config, given.track, config.stages[0]).sha256 == made.sha256
    elsewhere = config.model_copy(update={"state": tmp_path / "none"})
    assert truths.in_force(elsewhere, given.track, config.stages[0]).sha256 == given.sha256
