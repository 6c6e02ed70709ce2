"""The challenge as configured: its tracks, truths, quota, phases and the rules of its board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mailbot.config.board import Baseline, BoardRules, Heading, TrackRules
from mailbot.config.calendar import Matter, Quota, phase_at, shown
from mailbot.config.schema import windows
from mailbot.config.stages import counted_in, next_board, stage_at, stage_before, stage_of
from mailbot.config.tracks import made, overall
from mailbot.errors import ConfigError
from mailbot.model import MOST_SELECTED, Rule
from scoring.declaration import siqa
from scoring.declaration.form import DeclarationError
from scoring.declaration.registry import Error, error_of
from scoring.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from typing import Any
    from zoneinfo import ZoneInfo

    from mailbot.config.calendar import Moment, Phase, Window
    from mailbot.config.contest import EntrySection
    from mailbot.config.schema import Config
    from mailbot.config.stages import Stage
    from scoring.labels.truth import Truth
    from scoring.model import Track


@dataclass(frozen=True, kw_only=True)
class Challenge:
    """What the stages need to know of the challenge, built once from the config."""

    name: str
    short_name: str
    #: The official submission address.
    address: str
    page_url: str
    #: Who runs it: they get alerts, the digest, disputes and what else is for people.
    organizers: Sequence[str]
    #: Whether mails that are for people are forwarded to the organizers: those of teams, or "all".
    forward: bool | str
    #: Where teams can reach a person; None when the config names no address.
    contact: str | None
    zone: ZoneInfo
    tracks: Mapping[str, Track]
    #: The labels that replies and weekly boards use, by track; they follow the ledger.
    truths: Mapping[str, Truth]
    phases: Sequence[Phase]
    #: Phases that share labels and a board, in order.
    stages: Sequence[Stage]
    #: Everything that has a time, the phases too: what teams plan by.
    windows: Sequence[Window]
    quota: Quota
    #: What teams may hand in besides result files.
    entries: Sequence[EntrySection]
    board: BoardRules
    #: When the weekly board is published.
    publish_at: Moment
    #: Which accepted submission counts for a team.
    standing: Rule
    #: The labels that replies and boards use in a stage, by its key; None: ``truths`` are those of the only one.
    of_stage: Callable[[str], Mapping[str, Truth]] | None = field(default=None, repr=False, compare=False)
    #: Whether a mail registers a team.
    registers_by_mail: bool = False
    #: The secret of the state folder: nobody else can compute what is made with it.
    secret: Callable[[], bytes] = field(default=bytes, repr=False, compare=False)

    def of_team(self, ends: Mapping[str, datetime]) -> Challenge:
        """Return it as it is for a team that has more time for some phases, by their names.

        Where another phase is open by then, that one goes first (:func:`~mailbot.config.calendar.phase_at`).
        """
        if not ends:
            return self
        own = {each.name: each.of_team(ends).closes for each in self.windows if each.matter is Matter.PHASE}
        phases = [replace(each, closes=own.get(each.name, each.closes)) for each in self.phases]
        longer = [new for old, new in zip(self.phases, phases, strict=True) if new != old]
        same = [each for each in phases if each not in longer]
        windows = [each.of_team(ends) for each in self.windows]
        return replace(self, phases=(*same, *reversed(longer)), windows=windows)

    def truths_of(self, stage: Stage) -> Mapping[str, Truth]:
        """Return the labels that replies and boards use in a stage, by track."""
        return self.of_stage(stage.key) if self.of_stage else self.truths

    def stage_of(self, phase: str | None) -> Stage:
        """Return the stage that a phase belongs to."""
        return stage_of(self.stages, phase)

    def stage_at(self, instant: datetime) -> Stage:
        """Return the stage whose items a mail that arrived then should have."""
        phase = phase_at(self.phases, instant)
        return self.stage_of(phase.name) if phase else stage_at(self.stages, instant)

    def next_board(self, instant: datetime) -> datetime:
        """Return when the next board is due after an instant."""
        return next_board(self.publish_at, self.zone, self.stages, instant)

    def next_board_with(self, phase: str | None, instant: datetime) -> datetime | None:
        """Return when the next board after an instant is due; None when it does not count submissions of a phase."""
        at = self.next_board(instant)
        within = stage_before(self.stages, at).within
        return at if within is None or within.holds(phase) else None

    def is_last_board(self, phase: str, as_of: datetime) -> bool:
        """Whether the next board that is due after a phase's board of an instant is that of a later stage."""
        return stage_before(self.stages, self.next_board(as_of)) != self.stage_of(phase)

    def standing_of(self, stage: Stage) -> Rule:
        """Return which accepted submission counts for a team on a stage's board."""
        return stage.standing or self.standing

    def board_rules_of(self, stage: Stage) -> tuple[str, ...]:
        """Return the rules that a stage's board prints, a sentence each."""
        if len(self.stages) == 1:
            return self.board.rules
        own = [phase for phase in self.phases if phase.name in stage.phases]
        quotas = dict.fromkeys(self.quota_of(phase).per_week for phase in own)
        return (
            COUNTS[self.standing_of(stage)],
            *(["This phase has items of its own."] if stage.key and stage.labels and not stage.carries else []),
            *(["Submissions of the phases before count too."] if stage.carries else []),
            *(_quota_rule(each, self.quota.week_starts, self.zone) for each in quotas),
            *(_window(phase, self.zone) for phase in own if phase.opens or phase.closes),
            *_errors(self.tracks),
        )

    def quota_of(self, phase: Phase | None) -> Quota:
        """Return how many submissions a team may have accepted in a week of a phase."""
        own = phase.per_week if phase else None
        return self.quota if own is None else replace(self.quota, per_week=own)

    def counted_in(self, phase: Phase | None) -> Sequence[str] | None:
        """Return the phases whose submissions a phase's quota counts together; None for all."""
        return counted_in(self.stages, phase)


