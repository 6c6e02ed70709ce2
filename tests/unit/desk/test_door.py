"""Invitations are good for one login and a quarter of an hour; sessions end when nobody uses them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.desk.door import IDLE, TRIES, VALID, WINDOW, Door, Role
from mailbot.errors import Permanent
from tests.contest.contest import Clock

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands."""
    return Clock()


@pytest.fixture
def door(tmp_path: Path, clock: Clock) -> Door:
    """Return a door with nobody in."""
    return Door(tmp_path, clock)


def test_an_invitation_lets_in_once(door: Door) -> None:
    """Looking at it uses nothing up, as a mail program may; using it does."""
    key = door.invite("Ada", Role.ORGANIZER)
    assert (door.whose(key), door.whose(key)) == ("Ada", "Ada")
    session = door.enter(key)
    assert session
    person = door.who(session)
    assert person is not None
    assert (person.name, person.may_act) == ("Ada", True)
    assert door.enter(key) is None
    assert door.whose(key) is None


def test_another_process_invites_and_a_restart_keeps_sessions(tmp_path: Path, clock: Clock) -> None:
    """Both are files of the state folder; none holds what lets somebody in."""
    key = Door(tmp_path, clock).invite("Ada", Role.READER)
    session = Door(tmp_path, clock).enter(key)
    assert session
    person = Door(tmp_path, clock).who(session)
    assert person is not None
    assert not person.may_act
    kept = b"".join(file.read_bytes() + file.name.encode() for file in tmp_path.rglob("*") if file.is_file())
    assert session.encode() not in kept
    assert key.encode() not in kept
    assert {oct(file.stat().st_mode & 0o777) for file in (tmp_path / "desk").rglob("*")} == {"0o600", "0o700"}


def test_an_invitation_ends(door: Door, clock: Clock) -> None:
    """After a quarter of an hour it lets nobody in."""
    key = door.invite("Ada", Role.ORGANIZER)
    clock.instant += VALID
    assert door.whose(key) is None
    assert door.enter(key) is None


def test_a_session_ends_when_nobody_uses_it(door: Door, clock: Clock) -> None:
    """It goes on as long as it is used, and ends after twelve hours without; logging out ends it at once."""
    session = door.enter(door.invite("Ada", Role.ORGANIZER))
    assert session
    for _ in range(3):
        clock.instant += IDLE - timedelta(minutes=1)
        assert door.who(session) is not None
    clock.instant += IDLE
    assert door.who(session) is None
    door.sweep()
    other = door.enter(door.invite("Ada", Role.ORGANIZER))
    assert other
    door.leave(other)
    assert door.who(other) is None


def test_the_sweep_takes_what_has_ended_alone(door: Door, clock: Clock, tmp_path: Path) -> None:
    """Files of ended invitations and sessions are deleted."""
    door.invite("Ada", Role.ORGANIZER)
    clock.instant += IDLE
    session = door.enter(door.invite("Ben", Role.ORGANIZER))
    assert session
    door.sweep()
    assert sum(file.is_file() for file in (tmp_path / "desk").rglob("*")) == 1
    assert door.who(session) is not None


def test_guessing_is_refused_for_a_minute_and_keeps_nobody_out(door: Door, clock: Clock) -> None:
    """After ten wrong links in a minute a further one is refused; a right one never is."""
    key = door.invite("Ada", Role.ORGANIZER)
    for number in range(TRIES):
        assert door.enter(f"{number:030d}") is None
    with pytest.raises(Permanent, match="wait a minute"):
        door.enter(f"{TRIES:030d}")
    assert door.enter(key)
    clock.instant += WINDOW
    assert door.enter(f"{TRIES:030d}") is None


@pytest.mark.parametrize("key", ["", "../../config.toml", "a" * 5_000, "\x00" * 30, "%2e%2e"])
def test_what_is_no_secret_names_no_file(door: Door, key: str) -> None:
    """Nothing but a token's letters is ever made into a path."""
    assert door.enter(key) is None
    assert door.who(key) is None


@pytest.mark.parametrize("name", ["", "ada@example.org", "A\u202eB", "x" * 61, "a\nb"])
def test_the_name_is_one_that_the_audit_trail_can_keep(door: Door, name: str) -> None:
    """No address, nothing that reorders or hides."""
    with pytest.raises(Permanent, match="plain characters"):
        door.invite(name, Role.ORGANIZER)
