"""Find the team of a mail, and decide whether the mail is handled. Pure: the roster is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config import address as mailaddress
from mailbot.config.address import canonical
from mailbot.model import Outcome, Team
from scoring.text import REPLACEMENT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mailbot.identity.registration import Request, Result
    from mailbot.mail.model import Mail
    from mailbot.model import Verdict


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What is known of a mail's sender."""

    #: The team, when the sender is on the roster.
    team: Team | None = None
    #: Where a reply may go: the roster's own address, or a stranger's; None when nobody may be answered.
    reply_to: str | None = None
    #: What becomes of the mail without looking further; None when its files are to be judged.
    outcome: Outcome | None = None
    #: Why, in a few words for the organizers.
    reason: str | None = None
    #: How sure it is that the mail is the team's; None where nobody asked.
    verdict: Verdict | None = None
    #: Number of the held mail that this one confirms.
    confirms: int | None = None
    #: The command, in a mail that is held, where it changes what counts or who is on the team.
    changes: str = ""
    #: What it asks of the roster, and what came of that.
    request: Request | None = None
    result: Result | None = None


def identify(mail: Mail, roster: Mapping[str, Team], own: Collection[str], holder: Team | None = None) -> Identity:
    """Find the team of a mail.

    ``roster`` maps lower-case addresses to teams, ``own`` are the addresses mailbot itself writes from. Only a mail
    with exactly one From address has a sender (RFC 5322 allows several; nobody honest here uses them). ``holder`` is
    the team whose key the mail carries: then a sender who is not on the roster is of that team, and the reply goes to
    the team's first address.
    """
    if any(canonical(sender) in own for sender in mail.senders):
        return Identity(outcome=Outcome.OWN, reason="it comes from the submission address itself")
    if len(mail.senders) != 1:
        return Identity(outcome=Outcome.UNKNOWN_SENDER, reason=f"{len(mail.senders)} From addresses")
    sender = mail.senders[0]
    team = roster.get(sender)
    if mail.automatic:
        return Identity(team=team, outcome=Outcome.AUTOMATIC, reason=mail.automatic)
    if team is None and holder is not None and holder.addresses:
        return Identity(team=holder, reply_to=holder.addresses[0])
    if team is None:
        reason = "the sender is not on the roster"
        return Identity(reply_to=_mailable(sender), outcome=Outcome.UNKNOWN_SENDER, reason=reason)
    return Identity(team=team, reply_to=sender)


def _mailable(address: str) -> str | None:
    """Return a stranger's address; None when it is none that a roster could hold, so that nobody is written to."""
    if REPLACEMENT in address:  # a mark that something strange stood there
        return None
    try:
        mailaddress.parsed(address)
    except ValueError:
        return None
    return address
