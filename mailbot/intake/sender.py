"""Who sent a mail: its team, what it asks of the roster, what it confirms, and whether it must be held."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.config.address import canonical
from mailbot.identity import confirmation
from mailbot.identity.identify import Identity, identify
from mailbot.identity.registration import Wish
from mailbot.intake import inquiry, relay
from mailbot.intake.registrar import UNCONFIRMED
from mailbot.ledger import outbox, teams
from mailbot.model import AuthLevel, Id, Outcome
from scoring.text import printable

if TYPE_CHECKING:
    from mailbot.identity.assess import Assessor
    from mailbot.identity.confirmation import Questions, Said
    from mailbot.intake.commands import Command
    from mailbot.intake.recorded import Known
    from mailbot.intake.registrar import Registrar
    from mailbot.ledger import Ledger
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.model import Mail

NEEDS_PROOF = "what it asks for needs proof of the sender"
"""Why a mail is held that would count, had it brought a file."""

NO_CODE = "it does not bear the code that the team was sent"
"""Why a word that confirms a registration is held."""

LONGEST_ASKED = 500
"""Characters of a command that the question about it shows."""


THANKS = "an answer to a reply, without a file or a question"


@dataclass(frozen=True, kw_only=True)
class Senders:
    """Finds out who sent a mail."""

    ledger: Ledger
    assessor: Assessor
    registrar: Registrar
    questions: Questions

    def identify(
        self, row: MailRow, mail: Mail, known: Known | None, *, has_files: bool, has_command: bool
    ) -> Identity:
        """Return whose mail it is, and what becomes of it without looking at its files.

        ``known`` is what was found when it was recorded first; ``has_files`` and ``has_command`` say whether it brings
        something that is to be handled.
        """
        with self.ledger.read() as tx:
            authors = (*mail.senders, *mail.original)
            roster = teams.by_address(tx, [*authors, *map(canonical, authors)])
            answers_us = outbox.is_ours(tx, mail.references)
            holder = self.assessor.holder(tx, mail.claims)
        identity = identify(
            mail,
            roster,
            self.assessor.own,
            holder,
            has_files=has_files,
            has_command=has_command,
            answers_us=answers_us,
        )
        if row.auth is AuthLevel.CONFIRMED and row.team_id is not None and identity.team is None:
            identity = self._assigned(row.team_id)
        asked = self._relayed(mail) if identity.team is None or not (has_files or has_command) else None
        if asked is not None and identity.outcome in {None, Outcome.UNKNOWN_SENDER}:
            reason = f"an organizer's answer to {Id.MAIL.of(asked)}"
            return Identity(outcome=Outcome.RELAYED, reason=reason, relays=asked)
        identity = self.registrar.seen(row, mail, identity, known)
        said = confirmation.read(mail.subject, mail.text)
        identity = known.of(identity, mail) if known is not None else identity
        if said is not None and said.team_id:
            return self._with_code(row, identity, said, known, has_files=has_files)
        said = said if known is None else None
        stranger = self.registrar.may_answer(identity)
        if said is not None and ((identity.outcome is None and identity.team is not None) or stranger):
            answer = self._confirmed(identity, said)
            if answer.confirms or not (has_files or has_command):
                return answer
        handled = has_files or has_command or identity.request is not None
        if identity.outcome is None and answers_us and not handled and not inquiry.wants_an_answer(mail):
            return Identity(team=identity.team, outcome=Outcome.NO_SUBMISSION, reason=THANKS)
        return identity

    def _relayed(self, mail: Mail) -> int | None:
        """Return the mail that an organizer answers; None for any other mail."""
        with self.ledger.read() as tx:
            return relay.answered(tx, mail)

    def _assigned(self, team_id: int) -> Identity:
        """Return whose a mail is that an organizer assigned; the team is answered, not the address it came from."""
        with self.ledger.read() as tx:
            team = teams.with_id(tx, team_id)
            return Identity(team=team, reply_to=teams.recipient(team, teams.bouncing(tx)))

    def _with_code(
        self, row: MailRow, identity: Identity, said: Said, known: Known | None, *, has_files: bool
    ) -> Identity:
        """Return the identity of a mail that bears a team's code, unless it is settled or is about something else."""
        is_open = identity.outcome in {None, Outcome.UNKNOWN_SENDER} and identity.reply_to is not None
        if not is_open or (known is not None and not known.registration) or (has_files and not said.sure):
            return identity
        return self.registrar.answered(row, identity, said, again=known is not None)

    def _confirmed(self, identity: Identity, said: Said) -> Identity:
        """Return what an answer to a question about a held mail is; that it came back is proof enough."""
        with self.ledger.read() as tx:
            fault = self.questions.fault(tx, said, identity.team.id if identity.team else None, identity.reply_to)
        if fault:
            return replace(identity, outcome=Outcome.NOT_CONFIRMED, reason=fault)
        reason = f"it confirms {Id.MAIL.of(said.mail_id)}"
        return replace(identity, outcome=Outcome.CONFIRMED, reason=reason, reply_to=None, confirms=said.mail_id)


def held(identity: Identity, command: Command | None, *, has_files: bool, wanted: bool) -> Identity:
    """Hold a mail that brings files, or asks for something, and is not sure enough.

    What changes something and is proven by nothing is held, whatever else counts.
    """
    verdict, team = identity.verdict, identity.team
    if identity.outcome is not None or verdict is None or not wanted:
        return identity
    request, is_confirmed = identity.request, verdict.level is AuthLevel.CONFIRMED
    if team and team.unconfirmed and has_files and not is_confirmed:
        return replace(identity, outcome=Outcome.HELD, reason=UNCONFIRMED)
    if request and request.wish is Wish.CONFIRM and not (request.has_code or is_confirmed or has_files):
        return replace(identity, outcome=Outcome.HELD, reason=NO_CODE, changes=str(request))
    asked = command or identity.request
    changes = printable(str(asked), LONGEST_ASKED) if asked and asked.changes and not has_files else ""
    if verdict.enough and not (changes and verdict.level is AuthLevel.NONE):
        return identity
    why = verdict.why or "nothing proves who sent it"
    reason = f"{why}; {NEEDS_PROOF}" if verdict.enough else why
    return replace(identity, outcome=Outcome.HELD, reason=reason, changes=changes)
