"""The records that the stages hand to one another, in the order a mail meets them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from mailbot.mail.model import Claims

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from scoring.model import Evaluation, Problem


# --- fetch -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A mail as it came from the server."""

    uid: int
    #: INTERNALDATE: when the server took it, whatever its Date field says.
    arrived_at: datetime
    #: RFC822.SIZE; more than ``len(raw)`` when only the beginning was fetched.
    size: int
    raw: bytes


# --- parse -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """One file that came with a mail, decoded."""

    #: Display name: NFC, printable, no folder, at most 100 characters; "" when it has none.
    name: str
    #: Media type as the mail says it, lower case.
    content_type: str
    #: The decoded bytes.
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Brought:
    """A file of a mail, whatever it is for."""

    #: Display name, as an attachment's.
    name: str
    sha256: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What the rest of mailbot knows of a message; every field is safe to show as inert text."""

    #: Addresses of all From fields, lower case, in order; exactly one is the honest case.
    senders: tuple[str, ...] = ()
    #: The decoded subject on one line, "" when there is none.
    subject: str = ""
    #: The Message-ID if it is one that may be echoed in a reply, else None.
    message_id: str | None = None
    #: Message-IDs of the thread (References, else In-Reply-To), oldest first.
    references: tuple[str, ...] = ()
    #: The first text of the body, at most a few thousand characters.
    text: str = ""
    #: Candidate result files: decided by name and content, whatever the Content-Disposition says.
    attachments: tuple[Attachment, ...] = ()
    #: Files that are no candidates: papers, code.
    passed: tuple[Brought, ...] = ()
    #: What it brings to show who sent it.
    claims: Claims = field(default_factory=Claims)
    #: Why the mail must never be answered (a list, an auto-reply, a bounce …); None when it may be.
    automatic: str | None = None
    #: What is wrong with the mail as a mail: over a cap, undecodable, no body.
    faults: tuple[Problem, ...] = ()


# --- identify --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Team:
    """A registered team."""

    id: int
    name: str
    #: Its addresses, lower case, the leader's first.
    addresses: tuple[str, ...]
    #: Whether it wants letters.
    letters: bool = True
    #: Whether it is still to confirm its registration.
    unconfirmed: bool = False
    #: The language it wants replies in; None: that of its mail.
    language: str | None = None


# --- ledger ----------------------------------------------------------------------------------


class MailState(StrEnum):
    """Where a mail stands. Only the ledger says so, never a flag in the mailbox."""

    SPOOLED = "spooled"  # raw bytes on disk and a row here; nothing decided yet
    WORKING = "working"  # an attempt was counted and is under way, or died
    RECORDED = "recorded"  # decision, submissions, scores and reply are in the ledger
    SET_ASIDE = "set-aside"  # our code could not handle it: kept whole for an organizer


class Outcome(StrEnum):
    """What became of a mail as a whole, for lists and the journal."""

    SCORED = "scored"  # at least one submission was accepted
    REFUSED = "refused"  # submissions, none of them accepted
    NO_SUBMISSION = "no-submission"  # nothing in it that could be a result file
    UNKNOWN_SENDER = "unknown-sender"  # nobody on the roster
    AUTOMATIC = "automatic"  # a bounce, an out-of-office, a list: recorded, never answered
    OWN = "own"  # written by this mailbot
    HELD = "held"  # not sure enough who sent it: it waits for the team's word, or an organizer's
    CONFIRMED = "confirmed"  # the team's word on a mail that was held: that one is handled now
    NOT_CONFIRMED = "not-confirmed"  # meant to be that word, but its code has expired, was used, or is of another mail
    COMMAND = "command"  # the team asked for something, and was answered
    ENTRY = "entry"  # a paper or code was handed in
    REGISTERED = "registered"  # it registered a team, or confirmed one that a form or file had entered: welcomed
    NOT_REGISTERED = "not-registered"  # it asked something of the roster that could not be done, and was told why
    MEMBERS = "members"  # the leader added or removed addresses of the team
    DROPPED = "dropped"  # set aside, and an organizer settled that nothing is to be done
    KNOWN = "known"  # the same mail as one recorded before, at another place: nothing was done again


class Status(StrEnum):
    """What became of a submission."""

    ACCEPTED = "accepted"  # checked and scored; it counts
    REFUSED = "refused"  # problems in the file; costs no quota
    OVER_QUOTA = "over-quota"  # fine, but the team's quota of the week is used up; not scored
    CLOSED = "closed"  # arrived before the phase opened or after it closed; not scored


class Exclusion(StrEnum):
    """Why an accepted submission counts for nothing; it keeps its score and the quota it used."""

    DISQUALIFIED = "disqualified"  # against the rules, as the organizers decided
    HIDDEN = "hidden"  # kept off the board while the organizers look into it
    WITHDRAWN = "withdrawn"  # by the team itself


class Ruling(StrEnum):
    """What the organizers ruled on a dispute."""

    ACCEPTED = "accepted"  # the team is right
    REJECTED = "rejected"  # the score stands


class Rule(StrEnum):
    """Which accepted submission of a team counts on a track."""

    LATEST = "latest"  # the latest
    BEST = "best"  # the best score, the earlier of equals
    SELECTED = "selected"  # of those that the team selected the best; if none, the best by what it was shown


class Source(StrEnum):
    """Who made a truth the present one."""

    CONFIG = "config"  # the label file that the config names, new or changed
    ORGANIZER = "organizer"  # a command, which gives a reason


class ReplyState(StrEnum):
    """Where a reply in the outbox stands."""

    QUEUED = "queued"  # to be sent when due
    SENDING = "sending"  # handed to the SMTP server; the answer is not in yet
    SENT = "sent"  # the SMTP server took it
    GIVEN_UP = "given-up"  # refused for good, or tried too often


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One prediction file of a mail after checking, before quota and phase."""

    file_name: str
    sha256: str
    size: int
    evaluation: Evaluation
    #: What it predicts, as :class:`scoring.evaluate.Evaluated` holds it; empty for a file with problems.
    values: Mapping[str, bytes] = field(default_factory=dict, repr=False)


