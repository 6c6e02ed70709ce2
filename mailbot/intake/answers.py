"""The records that a reply is written from: what became of a mail, its files and its command."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from mailbot.identity.confirmation import TAKEN
from mailbot.model import AuthLevel, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mailbot.config.calendar import Allowance, Phase
    from mailbot.identity.registration import Request, Result
    from mailbot.intake.commands import Command
    from mailbot.ledger.entries import EntryRow
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.model import Judged, Status, Team, Verdict
    from scoring.fairness.ladder import Feedback


@dataclass(frozen=True, kw_only=True)
class Counting:
    """Which submission counts for a team on a track, once a mail is recorded."""

    #: Its receipt; None when none counts.
    receipt: str | None
    #: Whether the team selected it.
    selected: bool = False
    #: Where the latest counts: what would count without it, and its score, if that is the better one.
    better: str = ""
    better_score: float | None = None


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
    #: Name of the phase it came in; None when none was open.
    phase: str | None = None
    #: What counts on its track now; None where that may not be told, or the track is unknown.
    counting: Counting | None = None

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
    #: The command, where it changes what counts or who is on the team; "" for any other mail.
    asks: str = ""
    #: Whether it is only told that the question is asked later, behind others to the address.
    waits: bool = False
    #: For a registration: what is to be registered.
    request: Request | None = None


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
    #: What became of a command; None where there was none.
    done: Done | None = None
    #: What was handed in besides result files.
    entries: Sequence[EntryRow] = ()
    #: What came of a request to the roster.
    registration: Result | None = None
    #: For a mail that was held and confirmed: how many others of the team wait for the same.
    waiting: int = 0
    #: The end of the audit trail with the mail's own entry, as ``57-3f2a…``; "" where it is not told.
    trail: str = ""
    #: Until when phases are extended for the team, by their names.
    ends: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def is_proven(self) -> bool:
        """Whether anything proves who sent the mail."""
        return self.verdict is not None and self.verdict.level is not AuthLevel.NONE

    @property
    def is_taken(self) -> bool:
        """Whether it confirms a mail that needs it no more."""
        return self.outcome is Outcome.NOT_CONFIRMED and self.why.startswith(TAKEN)


class Fault(StrEnum):
    """Why a command was not carried out."""

    NOT_YOURS = "not-yours"  # no submission of this team
    NOT_ACCEPTED = "not-accepted"  # it was never scored
    EXCLUDED = "excluded"  # it counts for nothing already
    TOO_MANY = "too-many"  # more of one track than may be selected
    DISPUTED = "disputed"  # a dispute of it is open
    NO_FILE = "no-file"  # nothing to check came with the mail
    CHECKS = "checks"  # more files than the team may have checked in a day
    DISPUTES = "disputes"  # more disputes than the team may open in a day
    STALE = "stale"  # it was signed too long before it arrived: somebody may have kept it


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One line of what ``status`` lists."""

    row: SubmissionRow
    #: The score that may be told; None where none was or the submission has none.
    score: float | None
    #: ``withdrawn``, ``disqualified``, ``hidden``, ``selected``; None for none of these.
    ruling: str | None


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of a command, to be told."""

    command: Command
    fault: Fault | None = None
    #: The submission that the fault is about.
    about: str = ""
    #: Receipts of what it was done to.
    receipts: Sequence[str] = ()
    #: For ``withdraw``: what counts now on each track; None where that may not be told.
    counting: Mapping[str, Counting | None] = field(default_factory=dict)
    #: For ``status``: the latest submissions, the latest first, and how many more there are.
    listed: Sequence[Listed] = ()
    earlier: int = 0
    #: For ``status``: what is left, by track; the phase that is open.
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    phase: Phase | None = None
    #: For ``check``: what was checked.
    files: Sequence[Judged] = ()

    @property
    def scores(self) -> dict[str, float]:
        """The scores that ``status`` tells, by receipt."""
        return {one.row.receipt: one.score for one in self.listed if one.score is not None}
