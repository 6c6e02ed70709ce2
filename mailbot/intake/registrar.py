"""Registration by mail: check what a mail asks of the roster, and carry it out inside the record's transaction.

A registration is held like a mail that is not sure enough: its sender is asked, at that very address, and the answer
with the code makes the mail due again. Only then is anybody registered.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.config.address import canonical
from mailbot.identity import align, confirmation, level, names, notices, registration, roster
from mailbot.identity.registration import MOST_MEMBERS, Request, Result, Wish
from mailbot.ledger import events, held, mails, teams
from mailbot.ledger.daybook import keep_roster
from mailbot.ledger.guard import mailboxes
from mailbot.mail import teamkey
from mailbot.model import AuthLevel, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.config.schema import Config
    from mailbot.identity.confirmation import Said
    from mailbot.identity.identify import Identity
    from mailbot.intake.case import Case
    from mailbot.intake.recorded import Known
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.model import Mail
    from mailbot.model import Team


ON_A_TEAM = "your address is on a team already; an address can be on one team only"

WAITS = "a registration that its sender confirmed; an organizer approves it, or does nothing"

STALE = "it was signed more than 72 hours before it arrived; please send it again"

UNCONFIRMED = "your team has not confirmed its registration yet"


@dataclass(frozen=True, kw_only=True)
class Registrar:
    """Carries out what mails ask of the roster."""

    ledger: Ledger
    challenge: Challenge
    config: Config
    secret: bytes
    clock: Callable[[], datetime]

    def seen(self, row: MailRow, mail: Mail, identity: Identity, known: Known | None) -> Identity:
        """Return the identity with what the mail asks of the roster; a stranger's is settled here."""
        if identity.outcome is None and identity.team is not None:
            return replace(identity, request=registration.of_team(mail, identity.team))
        by_mail = self.config.registration.by_mail or (known is not None and known.registration)
        if identity.outcome is not Outcome.UNKNOWN_SENDER or identity.reply_to is None or not by_mail:
            return identity
        request = registration.of_stranger(mail, self.config.own_addresses)
        if request is None:
            return identity
        with self.ledger.read() as tx:
            fault = self._fault(tx, request, row)
        if fault:
            result = Result(request=request, fault=fault)
            return replace(identity, request=request, result=result, outcome=Outcome.NOT_REGISTERED, reason=fault)
        asked = row.auth is not AuthLevel.CONFIRMED
        outcome, reason = (Outcome.HELD, "a registration") if asked else (Outcome.REGISTERED, None)
        return replace(identity, request=request, outcome=outcome, reason=reason)

    def answered(self, row: MailRow, identity: Identity, said: Said, *, again: bool) -> Identity:
        """Return the identity of a mail with a team's code: it joins the team, or confirms it, or says why it cannot.

        ``again``: it did when it was handled first.
        """
        sender = identity.reply_to or ""
        with self.ledger.read() as tx:
            team = teams.find(tx, said.team_id)
            if identity.team is not None:
                own = confirmation.code_of_team(self.secret, said.team_id, identity.team.addresses[0])
                fault = "" if identity.team == team and confirmation.is_code(said.code, own) else confirmation.WRONG
            else:
                fault = self._invitation_fault(tx, team, sender, said, row.arrived_at)
        fault = fault or ("" if said.sure else confirmation.UNSAID)
        if fault and not again:
            return replace(identity, outcome=Outcome.NOT_CONFIRMED, reason=fault)
        if identity.team is not None:
            return replace(identity, request=Request(wish=Wish.CONFIRM, has_code=True))
        joins = Request(wish=Wish.JOIN, addresses=(sender,), team_id=said.team_id)
        return replace(identity, request=joins, outcome=Outcome.MEMBERS, reason=None)

    def _invitation_fault(self, tx: Tx, team: Team | None, sender: str, said: Said, at: datetime) -> str:
        """Say why somebody cannot join a team by a code; "" when it is that of an open invitation."""
        sent = mailboxes.invitations(tx, said.team_id, sender)
        right = confirmation.code_of_team(self.secret, said.team_id, sender, len(sent))
        if team is None or not sent or not confirmation.is_code(said.code, right):
            return confirmation.WRONG
        return "" if notices.is_open(tx, team.id, sender, sent, at) else "the invitation is not open any more"

    def may_answer(self, identity: Identity) -> bool:
        """Whether a mail may be the answer of somebody who was asked about a registration."""
        by_mail, unknown = self.config.registration.by_mail, identity.outcome is Outcome.UNKNOWN_SENDER
        return by_mail and unknown and identity.reply_to is not None

    def _fault(self, tx: Tx, request: Request, row: MailRow) -> str:
        """Say why nobody can be registered like that; "" when it can be."""
        if self.config.registration.is_closed(row.arrived_at):
            return "registration is closed. The organizers can still let a team in, if there is a good reason"
        if len(request.addresses) > MOST_MEMBERS:
            return f"it names more than {MOST_MEMBERS} addresses; name fewer, the leader can add others later"
        try:
            name = names.tidy(request.name)
        except ValueError as error:
            return str(error)
        if teams.with_name(tx, name):
            return f"a team named {name!r} is registered already; choose another name, or ask its leader to add you"
        everyone = teams.everyone(tx)
        if align.is_full(request.addresses[0], everyone, self.config.registration):
            return "as many teams of your domain are registered as may be by mail; ask the organizers to let yours in"
        fault = names.Names((team.name for team in everyone), names.Reserved.of(self.config)).fault(name)
        return f"{name!r} is not a team name: {fault}" if fault else ""

    # --- inside the record's transaction --------------------------------------------------------

    def enter(self, tx: Tx, case: Case) -> Case:
        """Do what the mail asks for; return the case with what came of it."""
        identity, team = case.identity, case.identity.team
        if identity.outcome is Outcome.REGISTERED and identity.request is not None:
            return replace(case, identity=self._register(tx, case, identity.request))
        if identity.outcome is Outcome.MEMBERS and identity.request is not None:
            return replace(case, identity=self._join(tx, case, identity.request))
        if identity.outcome is not None or team is None:
            return case
        sure = identity.verdict is not None and identity.verdict.level is AuthLevel.CONFIRMED
        wish = identity.request.wish if identity.request else None
        if team.unconfirmed and (sure or wish is Wish.CONFIRM) and teams.confirm(tx, team.id):  # held without a code
            events.append(tx, kind="team-confirmed", subject=team.name, now=self.clock(), by=case.row.name)
            identity = replace(identity, team=replace(team, unconfirmed=False))
        if identity.request is None or case.opened.candidates or case.entry is not None:
            return replace(case, identity=identity)
        if wish is Wish.CONFIRM:
            made = self._first_key(tx, case, team)
            done = Result(request=identity.request, key=made)
            return replace(case, identity=replace(identity, outcome=Outcome.REGISTERED, result=done))
        return replace(case, identity=self._change(tx, case, identity, identity.request))

    def hold_back(self, tx: Tx, mail_id: int, now: datetime) -> bool:
        """Whether a registration that its sender has confirmed waits for an organizer; then those who wait are told."""
        row, sender = mails.get(tx, mail_id), held.asked_whom(tx, mail_id)
        if not self.config.registration.approve or row is None or row.team_id is not None or sender is None:
            return False
        if held.note(tx, mail_id, WAITS):
            notices.tell_of_waiting(tx, self.challenge, row, sender, now)
        return True

    def _register(self, tx: Tx, case: Case, request: Request) -> Identity:
        """Register the team of a mail that its sender has confirmed."""
        name = names.tidy(request.name)
        fault = self._fault(tx, request, case.row)  # another team may have come in between
        if fault:
            result = Result(request=request, fault=fault)
            return replace(case.identity, outcome=Outcome.NOT_REGISTERED, reason=fault, result=result)
        taken = teams.by_address(tx, request.addresses)
        free = [address for address in request.addresses if address not in taken]
        team = self._add(tx, case, name, free[:1])
        made = self._first_key(tx, case, team)
        left_out = tuple(a for a in request.addresses if a in taken)
        result = self._invite(tx, team, free[1:], Result(request=request, key=made, left_out=left_out))
        return replace(case.identity, team=team, result=result)

    def _join(self, tx: Tx, case: Case, request: Request) -> Identity:
        """Take onto a team whoever was invited and answered."""
        team = teams.with_id(tx, request.team_id)
        if teams.by_address(tx, request.addresses):  # it joined another in between
            result = Result(request=request, fault=ON_A_TEAM)
            return replace(case.identity, outcome=Outcome.NOT_REGISTERED, reason="joined another", result=result)
        return replace(
            case.identity, team=self._add(tx, case, team.name, request.addresses), result=Result(request=request)
        )

    def _invite(self, tx: Tx, team: Team, addresses: Sequence[str], result: Result) -> Result:
        """Ask each address whether to be on the team; return the result with who was asked."""
        now = self.clock()
        asked = [a for a in addresses if notices.invite(tx, self.challenge, team, a, now, secret=self.secret)]
        return replace(result, invited=tuple(asked), unasked=tuple(a for a in addresses if a not in asked))

    def _change(self, tx: Tx, case: Case, identity: Identity, request: Request) -> Identity:
        """Add or remove members, on the leader's word."""
        team = teams.with_id(tx, case.identity.team.id) if case.identity.team else None
        if team is None:
            return identity
        stale = level.is_stale(identity.verdict, case.row.arrived_at)
        fault = STALE if stale else self._member_fault(tx, team, case.opened.mail.senders[0], request)
        if fault:
            result = Result(request=request, fault=fault)
            return replace(identity, outcome=Outcome.NOT_REGISTERED, reason=str(request.wish), result=result)
        result = Result(request=request)
        if request.wish is Wish.ADD:
            result = self._invite(tx, team, [a for a in request.addresses if a not in team.addresses], result)
        else:
            own = (identity.reply_to or "",)
            self._remove(tx, case, team, own if request.wish is Wish.LEAVE else request.addresses)
        changed = teams.with_id(tx, team.id)
        return replace(identity, team=changed, outcome=Outcome.MEMBERS, result=result)

    def _member_fault(self, tx: Tx, team: Team, sender: str, request: Request) -> str:
        if request.wish is Wish.LEAVE:
            leads = canonical(sender) == canonical(team.addresses[0])
            return "you are the leader; only the organizers can take your address off" if leads else ""
        if sender != team.addresses[0]:
            return "only the team's leader, whose address was registered first, adds and removes members"
        if request.wish is Wish.REMOVE:
            strange = [a for a in request.addresses if a not in {*team.addresses, *mailboxes.invited(tx, team.id)}]
            return f"{', '.join(strange)} is not on your team" if strange else self._of_leader(team, request)
        if set(teams.by_address(tx, request.addresses)) - set(team.addresses):
            return "one of the addresses is on a team already; an address can be on one team only"
        if len(teams.ever(tx, team.id) | mailboxes.invited(tx, team.id) | set(request.addresses)) > MOST_MEMBERS:
            return f"a team has at most {MOST_MEMBERS} addresses, those that left included; ask the organizers"
        return ""

    @staticmethod
    def _of_leader(team: Team, request: Request) -> str:
        leaves = team.addresses[0] in request.addresses
        return "you are the leader; only the organizers can take your address off" if leaves else ""

    def _add(self, tx: Tx, case: Case, name: str, addresses: Sequence[str]) -> Team:
        """Add a team, or addresses to it."""
        entry = roster.Entry(name=name, addresses=tuple(addresses))
        return teams.with_id(tx, roster.add(tx, entry, self.clock(), state=self.config.state, by=case.row.name))

    def _remove(self, tx: Tx, case: Case, team: Team, addresses: Sequence[str]) -> None:
        now = self.clock()
        for address in addresses:
            if not teams.leave(tx, team.id, address, now):
                teams.refuse(tx, team.id, address, now)
        line = keep_roster(self.config.state, team.name, addresses)
        events.append(tx, kind="team-left", subject=team.name, now=now, roster=line, by=case.row.name)

    def _first_key(self, tx: Tx, case: Case, team: Team) -> str:
        """Give a team its first key, made from the secret and the mail: a ledger made anew has the same."""
        seed = f"first key {case.row.name} {case.row.sha256}".encode()
        made = teamkey.made(hmac.new(self.secret, seed, hashlib.sha256).digest()[: teamkey.BYTES])
        if team.id in teams.key_holders(tx):
            return ""
        digest = teamkey.hashed(self.secret, made)
        teams.issue_key(tx, team.id, digest, self.clock())
        events.append(tx, kind="team-key", subject=team.name, now=self.clock(), hash=digest, by=case.row.name)
        return made
