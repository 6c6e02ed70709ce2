"""A child that was taken over gains nothing: whatever it tries fails or costs its life, as root and as a plain user."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

import pytest

from mailbot.evaluation import tasks as evaluation_tasks
from mailbot.mail import tasks as mail_tasks
from mailbot.system.sandbox import Sandbox
from tests.hostile import evil
from tests.hostile.break_out import KINDS, USERS, is_held, tried
from tests.hostile.evil import ACTS, GAINED, WORK_BARE
from tests.hostile.plain import ROOT

_tried = cache(tried)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("user", USERS)
def test_an_act_fails(user: str, kind: str, act: str) -> None:
    """The kernel refuses it, or kills the child, whatever it is there for."""
    came = _tried(user, kind)[act]
    assert is_held(came), came


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
