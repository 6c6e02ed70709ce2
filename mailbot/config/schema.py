"""The config: what each section may hold. Secrets are never in it: a key names the file they are in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt

from mailbot.config.address import canonical
from mailbot.config.calendar import HANDED_IN, Matter, Phase, Window
from mailbot.config.contest import (
    AwardsSection,
    BoardSection,
    Challenge,
    Entries,
    PageSection,
    Phases,
    Quota,
    SplitSection,
    TrackSection,
)
from mailbot.config.fields import LedgerUrl, Section, absent
from mailbot.config.servers import ComputeSection, Imap, OAuth, Outbox, SheetSection, Smtp
from mailbot.config.stages import Stage, stage_at, stage_of, stages_of
from mailbot.config.teams import IdentitySection, LettersSection, RegistrationSection, RepliesSection, Roster
from mailbot.errors import ConfigError
from mailbot.system.children.named import MIB, Bounds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


ANSWER_MIB = 8
"""What a child answers besides the files of a mail, at the most."""


class LimitsSection(Section):
    """How much of a mail is read, and what a child process may take to read it."""

    #: MiB of a mail, as it travels.
    mail_mib: StrictInt = Field(default=25, ge=1, le=40)
    #: KiB of one header block, and of one field in it.
    header_kib: StrictInt = Field(default=64, ge=8, le=1024)
    field_kib: StrictInt = Field(default=8, ge=1, le=64)
    #: Parts of a mail, and how deep they may lie in one another.
    parts: StrictInt = Field(default=100, ge=5, le=1000)
    depth: StrictInt = Field(default=8, ge=3, le=50)
    #: Attachments that are taken, and MiB of all of them, decoded.
    attachments: StrictInt = Field(default=10, ge=1, le=100)
    attachments_mib: StrictInt = Field(default=30, ge=1, le=64)
    #: Files in one archive, MiB of all of them and of one result file, unpacked.
    archive_files: StrictInt = Field(default=20, ge=1, le=1000)
    archive_mib: StrictInt = Field(default=30, ge=1, le=64)
    file_mib: StrictInt = Field(default=20, ge=1, le=64)
    #: Unpacked bytes for each packed byte.
    archive_ratio: StrictInt = Field(default=200, ge=10, le=10_000)
    #: Read workbooks (.xlsx, .ods); otherwise they are refused with the advice to send CSV or JSON.
    allow_xlsx: StrictBool = False
    #: Seconds, seconds of processor time and MiB of address space of one task of a child.
    child_seconds: StrictFloat = Field(default=30, ge=1, le=600)
    child_cpu_seconds: StrictInt = Field(default=20, ge=1, le=600)
    child_memory_mib: StrictInt = Field(default=1024, ge=512)
    #: Seconds after which a child that has nothing to do ends; the next mail starts another.
    child_idle_seconds: StrictFloat = Field(default=60, ge=1, le=86_400)
    #: Seconds, of the clock and of processor time, and MiB of address space of one run of a scorer of one's own.
    scorer_seconds: StrictInt = Field(default=60, ge=1, le=300)
    scorer_memory_mib: StrictInt = Field(default=2048, ge=1024)

    @property
    def bounds(self) -> Bounds:
        """What one task of a child may take."""
        return Bounds(
            seconds=self.child_seconds,
            cpu_seconds=self.child_cpu_seconds,
            memory_bytes=self.child_memory_mib * MIB,
            answer_bytes=(self.attachments_mib + self.archive_mib + ANSWER_MIB) * MIB,
        )

    @property
    def scorer_bounds(self) -> Bounds:
        """What one run of a scorer of one's own may take."""
        return Bounds(
            seconds=self.scorer_seconds,
            cpu_seconds=self.scorer_seconds,
            memory_bytes=self.scorer_memory_mib * MIB,
            answer_bytes=ANSWER_MIB * MIB,
        )


class MetricsSection(Section):
    """Figures for Prometheus."""

    #: Textfile for node_exporter's collector; absent: none is written.
    file: Path | None = None


class AlertsSection(Section):
    """When the organizers are told of trouble."""

    #: Minutes without a look into the mailbox that succeeded.
    poll_minutes: StrictFloat = Field(default=30, ge=1)
    #: MiB that must be free where the state folder lies.
    disk_mib: StrictInt = Field(default=1024, ge=1)


class DeskSection(Section):
    """The organizers' desk."""

    #: What two people do: one proposes, another confirms.
    two: tuple[Literal["final", "forget"], ...] = ()


class RetentionSection(Section):
    """How long raw mails are kept."""

    #: Days from the last deadline until the raw mails of finished work are dropped; 0: they are kept for good.
    spool_days: StrictInt = Field(default=0, ge=0)


def _plain_name(value: str) -> str:
    if "@" in value or not value.isprintable():
        message = f"{value!r} must be a name without an address: the audit trail keeps it permanently"
        raise ValueError(message)
    return value.strip()


