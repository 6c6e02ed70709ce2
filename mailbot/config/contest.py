"""The config sections about the contest: challenge, phases, quota, entries, board, tracks, page."""

from __future__ import annotations

import re
import shlex
from datetime import time
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, StrictFloat, StrictInt, model_validator

from mailbot.config.calendar import Moment
from mailbot.config.fields import Address, Instant, Section, WeekMoment, WindowSection, Zone
from mailbot.model import Rule
from scoring.model import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence


def _lower(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value.strip().lower() for value in values)


_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


def _bare(values: tuple[str, ...]) -> tuple[str, ...]:
    """Take hosts as links are compared with them: no scheme, no port, no path."""
    for value in values:
        if not _HOST.fullmatch(value):
            said = value.rpartition("@")[2]  # a login before it is never told
            bare = re.sub(r"^\*?\.|[/:?#].*$", "", said.partition("://")[2] or said)
            message = f"{said!r} is not a host; write it as {bare if _HOST.fullmatch(bare) else 'github.com'}"
            raise ValueError(message)
    return values


def _endings(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"(\.[a-z0-9]{1,10}){1,2}", value):
            message = f"{value!r} is not an ending of a file name; write it as '.pdf'"
            raise ValueError(message)
    return values


def _kind(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", value):
        message = f"{value!r} must be one word in lower case, as 'paper'"
        raise ValueError(message)
    return value


class EntrySection(WindowSection):
    """One kind of what teams hand in: code and models, a paper."""

    #: One word; a subject names it in brackets: ``[SIQA paper]``.
    kind: Annotated[str, AfterValidator(_kind)]
    #: Hosts a link to which counts, as ``github.com``; their subdomains count too.
    hosts: Annotated[tuple[str, ...], AfterValidator(_lower), AfterValidator(_bare)] = ()
    #: Endings of file names that count, as ``.pdf``.
    types: Annotated[tuple[str, ...], AfterValidator(_lower), AfterValidator(_endings)] = ()

    @model_validator(mode="after")
    def _counts_something(self) -> EntrySection:
        if not self.hosts and not self.types:
            message = f"entry {self.kind!r}: hosts or types must say what counts"
            raise ValueError(message)
        return self


def _command(value: str) -> str:
    try:
        shlex.split(value)
    except ValueError as error:
        message = f"{value!r} cannot be split into words: {error}"
        raise ValueError(message) from error
    return value


class PageSection(Section):
    """The results page."""

    #: Run after each publication, without a shell; ``{folder}`` in it becomes the site's folder. "" runs nothing.
    command: Annotated[str, AfterValidator(_command)] = ""
    #: Seconds after which the command is ended.
    command_seconds: StrictFloat = Field(default=60, ge=1, le=3600)
    #: More instants to be told on the rules page and in letters, by their name.
    dates: dict[str, Instant] = Field(default_factory=dict)


class AwardsSection(Section):
    """Who is honoured in the final results."""

    #: What each rank of a track wins, the first rank first.
    places: tuple[str, ...] = ("First place", "Second place", "Third place")
    #: So many top teams of each track are invited.
    invited: StrictInt = Field(default=3, ge=0, le=100)
    #: The sentence above the names of the invited teams.
    invitation: str = "These teams are invited to present their solutions:"


class Challenge(Section):
    """What is being run, and for whom."""

    name: str = "Challenge"
    short_name: str = "Challenge"
    #: The official submission address: teams write to it, replies come from it.
    address: Address
    #: People who run the challenge; only they and the roster are ever written to.
    organizers: tuple[Address, ...] = ()
    #: Send them the mails of teams that bring no file and hold no command, each once; "all" takes strangers' too.
    forward: bool | Literal["all"] = True
    #: Where teams can reach a person: printed in replies, and replies to replies go there as well.
    contact: Address | None = None
    #: The zone of every instant that is shown, and of the week.
    zone: Zone = ZoneInfo("UTC")
    #: The words in brackets of the subject that teams are asked to use; only ever a hint.
    subject_tag: str = "Submission"
    #: Where the published page can be seen; printed in replies when set.
    page_url: str = ""


class Quota(Section):
    """How often a team may submit."""

    #: Accepted submissions per team and track in a week.
    per_week: StrictInt = Field(default=2, ge=1)
    #: Files that a team may have checked in a day, by mails with ``check``.
    checks_per_day: StrictInt = Field(default=20, ge=1)
    #: Scores that a team may dispute in a day.
    disputes_per_day: StrictInt = Field(default=3, ge=1)
    week_starts: WeekMoment = Moment(weekday=0, at=time(0))


class PhaseSection(WindowSection):
    """A window of time in which submissions are taken."""

    name: str
    #: What replies tell of scores: ``full``, ``rounded``, ``ladder`` or ``receipt`` (:mod:`scoring.fairness.ladder`).
    feedback: Policy = Policy.FULL
    #: The step that ``rounded`` rounds to, in points.
    rounding: StrictFloat = Field(default=1.0, gt=0)
    #: The label file of each track whose items are others than before; then the phase has a board of its own.
    labels: dict[str, Path] = Field(default_factory=dict)
    #: Accepted submissions per team and track in a week of this phase; absent: as [quota] says.
    per_week: int | None = Field(default=None, ge=1)
    #: Which accepted submission counts on the phase's own board; absent: as [board] says.
    standing: Rule | None = None
    #: Whether submissions of the phases before count on its board; absent: unless it names labels.
    carry_over: bool | None = None

    @property
    def begins_stage(self) -> bool:
        """Whether it has labels and a board of its own, if it is not the first phase."""
        return bool(self.labels) or self.carry_over is False


def _named_once(names: Sequence[str], what: str) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f"{len(names)} {what}, and more than one is named {twice[0]!r}"
        raise ValueError(message)


def _one_at_a_time(phases: tuple[PhaseSection, ...]) -> tuple[PhaseSection, ...]:
    _named_once([phase.name for phase in phases], "phases")
    for one, other in pairwise(sorted(phases, key=lambda phase: phase.opens.timestamp() if phase.opens else -inf)):
        if one.closes is None or other.opens is None or one.closes > other.opens:
            closes, opens = one.closes or "never", other.opens or "from the beginning"
            message = f"{one.name!r} (closes: {closes}) overlaps {other.name!r} (opens: {opens}); one phase at a time"
            raise ValueError(message)
    return phases


def _kinds_once(entries: tuple[EntrySection, ...]) -> tuple[EntrySection, ...]:
    _named_once([entry.kind for entry in entries], "entries")
    return entries


Phases = Annotated[tuple[PhaseSection, ...], AfterValidator(_one_at_a_time)]

Entries = Annotated[tuple[EntrySection, ...], AfterValidator(_kinds_once)]


class BoardSection(Section):
    """When and how the leaderboard is made."""

    publish_at: WeekMoment = Moment(weekday=2, at=time(10))
    #: Which accepted submission counts for a team: the ``latest``, the ``best`` or the best of the ``selected``.
    standing: Rule = Rule.LATEST
    decimals: StrictInt = Field(default=2, ge=0, le=6)
    #: The line printed with the table over all tracks; "" leaves the table out. Absent: mailbot decides by the tracks.
    overall: str | None = None
    #: Folder for the site page/, board.csv, board.xlsx and board.json; default: ``published`` in the state folder.
    folder: Path | None = None


class SplitSection(Section):
    """A secret split of the items, so that nobody can climb the labels that decide."""

    #: Share of the items that replies and weekly boards use; the others decide in the end. 1: no split.
    public: StrictFloat = Field(default=1.0, gt=0, le=1)


class TrackSection(Section):
    """One track: its labels, and what makes its score. :mod:`mailbot.config.tracks` knows the other keys."""

    model_config = ConfigDict(frozen=True, extra="allow", arbitrary_types_allowed=True)

    #: The committee's label file. It never leaves this machine.
    labels: Path
    #: TOML file that declares the track; what stands in the config goes over it.
    declaration: Path | None = None
    #: Python file of a scorer of one's own (:mod:`scoring.api`).
    scorer: Path | None = None
    #: Weight of each group or column in the score.
    weights: dict[str, StrictFloat] = Field(default_factory=dict)

    @property
    def declared(self) -> dict[str, Any]:
        """What the config and the declaration's file say of the score."""
        said = {key: value for key, value in self if key in self.model_fields_set - {"labels", "declaration"}}
        return said | ({"scorer": self.scorer.name} if self.scorer else {})
