"""Mails that an organizer has sent by hand: one of ours once more, the welcome of teams, what a rescore changed."""

from __future__ import annotations

import email
import secrets
from dataclasses import dataclass, replace
from email.utils import format_datetime
from typing import TYPE_CHECKING

from mailbot.config.address import normalise
from mailbot.errors import Permanent
from mailbot.identity import confirmation, keys
from mailbot.identity.notices import language_to
from mailbot.intake.reply import Replies
from mailbot.ledger import events, outbox, teams
from mailbot.letters import written
from mailbot.letters.written import Drafts, Written
from mailbot.mail import envelope, teamkey
from mailbot.model import Id
from mailbot.operations import rescore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.config.stages import Stage
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.ledger.scores import Version
    from mailbot.letters.rescored import News
    from mailbot.model import Team
    from mailbot.operations.rescore import Plan
    from mailbot.service import Service

RESENT = "resent"
"""The kind of a mail that is sent once more."""


SHOWN = "[key]"
"""What stands for a team's key in a draft: nobody but the team sees it."""


@dataclass(frozen=True, kw_only=True)
class Again:
    """A mail of ours that is to be sent once more."""

    row: OutgoingRow
    recipient: str
    #: Who that is, for the audit trail, which holds no address: a team's name or "an organizer".
    who: str
    #: Its key, which counts how often the mail was sent again.
    key: str


def look_again(tx: Tx, challenge: Challenge, outgoing_id: int, to: str | None) -> Again:
    """Return what sending a mail again would do; ``to`` is another address than the one it was written to.

    It goes to an address of the team that it is for, or to an organizer, and to nobody else; with a code or a key in
    it, to the address alone that it was written to. Raises Permanent.
    """
    row = next(iter(outbox.listing(tx, outgoing_id)), None)
    if row is None or not row.message:
        message = f"there is no mail {Id.REPLY.of(outgoing_id)}; `mailbot outbox list` lists them"
        raise Permanent(message)
    try:
        recipient = normalise(to) if to else row.recipient
    except ValueError as error:
        message = f"--to: {error}"
        raise Permanent(message) from error
    team = teams.find(tx, row.team_id) if row.team_id else None
    its = () if team is None else team.addresses
    if recipient not in {*its, *challenge.organizers}:
        allowed = f"an address of {team.name} or an organizer" if team else "an organizer"
        message = f"{row.name} can be sent again to {allowed} only, not to {recipient}"
        raise Permanent(message)
    if recipient != row.recipient and _has_secret(row):
        message = f"{row.name} holds a code or a key: it can be sent again to {row.recipient} only"
        raise Permanent(message)
    occasion = f"resend {row.name}"
    key = f"{occasion} {len(outbox.keyed(tx, occasion)) + 1}"
    return Again(row=row, recipient=recipient, who=team.name if team and recipient in its else "an organizer", key=key)


def send_again(tx: Tx, challenge: Challenge, again: Again, why: str, now: datetime) -> str:
    """Queue a copy under a Message-ID of its own, so that no server takes it for the first; return its id.

    Raises Permanent when somebody else has done so since it was looked at.
    """
    if outbox.has(tx, again.key):
        refused = f"{again.row.name} was sent again meanwhile; `mailbot outbox list` shows it"
        raise Permanent(refused)
    policy = envelope.POLICY.clone(utf8=not again.recipient.isascii())
    message = email.message_from_bytes(again.row.message, policy=policy)
    name_of_copy = envelope.message_id(challenge, again.key)
    for name, value in (("To", again.recipient), ("Date", format_datetime(now)), ("Message-ID", name_of_copy)):
        del message[name]
        message[name] = value
    made = outbox.add(
        tx, kind=RESENT, recipient=again.recipient, subject=again.row.subject, message_id=str(message["Message-ID"]),
        message=message.as_bytes(), now=now, team_id=again.row.team_id, key=again.key,
    )  # fmt: skip
    name = Id.REPLY.of(made)
    events.append(tx, kind="reply-resent", subject=again.row.name, now=now, to=again.who, sent_as=name, why=why)
    return name


def _has_secret(row: OutgoingRow) -> bool:
    """Whether a mail holds the code of a question or a team's key."""
    mail = email.message_from_bytes(row.message, policy=envelope.POLICY)
    text = mail.get_body(("plain",))
    whole = f"{row.subject}\n{text.get_content() if text else ''}"
    return confirmation.masked(whole) != whole or bool(teamkey.found(whole))


