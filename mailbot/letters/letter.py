"""Compose letters: a team's standing, a reminder, the organizers' digest.

Pure; all sentences are in the templates, and so is the subject.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from email.parser import BytesHeaderParser
from functools import partial
from typing import TYPE_CHECKING

from mailbot.config.calendar import Matter
from mailbot.ledger import outbox
from mailbot.letters import chart
from mailbot.mail import envelope
from mailbot.mail.envelope import Outgoing
from mailbot.mail.languages import ENGLISH, TAGS, aoe_in, day_in, language_of, shown_in, words
from mailbot.mail.templates import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from email.message import EmailMessage

    from mailbot.board.model import Board
    from mailbot.board.rank_changes import Place
    from mailbot.config.calendar import Allowance, Window
    from mailbot.config.challenge import Challenge
    from mailbot.ledger import Tx
    from mailbot.letters.digest import Digest
    from mailbot.model import Team


DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

STEP = 5
"""Minutes are told in steps of so many, rounded down: no letter promises more time than there is."""


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """The end of a window of time, as seen from now."""

    matter: Matter
    name: str
    closes: datetime
    #: Whole days left, rounded; 0 on the last day, when hours count.
    days: int
    #: Rounded; 0 in the last hour, when minutes count.
    hours: int
    #: Rounded down to :data:`STEP`.
    minutes: int


@dataclass(frozen=True, kw_only=True)
class Addressee:
    """The team a letter is for, and what it has left."""

    team: Team
    #: One address of the team.
    recipient: str
    #: What is left of its quota this week, by track; empty while no phase is open.
    allowances: Mapping[str, Allowance]
    #: The language it is written to in.
    language: str = ENGLISH
    #: Until when phases are extended for it, by their names.
    ends: Mapping[str, datetime] = field(default_factory=dict)

    def its(self, window: Window) -> Window:
        """Return a window as it is for the team: a phase that it has more time for closes later."""
        return window.of_team(self.ends)


@dataclass(frozen=True, kw_only=True)
class Letters:
    """Writes letters for one challenge. The same ``key`` gives the same Message-ID."""

    challenge: Challenge

    def standing(
        self, addressee: Addressee, places: Sequence[Place], board: Board, *, key: str, now: datetime
    ) -> Outgoing:
        """Write to a team how it stands; ``places`` are not empty."""
        context: dict[str, object] = {
            "board": board,
            "places": places,
            "first": places[0],
            "as_of": shown_in(addressee.language, board.as_of, self.challenge.zone) + self._phase(addressee, board),
        }
        context |= {"relabelled": [place for place in places if place.relabelled], "lines": _lines(places)}
        context["following"] = self._next_phase(now + timedelta.resolution)  # what opens now is no news
        return self._to_team("standing", addressee, context, key=key, now=now)

    def _phase(self, addressee: Addressee, board: Board) -> str:
        """Return the phase of a board behind its instant, where phases have boards of their own.

        Its last regular board is the one after which another phase's is due; final results may follow, with what comes
        from a team that has time of its own.
        """
        if not board.phase:
            return ""
        say = words(addressee.language).gettext
        is_last = not board.final and self.challenge.is_last_board(board.phase, board.as_of)
        told = say("the last regular board of the %(phase)s phase") if is_last else say("%(phase)s phase")
        return f" ({told % {'phase': board.phase}})"

    def reminder(self, addressee: Addressee, window: Window, *, key: str, now: datetime) -> Outgoing:
        """Write to a team that a phase, or the time for something else, will close. The window has an end."""
        (deadline,) = deadlines([addressee.its(window)], now)
        others = [addressee.its(one) for one in self.challenge.windows if one != window]
        context: dict[str, object] = {
            "deadline": deadline,
            "deadlines": list(deadlines(others, now)),
            "following": None,
        }
        if window.matter is Matter.PHASE and window.closes:
            context["following"] = self._next_phase(window.closes)
        return self._to_team("reminder", addressee, context, key=key, now=now)

    def _next_phase(self, instant: datetime) -> Window | None:
        """Return the phase that opens first from an instant on; None where there is none."""
        phases = (one for one in self.challenge.windows if one.matter is Matter.PHASE)
        ahead = [(one.opens, one) for one in phases if one.opens and one.opens >= instant]
        return min(ahead, key=lambda pair: pair[0], default=(None, None))[1]

    def digest(self, digest: Digest, recipient: str, *, key: str, now: datetime) -> Outgoing:
        """Write to an organizer how the week went."""
        context = {"digest": digest, "challenge": self.challenge, "when": self._when(ENGLISH)}
        subject = _rendered("digest.subject.txt.j2", context).strip()
        message = envelope.begin(self.challenge, recipient=recipient, subject=subject, key=key, now=now)
        message.set_content(_rendered("digest.txt.j2", context), cte="quoted-printable")
        return _outgoing(message, subject)

    def _to_team(
        self, kind: str, addressee: Addressee, context: Mapping[str, object], *, key: str, now: datetime
    ) -> Outgoing:
        """Render a letter as text and as HTML, with its chart where there is one to draw."""
        lines: Sequence[Sequence[chart.Point]] = context.get("lines", ())  # type: ignore[assignment]  # as given above
        language = addressee.language
        picture = f"chart.{envelope.message_id(self.challenge, key)[1:-1]}" if lines else None
        whole = {
            "deadlines": list(deadlines(map(addressee.its, self.challenge.windows), now)),
            **context,
            "addressee": addressee,
            "challenge": self.challenge,
            "picture": picture,
            "style": chart.style,
            "title": lambda track: self.challenge.tracks[track].title,
            "when": self._when(language),
            "day": partial(day_in, language),
            "aoe": partial(aoe_in, language),
            "html_language": TAGS[language],
        }
        subject = _rendered(f"{kind}.subject.txt.j2", whole, language).strip()
        message = envelope.begin(self.challenge, recipient=addressee.recipient, subject=subject, key=key, now=now)
        message.set_content(_rendered(f"{kind}.txt.j2", whole, language), cte="quoted-printable")
        message.add_alternative(_rendered(f"{kind}.html.j2", whole, language), subtype="html", cte="quoted-printable")
        if picture:
            _add_chart(message, chart.chart(lines, "%d %b" if language == ENGLISH else "%m-%d"), picture)
        envelope.let_leave(message, self.challenge, TAGS[language])
        return _outgoing(message, subject)

    def _when(self, language: str) -> Callable[[datetime], str]:
        return lambda instant: shown_in(language, instant, self.challenge.zone)


def queue(
    tx: Tx,
    challenge: Challenge,
    text: str,
    *,
    team_id: int,
    recipient: str,
    language: str,
    title: str,
    kind: str,
    key: str,
    now: datetime,
) -> None:
    """Queue a letter of plain text to an address of a team; the title stands behind our tag in the subject."""
    subject = f"[{challenge.short_name}] {title}"
    message = envelope.begin(challenge, recipient=recipient, subject=subject, key=key, now=now)
    message.set_content(text, cte="quoted-printable")
    envelope.let_leave(message, challenge, TAGS[language])
    outbox.queue(tx, message, kind=kind, team_id=team_id, key=key, now=now)


def key_of_news(tx: Tx, kind: str, team_id: int, base: str, *, alike: Callable[[str], bool]) -> str | None:
    """Return the key of a letter that tells how a thing stands; None where the team's last one about it says the same.

    What changes and changes back is told again, so that the last letter a team has is the one that is true.

    Args:
        tx: A transaction.
        kind: The kind of the letter.
        team_id: To whom.
        base: The key of the first letter that says this.
        alike: Tells by its key whether a letter of this kind is about the same thing.
    """
    told = [key for key in outbox.letters_to(tx, kind, team_id) if alike(key)]
    return None if told and told[-1] in _same(told, base) else _numbered(told, base)


def another_key(tx: Tx, kind: str, team_id: int, base: str) -> str:
    """Return the key of a letter to a team that may say what an earlier one said, with the same base."""
    return _numbered(outbox.letters_to(tx, kind, team_id), base)


def _numbered(told: Sequence[str], base: str) -> str:
    same = _same(told, base)
    return f"{base}:{len(same) + 1}" if same else base


def _same(told: Sequence[str], base: str) -> list[str]:
    return [key for key in told if key == base or key.startswith(f"{base}:")]


def deadlines(windows: Iterable[Window], now: datetime) -> Iterator[Deadline]:
    """Yield the ends still to come that matter to a registered team, the next first."""
    for_teams = (each for each in windows if each.matter is not Matter.REGISTRATION)
    ahead = ((each.closes, each) for each in for_teams if each.closes and each.closes > now)
    for closes, window in sorted(ahead, key=lambda pair: pair[0]):
        left = closes - now
        days, hours = round(left / DAY) if left > DAY - HOUR else 0, round(left / HOUR) if left >= HOUR else 0
        yield Deadline(
            matter=window.matter, name=window.name, closes=closes, days=days, hours=hours,
            minutes=left // MINUTE // STEP * STEP,
        )  # fmt: skip


def _lines(places: Sequence[Place]) -> Sequence[Sequence[chart.Point]]:
    """Return the lines of the chart; none while there is but one week to show."""
    lines = [place.trend for place in places]
    return lines if any(len(points) > 1 for points in lines) else ()


def _add_chart(message: EmailMessage, png: bytes, picture: str) -> None:
    """Put the chart beside the HTML that shows it (RFC 2387, RFC 2392)."""
    rich = message.get_body(("html",))
    if rich is not None:
        rich.add_related(
            png, maintype="image", subtype="png", cid=f"<{picture}>", disposition="inline", filename="scores.png"
        )


def _outgoing(message: EmailMessage, subject: str) -> Outgoing:
    """Finish a mail; its boundaries are made of its id, not at random: the same letter is the same bytes."""
    name = message["Message-ID"][1:-1].partition("@")[0]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{name}.{number}")
    return Outgoing(
        recipient=message["To"], subject=subject, message_id=message["Message-ID"], message=message.as_bytes()
    )


def _rendered(template: str, context: Mapping[str, object], language: str = ENGLISH) -> str:
    return environment(language).get_template(f"letters/{template}").render(context)


def languages(tx: Tx) -> Callable[[Team], str]:
    """Return what tells a team's language."""
    replies = outbox.last_replies(tx)
    return lambda team: team.language or _language_in(replies.get(team.id, b"")) or language_of(team.name)


def _language_in(reply: bytes) -> str | None:
    """Return the language that the header of a reply names (RFC 3282); None where it names none of ours."""
    tag = str(BytesHeaderParser().parsebytes(reply)["Content-Language"])
    return next((language for language, its in TAGS.items() if its == tag), None)
