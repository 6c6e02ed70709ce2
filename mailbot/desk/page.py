"""What a screen is given and what it gives back, and how that becomes a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, pass_context
from markupsafe import Markup

from mailbot.config.calendar import AOE, typed
from mailbot.desk import wording
from mailbot.errors import Permanent
from mailbot.identity import confirmation
from mailbot.ledger import teams
from mailbot.ledger.streams.newest import Wanted
from mailbot.mail import teamkey
from mailbot.mail.languages import CHINESE, desk_words
from mailbot.mail.templates import environment
from mailbot.model import Id
from scoring.text import inert, printable

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from jinja2.runtime import Context

    from mailbot.desk.desk import Desk, Upload
    from mailbot.desk.door import Person
    from mailbot.ledger import Tx

LONGEST_ID = 18


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request, as a screen sees it."""

    desk: Desk
    person: Person
    #: What the path names, as ``{"mail": "M-000012"}``.
    path: Mapping[str, str]
    #: What stands behind the question mark, or in the form.
    given: Mapping[str, str]
    files: Mapping[str, Upload] = field(default_factory=dict)
    #: Under what address the desk was asked, as ``http://127.0.0.1:8437``.
    home: str = ""

    @property
    def zone(self) -> ZoneInfo:
        """The challenge's zone."""
        return self.desk.config.challenge.zone

    def get(self, name: str) -> str:
        """Return what was given under a name, without white space around it or NUL; "" where nothing was."""
        return self.given.get(name, "").replace("\0", "").strip()

    def id(self, letter: str, name: str) -> int:
        """Return the id that the path names, as 12 for ``M-000012``. Raises Missing."""
        text = self.path[name]
        head, _, digits = text.partition("-")
        if head != letter or not digits.isascii() or not digits.isdecimal() or len(digits) > LONGEST_ID:
            raise Missing(text)
        return int(digits)

    def wanted(self, tx: Tx) -> Wanted:
        """Return which rows of a stream are wanted. Raises Permanent for what is not a date or number."""
        team = teams.with_name(tx, name) if (name := self.get("team")) else None
        before = self.get("before")
        if before and (not before.isdecimal() or len(before) > LONGEST_ID):
            message = f"before={before}: is not a number"
            raise Permanent(message)
        return Wanted(
            before=int(before) if before else None,
            what=self.get("what") or None,
            track=self.get("track") or None,
            words=self.get("words"),
            actor=self.get("actor") or None,
            since=self._day("since"),
            until=self._day("until"),
            team_id=team.id if team else None,
        )

    def _day(self, name: str) -> datetime | None:
        text = self.get(name)
        if not text:
            return None
        try:
            return typed(text, self.zone).astimezone(UTC)
        except ValueError as error:
            message = f"{name}: {text!r} is not a date; write 2026-03-12, or 2026-03-12T08:00"
            raise Permanent(message) from error


class Missing(Exception):  # noqa: N818  # as HTTP calls it: not found
    """What the path names is not there."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a screen shows: a template of ``templates/desk`` and what it needs."""

    template: str
    title: str
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file that a screen hands out; it is saved, never shown."""

    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A page that is shown in a frame without scripts, as the results page."""

    html: str
    #: Its content security policy.
    policy: str


@dataclass(frozen=True, kw_only=True)
class Goto:
    """Another page of the desk, to go on at."""

    href: str


Look = Callable[[Ask], "Page | Download | Frame | Goto"]


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A page of the desk."""

    path: str
    look: Look


@dataclass(frozen=True, kw_only=True)
class Place:
    """A screen as the menu names it."""

    href: str
    name: str


MENU: Sequence[Place] = (
    Place(href="/", name="Today"),
    Place(href="/mails", name="Mails"),
    Place(href="/teams", name="Teams"),
    Place(href="/submissions", name="Submissions"),
    Place(href="/labels", name="Labels"),
    Place(href="/disputes", name="Disputes"),
    Place(href="/board", name="Board"),
    Place(href="/dates", name="Dates"),
    Place(href="/letters", name="Letters"),
    Place(href="/log", name="Log"),
)


def rendered(page: Page, *, person: Person | None, desk: Desk, path: str = "", language: str = "en") -> str:
    """Return a page as HTML; what teams wrote is escaped and inert in it."""
    within = [place.href for place in MENU if path == place.href or path.startswith(f"{place.href}/")]
    here = max(within, default="", key=len)
    return _environment(language).get_template(f"desk/{page.template}").render(
        **page.context, title=desk_words(language).gettext(page.title),
        person=person, menu=MENU, here=here, challenge=desk.config.challenge,
        refused=desk.refused, now=desk.clock(), language=language,
    )  # fmt: skip


@cache
def _environment(language: str) -> Environment:
    """Return the environment of a language, with the desk's own filters; templates are compiled once."""
    made = environment(language).overlay(autoescape=True, finalize=_inert)
    catalogue, made.globals = desk_words(language), dict(made.globals)
    made.globals |= {"_": catalogue.gettext, "gettext": catalogue.gettext}
    made.filters = made.filters | {
        "when": _when,
        "short": printable,
        "id": _id,
        "size": _size,
        "score": _score,
        "brief": _brief,
        "month": partial(_month, language=language),
        "masked": without_secrets,
        "place": lambda href: _place(href, catalogue.gettext),
        "told": partial(wording.told, language=language),
        "found": partial(wording.found, language=language),
        "part": partial(wording.part, language=language),
    }
    return made


_BARE = re.compile(rf"(?<![0-9a-z])[0-9a-f]{{{confirmation.LETTERS}}}(?![0-9a-z])", re.IGNORECASE)
"""A code that stands apart from its mail's id: mail programs wrap what they quote, and put tags around it."""


def without_secrets(text: str) -> str:
    """Return a text that goes to a team, or came from one, without the codes and keys in it."""
    return _BARE.sub("[code]", teamkey.masked(confirmation.masked(text)))


def _inert(value: object) -> object:
    """Take out of every text what a browser would not show or would reorder; markup of ours is none."""
    return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@pass_context
def _when(context: Context, at: datetime | None) -> Markup:
    """Show an instant in the challenge's zone; its title has AoE and UTC."""
    if at is None:
        return Markup("–")
    utc, own = at.astimezone(UTC), at.astimezone(context["challenge"].zone)
    title = f"{at.astimezone(AOE):%Y-%m-%d %H:%M} AoE · {utc:%Y-%m-%d %H:%M} UTC"
    made = Markup('<time datetime="{}" title="{}">{}</time>')
    return made.format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", title, f"{own:%Y-%m-%d %H:%M}")


def _id(number: int, letter: str) -> str:
    return Id(letter).of(number)


def _place(href: str, said: Callable[[str], str]) -> str:
    """Name what an address leads to: the id of what is there, else the screen as the menu calls it."""
    last = href.rpartition("/")[2]
    if re.fullmatch(r"[MSR]-\d+", last):
        return last
    names = [one.name for one in MENU if href == one.href or href.startswith(f"{one.href}/")]
    return said(names[-1] if names else "Today")


def _month(first: date, *, language: str) -> str:
    return f"{first.year} 年 {first.month} 月" if language == CHINESE else f"{first:%B %Y}"


def _size(size: int) -> str:
    units = ((1 << 20, "MiB"), (1 << 10, "KiB"))
    return next((f"{size / unit:.1f} {name}" for unit, name in units if size >= unit), f"{size} B")


def _brief(text: str) -> str:
    """Shorten every hash in a text to its first digits, as they are shown elsewhere."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b", r"\1", text)


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
