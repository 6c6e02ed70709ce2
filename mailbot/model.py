"""The records and enumerations that several packages share."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from scoring.fairness.ladder import Reached
    from scoring.model import Evaluation


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
    """The state of a mail. Only the ledger says so, never a flag in the mailbox."""

    SPOOLED = "spooled"  # raw bytes on disk and a row here; nothing decided yet
    WORKING = "working"  # an attempt was counted and is running, or was killed
    RECORDED = "recorded"  # decision, submissions, scores and reply are in the ledger
    SET_ASIDE = "set-aside"  # our code could not process it: kept unchanged for an organizer


class Outcome(StrEnum):
    """The outcome of a mail as a whole, for lists and the journal."""

    SCORED = "scored"  # at least one submission was accepted
    REFUSED = "refused"  # it has submissions, but none was accepted
    REPEATED = "repeated"  # only values that were accepted before in the same week: answered as that submission
    NO_SUBMISSION = "no-submission"  # it contains nothing that could be a result file
    UNKNOWN_SENDER = "unknown-sender"  # the sender is not on the roster
    AUTOMATIC = "automatic"  # a bounce, an out-of-office, a list: recorded, never answered
    OWN = "own"  # written by this mailbot
    HELD = "held"  # the sender is not proven well enough: it waits for the team's confirmation, or an organizer's
    CONFIRMED = "confirmed"  # the team's confirmation of a held mail, which is processed now
    NOT_CONFIRMED = "not-confirmed"  # a confirmation whose code has expired, was used, or is of another mail
    COMMAND = "command"  # the team sent a command, and was answered
    ENTRY = "entry"  # a paper or code was handed in
    REGISTERED = "registered"  # it registered a team, or confirmed one from a form or file; the team was welcomed
    NOT_REGISTERED = "not-registered"  # a registration or change of members that was impossible; the reply says why
    MEMBERS = "members"  # the leader added or removed addresses of the team
    RELAYED = "relayed"  # an organizer's answer to a forwarded mail; it goes to the team that had asked
    DROPPED = "dropped"  # set aside, and an organizer decided that nothing is to be done
    KNOWN = "known"  # the same mail as one recorded before, in another place: nothing was done again


class Status(StrEnum):
    """The status of a submission."""

    ACCEPTED = "accepted"  # checked and scored; it counts
    REFUSED = "refused"  # problems in the file; costs no quota
    OVER_QUOTA = "over-quota"  # in order, but the team's quota of the week is used up; not scored
    CLOSED = "closed"  # arrived before the phase opened or after it closed; not scored
    REPEATED = "repeated"  # the values of one accepted this week: answered as that one, not recorded again


ENTERED = tuple(status for status in Status if status is not Status.REPEATED)
"""What a submission in the ledger may be."""


class Exclusion(StrEnum):
    """Why an accepted submission does not count; it keeps its score and the quota it used."""

    DISQUALIFIED = "disqualified"  # against the rules, by a decision of the organizers
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
    """The state of a reply in the outbox."""

    QUEUED = "queued"  # to be sent when due
    SENDING = "sending"  # handed to the SMTP server, which has not answered yet
    SENT = "sent"  # the SMTP server accepted it
    GIVEN_UP = "given-up"  # refused permanently, or tried too often


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One prediction file of a mail after checking, before quota and phase."""

    file_name: str
    sha256: str
    size: int
    evaluation: Evaluation
    #: What it predicts, as :class:`scoring.model.Evaluated` holds it; empty for a file with problems.
    values: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    #: What decides in the end, where there is a split.
    final: Evaluation | None = None
    #: How far its team has come with it, where the phase tells that.
    reached: Reached | None = None

    @cached_property
    def values_sha256(self) -> str | None:
        """The SHA-256 of what it predicts, hex, the same in every form; None for a file with problems."""
        if not self.values:
            return None
        digest = hashlib.sha256()
        for name, data in sorted(self.values.items()):
            digest.update(f"{name} {len(data)}\n".encode() + data)
        return digest.hexdigest()


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


class AuthLevel(StrEnum):
    """How well the sender of a mail is proven, the best proof first."""

    KEY = "key"  # it contains the team's secret key
    DMARC = "dmarc"  # the mail server that received it says so: dmarc=pass in its Authentication-Results (RFC 8601)
    DKIM = "dkim"  # a signature of the sender's domain is valid, as checked here (RFC 6376)
    CONFIRMED = "confirmed"  # the team confirmed it at its registered address
    NONE = "none"  # only the From field says so, which anybody can write


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing handed in."""

    #: A file's name, or a link.
    what: str
    #: Of a file: SHA-256, hex, and bytes.
    sha256: str | None = None
    size: int | None = None


MOST_SELECTED = 2
"""So many submissions a team may select on a track, as Kaggle has it: more would be best-of-many on the labels."""


def name_key(name: str) -> str:
    """Return what makes a team name unique: NFKC, case folded, white space squeezed."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How sure it is who sent a mail, and whether that is enough."""

    level: AuthLevel = AuthLevel.NONE
    #: What proves it, or why nothing does; a few words, no address and no secret.
    why: str = ""
    enough: bool = True
    #: What the same mail, sent once more by somebody else, would bear too: hashes of what was signed.
    marks: tuple[str, ...] = ()
    #: When it was signed, in seconds since 1970; None where no signature counts.
    signed_at: int | None = None


# --- public ids ------------------------------------------------------------------------------


class Id(StrEnum):
    """The letter of a public id, as ``S-000123``: what people see and type, and the audit trail names."""

    MAIL = "M"
    SUBMISSION = "S"  # the receipt that replies print
    REPLY = "R"
    ENTRY = "E"
    TEAM = "T"

    def of(self, number: int) -> str:
        """Write the id with a number."""
        return f"{self}-{number:06d}"

    def number(self, text: str) -> int:
        """Return the number of an id as :meth:`of` writes it. Raises ValueError for anything else."""
        letter, _, digits = text.partition("-")
        if letter != self:
            raise ValueError(f"{text!r} is not an id as {self.of(12)}")
        return int(digits)


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Two submissions of different teams that look alike, the earlier one first."""

    first: int
    second: int
    #: One of :class:`scoring.fairness.similarity.Kind`.
    kind: str
    value: float
    #: As :class:`scoring.fairness.similarity.Likeness` has it; None where it was not compared with all pairs.
    outlying: float | None = None
