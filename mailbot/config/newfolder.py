"""The files that `mailbot init` writes: all of them or none, and none that is there is lost for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.config.starter import by_oauth, text
from mailbot.errors import Permanent
from mailbot.system import safefile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mailbot.config.starter import Answers

CONFIG = "config.toml"
FOLDERS = ("state", "labels", "secrets")
PASSWORDS = ("secrets/imap", "secrets/smtp")


def lay_out(folder: Path, answers: Answers, labels: Mapping[str, Path | None], password: str) -> None:
    """Write the folder; the config comes last, so that init can be called again as long as anything fails.

    Raises:
        Permanent: a file that is there holds something else than what is given; then nothing was written.
        OSError: something cannot be read or written.
    """
    given = {answers.labels[track]: path.read_bytes() for track, path in labels.items() if path}
    blank = {"teams.csv": b"team,address\n"}
    if not by_oauth(answers.profile):
        (given if password else blank).update(dict.fromkeys(PASSWORDS, f"{password}\n".encode() if password else b""))
    given[CONFIG] = text(answers).encode()
    there = {name for name in (*blank, *given) if is_filled(folder / name)}
    _refuse_another(folder, {name: data for name, data in given.items() if name in there})
    for name in FOLDERS:
        safefile.private_folder(folder / name)
    for name, data in {**blank, **given}.items():
        if name not in there:
            safefile.replace(folder / name, data, mode=0o666 if name == CONFIG else safefile.PRIVATE_FILE)


def is_filled(path: Path) -> bool:
    """Whether a file is there that holds anything. Raises OSError when it cannot be read."""
    return path.exists() and bool(path.read_bytes().strip())


def _refuse_another(folder: Path, given: Mapping[str, bytes]) -> None:
    """Raise Permanent when a file that is there holds something else than what is given for it."""
    if others := [name for name, data in given.items() if (folder / name).read_bytes().strip() != data.strip()]:
        message = f"{folder} has another {' and another '.join(others)} than you give; move it away first"
        raise Permanent(message)
