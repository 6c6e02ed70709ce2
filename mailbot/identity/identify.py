"""Find the team of a mail, and decide whether the mail is handled. Pure: the roster is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config import address as mailaddress
from mailbot.config.address import canonical
from mailbot.mail.automatic import ABSENCE
from mailbot.mail.model import Sign
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
    #: Number of the forwarded mail that an organizer answers.
    relays: int | None = None
    #: The command, in a mail that is held, where it changes what counts or who is on the team.
    changes: str = ""
    #: What it asks of the roster, and what came of that.
    request: Request | None = None
    result: Result | None = None
    #: Whether a forwarder put another address into From, so that nothing can prove who wrote the mail.
    rewritten: bool = False


def identify(
    mail: Mail,
    roster: Mapping[str, Team],
    own: Collection[str],
    holder: Team | None = None,
    *,
    has_files: bool = False,
    has_command: bool = False,
    answers_us: bool = False,
) -> Identity:
    """Find the team of a mail, and whether the mail is handled at all.

    ``roster`` maps lower-case addresses to teams, ``own`` are the addresses mailbot itself writes from. Only a mail
    with exactly one From address has a sender (RFC 5322 allows several; nobody honest here uses them). ``holder`` is
    the team whose key the mail carries: then a sender who is not on the roster is of that team, and the reply goes to
    the team's first address. ``ada+siqa@a.org`` writes for ``ada@a.org``, who is answered. Where a group that is our
    own address has rewritten From, the author is taken from what it says about that, and believed for nothing more.
    """
    senders, rewritten = mail.senders, False
    if any(canonical(sender) in own for sender in senders):
        authors = [author for author in mail.original if canonical(author) not in own]
        if mail.sign is Sign.LOOP or len(authors) != 1:
            return Identity(outcome=Outcome.OWN, reason="it comes from the submission address itself")
        senders, rewritten = (authors[0],), True
    if len(senders) != 1:
        return Identity(outcome=Outcome.UNKNOWN_SENDER, reason=f"{len(senders)} From addresses")
    sender = senders[0]
    address = sender if sender in roster else canonical(sender)
    team = roster.get(address) or (holder if holder and holder.addresses else None)
    if _is_machines(mail, team, has_files=has_files, has_command=has_command, answers_us=answers_us):
        return Identity(team=team, outcome=Outcome.AUTOMATIC, reason=mail.automatic)
    if team is None:
        reason = "the sender is not on the roster"
        return Identity(reply_to=_mailable(sender), outcome=Outcome.UNKNOWN_SENDER, reason=reason)
    reply_to = address if address in roster else team.addresses[0]
    return Identity(team=team, reply_to=reply_to, rewritten=rewritten)


def _is_machines(mail: Mail, team: Team | None, *, has_files: bool, has_command: bool, answers_us: bool) -> bool:
    """Whether a machine wrote a mail, so that it is not handled: silence needs proof.

    Of a team, only strong signs count, and no sign of a machine's answer outweighs a result file.
    """
    if mail.sign is None or team is None:
        return mail.sign is not None
    if mail.sign in {Sign.LOOP, Sign.REPORT}:
        return True
    if has_files:
        return False
    if mail.sign is Sign.REPLY:
        return answers_us or not has_command
    return mail.automatic == ABSENCE and answers_us


def _mailable(address: str) -> str | None:
    """Return a stranger's address; None when it is none that a roster could hold, so that nobody is written to."""
    if REPLACEMENT in address:  # a mark that something strange stood there
        return None
    try:
        mailaddress.parsed(address)
    except ValueError:
        return None
    return address
