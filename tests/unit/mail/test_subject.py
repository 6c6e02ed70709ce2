"""The marks of mail programs before a subject, and the method in it."""

from __future__ import annotations

import pytest

from mailbot.mail.subject import method_of, strip_re, strip_reply, strip_tags


@pytest.mark.parametrize(
    ("subject", "reply", "tags"),
    [
        ("Results", "Results", "Results"),
        ("Re: RE:re : Results", "Results", "Results"),
        ("AW: WG: Results", "Results", "Results"),
        ("回复：答复: 结果", "结果", "结果"),  # noqa: RUF001  # the colon that Chinese clients write
        ("[SIQA] Fwd: [SIQA Submission] A - m", "[SIQA] Fwd: [SIQA Submission] A - m", "A - m"),
        ("Re: [a][b] A", "[a][b] A", "A"),
        ("Recap: results", "Recap: results", "Recap: results"),
        ("Re:", "", ""),
        ("", "", ""),
    ],
)
def test_marks_and_tags_are_taken_off(subject: str, reply: str, tags: str) -> None:
    """Marks in the languages of mail programs, however many; tags only where they are asked for."""
    assert strip_reply(subject) == reply
    assert strip_tags(subject) == tags


@pytest.mark.parametrize(
    ("subject", "bare"), [("RE: re: x", "x"), ("  re : x", "x"), ("Fwd: x", "Fwd: x"), ("Report: x", "Report: x")]
)
def test_an_answer_bears_re_once(subject: str, bare: str) -> None:
    """Other marks are the sender's, and stay."""
    assert strip_re(subject) == bare


@pytest.mark.parametrize("subject", ["Re: [SIQA Submission] A - m", "[SIQA] Fwd: A \u2014 m", "[a][b] a \u2013 m"])
def test_the_method_stands_behind_the_team(subject: str) -> None:
    """Whatever stands before the team's name, and whichever dash is typed."""
    assert method_of(subject, "A") == "m"
