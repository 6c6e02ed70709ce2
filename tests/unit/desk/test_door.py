"""Invitations are good for one login and a quarter of an hour; sessions end when nobody uses them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.desk.door import IDLE, TRIES, VALID, WINDOW, Door, Role
from mailbot.errors import Permanent
from mailbot.system import safefile
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


def test_what_a_page_asks_for_by_itself_keeps_no_session(door: Door, clock: Clock) -> None:
    """A tab that is left open asks again and again: twelve hours after somebody last did something it ends."""
    session = door.enter(door.invite("Ada", Role.ORGANIZER))
    assert session
    for _ in range(2):
        assert door.who(session, uses=False) is not None
        clock.instant += IDLE / 2
    assert door.who(session, uses=False) is None


def test_a_clock_that_was_wrong_lets_nobody_stay(door: Door, clock: Clock) -> None:
    """What was made or used while the clock was years ahead is over when it is set back."""
    clock.instant += timedelta(days=800)
    session, key = door.enter(door.invite("Ada", Role.ORGANIZER)), door.invite("Ben", Role.ORGANIZER)
    assert session
    clock.instant -= timedelta(days=800)
    assert door.who(session) is None
    assert door.whose(key) is None
    assert door.enter(key) is None
    door.sweep()
    clock.instant += timedelta(days=800)
    assert door.who(session) is None


def test_somebody_is_shown_out(door: Door) -> None:
    """All sessions and links of a name end, however it is spelled; those of others go on."""
    one, other = door.enter(door.invite("Ada Quill", Role.ORGANIZER)), door.enter(door.invite("Ada", Role.READER))
    assert one
    assert other
    key = door.invite("ada quill", Role.READER)
    assert sorted(slip.name for slip in door.inside()) == ["Ada", "Ada Quill", "ada quill"]
    assert door.show_out("ADA QUILL") == 2
    assert door.who(one) is None
    assert door.enter(key) is None
    assert door.who(other) is not None


@pytest.mark.parametrize(
    "left",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"name": "Ada"}',
     b'{"name": "Ada", "role": "king", "at": "2026-04-13T08:00+00:00"}',
     b'{"name": "Ada", "role": "organizer", "at": "yesterday"}', b'{"name": "Ada", "role": "organizer", "at": 1}'],
)  # fmt: skip
def test_what_a_power_cut_left_lets_nobody_in_and_breaks_nothing(door: Door, tmp_path: Path, left: bytes) -> None:
    """The file of a session is written without a sync: it may hold anything, and is swept."""
    session, key = door.enter(door.invite("Ada", Role.ORGANIZER)), door.invite("Ben", Role.READER)
    assert session
    files = [file for file in (tmp_path / "desk").rglob("*") if file.is_file()]
    for file in files:
        file.write_bytes(left)
    assert door.who(session) is None
    assert door.enter(key) is None
    assert door.inside() == []
    door.sweep()
    assert [file for file in files if file.exists()] == []


def test_a_full_disk_keeps_nobody_from_looking(door: Door, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """That a session is used cannot be written down then; it goes on all the same."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    session = door.enter(door.invite("Ada", Role.ORGANIZER))
    assert session
    monkeypatch.setattr(safefile, "refresh", full)
    clock.instant += timedelta(hours=1)
    assert door.who(session) is not None


def test_each_contest_has_a_cookie_of_its_own(tmp_path: Path, clock: Clock) -> None:
    """A browser sends a cookie to every port of a host: the desk of another contest would end this one's session."""
    one, other = Door(tmp_path / "one", clock), Door(tmp_path / "other", clock)
    assert one.cookie != other.cookie
    assert one.cookie == Door(tmp_path / "one", clock).cookie


@pytest.mark.parametrize("name", ["mailbot", "Mailbot", "\uff4dailbot"])
def test_nobody_is_called_as_the_audit_trail_calls_mailbot(door: Door, name: str) -> None:
    """What somebody did would look as if nobody had."""
    with pytest.raises(Permanent, match="name of a person"):
        door.invite(name, Role.ORGANIZER)


@pytest.mark.parametrize("name", ["", "ada@example.org", "A\u202eB", "x" * 61, "a\nb", "Ada\u3164", "Ada\u200b"])
def test_the_name_is_one_that_the_audit_trail_can_keep(door: Door, name: str) -> None:
    """No address, nothing that reorders or hides."""
    with pytest.raises(Permanent, match="plain characters"):
        door.invite(name, Role.ORGANIZER)