class Config(Section):
    """The whole config."""

    preset: Literal["siqa", ""] = ""
    #: The mail provider, whose hosts, ports and folders are known (mailbot.config.providers).
    profile: Literal["gmail", "microsoft", "qq", "netease", "generic", ""] = ""
    #: Folder for the ledger and the spool; relative paths are relative to the config file.
    state: Path = Path("state")
    #: SQLAlchemy URL of the ledger; default: ``ledger.db`` in the state folder.
    ledger_url: LedgerUrl = ""
    #: Who stands in the audit trail for what is typed as root, where sudo does not say; "": root, or who answers then.
    operator: Annotated[str, AfterValidator(_plain_name)] = ""
    challenge: Challenge
    imap: Imap | None = None
    smtp: Smtp | None = None
    outbox: Outbox = absent()
    oauth: OAuth = absent()
    roster: Roster = absent()
    registration: RegistrationSection = absent()
    replies: RepliesSection = absent()
    letters: LettersSection = absent()
    quota: Quota = absent()
    identity: IdentitySection = absent()
    limits: LimitsSection = absent()
    phases: Phases = ()
    entries: Entries = ()
    board: BoardSection = absent()
    sheet: SheetSection = absent()
    split: SplitSection = absent()
    page: PageSection = absent()
    awards: AwardsSection = absent()
    metrics: MetricsSection = absent()
    compute: ComputeSection = absent()
    alerts: AlertsSection = absent()
    retention: RetentionSection = absent()
    desk: DeskSection = absent()
    tracks: dict[str, TrackSection]
    #: Child processes that parse and score.
    workers: StrictInt = Field(default=2, ge=1, le=64)
    #: Seconds that a loop of the daemon may be busy with one thing before it counts as hung.
    hang_seconds: StrictFloat = Field(default=600, ge=1)

    @property
    def calendar(self) -> tuple[Phase, ...]:
        """The phases; one that is always open when the config names none."""
        if not self.phases:
            return (Phase(name="submission", opens=None, closes=None),)
        own = {"labels", "standing", "carry_over"}
        return tuple(Phase(**{key: value for key, value in phase if key not in own}) for phase in self.phases)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages, in order: phases that share labels and a board."""
        return stages_of(self.phases, {name: section.labels for name, section in self.tracks.items()})

    def stage_named(self, phase: str | None, now: datetime) -> Stage:
        """Return the stage of a phase; without one that of an instant. Raises ConfigError for an unknown phase."""
        names = [each.name for each in self.calendar]
        if phase is not None and phase not in names:
            raise ConfigError(f"there is no phase {phase!r}; the config has {', '.join(names)}")
        return stage_at(self.stages, now) if phase is None else stage_of(self.stages, phase)

    @property
    def label_files(self) -> tuple[Path, ...]:
        """The label files that the config names, of all tracks and phases."""
        return tuple(dict.fromkeys(path for stage in self.stages for path in stage.labels.values()))

    def extended(self, until: Mapping[str, datetime]) -> Config:
        """Return the config with phases that close later, by their names; what would be earlier is passed over."""
        if not until:
            return self
        moved = {
            phase.name: until[phase.name]
            for phase in self.phases
            if phase.closes and phase.name in until and until[phase.name] > phase.closes
        }
        phases = tuple(
            phase.model_copy(update={"closes": moved[phase.name]}) if phase.name in moved else phase
            for phase in self.phases
        )
        return self.model_copy(update={"phases": phases})

    @property
    def ledger(self) -> str:
        """The ledger's SQLAlchemy URL."""
        return self.ledger_url or f"sqlite:///{self.state / 'ledger.db'}"

    @property
    def tokens(self) -> Path:
        """The file of the refresh token, where the servers are logged in to by OAuth."""
        return self.state / "oauth.json"

    @property
    def need_imap(self) -> Imap:
        """The mailbox. Raises ConfigError without [imap]."""
        if self.imap is None:
            raise ConfigError("imap: missing; the mailbox is needed for this")
        return self.imap

    @property
    def need_smtp(self) -> Smtp:
        """The server that takes our mails. Raises ConfigError without [smtp]."""
        if self.smtp is None:
            raise ConfigError("smtp: missing; a server that takes our mails is needed for this")
        return self.smtp

    @property
    def own_addresses(self) -> frozenset[str]:
        """The addresses that mailbot itself writes from, canonical."""
        users = [self.challenge.address, *(server.user for server in (self.imap, self.smtp) if server)]
        return frozenset(canonical(user) for user in users if "@" in user)

    @property
    def published(self) -> Path:
        """The folder of the published files."""
        return self.board.folder or self.state / "published"


def windows(config: Config) -> tuple[Window, ...]:
    """Return everything the config gives a time."""
    registration = config.registration.closes
    return (
        *(Window(matter=Matter.PHASE, name=p.name, opens=p.opens, closes=p.closes) for p in config.calendar),
        *(Window(matter=Matter.ENTRIES, name=e.kind, opens=e.opens, closes=e.closes) for e in config.entries),
        *([Window(matter=Matter.REGISTRATION, name="registration", closes=registration)] if registration else ()),
        *(Window(matter=Matter.DATE, name=name, closes=at) for name, at in config.page.dates.items()),
    )


def last_deadline(config: Config) -> datetime | None:
    """Return when the last thing that teams may hand in is due; None while something has no end."""
    closing = [each.closes for each in windows(config) if each.matter in HANDED_IN]
    return None if None in closing else max(filter(None, closing))