class Present(Mapping[str, "Track"]):
    """The tracks of the config, each with the version of its own scorer that is in force."""

    def __init__(self, declared: Mapping[str, Track], truths: Mapping[str, Truth]) -> None:
        """Look at ``truths``, the labels in force, whenever a track is asked for."""
        self._declared, self._truths = declared, truths

    def __getitem__(self, name: str) -> Track:
        """Return a track."""
        declared = self._declared[name]
        return self._truths[name].track if declared.own and name in self._truths else declared

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._declared)

    def __len__(self) -> int:
        """Count them."""
        return len(self._declared)


def _quota(config: Config) -> Quota:
    return Quota(**dict(config.quota), zone=config.challenge.zone)


def quota_at(config: Config, now: datetime) -> tuple[Quota, Sequence[str] | None]:
    """Return the quota of the phase of an instant, and the phases whose submissions it counts; None for all."""
    phase, quota = phase_at(config.calendar, now), _quota(config)
    own = replace(quota, per_week=phase.per_week) if phase and phase.per_week is not None else quota
    return own, counted_in(config.stages, phase)


def build(config: Config, truths: Mapping[str, Truth]) -> Challenge:
    """Put the challenge together; ``truths`` are the labels in force, by track. Raises ConfigError."""
    tracks = tracks_of(config)
    present = Present(tracks, truths) if any(track.own for track in tracks.values()) else tracks
    zone = config.challenge.zone
    quota = _quota(config)
    return Challenge(
        name=config.challenge.name,
        short_name=config.challenge.short_name,
        address=config.challenge.address,
        page_url=config.challenge.page_url,
        organizers=config.challenge.organizers,
        forward=config.challenge.forward,
        contact=config.challenge.contact,
        zone=zone,
        tracks=present,
        truths=truths,
        phases=config.calendar,
        stages=config.stages,
        windows=windows(config),
        quota=quota,
        entries=config.entries,
        registers_by_mail=config.registration.by_mail,
        publish_at=config.board.publish_at,
        standing=config.board.standing,
        board=_board_rules(config, tracks),
    )


def tracks_of(config: Config) -> dict[str, Track]:
    """Return the tracks of the config, by name. Raises ConfigError."""
    return {name: track_of(name, section.declared) for name, section in config.tracks.items()}


def track_of(name: str, declared: Mapping[str, Any] | None = None) -> Track:
    """Return a track by name and what the config says of its score. Raises ConfigError with every mistake."""
    try:
        return made(name, declared or {})
    except DeclarationError as error:
        lines = (f"{f'tracks.{name}.{each.key}'.rstrip('.')}: {each.message}" for each in error.mistakes)
        raise ConfigError("\n".join(lines)) from error


def _board_rules(config: Config, tracks: Mapping[str, Track]) -> BoardRules:
    zone, board = config.challenge.zone, config.board
    rules = (
        COUNTS[board.standing],
        _quota_rule(config.quota.per_week, config.quota.week_starts, zone),
        *(_window(phase, zone) for phase in config.calendar if phase.opens or phase.closes),
        *_errors(tracks),
    )
    return BoardRules(
        challenge=config.challenge.name,
        tracks=tuple(
            TrackRules(
                name=name,
                title=track.title,
                formula=track.formula,
                headings=headings(track),
                higher_is_better=track.higher_is_better,
            )
            for name, track in tracks.items()
        ),
        baselines=tuple(
            Baseline(team=b.name, method=b.method, track=b.track, score=b.score, metrics=b.metrics)
            for track in tracks.values()
            for b in siqa.baselines(track)
        ),
        overall_formula=overall(board.overall, list(tracks.values())),
        decimals=board.decimals,
        rules=rules,
    )


COUNTS = {
    Rule.LATEST: "The latest accepted submission of each team and track counts.",
    Rule.BEST: "The best accepted submission of each team and track counts, the earlier of equals.",
    Rule.SELECTED: (
        f"Of each team and track the best of up to {MOST_SELECTED} submissions that it selected counts; if it selected "
        "none, the best by the scores that it was shown."
    ),
}


def _errors(tracks: Mapping[str, Track]) -> Iterator[str]:
    """Yield how the intervals of the scores are found."""
    for error in Error:
        titles = " and ".join(track.title for track in tracks.values() if error_of(track) is error)
        if titles and error is Error.NONE:
            yield f"Scores of {titles} have no interval and no tie groups: the organizers' own scorer computes them."
        elif titles:
            yield f"The 95 % intervals of {titles} are by {error.value}."


def _quota_rule(per_week: int, week_starts: Moment, zone: ZoneInfo) -> str:
    return (
        f"Each team may have {counted(per_week, 'submission')} accepted per track and week; the week starts "
        f"{week_starts} ({zone.key})."
    )


def _window(phase: Phase, zone: ZoneInfo) -> str:
    opens = f" from {shown(phase.opens, zone)}" if phase.opens else ""
    closes = f" until {shown(phase.closes, zone)}" if phase.closes else ""
    return f"Phase {phase.name}: submissions are taken{opens}{closes}."


def headings(track: Track) -> tuple[Heading, ...]:
    """Return the metric columns of a track, in the order shown."""
    return tuple(Heading(key=each.key, title=each.title, decimals=each.decimals) for each in track.measures)
