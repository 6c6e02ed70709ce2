"""What a mail of nobody has to do with a team that is to be forgotten."""

from __future__ import annotations

import pytest

from mailbot.mail.model import Mail
from mailbot.mail.open import Candidate, Opened
from mailbot.operations.forget import has_in_subject, is_for_team


def opened(subject: str, data: bytes = b"") -> Opened:
    """Return a mail with a subject and a file."""
    mail = Mail(subject=subject)
    return Opened(mail=mail, candidates=(Candidate(name="s.json", data=data),))


@pytest.mark.parametrize(
    "subject",
    [
        "[SIQA Submission] AI - X",
        "Fwd: [SIQA Submission] ai – X",
        "回复：[SIQA Submission] ＡＩ",  # noqa: RUF001  # full-width
        "AI - X",
        "[a] [b] AI | X",
    ],
)
def test_a_mail_is_for_the_team_at_the_head_of_its_subject(subject: str) -> None:
    """After tags and what mail programs put before, in any case and width."""
    assert is_for_team(opened(subject), "AI")


@pytest.mark.parametrize(
    "subject",
    ["AI-Lab - X", "[SIQA Submission] AI Lab - X", "AIM - X", "A question about AI", "[AI] Beryl - AI", "", "AI, how?"],
)
def test_a_short_name_takes_no_mail_of_others(subject: str) -> None:
    """A word in passing, the beginning of another name, a method, a tag."""
    assert not is_for_team(opened(subject), "AI")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"team": "Pixel  peepers"}', True),
        (b'{"team" : "Pixel Peep\\u0065rs"}', True),
        (b'{"team": "Pixel Peepers II"}', False),
        (b'{"team": "\\', False),
        (b'{"team": "\\x"}', False),
        (b'{"method": "Pixel Peepers"}', False),
    ],
)
def test_a_file_that_says_its_team_is_of_that_team(data: bytes, *, found: bool) -> None:
    """As JSON has it, escapes read; what is no JSON says nothing."""
    assert is_for_team(opened("x", data), "Pixel Peepers") is found


@pytest.mark.parametrize(
    ("subject", "found"), [("About AI.", True), ("PIXEL ai", True), ("aim", False), ("[C++] AI", True)]
)
def test_a_name_in_passing_is_a_word_of_its_own(subject: str, *, found: bool) -> None:
    """For a person to look at."""
    assert has_in_subject(opened(subject), "AI") is found
