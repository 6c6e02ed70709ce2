"""The config: what each section may hold. Secrets are never in it: a key names the file they are in."""

from __future__ import annotations

from datetime import time
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, ConfigDict, Field, StrictFloat

from mailbot.config.calendar import Moment, Phase
from mailbot.config.contest import EntrySection
from mailbot.config.fields import Address, LedgerUrl, Section, WeekMoment, WindowSection, Zone
from mailbot.config.letters_section import LettersSection
from mailbot.config.registration_section import FormSection, RegistrationSection
from mailbot.config.section import SheetSection
from mailbot.config.servers import Imap, OAuth, Smtp
from mailbot.config.site_section import AwardsSection, PageSection
from mailbot.config.teams import IdentitySection
from mailbot.intake.limits import ReplyLimits
from mailbot.model import Rule
from scoring.model import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence


class Challenge(Section):
    """What is being run, and for whom."""

    name: str = "Challenge"
    short_name: str = "Challenge"
    #: The official submission address: teams write to it, replies come from it.
    address: Address
    #: People who run the challenge; only they and the roster are ever written to.
    organizers: tuple[Address, ...] = ()
    #: Send them the mails that bring no file and hold no command, each once.
    forward: bool = False
    #: The zone of every instant that is shown, and of the week.
    zone: Zone = ZoneInfo("UTC")
    #: The words in brackets of the subject that teams are asked to use; only ever a hint.
    subject_tag: str = "Submission"
    #: Where the published page can be seen; printed in replies when set.
    page_url: str = ""


class Roster(Section):
    """Who takes part."""

    #: CSV file with columns ``team,address`` that ``mailbot teams import`` reads; also read at start.
    file: Path | None = None
    #: Answer senders who are on no team, once a day each.
    reply_to_unknown: bool = False
    #: A form whose response sheet is read every hour.
    sheet: FormSection = FormSection()


class RepliesSection(Section):
    """How often replies may be written, so that nobody can make a cannon of them."""

    per_address_hour: int = Field(default=10, ge=1)
    per_address_day: int = Field(default=30, ge=1)
    per_domain_hour: int = Field(default=60, ge=1)
    per_hour: int = Field(default=200, ge=1)

    @property
    def limits(self) -> ReplyLimits:
        """The limits, for the stage that keeps them."""
        return ReplyLimits(**self.model_dump())


class Quota(Section):
    """How often a team may submit."""

    #: Accepted submissions per team and track in a week.
    per_week: int = Field(default=2, ge=1)
    week_starts: WeekMoment = Moment(weekday=0, at=time(0))


class PhaseSection(WindowSection):
    """A window of time in which submissions are taken."""

    name: str
    #: What replies tell of scores: ``full``, ``rounded``, ``ladder`` or ``receipt`` (:mod:`scoring.ladder`).
    feedback: Policy = Policy.FULL
    #: The step that ``rounded`` rounds to, in points.
    rounding: float = Field(default=1.0, gt=0)


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


class LimitsSection(Section):
    """How much of a mail is read, and what a child process may take to read it."""

    #: MiB of a mail, as it travels.
    mail_mib: int = Field(default=25, ge=1, le=40)
    #: KiB of one header block, and of one field in it.
    header_kib: int = Field(default=64, ge=8, le=1024)
    field_kib: int = Field(default=8, ge=1, le=64)
    #: Parts of a mail, and how deep they may lie in one another.
    parts: int = Field(default=100, ge=5, le=1000)
    depth: int = Field(default=8, ge=3, le=50)
    #: Attachments that are taken, and MiB of all of them, decoded.
    attachments: int = Field(default=10, ge=1, le=100)
    attachments_mib: int = Field(default=30, ge=1, le=64)
    #: Files in one archive, MiB of all of them and of one result file, unpacked.
    archive_files: int = Field(default=20, ge=1, le=1000)
    archive_mib: int = Field(default=30, ge=1, le=64)
    file_mib: int = Field(default=20, ge=1, le=64)
    #: Unpacked bytes for each packed byte.
    archive_ratio: int = Field(default=200, ge=10, le=10_000)
    #: Read .xlsx files; otherwise they are refused with the advice to send CSV or JSON.
    allow_xlsx: bool = False
    #: Seconds, seconds of processor time and MiB of address space of one task of a child.
    child_seconds: float = Field(default=30, ge=1, le=600)
    child_cpu_seconds: int = Field(default=20, ge=1, le=600)
    child_memory_mib: int = Field(default=1024, ge=512)


