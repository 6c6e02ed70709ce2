"""What a mail is answered: the outcome as text and HTML, in the thread. Pure; templates give subject and body only."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING

from mailbot import example
from mailbot.auth import confirm
from mailbot.automatic import LOOP_HEADER
from mailbot.instants import next_after, shown
from mailbot.mime.words import literal
from mailbot.model import Outcome, Status
from mailbot.rules import neighbours
from mailbot.templates import environment
from scoring.signature import signature
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from mailbot.auth.level import Verdict
    from mailbot.challenge import Challenge
    from mailbot.instants import Moment
    from mailbot.model import Judged, Mail, Team
    from mailbot.rules import Allowance
    from scoring.ladder import Feedback

POLICY = SMTP.clone(max_line_length=990)
"""With the default line length, long Message-IDs are folded into encoded words and threads break (cpython #79986)."""

REFERENCES = 20
"""At most so many Message-IDs of the thread are kept, besides the first."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One submission of the mail, as it is told to the team."""

    receipt: str
    status: Status
    file: Judged
    method: str
    #: None when the file does not tell its track.
    allowance: Allowance | None
    #: What may be told of its score; None unless it was accepted.
    told: Feedback | None = None

    @property
    def score(self) -> float | None:
        """The score that may be told; None when there is none."""
        return self.told.score if self.told else None

    @property
    def is_whole(self) -> bool:
        """Whether metrics, interval and signature may be told too."""
        return self.told is not None and self.told.details


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a team is asked about a mail that is held."""

    #: Name and SHA-256 of each file in it.
    files: Sequence[tuple[str, str]]
    #: Stands in the subject, and comes back with the answer; "" when only the organizers decide.
    code: str = field(default="", repr=False)
    #: When the code expires.
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of a mail, to be told."""

    arrived_at: datetime
    team: Team | None
    outcome: Outcome
    submissions: Sequence[Answered]
    #: How sure it is who sent the mail; None where nobody asked.
    verdict: Verdict | None = None
    #: Why the mail is held, or confirms nothing.
    why: str = ""
    #: For a mail that is held.
    question: Question | None = None


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A mail of ours, ready for the outbox."""

    recipient: str
    subject: str
    message_id: str
    message: bytes


@dataclass(frozen=True, kw_only=True)
class Replies:
    """Writes replies for one challenge."""

    challenge: Challenge
    zone: ZoneInfo
    publish_at: Moment

    def compose(self, answer: Answer, mail: Mail, *, recipient: str, key: str, now: datetime) -> Outgoing:
        """Write the reply to a mail. The same ``key`` gives the same Message-ID, so that a copy can be told."""
        domain = self.challenge.address.rpartition("@")[2]
        message_id = f"<mailbot.{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}>"
        subject = _subject(answer, mail)
        context = self._context(answer, mail, now)
        message = EmailMessage(policy=POLICY)
        message["From"] = f'"{self.challenge.short_name}" <{self.challenge.address}>'
        message["To"] = recipient
        message["Subject"] = literal(subject)
        message["Date"] = format_datetime(now)
        message["Message-ID"] = message_id
        for name, value in _threading(mail).items():
            message[name] = value
        message["Auto-Submitted"] = "auto-replied"  # RFC 3834, section 5
        message["X-Auto-Response-Suppress"] = "All"
        message[LOOP_HEADER] = self.challenge.address
        message.set_content(environment().get_template("replies/reply.txt.j2").render(context), cte="quoted-printable")
        message.add_alternative(
            environment().get_template("replies/reply.html.j2").render(context), subtype="html", cte="quoted-printable"
        )
        message.set_boundary(f"=_{message_id[1:-1].partition('@')[0]}")  # not at random: a rebuilt reply is the same
        return Outgoing(recipient=recipient, subject=subject, message_id=message_id, message=message.as_bytes())

    def _context(self, answer: Answer, mail: Mail, now: datetime) -> dict[str, object]:
        last, coming = neighbours(self.challenge.phases, answer.arrived_at)
        return {
            "answer": answer,
            "challenge": self.challenge,
            "mail": mail,
            "headline": headline(answer, self.challenge),
            "arrived": shown(answer.arrived_at, self.zone),
            "next_board": shown(next_after(self.publish_at, self.zone, now), self.zone),
            "closed": shown(last.closes, self.zone) if last and last.closes else None,
            "opens": shown(coming.opens, self.zone) if coming and coming.opens else None,
            "when": lambda instant: shown(instant, self.zone),
            "title": self._title,
            "metrics": self._metrics,
            "sureness": self._sureness,
            "signature": lambda answered: signature(answered.file.evaluation),
            "rounded": self._rounded,
            "examples": self._examples,
            "identity": identity(answer.verdict),
            "Status": Status,
            "Outcome": Outcome,
        }

    def _title(self, track: str | None) -> str:
        return self.challenge.tracks[track].title if track else "track not told"

    def _examples(self, track: str | None) -> list[dict[str, object]]:
        """Two rows of a correct file of the track; of every track when the file does not tell its own."""
        tracks = [self.challenge.tracks[track]] if track else list(self.challenge.tracks.values())
        return [
            {
                "title": t.title,
                "letter": t.letters[0],
                "rows": example.rows(t, self.challenge.truths[t.name].ids),
                "header": example.header(t),
            }
            for t in tracks
        ]

    def _rounded(self, score: float) -> str:
        return f"{round(score, self.challenge.board.decimals):.{self.challenge.board.decimals}f}"

    def _sureness(self, answered: Answered) -> str:
        """Say in one plain sentence how sure a score is."""
        bounds = answered.file.evaluation.interval
        if bounds is None or not answered.is_whole:
            return ""
        low, high = (self._rounded(bound) for bound in bounds)
        return f"On other items of the same kind this score might have come out anywhere from {low} to {high} (95 %)."

    def _metrics(self, answered: Answered) -> list[tuple[str, str]]:
        if not answered.is_whole:
            return []
        evaluation = answered.file.evaluation
        rules = next(t for t in self.challenge.board.tracks if t.name == evaluation.track)
        return [
            (h.title, f"{evaluation.metrics[h.key]:.{h.decimals}f}")
            for h in rules.headings
            if h.key in evaluation.metrics
        ]


def _subject(answer: Answer, mail: Mail) -> str:
    """Return the subject: the mail's own, but for a question, which must not repeat what a forger may have written."""
    if answer.question is not None:
        return f"Is this mail yours? {answer.question.code}".strip()
    bare = confirm.masked(re.sub(r"^(\s*re\s*:\s*)+", "", mail.subject, flags=re.IGNORECASE))[:200]
    return f"Re: {bare or 'your submission'}"


def identity(verdict: Verdict | None) -> str:
    """Say in a line how sure it is who sent a mail; "" where nobody asked."""
    return f"{verdict.level}: {verdict.why or 'nothing in the mail proves who sent it'}" if verdict else ""


def headline(answer: Answer, challenge: Challenge) -> str:
    """Say the outcome in one line, the first that a mail program shows."""
    if answer.outcome is Outcome.HELD:
        return "Is this mail yours? Its files are not scored yet."
    if answer.outcome is Outcome.NOT_CONFIRMED:
        return "Your reply confirmed nothing."
    if answer.outcome is Outcome.UNKNOWN_SENDER:
        return "Your address is not registered for this challenge."
    if not answer.submissions:
        return "No result file was found in your mail."
    return "; ".join(_told(answered, challenge) for answered in answer.submissions) + "."


def _told(answered: Answered, challenge: Challenge) -> str:
    track = answered.file.evaluation.track
    title = challenge.tracks[track].title if track else answered.file.file_name or "a file"
    if answered.status is Status.ACCEPTED and answered.told is not None:
        return f"{title} accepted{_with_score(answered.told, challenge.board.decimals)}"
    words = {
        Status.REFUSED: "could not be scored",
        Status.OVER_QUOTA: "is over this week's quota",
        Status.CLOSED: "arrived outside the submission phase",
    }
    return f"{title} {words[answered.status]}"


def _with_score(told: Feedback, decimals: int) -> str:
    if told.score is None:
        return ""
    return f" with score {told.score:.{decimals}f}" if told.details else f"; score shown: {told.score:.{decimals}f}"


def method_of(subject: str, team: str) -> str:
    """Take the method from a subject ``[tag] Team - Method``, when the file does not give it; "" when it has none.

    The team's own name may hold the separator, so it is taken off first where the subject begins with it.
    """
    rest = re.sub(r"^(\s*(re|fwd?|aw|wg|回复|答复|转发)\s*[:：])+", "", subject, flags=re.IGNORECASE)  # noqa: RUF001  # full-width colons are what Chinese clients write
    rest = re.sub(r"^(\s*\[[^\]]*\])+", "", rest).strip()
    if rest.casefold().startswith(team.casefold()):
        rest = "x" + rest[len(team) :]
    _, separator, method = _split_dash(rest)
    return printable(method.strip(), 100) if separator else ""


def _split_dash(text: str) -> tuple[str, str, str]:
    """Split at the first dash with white space around it: hyphen, en dash, em dash."""
    found = re.search(r"\s+[-–—]+\s+", text)  # the dashes mail clients write
    return (text[: found.start()], found.group(), text[found.end() :]) if found else (text, "", "")


def _threading(mail: Mail) -> dict[str, str]:
    """RFC 5322, section 3.6.4."""
    if mail.message_id is None:
        return {}
    thread = [*mail.references[:1], *mail.references[1:][-REFERENCES:], mail.message_id]
    return {"In-Reply-To": mail.message_id, "References": " ".join(dict.fromkeys(thread))}
