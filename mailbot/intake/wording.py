"""The sentences of replies that depend on what happened, in one language. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.intake.commands import Word
from mailbot.intake.inquiry import Aim
from mailbot.mail.languages import CHINESE, ENGLISH, has_han, language_of, reason_in, shown_in, told_in, words
from mailbot.model import AuthLevel, Exclusion, Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from gettext import NullTranslations
    from zoneinfo import ZoneInfo

    from mailbot.config.challenge import Challenge
    from mailbot.intake.answers import Answer, Answered, Done
    from mailbot.intake.inquiry import Inquiry
    from mailbot.mail.model import Mail
    from mailbot.model import Verdict
    from scoring.fairness.ladder import Feedback
    from scoring.model import Note, Problem


def language_for(answer: Answer, mail: Mail) -> str:
    """Return the language to answer in: the team's choice, which it may just have made, else that of its mail.

    The words of commands are English for everybody: beside one, any Han character tells, and else the team's name.
    """
    team, done, said = answer.team, answer.done, f"{mail.subject}\n{mail.text}"
    chosen = (done.command.language if done else "") or (team.language if team else None)
    asks = done is not None or answer.outcome in {Outcome.MEMBERS, Outcome.NOT_REGISTERED}
    asks = asks or (answer.question is not None and bool(answer.question.asks))
    if chosen or team is None or not asks:
        return chosen or language_of(said)
    return CHINESE if has_han(said) else language_of(team.name)


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Words things for one challenge in one language."""

    challenge: Challenge
    zone: ZoneInfo
    language: str = ENGLISH

    @property
    def catalogue(self) -> NullTranslations:
        """The catalogue of the language."""
        return words(self.language)

    def when(self, instant: datetime) -> str:
        """Show an instant."""
        return shown_in(self.language, instant, self.zone)

    def title(self, track: str | None) -> str:
        """Name a track."""
        return self.challenge.tracks[track].title if track else self.catalogue.gettext("track unknown")

    def formula(self, track: str | None) -> str:
        """Say what a score is where it is no number of points out of 100; "" where it is."""
        one = self.challenge.tracks[track] if track else None
        if one is None or (one.higher_is_better and one.bounds == (0.0, 100.0)):
            return ""
        bare = one.formula.removesuffix("; lower is better")
        return bare if one.higher_is_better else self.catalogue.gettext("%s; lower is better") % bare

    def rounded(self, score: float) -> str:
        """Show a score as the board rounds it."""
        return f"{round(score, self.challenge.board.decimals):.{self.challenge.board.decimals}f}"

    @property
    def question(self) -> str:
        """The subject of what a team is asked about a mail that is held."""
        return self.catalogue.gettext("Is this mail yours?")

    def feedback(self, told: Feedback) -> str:
        """Say what the figure is that is told of a score."""
        say = self.catalogue.gettext
        if step := re.fullmatch(r"The score is rounded to steps of (.+)\.", told.sentence):
            return say("The score is rounded to steps of %s.") % step[1]
        return {
            "Scores of this phase are not told by mail.": say("Scores of this phase are not told by mail."),
            "This is your best score so far.": say("This is your best score so far."),
            "No significant change: this is still your best score so far.": say(
                "No significant change: this is still your best score so far."
            ),
        }.get(told.sentence, told.sentence)

    def subject(self, mail: Mail) -> str:
        """Stand in for the subject of a mail that has none."""
        return "" if mail.subject else self.catalogue.gettext("your submission")

    def identity(self, verdict: Verdict | None) -> str:
        """Say in a line how sure it is who sent a mail; "" where nobody asked."""
        say = self.catalogue.gettext
        if verdict is None:
            return ""
        if verdict.level is AuthLevel.NONE:
            return say("not verified (this does not affect your score)")
        level = {AuthLevel.KEY: say("key"), AuthLevel.CONFIRMED: say("confirmed")}.get(verdict.level, verdict.level)
        why = self.reason(verdict.why)
        return say("%(level)s (%(why)s)") % {"level": level, "why": why} if why else level

    def reason(self, why: str) -> str:
        """Say a reason that was kept in English."""
        return reason_in(self.language, why)

    def interval(self, answered: Answered) -> str:
        """Return the interval of a score; "" where it has none or none may be told."""
        bounds = answered.file.evaluation.interval
        if bounds is None or not answered.is_whole:
            return ""
        low, high = (self.rounded(bound) for bound in bounds)
        return self.catalogue.gettext("%(low)s to %(high)s") % {"low": low, "high": high}

    def listed(self, names: Sequence[str]) -> str:
        """Return names as a list in a sentence."""
        return ("\N{FULLWIDTH SEMICOLON}" if self.language == CHINESE else ", ").join(names)

    def field(self, label: str) -> str:
        """Return a label with its colon, for what stands behind it."""
        return label + self.catalogue.gettext(": ")

    def sentence(self, one: Problem | Note) -> str:
        """Say what is wrong; what the catalogue does not have stands in English behind a short sentence of its code."""
        told = told_in(self.language, one.message)
        short = self.catalogue.pgettext("problem", one.code)
        return told if short == one.code or told != one.message else f"{short} {told}"

    def examples(self, problem: Problem, name: str = "") -> str:
        """Return the examples of a problem that its sentence does not show already, as a list; "" for none.

        A file's own ``name`` is none: it stands above.
        """
        if problem.examples == (name,):
            return ""
        if all(each in problem.message and not each.isdecimal() for each in problem.examples):
            return ""
        return self.catalogue.gettext("; ").join(told_in(self.language, each) for each in problem.examples)

    def status(self, status: Status) -> str:
        """Say what became of a submission."""
        say = self.catalogue.gettext
        return {
            Status.ACCEPTED: say("accepted"),
            Status.REFUSED: say("not scored"),
            Status.OVER_QUOTA: say("over quota, not scored"),
            Status.CLOSED: say("not scored: no submission phase was open"),
            Status.REPEATED: say("scored before; this cost you no quota"),
        }[status]

    def ruling(self, ruling: str) -> str:
        """Say what was decided of a submission."""
        say = self.catalogue.gettext
        return {
            str(Exclusion.WITHDRAWN): say("withdrawn"),
            str(Exclusion.DISQUALIFIED): say("disqualified"),
            str(Exclusion.HIDDEN): say("the organizers look into it"),
        }.get(ruling, say("selected"))

    def headline(self, answer: Answer) -> str:
        """Say the outcome in one line, the first that a mail program shows."""
        say = self.catalogue.gettext
        if answer.done is not None:
            return self._asked(answer.done)
        if answer.outcome is Outcome.HELD:
            return self._held(answer)
        if answer.outcome is Outcome.NOT_CONFIRMED:
            done = say("That mail was taken already. You do not need to do anything.")
            return done if answer.is_taken else say("Your reply did not confirm anything.")
        if answer.outcome is Outcome.UNKNOWN_SENDER:
            return say("Your address is not registered for this challenge.")
        if answer.entries:
            told = say('Your "%(kind)s" has arrived. No result file was scored.')
            return told % {"kind": answer.entries[0].kind}
        stop = say(".")
        return say("; ").join(dict.fromkeys(map(self._told, answer.submissions))) + stop

    def inquired(self, inquiry: Inquiry, *, is_forwarded: bool) -> str:
        """Say in a line what becomes of a mail that brought neither a file nor a command."""
        say = self.catalogue.gettext
        if inquiry.command:
            return say("Nothing was changed yet: please send the command below.")
        if inquiry.aim is Aim.THANKS:
            return say("Thank you for your mail. You do not need to do anything.")
        if inquiry.aim is Aim.FILE:
            return say("No result file was found in your mail.")
        if is_forwarded:
            return say("Your mail was forwarded to the organizers.")
        return say("Your mail has no file and no command: please write to the organizers.")

    def foot(self, *, is_receipt: bool) -> str:
        """Say what kind of mail a reply is."""
        say = self.catalogue.gettext
        if is_receipt:
            return say("This is an automatic reply and your receipt: please keep it.")
        return say("This is an automatic reply.")

    def _held(self, answer: Answer) -> str:
        say = self.catalogue.gettext
        if answer.question is not None and answer.question.waits:
            return say("Nothing was done yet: a question about this mail follows later.")
        if answer.question is not None and answer.question.files:
            return say("Is this mail yours? Its files are not scored yet.")
        return say("Is this mail yours? What it asks for is not done yet.")

    def _asked(self, done: Done) -> str:
        say = self.catalogue.gettext
        if done.fault:
            return say("Nothing was changed.")
        return {
            Word.HELP: say("Commands you can send by mail:"),
            Word.STATUS: say("Your team's status."),
            Word.CHECK: say("Checked only, not scored."),
            Word.WITHDRAW: say("Withdrawn."),
            Word.SELECT: say("Your selection was saved."),
            Word.LETTERS: say("Your settings were updated."),
            Word.LANGUAGE: say("Your settings were updated."),
            Word.DISPUTE: say("Your dispute was sent to the organizers."),
        }[done.command.word]

    def _told(self, answered: Answered) -> str:
        say = self.catalogue.gettext
        track = answered.file.evaluation.track
        title = self.challenge.tracks[track].title if track else answered.file.file_name or say("a file")
        if answered.status is Status.ACCEPTED and answered.told is not None:
            return self._accepted(title, answered.told)
        if answered.status is Status.REPEATED:
            return say("%(track)s is the same as %(receipt)s") % {"track": title, "receipt": answered.receipt}
        sentences = {
            Status.REFUSED: say("%s could not be scored"),
            Status.OVER_QUOTA: say("%s is over this week's quota"),
            Status.CLOSED: say("%s arrived outside the submission phase"),
        }
        return sentences[answered.status] % title

    def _accepted(self, title: str, told: Feedback) -> str:
        say = self.catalogue.gettext
        if told.score is None:
            return say("%s accepted") % title
        score = f"{told.score:.{self.challenge.board.decimals}f}"
        sentence = (
            say("%(track)s accepted with score %(score)s")
            if told.details
            else say("%(track)s accepted; score shown: %(score)s")
        )
        return sentence % {"track": title, "score": score}


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
        return say("Your request was not carried out.")
    if answer.outcome is Outcome.REGISTERED:
        given = {"challenge": wording.challenge.short_name, "team": team}
        return say("Welcome to %(challenge)s: team %(team)s is registered.") % given
    return say("The members of team %s were changed.") % team