class BoardSection(Section):
    """When and how the leaderboard is made."""

    publish_at: WeekMoment = Moment(weekday=2, at=time(10))
    #: Which accepted submission counts for a team: the ``latest``, the ``best`` or the best of the ``selected``.
    standing: Rule = Rule.LATEST
    decimals: int = Field(default=2, ge=0, le=6)
    #: The line printed with the table over all tracks; "" leaves the table out. Absent: mailbot decides by the tracks.
    overall: str | None = None
    #: Folder for the site page/, board.csv, board.xlsx and board.json; default: ``published`` in the state folder.
    folder: Path | None = None


class SplitSection(Section):
    """A secret split of the items, so that nobody can climb the labels that decide."""

    #: Share of the items that replies and weekly boards use; the others decide in the end. 1: no split.
    public: float = Field(default=1.0, gt=0, le=1)


class TrackSection(Section):
    """One track: its labels, and what makes its score. :mod:`mailbot.config.tracks` knows the other keys."""

    model_config = ConfigDict(frozen=True, extra="allow", arbitrary_types_allowed=True)

    #: The committee's label file. It never leaves this machine.
    labels: Path
    #: TOML file that declares the track; what stands in the config goes over it.
    declaration: Path | None = None
    #: Weight of each group or column in the score.
    weights: dict[str, StrictFloat] = Field(default_factory=dict)

    @property
    def declared(self) -> dict[str, Any]:
        """What the config and the declaration's file say of the score."""
        return self.model_dump(exclude={"labels", "declaration"}, exclude_unset=True)


class MetricsSection(Section):
    """Figures for Prometheus."""

    #: Textfile for node_exporter's collector; absent: none is written.
    file: Path | None = None


class AlertsSection(Section):
    """When the organizers are told of trouble."""

    #: Minutes without a look into the mailbox that succeeded.
    poll_minutes: float = Field(default=30, ge=1)
    #: MiB that must be free where the state folder lies.
    disk_mib: int = Field(default=1024, ge=1)


class RetentionSection(Section):
    """How long raw mails are kept."""

    #: Days from the last deadline until the raw mails of finished work are dropped; 0: they are kept for good.
    spool_days: int = Field(default=0, ge=0)


class Config(Section):
    """The whole config."""

    preset: Literal["siqa", ""] = ""
    #: The mail provider, whose hosts, ports and folders are known (mailbot.config.providers).
    profile: Literal["gmail", "microsoft", "qq", "netease", "generic", ""] = ""
    #: Folder for the ledger and the spool; relative paths are relative to the config file.
    state: Path = Path("state")
    #: SQLAlchemy URL of the ledger; default: ``ledger.db`` in the state folder.
    ledger_url: LedgerUrl = ""
    challenge: Challenge
    imap: Imap | None = None
    smtp: Smtp | None = None
    oauth: OAuth = OAuth()
    roster: Roster = Roster()
    registration: RegistrationSection = RegistrationSection()
    replies: RepliesSection = RepliesSection()
    letters: LettersSection = LettersSection()
    quota: Quota = Quota()
    identity: IdentitySection = IdentitySection()
    limits: LimitsSection = LimitsSection()
    phases: Phases = ()
    entries: Entries = ()
    board: BoardSection = BoardSection()
    sheet: SheetSection = SheetSection()
    split: SplitSection = SplitSection()
    page: PageSection = PageSection()
    awards: AwardsSection = AwardsSection()
    metrics: MetricsSection = MetricsSection()
    alerts: AlertsSection = AlertsSection()
    retention: RetentionSection = RetentionSection()
    tracks: dict[str, TrackSection]
    #: Child processes that parse and score.
    workers: int = Field(default=2, ge=1, le=64)
    #: Seconds that a loop of the daemon may be busy with one thing before it counts as hung.
    hang_seconds: float = Field(default=600, ge=1)

    @property
    def calendar(self) -> tuple[Phase, ...]:
        """The phases; one that is always open when the config names none."""
        if not self.phases:
            return (Phase(name="submission", opens=None, closes=None),)
        return tuple(Phase(**p.model_dump()) for p in self.phases)

    @property
    def ledger(self) -> str:
        """The ledger's SQLAlchemy URL."""
        return self.ledger_url or f"sqlite:///{self.state / 'ledger.db'}"

    @property
    def tokens(self) -> Path:
        """The file of the refresh token, where the servers are logged in to by OAuth."""
        return self.state / "oauth.json"

    @property
    def published(self) -> Path:
        """The folder of the published files."""
        return self.board.folder or self.state / "published"
