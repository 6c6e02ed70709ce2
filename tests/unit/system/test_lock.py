"""One mailbot holds a state folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Held
from mailbot.system.lock import held, is_held

if TYPE_CHECKING:
    from pathlib import Path

_HOLDER = """
import os, signal, sys
from pathlib import Path
from mailbot.system.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_folder_is_made(tmp_path: Path) -> None:
    """A state folder that is not there yet is made."""
    with held(tmp_path / "new" / "state"):
        assert (tmp_path / "new" / "state").is_dir()


def test_a_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    """The message names the process and the host of the holder."""
    with held(tmp_path), pytest.raises(Held) as refused, held(tmp_path):
        pass
    assert f"process {os.getpid()} on {socket.gethostname()}" in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    """However it was left, the folder can be held again, and the new holder is the one named."""
    with pytest.raises(ZeroDivisionError), held(tmp_path):
        _ = 1 / 0
    with held(tmp_path):
        assert (tmp_path / "mailbot.lock").read_text().count("process") == 1


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    """The lock goes with the process, also when that is killed."""
    with subprocess.Popen(
        (sys.executable, "-c", _HOLDER, str(tmp_path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Held, match=f"process {holder.pid} "), held(tmp_path):
            pass
        holder.kill()
        holder.wait()
        with held(tmp_path):
            pass


def test_a_held_folder_is_seen_and_left_alone(tmp_path: Path) -> None:
    """Asking who works there neither hinders them nor leaves anything behind."""
    assert not is_held(tmp_path)
    with held(tmp_path):
        assert is_held(tmp_path)
    assert not is_held(tmp_path)
    with held(tmp_path):
        pass
