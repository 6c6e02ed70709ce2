"""What is said of a wish about the roster: to register, to confirm, to change members. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.model import Outcome

if TYPE_CHECKING:
    from mailbot.intake.reply import Answer
    from mailbot.intake.wording import Wording


def concerns(answer: Answer) -> bool:
    """Whether an answer is about the roster."""
    return answer.registration is not None or (answer.question is not None and answer.question.request is not None)


def subject(code: str, wording: Wording) -> str:
    """Return the subject of the question to somebody who wants to register; not begun with the word that confirms."""
    return wording.catalogue.gettext("Please answer: your registration %s") % code


def headline(answer: Answer, wording: Wording) -> str:
    """Say in one line what came of it."""
    say, team = wording.catalogue.gettext, answer.team.name if answer.team else ""
    if answer.registration is None:
        return say("Do you want to register? Nothing has been done yet.")
    if answer.registration.fault:
        return say("What you asked for was not done.")
    if answer.outcome is Outcome.REGISTERED:
        given = {"challenge": wording.challenge.short_name, "team": team}
        return say("Welcome to %(challenge)s: team %(team)s is registered.") % given
    return say("The members of team %s were changed.") % team
