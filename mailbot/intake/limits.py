"""The limits on replies: each kind has a budget of its own, so that mails which anybody can forge use up no other.

A reply that is owed waits for its budget and is never left out. What a team proves to be its own is counted apart from
what anybody may have written in its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from mailbot.config.calendar import DAY, HOUR
from mailbot.identity import confirmation
from mailbot.ledger import held
from mailbot.ledger.guard.budgets import Counted, lately, latest_reply
from mailbot.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mailbot.config.teams import RepliesSection
    from mailbot.intake.answers import Answer
    from mailbot.ledger import Tx
    from mailbot.ledger.guard.budgets import Lately

STRANGER = "unknown-sender"
"""The kind of the reply to somebody who is on no team: at most one a day, and only when the config says so."""

REPLY = "reply"

OWED = (
    Outcome.SCORED, Outcome.REFUSED, Outcome.COMMAND, Outcome.ENTRY, Outcome.REGISTERED, Outcome.NOT_REGISTERED,
    Outcome.MEMBERS,
)  # fmt: skip
"""What a team is always answered: its files, its commands, what it hands in, its registration."""

LONGEST = timedelta(hours=23)
"""No reply waits longer for its budget, however many forged mails used that up."""

MOST_WAITING = 500
"""Questions to one address that wait to be sent; whoever is asked so often is under attack, and nobody reads more."""


class Budget(Enum):
    """What a reply is counted as."""

    RECEIPT = "receipt"  # what a team is owed
    NOTE = "note"  # any other answer to a team
    QUESTION = "question"  # to a team, whether a mail is its own
    STRANGER = "stranger"  # to somebody who is on no team


@dataclass(frozen=True, kw_only=True)
class Slot:
    """When one more reply may be sent."""

    at: datetime
    #: The limit that it waits for; "" when it need not wait.
    limit: str = ""
    #: Whether it is written at all.
    granted: bool = True


def budget_of(answer: Answer) -> Budget:
    """Return what a reply is counted as."""
    if answer.team is None:
        return Budget.STRANGER
    if answer.outcome is Outcome.HELD:
        return Budget.QUESTION
    return Budget.RECEIPT if answer.outcome in OWED else Budget.NOTE


def slot(tx: Tx, limits: RepliesSection, answer: Answer, recipient: str, now: datetime) -> Slot:
    """Return when a reply to an address may be sent, and whether it is written: what is owed always is."""
    budget, domain = budget_of(answer), recipient.rpartition("@")[2]
    scopes = list(_scopes(limits, answer, budget, recipient))
    since = now - LONGEST - DAY
    found = lately(tx, _counted(answer, budget), domain=domain, since=since, hour=now - HOUR, day=now - DAY)
    full = [(_free_at(tx, one, now), one.words) for one in scopes if one.may_be_full(found)]
    at, limit = max(full, key=lambda each: each[0], default=(now, ""))
    if at <= now:
        return Slot(at=now)
    return Slot(at=min(at, now + LONGEST), limit=limit, granted=_is_owed(tx, answer, budget, recipient))


def _is_owed(tx: Tx, answer: Answer, budget: Budget, recipient: str) -> bool:
    """Whether a reply waits for its budget: also an answer to a code that only the team got, or to what it proved."""
    if budget is Budget.QUESTION:
        return held.waiting(tx, recipient) < MOST_WAITING
    has_code = answer.outcome is Outcome.NOT_CONFIRMED and answer.why != confirmation.WRONG
    return budget is Budget.RECEIPT or (budget is Budget.NOTE and (has_code or answer.is_proven))


@dataclass(frozen=True, kw_only=True)
class _Scope:
    """One limit: at most so many replies in a window of time."""

    most: int
    window: timedelta
    words: str
    counted: Counted

    def may_be_full(self, found: Lately) -> bool:
        """Whether so many replies were written lately that it has to be asked when the limit is free."""
        if not (self.counted.recipient or self.counted.domain):
            return found.in_all_hour >= self.most
        return (found.to_domain_day if self.window == DAY else found.to_domain_hour) >= self.most


def _scopes(limits: RepliesSection, answer: Answer, budget: Budget, recipient: str) -> Iterator[_Scope]:
    """Yield the limits that a reply counts in."""
    hour, day = limits.per_address_hour, limits.per_address_day
    what = "replies"
    if budget is Budget.QUESTION:
        hour, day, what = confirmation.PER_HOUR, confirmation.PER_DAY, "questions"
    everything = _counted(answer, budget)
    to_address = everything.to(recipient=recipient)
    to_domain = everything.to(domain=recipient.rpartition("@")[2])
    yield _Scope(most=hour, window=HOUR, words=f"{hour} {what} an hour to one address", counted=to_address)
    yield _Scope(most=day, window=DAY, words=f"{day} {what} a day to one address", counted=to_address)
    most = limits.per_domain_hour
    yield _Scope(most=most, window=HOUR, words=f"{most} {what} an hour to one domain", counted=to_domain)
    most = limits.per_hour
    yield _Scope(most=most, window=HOUR, words=f"{most} {what} an hour in all", counted=everything)


def _counted(answer: Answer, budget: Budget) -> Counted:
    """Return what is counted together with a reply."""
    if budget is Budget.STRANGER:
        return Counted(of_team=False)
    if budget is Budget.QUESTION:
        return Counted(of_team=True, kind=held.QUESTION)
    return Counted(
        of_team=True, kind=REPLY, outcomes=OWED, are_outcomes=budget is Budget.RECEIPT, proven=answer.is_proven
    )


def _free_at(tx: Tx, scope: _Scope, now: datetime) -> datetime:
    """Return when one more is within a limit: a window after the last one that fills it."""
    found = latest_reply(tx, scope.counted, nth=scope.most, since=now - LONGEST - scope.window)
    return found + scope.window if found else now
