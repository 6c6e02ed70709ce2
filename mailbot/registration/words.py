"""What is said of a wish about the roster: to register, to confirm, to change members. Pure; so far in English only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.model import Outcome
from mailbot.templates import environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailbot.challenge import Challenge
    from mailbot.reply import Answer


def concerns(answer: Answer) -> bool:
    """Whether an answer is about the roster."""
    return answer.registration is not None or (answer.question is not None and answer.question.request is not None)


def subject(code: str) -> str:
    """Return the subject of the question to somebody who wants to register; not begun with the word that confirms."""
    return f"Please answer: your registration {code}"


def headline(answer: Answer, challenge: Challenge) -> str:
    """Say in one line what came of it."""
    if answer.registration is None:
        return "Is this wish yours? Nothing has been done yet."
    if answer.registration.fault:
        return "What you asked for was not done."
    team = answer.team.name if answer.team else ""
    if answer.outcome is Outcome.REGISTERED:
        return f"Welcome to {challenge.short_name}: team {team} is registered."
    return f"The members of team {team} were changed."


def text(context: Mapping[str, object]) -> str:
    """Say the rest of it."""
    return environment().get_template("letters/registration.txt.j2").render(context).strip()
