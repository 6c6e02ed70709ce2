"""From bytes to candidate files: what the limits of one mail leave out is named."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

import pytest

from mailbot.mail import open as opening
from mailbot.mail.open import MOST_CANDIDATES, Reach, open_mail
from scoring.files.unpack import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

KIB = 1024


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    """Let archives unpack to 10 KiB."""
    opening.hold(Reach(archive=Limits(total_bytes=10 * KIB, members=2 * MOST_CANDIDATES)))
    yield
    opening.hold(Reach())


def _zip(*sizes: int, of: int = 0) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for number, size in enumerate(sizes):
            archive.writestr(f"{number}.csv", f"id,{of}.{number}\n".ljust(size, "1"))
    return held.getvalue()


def _mail(*files: bytes) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "ada@peepers.example"
    mail.set_content("Our files.")
    for number, data in enumerate(files):
        mail.add_attachment(data, maintype="application", subtype="zip", filename=f"{number}.zip")
    return mail.as_bytes()


def _opened(*files: bytes) -> list[tuple[str, list[str]]]:
    raw = _mail(*files)
    return [(each.name, [problem.code for problem in each.problems]) for each in open_mail(raw, len(raw)).candidates]


def test_archives_together_unpack_to_no_more_than_one_may() -> None:
    """The archive that goes beyond is refused with its reason; a smaller one behind it still has room."""
    found = _opened(_zip(6 * KIB, of=1), _zip(6 * KIB, of=2), _zip(3 * KIB, of=3))
    assert found == [("0.csv", []), ("1.zip", ["mail-unpacks-to-too-much"]), ("0.csv", [])]


def test_the_files_of_a_mail_are_counted() -> None:
    """However small they are."""
    found = _opened(_zip(*[8] * (MOST_CANDIDATES - 2), of=1), _zip(8, 8, 8, of=2), _zip(8, of=3))
    assert [codes for _, codes in found if codes] == [["mail-unpacks-to-too-much"]]
    assert len(found) == MOST_CANDIDATES


def test_the_same_file_is_one_candidate() -> None:
    """Whether it comes bare or packed."""
    assert len(_opened(_zip(8), _zip(8))) == 1
