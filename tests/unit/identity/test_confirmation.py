"""What confirms a held mail, and what does not."""

from __future__ import annotations

from dataclasses import replace

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
        (f"Re: {ASKED}", "> Is this mail yours?\n> confirm\n\nconfirm"),
        (f"Re: {ASKED}", "On Tue, 21 Apr 2026 at 10:00, SIQA\n<s@siqa.example> wrote:\n> x\n\nconfirm"),
        (f"Re: {ASKED}", "CAUTION: This email originated outside the university.\n\nconfirm"),
        (f"Re: {ASKED}", "[EXTERNAL]\nconfirm"),
        (f"Re: {ASKED}", "Dear organizers,\n\nconfirm\n\nMira"),
        (f"Re: {ASKED}", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nconfirm\n-----BEGIN PGP SIGNATURE-----"),
        (f"Re: {ASKED}", "Yes, I confirm."),
        (f"Re: {ASKED}", "Confirmed. Thanks!"),
        (f"Re: {ASKED}", "Confirm, Mira"),
        (f"Re: {ASKED}", '"confirm"'),
        (f"Re: {ASKED}", "We confirm this. Regards, Li"),
        (f"Re: {ASKED}", "您好，确认。"),  # noqa: RUF001  # as it is typed
        (f"Re: {ASKED}", "老师您好：\n\n确认\n\n李伟"),  # noqa: RUF001  # as it is typed
        (f"Re: {ASKED}", "是的，我确认"),  # noqa: RUF001  # as it is typed
    ],
)
def test_the_word_with_the_code_confirms(subject: str, text: str) -> None:
    """A code in the subject or the first line, and the word first in one of them."""
    assert confirmation.read(subject, text) == SAID


@pytest.mark.parametrize(
    "text",
    [
        "I am on holiday.\nconfirm",
        "",
        "confirm? what is this",
        "I do not confirm",
        "I can't confirm this",
        "Please confirm that you got it",
        "Confirm the sender before opening",
        "不确认",
        "我没有确认",
        f"Is this mail yours? {confirmation.shown(12, CODE)}",
    ],
)
def test_other_words_with_the_code_confirm_nothing(text: str) -> None:
    """No quoted question, no other sentence, nobody who is away; but the code was there, so it can be answered."""
    assert confirmation.read(f"Re: {ASKED}", text) == replace(SAID, sure=False)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("confirm", "confirm"),
        (f"Re: Is this yours? [M-000012 {CODE[:-1]}]", "confirm"),
        (f"Re: Is this yours? [M-000012 {CODE}0]", "confirm"),
    ],
)
def test_without_its_code_nothing_is_confirmed(subject: str, text: str) -> None:
    """The word alone is nothing, nor is a code that was cut."""
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
