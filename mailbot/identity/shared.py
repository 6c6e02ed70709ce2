"""An inbox that people share: which of its mails are for mailbot, told by their header alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config.address import canonical
from mailbot.identity.registration import is_register
from mailbot.ledger import outbox, teams
from mailbot.mail.subject import strip_reply

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mailbot.ledger import Ledger
    from mailbot.mail.head import Head


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Tells the mails of teams and registrations from those of others."""

    ledger: Ledger
    #: The words in brackets of the subject that teams are asked to use.
    tag: str
    #: The addresses that mailbot itself writes from.
    own: Collection[str]

    def wanted(self, heads: Mapping[int, Head]) -> set[int]:
        """Return the UIDs of the mails that are for mailbot.

        Those are mails of an address of the roster, with a team key, registrations, mails with the subject tag, our
        own, and what answers or reports on a mail of ours. What From says is believed here: nobody is answered for it.
        """
        with self.ledger.read() as tx:
            roster = {address for team in teams.everyone(tx) for address in team.addresses}
            answering = {uid for uid, head in heads.items() if outbox.is_ours(tx, head.answers)}
        return answering | {uid for uid, head in heads.items() if self._is_ours(head, roster)}

    def _is_ours(self, head: Head, roster: Collection[str]) -> bool:
        known = any(
            sender in roster or canonical(sender) in roster or canonical(sender) in self.own for sender in head.senders
        )
        subject = strip_reply(head.subject)
        tagged = bool(self.tag) and f"[{self.tag}]".casefold() in " ".join(subject.split()).casefold()
        return known or tagged or head.has_key or head.is_own or is_register(subject)
