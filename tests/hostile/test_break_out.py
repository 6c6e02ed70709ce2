"""A child that was taken over gains nothing: whatever it tries fails or costs its life, as root and as a plain user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from mailbot.evaluation import tasks as evaluation_tasks
from mailbot.mail import tasks as mail_tasks
from mailbot.system.sandbox import Sandbox
from tests.hostile import evil
from tests.hostile.break_out import DIED
from tests.hostile.evil import ACTS, GAINED, REFUSED, WORK_BARE
from tests.hostile.plain import as_plain

ROOT = Path(__file__).parents[2]
USERS = ("root", "plain") if os.getuid() == 0 else ("plain",)
"""Whoever runs the tests; root can also become a plain user."""


@cache
def _tried(user: str, *arguments: str) -> dict[str, str]:
    """Return what came of each act."""
    command = (sys.executable, "-m", "tests.hostile.break_out", *arguments)
    if user == "plain" and os.getuid() == 0:
        said = as_plain(*command)
    else:
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=240).stdout
    found: dict[str, str] = json.loads(said)
    return found


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("user", USERS)
def test_an_act_fails(user: str, act: str) -> None:
    """The kernel refuses it, or kills the child."""
    came = _tried(user)[act]
    assert came in REFUSED or came.startswith(DIED), came


@pytest.mark.parametrize("user", USERS)
def test_the_acts_work_where_no_walls_are(user: str) -> None:
    """What the children cannot do, any other process of the same user can."""
    assert _tried(user, "bare") == dict.fromkeys(WORK_BARE, GAINED)


def test_a_child_has_its_channel_and_nothing_else() -> None:
    """No descriptor of the daemon's, and nothing in its environment that was meant for the daemon."""
    os.environ["MAILBOT_TEST_WORD"] = "not for children"
    sandbox = Sandbox(1)
    try:
        assert len(sandbox.submit(evil.open_descriptors).result()) == 4
        assert "MAILBOT_TEST_WORD" not in sandbox.submit(evil.names_in_environment).result()
    finally:
        del os.environ["MAILBOT_TEST_WORD"]
        sandbox.close()


@pytest.mark.parametrize(
    ("module", "foreign"),
    [
        (mail_tasks.__name__, {"mailbot.evaluation", "mailbot.ledger", "numpy", "scoring.labels.truth"}),
        (evaluation_tasks.__name__, {"mailbot.mail", "mailbot.ledger", "email.parser"}),
    ],
)
def test_a_kind_of_child_loads_nothing_of_the_other(module: str, foreign: set[str]) -> None:
    """What opens mails has no code that reads labels, and what evaluates has none that opens mails."""
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True, cwd=ROOT).stdout
    assert foreign & set(loaded.split()) == set()
