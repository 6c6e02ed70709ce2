"""The rules page of the site, from the config: dates, quota, formulas, awards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from mailbot.config.calendar import Matter, shown, shown_aoe
from mailbot.config.challenge import COUNTS
from scoring.rows import example

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mailbot.config.calendar import Moment, Quota, Window
    from mailbot.config.challenge import Challenge
    from mailbot.config.schema import Config
    from scoring.model import Track
    from scoring.rows.ids import Id


@dataclass(frozen=True, kw_only=True)
class Awards:
    """Who is honoured in the final results."""

    #: What each rank of a track wins, the first rank first.
    places: tuple[str, ...]
    #: So many top teams of each track are invited.
    invited: int
    #: The sentence above their names.
    invitation: str


@dataclass(frozen=True, kw_only=True)
class SiteRules:
    """What the pages need to know of the challenge; no label and no address but the public two is in it."""

    name: str
    short_name: str
    #: The official submission address.
    address: str
    #: Where questions go; "" for nowhere.
    contact: str = ""
    #: The words in brackets that subjects should begin with.
    subject_tag: str
    #: Where the site can be seen, with a slash at its end; "" where that is not known.
    url: str
    tracks: Mapping[str, Track]
    #: The first two ids of each track's test set, for examples.
    ids: Mapping[str, Sequence[Id]] = field(default_factory=dict)
    #: Everything that has a time, and what else is announced.
    windows: Sequence[Window]
    quota: Quota
    #: Which submission counts for a team, in a sentence.
    counts: str
    #: The rules of each phase that has a board of its own; none where all share one.
    phases: Sequence[tuple[str, Sequence[str]]] = ()
    #: The formula of the table over all tracks; "" where there is none.
    overall: str
    #: Whether weekly boards are by a part of the items, and the final results by the others.
    is_split: bool
    publish_at: Moment
    awards: Awards
    #: MiB of a mail, as it travels.
    mail_mib: int


@dataclass(frozen=True, kw_only=True)
class Date:
    """An instant of the calendar, on the two clocks that people plan by."""

    what: str
    at: datetime
    here: str
    aoe: str


@dataclass(frozen=True, kw_only=True)
class Format:
    """How a track's file looks."""

    title: str
    formula: str
    #: Column names and what each holds.
    columns: tuple[tuple[str, str], ...]
    #: A whole small file.
    json: str
    #: The same rows as CSV.
    csv: str


_CALLED = {
    Matter.PHASE: "Phase {}",
    Matter.ENTRIES: "Handing in {}",
    Matter.REGISTRATION: "Registration",
    Matter.DATE: "{}",
}
"""What opens and closes; a date that is only announced does neither."""


def from_config(config: Config, challenge: Challenge) -> SiteRules:
    """Take out of the config what is for everybody."""
    url = config.challenge.page_url
    return SiteRules(
        name=challenge.name,
        short_name=challenge.short_name,
        address=challenge.address,
        contact=challenge.contact or "",
        subject_tag=config.challenge.subject_tag,
        url=url if not url or url.endswith("/") else f"{url.removesuffix('index.html').rstrip('/')}/",
        tracks=challenge.tracks,
        ids={name: truth.ids[:2] for name, truth in challenge.truths.items()},
        windows=challenge.windows,
        quota=challenge.quota,
        counts=COUNTS[config.board.standing],
        phases=[(each.name, challenge.board_rules_of(each)) for each in challenge.stages if each.name],
        overall=(challenge.board.overall_formula or "") if challenge.board.has_overall else "",
        is_split=config.split.public < 1,
        publish_at=config.board.publish_at,
        awards=Awards(**config.awards.model_dump()),
        mail_mib=config.limits.mail_mib,
    )


def calendar(rules: SiteRules) -> list[Date]:
    """Return every date of the challenge in order, on its own clock and Anywhere on Earth."""
    ends = [(_what(each, "opens"), each.opens) for each in rules.windows]
    ends += [(_what(each, "closes"), each.closes) for each in rules.windows]
    found = [(what, at) for what, at in ends if at is not None]
    return [_date(what, at, rules) for what, at in sorted(found, key=lambda one: one[1])]


def closings(rules: SiteRules) -> list[Date]:
    """Return until when each phase takes submissions, the first to close first."""
    found = [(each.name, each.closes) for each in rules.windows if each.matter is Matter.PHASE and each.closes]
    return [_date(name, at, rules) for name, at in sorted(found, key=lambda one: one[1])]


def _date(what: str, at: datetime, rules: SiteRules) -> Date:
    return Date(what=what, at=at, here=shown(at, rules.quota.zone), aoe=shown_aoe(at))


def _what(window: Window, end: str) -> str:
    called = _CALLED[window.matter].format(window.name)
    return called if window.matter is Matter.DATE else f"{called} {end}"


def formats(rules: SiteRules) -> list[Format]:
    """Describe the file of each track, with an example."""
    return [_format(track, rules.ids.get(name, (1, 2))) for name, track in rules.tracks.items()]


def subject(rules: SiteRules, method: str = "Method") -> str:
    """Return the subject that a mail should bear: ``[SIQA Submission] Team - Method``."""
    return f"[{rules.subject_tag}] Team - {method}"


def mailto(rules: SiteRules) -> str:
    """Return a link that opens a mail to the committee, its subject filled in (RFC 6068)."""
    return f"mailto:{quote(rules.address, safe='@')}?subject={quote(subject(rules), safe='')}"


def _format(track: Track, ids: Sequence[Id]) -> Format:
    rows = example.rows(track, ids)
    lines = ['  "team": "Team"', '  "method": "Method"', f'  "track": "{track.letters[0]}"']
    predictions = ",\n    ".join(rows)
    whole = track.own is not None and not track.columns
    return Format(
        title=track.title,
        formula=track.formula,
        columns=_columns(track),
        json=example.as_json(track, ids)
        if whole
        else "{\n" + ",\n".join(lines) + f',\n  "predictions": [\n    {predictions}\n  ]\n}}',
        csv="" if whole else example.as_csv(track, ids),
    )


def _columns(track: Track) -> tuple[tuple[str, str], ...]:
    """Return the name of each column of a track's file and, in words, what it holds."""
    group = [(track.group, f"one of {', '.join(track.weights)}")] if track.group else []
    columns = [(column.name, example.holds(column)) for column in track.columns]
    return ((track.id, "the item's id, each exactly once"), *group, *columns)
