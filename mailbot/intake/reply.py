"""Compose the reply to a mail: text and HTML, in its thread. Pure; templates give subject and body only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import format_datetime
from functools import partial
from typing import TYPE_CHECKING

from mailbot.config.calendar import HANDED_IN, Matter, neighbours, phase_at
from mailbot.config.challenge import COUNTS
from mailbot.identity import confirmation
from mailbot.identity.registration import Request, Result, Wish
from mailbot.intake import inquiry
from mailbot.intake import wording as sentences
from mailbot.intake.advice import Advice
from mailbot.intake.entries import may_be_one
from mailbot.intake.files.told import lines
from mailbot.intake.inquiry import Aim
from mailbot.intake.wording import Wording, language_for
from mailbot.mail import envelope
from mailbot.mail.alternative import written
from mailbot.mail.automatic import LOOP_HEADER
from mailbot.mail.envelope import TRAIL_HEADER, Outgoing
from mailbot.mail.languages import TAGS, aoe_in, words
from mailbot.mail.mime.text import literal
from mailbot.mail.subject import strip_re
from mailbot.mail.templates import environment
from mailbot.model import MOST_SELECTED, Outcome, Rule, Status
from scoring.rows import example

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.intake.answers import Answer
    from mailbot.intake.inquiry import Inquiry
    from mailbot.mail.model import Mail
    from mailbot.model import Team


REFERENCES = 20
"""At most so many Message-IDs of the thread are kept, besides the first."""


_NO_BOARD = {Outcome.HELD, Outcome.NOT_CONFIRMED, Outcome.UNKNOWN_SENDER}
"""Answers that do not tell of the next board: one thing is to be done first."""


@dataclass(frozen=True, kw_only=True)
class _Welcomed:
    """What the welcome needs of an answer."""

    team: Team


@dataclass(frozen=True, kw_only=True)
class Replies:
    """Writes replies for one challenge."""

    challenge: Challenge

    def compose(self, answer: Answer, mail: Mail, *, recipient: str, key: str, now: datetime) -> Outgoing:
        """Write the reply to a mail. The same ``key`` gives the same Message-ID, so that a copy can be told."""
        if answer.ends:  # the team has more time than others: every end in the reply is its own
            own = replace(self, challenge=self.challenge.of_team(answer.ends))
            return own.compose(replace(answer, ends={}), mail, recipient=recipient, key=key, now=now)
        message_id = envelope.message_id(self.challenge, key)
        language = language_for(answer, mail)
        wording = Wording(challenge=self.challenge, zone=self.challenge.zone, language=language)
        subject = _subject(answer, mail, wording)
        context = self._context(answer, mail, now, wording)
        templates, on_roster = environment(wording.language), sentences.concerns(answer)
        text = templates.get_template("letters/registration.txt.j2").render(context).strip() if on_roster else ""
        context["roster_text"] = text
        fields = envelope.sender_and_recipient(self.challenge, recipient)
        if self.challenge.contact and answer.outcome is not Outcome.HELD:  # only we can take what confirms
            fields["Reply-To"] = f"{self.challenge.address}, {self.challenge.contact}"
        fields |= {"Subject": literal(subject), "Date": format_datetime(now), "Message-ID": message_id}
        fields |= _threading(mail)
        fields["Auto-Submitted"] = "auto-replied"  # RFC 3834, section 5
        fields["X-Auto-Response-Suppress"] = "All"
        fields[LOOP_HEADER] = self.challenge.address
        if answer.team and answer.trail:
            fields[TRAIL_HEADER] = answer.trail
        message = written(
            fields.items(),
            text=templates.get_template("replies/reply.txt.j2").render(context),
            html=templates.get_template("replies/reply.html.j2").render(context),
            language=TAGS[language],  # letters to the team are in the same
            boundary=f"=_{message_id[1:-1].partition('@')[0]}",  # not at random: a rebuilt reply is the same
            utf8=not recipient.isascii(),
        )
        return Outgoing(recipient=recipient, subject=subject, message_id=message_id, message=message)

    def welcome(self, team: Team, *, key: str, language: str) -> tuple[str, str]:
        """Return subject and text of what a new team is told that an organizer entered; ``key``: "" for none."""
        wording = Wording(challenge=self.challenge, zone=self.challenge.zone, language=language)
        result = Result(request=Request(wish=Wish.CONFIRM), key=key)
        context = {
            "answer": _Welcomed(team=team),
            "result": result,
            "challenge": self.challenge,
            "counts": wording.reason(COUNTS[self.challenge.standing]),
            "deadlines": partial(self._deadlines, wording),
            "examples": self._examples,
            "kinds": self.challenge.entries,
        }
        text = environment(language).get_template("letters/welcome.txt.j2").render(context)
        catalogue = words(language)
        hello = catalogue.gettext("Hello %(team)s,") % {"team": team.name}
        return catalogue.gettext("Your team is registered"), f"{hello}\n\n{text}"

    def _may_register(self, now: datetime) -> bool:
        """Whether a mail registers a team at an instant."""
        closings = [one.closes for one in self.challenge.windows if one.matter is Matter.REGISTRATION and one.closes]
        return self.challenge.registers_by_mail and all(now < closes for closes in closings)

    def _context(self, answer: Answer, mail: Mail, now: datetime, wording: Wording) -> dict[str, object]:
        last, coming = neighbours(self.challenge.phases, answer.arrived_at)
        when = wording.when
        inquired = inquiry.read(mail) if answer.outcome is Outcome.NO_SUBMISSION else None
        advice = Advice(challenge=self.challenge, wording=wording, arrived_at=answer.arrived_at, now=now)
        rule = self.challenge.standing_of(self.challenge.stage_at(now))
        boards_over = self._boards_over(answer, now)
        arrived, identity = when(answer.arrived_at), wording.identity(answer.verdict)
        return {
            "answer": answer,
            "challenge": self.challenge,
            "mail": mail,
            "headline": self._headline(answer, inquired, wording),
            "inquiry": inquired,
            "Aim": Aim,
            "may_register": self._may_register(now),
            "is_forwarded": self._is_forwarded(answer, inquired),
            "until": when(advice.open_until) if advice.open_until else None,
            "tells_board": answer.outcome not in _NO_BOARD and not boards_over,
            "boards_over": boards_over,
            "foot": wording.foot(is_receipt=bool(answer.submissions or answer.entries)),
            "trail": answer.trail if answer.submissions or answer.entries or answer.done else "",
            "arrived": arrived,
            "next_board": when(self.challenge.next_board(now)),
            "closed": when(last.closes) if last and last.closes else None,
            "opens": when(coming.opens) if coming and coming.opens else None,
            "when": when,
            "title": wording.title,
            "say": wording,
            "done": answer.done,
            "deadlines": partial(self._deadlines, wording),
            "kinds": self.challenge.entries,
            "may_be_entry": may_be_one,
            "counts": wording.reason(COUNTS[rule]),
            "counts_selected": rule is Rule.SELECTED,
            "most_selected": MOST_SELECTED,
            "limits": self.challenge.quota_of(phase_at(self.challenge.phases, now)),
            "files": [(one, lines(one, wording, arrived=arrived, identity=identity)) for one in answer.submissions],
            "field": wording.field,
            "rounded": wording.rounded,
            "examples": self._examples,
            "counts_now": advice.counts,
            "again": advice.again,
            "renewed": advice.renewed,
            "samples": advice.samples,
            "Status": Status,
            "Outcome": Outcome,
        }

    def _boards_over(self, answer: Answer, now: datetime) -> list[str]:
        """Return the phases of accepted files that the next board does not count."""
        phases = dict.fromkeys(one.phase for one in answer.submissions if one.status is Status.ACCEPTED and one.phase)
        return [phase for phase in phases if self.challenge.next_board_with(phase, now) is None]

    def _headline(self, answer: Answer, inquired: Inquiry | None, wording: Wording) -> str:
        if sentences.concerns(answer):
            return sentences.headline(answer, wording)
        if inquired is not None:
            return wording.inquired(inquired, is_forwarded=self._is_forwarded(answer, inquired))
        return wording.headline(answer)

    def _is_forwarded(self, answer: Answer, inquired: Inquiry | None) -> bool:
        """Whether the organizers get the mail of a team that asks something (``intake/forwarding.py``)."""
        to_somebody = bool(self.challenge.forward and self.challenge.organizers and answer.team)
        return to_somebody and inquired is not None and inquired.is_for_people

    def _deadlines(self, wording: Wording) -> list[tuple[str | None, ...]]:
        """Return name, opening and end of each phase, and of each kind of what may be handed in besides."""
        return [
            (
                one.name,
                wording.when(one.opens) if one.opens else None,
                wording.when(one.closes) if one.closes else None,
                aoe_in(wording.language, one.closes) if one.closes else None,
            )
            for one in self.challenge.windows
            if one.matter in HANDED_IN and (one.opens or one.closes)
        ]

    def _examples(self) -> list[dict[str, str]]:
        """Return a small correct file of each track."""
        return [
            {"title": track.title, "text": example.as_json(track, self.challenge.truths[track.name].ids[:2])}
            for track in self.challenge.tracks.values()
        ]


def _subject(answer: Answer, mail: Mail, wording: Wording) -> str:
    """Return the subject: the mail's own, but for a question, which must not repeat what a forger may have written."""
    if answer.question is not None and answer.question.request is not None:
        return sentences.subject(answer.question.code, wording)
    if answer.question is not None and not answer.question.waits:
        return f"{wording.question} {answer.question.code}".strip()
    bare = strip_re(confirmation.masked(mail.subject))[:200]
    return f"Re: {bare or wording.subject(mail)}"


def _threading(mail: Mail) -> dict[str, str]:
    """RFC 5322, section 3.6.4."""
    if mail.message_id is None:
        return {}
    thread = [*mail.references[:1], *mail.references[1:][-REFERENCES:], mail.message_id]
    return {"In-Reply-To": mail.message_id, "References": " ".join(dict.fromkeys(thread))}
