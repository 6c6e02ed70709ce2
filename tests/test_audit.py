"""`make audit`: a package with a known weakness is found, a licence that is not allowed is refused, silence is told."""

from __future__ import annotations

import json
from email.message import Message
from typing import TYPE_CHECKING, Any, cast

import pytest

from tests import audit

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata
    from pathlib import Path

RULES: dict[str, Any] = {"allowed": ["MIT", "BSD-3-Clause", "MIT License"], "stated": {"told": "MIT"}}
MADE_UP = {"id": "MADE-UP-1", "package": "Sloppy.Reader", "affected": ["<1.4", ">=2,<2.0.3"], "what": "it runs files"}


def test_a_made_up_advisory_is_found_in_a_lock(tmp_path: Path) -> None:
    """By any spelling of the name, in each range, and not beside it; a name may be pinned twice."""
    lock = tmp_path / "a.lock"
    lock.write_text(
        "sloppy-reader==2.0.2 ; python_version > '3.11' \\\n    --hash=sha256:00\n"
        "sloppy-reader[fast]==1.4 ; python_version <= '3.11' \\\n    --hash=sha256:00\nother==1.0\n"
    )
    pins = audit.locked(lock)
    assert pins == [("sloppy-reader", "2.0.2"), ("sloppy-reader", "1.4"), ("other", "1.0")]
    found = audit.known(pins, [MADE_UP])
    assert found == ["sloppy-reader 2.0.2: MADE-UP-1, it runs files (affected: <1.4 or >=2,<2.0.3)"]


def test_the_locks_have_no_known_weakness() -> None:
    """By the file that is in the repository; every advisory there has what is asked of it."""
    advisories = json.loads((audit.CI / "advisories.json").read_text())["advisories"]
    pins = {pin for lock in audit.LOCKS for pin in audit.locked(audit.CI / lock)}
    assert len(pins) > 100
    assert audit.known(pins, advisories) == []
    assert audit.known([(each["package"], "0.0.1") for each in advisories], advisories)


def test_what_a_host_installs_has_licences_that_are_allowed() -> None:
    """Every package of the runtime lock."""
    licences = audit.licences_of(name for name, _ in audit.locked(audit.CI / "runtime.lock"))
    assert len(licences) > 50
    assert audit.not_allowed(licences, json.loads((audit.CI / "licences.json").read_text())) == []


@pytest.mark.parametrize(
    ("licence", "is_allowed"),
    [
        ("MIT", True),
        ("MIT AND BSD-3-Clause", True),
        ("Made-Up-1.0 OR MIT", True),
        ("Made-Up-1.0", False),
        ("MIT AND Made-Up-1.0", False),
        ("MIT AND (BSD-3-Clause OR Made-Up-1.0)", False),
        ("MIT WITH Made-Up-exception", False),
        ("", False),
    ],
)
def test_a_made_up_licence_is_refused(licence: str, *, is_allowed: bool) -> None:
    """All of what is joined must be on the list, one of what may be chosen."""
    assert (audit.not_allowed({"a": licence}, RULES) == []) is is_allowed
    assert audit.not_allowed({"told": "UNKNOWN"}, RULES) == []


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ([("License-Expression", "MIT"), ("Classifier", "License :: OSI Approved :: BSD License")], "MIT"),
        ([("Classifier", "License :: OSI Approved :: MIT License"), ("License", "see file")], "MIT License"),
        ([("Classifier", "License :: OSI Approved"), ("License", "Made-Up-1.0\nlong text")], "Made-Up-1.0"),
        ([("License", "")], ""),
    ],
)
def test_where_a_licence_is_stated(fields: list[tuple[str, str]], licence: str) -> None:
    """The newest kind of field counts first."""
    about = Message()
    for name, value in fields:
        about[name] = value
    assert audit.licence_in(cast("PackageMetadata", about)) == licence


def test_what_the_service_says() -> None:
    """A weakness is a line; a package that it does not know is named."""
    weak = {"name": "a", "version": "1", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}
    said = {"dependencies": [weak, {"name": "b", "version": "1", "vulns": []}, {"name": "c", "skip_reason": "no"}]}
    answer = audit.read_answer(json.dumps(said))
    assert answer == audit.Answer(found=["a 1: X-1, fixed in 2"], known=2, skipped=["c"])


@pytest.mark.parametrize(
    "said", ["", "{}", json.dumps({"dependencies": [{"name": "a", "skip_reason": "not found"}]}), "[]"]
)
def test_no_service_is_no_clean_bill(said: str) -> None:
    """Also where pip-audit itself ends well, as it does behind a mirror that has no advisories."""
    assert audit.read_answer(said, "warning\nno route to host").trouble


def test_a_pip_audit_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It could not be fetched."""
    assert "cannot be run" in audit.asked(tmp_path / "pip-audit").trouble