def would_write(ledger: Ledger, act: Callable[[Tx], object]) -> list[OutgoingRow]:
    """Return the mails that an act would queue; it is carried out in a transaction that is undone."""
    with ledger.trial() as tx:
        known = {row.id for row in outbox.listing(tx)}
        act(tx)
        return [row for row in outbox.listing(tx) if row.id not in known]


def look_rescored(service: Service, wanted: Plan, *, track: str | None = None) -> list[OutgoingRow]:
    """Return the mails that :func:`tell_rescored` would queue once a plan is carried out; nothing is written."""
    present = service.ranking.versions_in(wanted.stage)
    with rescore.tried(service, wanted) as tx:
        known = {row.id for row in outbox.listing(tx)}
        for version, news in _news(service, tx, present, wanted.stage, track):
            service.rescored_letters.queue(tx, version, news)
        return [row for row in outbox.listing(tx) if row.id not in known]


def count_rescored(service: Service, tx: Tx, after: Mapping[str, Version], stage: Stage) -> int:
    """Return how many teams would get a letter if scores were by these versions, in a transaction that has them."""
    board = service.ranking.board_by(tx, after, service.clock(), stage)
    news = (service.rescored_letters.look(tx, board, version, stage) for version in after.values())
    return len({one.team.id for of_track in news for one in of_track})


def tell_rescored(service: Service, *, track: str | None = None, stage: Stage | None = None) -> int:
    """Queue a mail to each team whose present score is another one than it was told last; return how many got one.

    Whoever wants no letters, or has no address that takes mail, is skipped.
    """
    stage, told = stage or service.ranking.stage, set[int]()
    with service.ledger.read() as tx:
        found = list(_news(service, tx, service.ranking.versions_in(stage), stage, track))
    for version, news in found:
        with service.ledger.write("tell") as tx:
            told |= service.rescored_letters.queue(tx, version, news)
    return len(told)


def _news(
    service: Service, tx: Tx, versions: Mapping[str, Version], stage: Stage, track: str | None
) -> Iterator[tuple[Version, list[tuple[News, str]]]]:
    """Yield what is to be told of each track, or of one: to whom, and why."""
    board = service.ranking.board_by(tx, versions, service.clock(), stage)
    for version in (each for name, each in versions.items() if track in {None, name}):
        found = service.rescored_letters.look(tx, board, version, stage)
        by = {(one.told.truth, one.told.scorer) for one in found}
        why = {
            each: " / ".join(rescore.reasons(service, replace(version, truth=each[0], scorer=each[1]), stage))
            for each in by
        }
        yield version, [(one, why[one.told.truth, one.told.scorer]) for one in found]


def look_welcome(service: Service, names: Sequence[str]) -> Drafts:
    """Return the letters to the teams of these names that were not welcomed before, with a mark for each key."""
    drafts, left_out = [], []
    with service.ledger.read() as tx:
        silent, sent, holders = teams.bouncing(tx), events.sent(tx), teams.key_holders(tx)
        for name in dict.fromkeys(names):
            team = teams.with_name(tx, name)
            recipient = teams.recipient(team, silent) if team else None
            if team is None or recipient is None:
                left_out.append(f"{name}: no address of it takes mail")
            elif outbox.has(tx, welcome_key(team)) or outbox.occasion(welcome_key(team)) in sent:
                left_out.append(f"{team.name}: it was welcomed already")
            else:
                drafts.append(_welcome(service, team, recipient, "" if team.id in holders else SHOWN))
    return Drafts(letters=drafts, left_out=left_out)


def send_welcome(service: Service, drafts: Sequence[Written]) -> int:
    """Give each team its key, and queue its letter; return how many."""
    now = service.clock()
    with service.ledger.write("welcome") as tx:
        return written.queue(tx, service.challenge, [_with_key(tx, service, one) for one in drafts], now)


def welcome_key(team: Team) -> str:
    """Return the key of a team's welcome: it is written once, whatever it says."""
    return f"{written.WELCOME} {team.id}"


def _welcome(service: Service, team: Team, recipient: str, key: str) -> Written:
    language = language_to(team)
    title, text = Replies(challenge=service.challenge).welcome(team, key=key, language=language)
    return Written(
        kind=written.WELCOME, team=team, recipient=recipient, language=language, title=title, text=text,
        occasion=welcome_key(team),
    )  # fmt: skip


def _with_key(tx: Tx, service: Service, draft: Written) -> Written:
    """Return the letter with a new key in it; a team that has one is told none."""
    if draft.team.id in teams.key_holders(tx):
        return draft
    randomness = secrets.token_bytes(teamkey.BYTES)
    _, key = keys.new_key(tx, draft.team.name, secret=service.secret, randomness=randomness, now=service.clock())
    return replace(draft, text=draft.text.replace(SHOWN, key))
