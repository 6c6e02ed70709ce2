"""The bell between threads, and the alarm that says what is due."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from mailbot.system.bell import DOORBELL, Alarm, Bell, Doorbell, ring_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FAR = 60.0


@pytest.fixture
def bell() -> Iterator[Bell]:
    """Give a quiet bell."""
    made = Bell()
    yield made
    made.close()


def test_a_quiet_bell_is_waited_for_in_vain(bell: Bell) -> None:
    """Nobody rang: the time goes by."""
    assert not bell.wait(0)


def test_a_ring_before_the_wait_is_heard(bell: Bell) -> None:
    """A bell that rang already ends the next wait at once, and only that one."""
    bell.ring()
    bell.ring()
    assert bell.wait(FAR)
    assert not bell.wait(0)


def test_a_ring_wakes_the_waiter(bell: Bell) -> None:
    """A ring from another thread ends the wait."""
    ringer = threading.Timer(0.01, bell.ring)
    ringer.start()
    assert bell.wait(FAR)
    ringer.join()


def test_it_can_be_waited_for_beside_a_socket(bell: Bell) -> None:
    """To select it is one more thing to read."""
    assert select.select([bell], [], [], 0)[0] == []
    bell.ring()
    assert select.select([bell], [], [], FAR)[0] == [bell]


def test_nobody_is_held_up_by_ringing(bell: Bell) -> None:
    """A bell that nobody hears can be rung for ever."""
    for _ in range(5000):
        bell.ring()
    assert bell.wait(FAR)


def test_an_alarm_is_taken_once(bell: Bell) -> None:
    """It wakes the loop of its bell, and its work is due until somebody takes it, however often it rang."""
    alarm = Alarm(bell)
    assert not alarm.take()
    alarm.ring()
    alarm.ring()
    assert bell.wait(0)
    assert alarm.take()
    assert not alarm.take()


def test_the_doorbell_is_heard_beside_a_bell(tmp_path: Path, bell: Bell) -> None:
    """However long the folder's path is; many rings are one, and the bell itself did not ring."""
    state = tmp_path / ("long" * 20) / ("longer" * 20)
    state.mkdir(parents=True)
    (state / DOORBELL).touch()  # as a crash leaves it
    door = Doorbell(state)
    for _ in range(1000):
        ring_at(state)
    assert door.wait(FAR, beside=bell)
    assert not door.wait(0, beside=bell)
    bell.ring()
    assert not door.wait(FAR, beside=bell)
    assert not bell.wait(0)
    door.close()
    assert list(state.iterdir()) == []


def test_nobody_at_home(tmp_path: Path) -> None:
    """A ring where no daemon runs, none ever ran, or one was killed does nothing."""
    ring_at(tmp_path / "nowhere")
    ring_at(tmp_path)
    killed = Doorbell(tmp_path)
    killed._heard.close()  # noqa: SLF001  # as a kill does
    ring_at(tmp_path)


def test_a_doorbell_of_a_host_that_took_over_stays(tmp_path: Path, bell: Bell) -> None:
    """Two hosts share the folder: the one that led before ends later than the other begins."""
    before = Doorbell(tmp_path)
    after = Doorbell(tmp_path)
    before.close()
    ring_at(tmp_path)
    assert after.wait(0, beside=bell)
    after.close()


def test_a_disk_without_sockets_has_no_doorbell(tmp_path: Path, bell: Bell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemon looks on schedule all the same."""

    class Refused(socket.socket):
        def bind(self, _: object) -> None:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    with monkeypatch.context() as patched:
        patched.setattr(socket, "socket", Refused)
        doorbell = Doorbell(tmp_path)
    ring_at(tmp_path)
    assert not doorbell.wait(0, beside=bell)
    doorbell.close()
