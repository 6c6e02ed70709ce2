"""The organizers' digest of a week, counted from the ledger alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.ledger import disputes, held, mails, observations, outbox, quota, similarities
from mailbot.model import MailState, Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailbot.ledger import Tx
    from mailbot.ledger.observations import HealthRow, Unanswered
    from mailbot.ledger.quota import GrantRow
    from mailbot.ledger.similarities import LikenessRow

OWN = "mailbot"
"""Who acts in the audit trail when nobody typed a command."""

MOST_NAMES = 20

MOST_MAILS = 100


@dataclass(frozen=True, kw_only=True)
class Digest:
    """The numbers, each in the order shown."""

    since: datetime
    until: datetime
    #: Mails that arrived, and of these by outcome.
    mails: int
    outcomes: Sequence[tuple[Outcome, int]]
    #: Files in them by status, and why the refused ones were refused.
    statuses: Sequence[tuple[Status, int]]
    problems: Sequence[tuple[str, int]]
    #: Teams that came onto the roster, the first by name.
    new_teams: Sequence[str]
    more_teams: int
    #: Pairs of submissions of different teams that look alike, the first of them.
    similar: Sequence[LikenessRow]
    more_similar: int
    #: What the organizers let teams submit beyond the quota.
    grants: Sequence[GrantRow]
    #: Mails that nobody was answered, the first of them.
    unanswered: Sequence[Unanswered]
    more_unanswered: int
    #: What people did by command, by the kind of the entry in the audit trail.
    acts: Sequence[tuple[str, int]]
    #: Replies that the limits withheld, and mails of ours that could not be sent.
    withheld: int
    given_up: int
    #: As things are now: mails whose case is not closed, by state, and mails of ours still to be sent.
    pending: Sequence[tuple[MailState, int]]
    #: Mails that wait for the team's word, or an organizer's, on who sent them.
    held: int
    waiting: int
    #: Disputes that nobody has ruled on.
    disputes: int
    #: The parts that do not do well.
    unwell: Sequence[HealthRow]

    @property
    def set_aside(self) -> int:
        """Mails that our code could not handle."""
        return dict(self.pending)[MailState.SET_ASIDE]


def gather(tx: Tx, *, since: datetime, until: datetime) -> Digest:
    """Count what arrived and happened from ``since`` until before ``until``, and how things stand."""
    outcomes = observations.mails_by_outcome(tx, since, until)
    statuses = observations.submissions_by_status(tx, since, until)
    kinds = observations.entries_by_kind(tx, since, until)
    teams = observations.subjects(tx, since, until, kind="team-added")
    silent = observations.unanswered(tx, since, until)
    similar = [pair for pair in similarities.listing(tx, since=since) if pair.found_at < until]
    return Digest(
        since=since,
        until=until,
        mails=outcomes.total(),
        outcomes=[(one, outcomes[one]) for one in Outcome if outcomes[one]],
        statuses=[(one, statuses[one]) for one in Status if statuses[one]],
        problems=observations.problems_by_code(tx, since, until).most_common(),
        new_teams=teams[:MOST_NAMES],
        more_teams=len(teams[MOST_NAMES:]),
        similar=similar[:MOST_NAMES],
        more_similar=len(similar[MOST_NAMES:]),
        grants=quota.grants_between(tx, since, until),
        unanswered=silent[:MOST_MAILS],
        more_unanswered=len(silent[MOST_MAILS:]),
        acts=sorted(observations.acts_of_people(tx, since, until, own=OWN).items()),
        withheld=kinds["reply-withheld"],
        given_up=observations.given_up(tx, since),
        pending=[(one, mails.count(tx, state=one)) for one in MailState if one is not MailState.RECORDED],
        held=held.count(tx),
        waiting=outbox.waiting(tx),
        disputes=len(disputes.open_since(tx)),
        unwell=[row for row in observations.health_of_parts(tx) if not row.ok],
    )
