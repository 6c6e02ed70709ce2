"""`mailbot top` on a real terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import termios
from typing import TYPE_CHECKING

import pytest

from tests.command import MAILBOT
from tests.contest.contest import write_config

if TYPE_CHECKING:
    from pathlib import Path


def _read_until(terminal: int, word: bytes) -> bytes:
    """Read what is shown until a word is."""
    shown = b""
    while word not in shown:
        shown += os.read(terminal, 65536)
    return shown


@pytest.mark.parametrize("key", [b"q", b"xQ", b"\x03"], ids=["q", "another-key-before", "ctrl-c"])
def test_a_key_leaves_it(tmp_path: Path, key: bytes) -> None:
    """It leaves by itself with exit code 0 and gives the terminal's screen back."""
    terminal, inner = pty.openpty()
    command = (MAILBOT, "--config", str(write_config(tmp_path)), "top")
    (tmp_path / "state").mkdir()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
    with subprocess.Popen(
        command, stdin=inner, stdout=inner, stderr=inner, env=environment, start_new_session=True,
        preexec_fn=lambda: _take_terminal(inner),  # noqa: PLW1509  # no thread of the test holds a lock
    ) as process:  # fmt: skip
        os.close(inner)
        try:
            _read_until(terminal, b"next board")
            os.write(terminal, key)
            _read_until(terminal, b"\x1b[?1049l")
            assert process.wait(60) == 0
        finally:
            process.kill()
    os.close(terminal)


def _take_terminal(inner: int) -> None:
    """Make it the one whose Ctrl-C interrupts us."""
    fcntl.ioctl(inner, termios.TIOCSCTTY, 0)
