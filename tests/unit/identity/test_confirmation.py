"""What confirms a held mail, and what does not."""

from __future__ import annotations

import pytest

from mailbot.identity import confirmation

CODE = confirmation.code(b"secret", 12, "ab" * 32)
ASKED = f"Is this mail yours? {confirmation.shown(12, CODE)}"
SAID = confirmation.Said(mail_id=12, code=CODE)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (f"Re: {ASKED}", "confirm\n\n> Is this mail yours?"),
        (f"RE: {ASKED}", "\n\n  Confirm.\nAda"),
        (f"AW: {ASKED}", "I confirm"),
        (f"回复：{ASKED}", "确认"),  # noqa: RUF001  # the colon that Chinese clients write
        (f"回复: {ASKED}", "我确认。"),
        (f"confirm {confirmation.shown(12, CODE)}", ""),
        (f"Re: confirm M-12 {CODE.upper()}", "Sent from my phone"),
        ("hello", f"confirm M-000012 {CODE}"),
    ],
)
def test_the_word_with_the_code_confirms(subject: str, text: str) -> None:
    """A code in the subject or the first line, and the word first in one of them."""
    assert confirmation.read(subject, text) == SAID


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        (f"Re: {ASKED}", "I am on holiday.\nconfirm"),
        (f"Automatic reply: {ASKED}", ""),
        (f"Re: {ASKED}", "> confirm"[2:] + "? what is this"),
        (f"Re: {ASKED}", "I do not confirm"),
        (f"Re: {ASKED}", "不确认"),
        (f"Re: {ASKED}", f"Is this mail yours? {confirmation.shown(12, CODE)}"),
        ("confirm", "confirm"),
        (f"Re: Is this yours? [M-000012 {CODE[:-1]}]", "confirm"),
        (f"Re: Is this yours? [M-000012 {CODE}0]", "confirm"),
    ],
)
def test_nothing_else_confirms(subject: str, text: str) -> None:
    """No quoted question, no other sentence, no cut code."""
    assert confirmation.read(subject, text) is None


def test_a_code_is_of_one_mail() -> None:
    """Another number, other bytes or another secret give another code."""
    others = {
        confirmation.code(b"secret", 13, "ab" * 32),
        confirmation.code(b"secret", 12, "cd" * 32),
        confirmation.code(b"x", 12, "ab" * 32),
    }
    assert CODE not in others
    assert len(others) == 3
    assert confirmation.is_code(CODE.upper(), CODE)


def test_no_code_is_shown() -> None:
    """Where a subject is kept, its code is left out."""
    assert confirmation.masked(ASKED) == "Is this mail yours? [M-12]"