# --- board -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The submission that counts for a team on a track."""

    team: str
    track: str
    #: Public id, as ``S-000123``.
    receipt: str
    method: str
    #: Unrounded score.
    score: float
    #: Metrics by name, unrounded.
    metrics: Mapping[str, float]
    #: When the mail arrived.
    arrived_at: datetime
    #: Accepted submissions of the team on the track so far.
    submissions: int


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a board's table."""

    #: 1, 1, 3 …; None for a baseline.
    rank: int | None
    team: str
    method: str
    #: Rounded as shown and ranked; None where the team has nothing on the track (Overall only).
    score: float
    #: Shown columns by key, rounded as shown: metrics, or per-track scores on Overall; None = "–".
    cells: Mapping[str, float | None]
    #: Arrival of the submission that counts; None for a baseline.
    date: datetime | None
    #: Accepted submissions so far; None for a baseline.
    submissions: int | None
    baseline: bool = False
    #: Public id of the submission that counts, as ``S-000123``; "" for a baseline and on Overall.
    receipt: str = ""
    #: The 95 % interval of the score, rounded as the score; None where it is unknown.
    interval: tuple[float, float] | None = None
    #: Letter of the tie group: its rows cannot be told from the first of them; "" where unknown.
    group: str = ""
    #: The least and the greatest rank that the row can have, from 1.
    ranks: tuple[int, int] | None = None
    #: Probability that this row and the next one down swap on other items, 0 to 0.5.
    flip: float | None = None


@dataclass(frozen=True, kw_only=True)
class Heading:
    """One metric column of a table."""

    key: str
    title: str
    #: Decimals shown.
    decimals: int


@dataclass(frozen=True, kw_only=True)
class Table:
    """One ranking: Overall or a track."""

    #: ``overall`` or the track's name.
    key: str
    title: str
    #: The formula of the score, as text.
    formula: str
    headings: tuple[Heading, ...]
    #: Ranked teams first, then the baselines by score.
    rows: tuple[Row, ...]
    #: Whether a greater score is the better one; not so for an error as RMSE.
    higher_is_better: bool = True


@dataclass(frozen=True, kw_only=True)
class Board:
    """Ranked standings at an instant; once published it is never changed."""

    challenge: str
    #: Standings count what arrived before this instant; it carries the challenge's zone.
    as_of: datetime
    tables: tuple[Table, ...]
    #: SHA-256 of the truth of each track, by track name.
    truths: Mapping[str, str]
    #: The rules that shaped the ranking, one sentence each, as printed under the tables.
    rules: tuple[str, ...]
    #: Whether these are the final results of the challenge.
    final: bool = False
