"""Forget a team: its personal data are erased, its scores stay under a pseudonym.

First the files, then the ledger in one transaction: cut short, the same command goes on. What it cannot reach (the
mailbox, backups, exports) is named, for an organizer to delete.
"""

from __future__ import annotations

import email
import email.policy
import json
import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from mailbot.board.codec import board_from_json, snapshot
from mailbot.board.page import folder as site_folder
from mailbot.errors import Permanent
from mailbot.identity import roster
from mailbot.ledger import boards, daybook, erasure, events, mails, outbox, submissions, teams
from mailbot.mail import tasks
from mailbot.mail.subject import strip_tags
from mailbot.model import Status, name_key
from mailbot.system.sandbox import ChildDied
from mailbot.transport.spool import FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mailbot.board.model import Board
    from mailbot.ledger import Tx
    from mailbot.mail.open import Opened
    from mailbot.model import Team
    from mailbot.service import Service


class Tie(Enum):
    """What a mail of nobody has to do with a team."""

    NONE = "none"  # nothing
    DOUBTFUL = "doubtful"  # its subject has the name, or it cannot be read
    ITS = "its"  # it names an address of the team, or was handed in for it


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was done, and what is left to a person."""

    pseudonym: str
    mails: int
    boards: int
    #: Every address that was the team's, to look for where mailbot does not reach.
    addresses: tuple[str, ...]
    #: Mails of strangers that stay, although they have its name in the subject, or could not be read.
    doubtful: tuple[str, ...]
    #: Older copies of the ledger, which still hold it all.
    copies: tuple[str, ...]


def forget(service: Service, name: str, why: str) -> Forgotten:
    """Forget a team. Raises Permanent when it is not known or forgotten already, or something is still under way."""
    with service.ledger.read() as tx:
        team = teams.registered(tx, name)
        again = team.name == _pseudonym(team) and events.happened(tx, kind="team-forgotten", subject=team.name)
    if again:  # the command may have died after it was entered
        _finish(service)
        message = f"{team.name} was forgotten already: only the published files were regenerated"
        raise Permanent(message)
    with service.ledger.read() as tx:
        known = teams.ever(tx, team.id)
        _check_ready(service, tx, team, known)
        rows = submissions.of_team(tx, team.id)
    for stage in service.challenge.stages:  # its mails go; its scores can still be computed anew
        own = [row for row in rows if row.status is Status.ACCEPTED and service.challenge.stage_of(row.phase) == stage]
        for track, truth in service.labels.of_stage(stage.key).whole.items():
            service.backfill.complete(truth, [row for row in own if row.track == track])
    dropped, doubtful = _drop_mails(service, team, known)
    daybook.forget(service.config.state, name_key(team.name), known)
    pseudonym = _pseudonym(team)
    changed = _in_ledger(service, team, pseudonym, known, why=why, dropped=dropped)
    _finish(service)
    copies = sorted(str(path) for path in service.config.state.glob("ledger.db.before-*"))
    return Forgotten(
        pseudonym=pseudonym,
        mails=dropped,
        boards=changed,
        addresses=tuple(sorted(known)),
        doubtful=doubtful,
        copies=tuple(copies),
    )


def _pseudonym(team: Team) -> str:
    """Return what a team is called once it is forgotten."""
    return f"Former team {team.id}"


def _finish(service: Service) -> None:
    """Leave nothing of what was deleted in the ledger's file and in what is published; no earlier site stays."""
    service.ledger.shred()
    service.publisher.refresh()
    site_folder.keep_present_only(service.config.published / "page")


def _check_ready(service: Service, tx: Tx, team: Team, known: set[str]) -> None:
    """Refuse while a mail or a reply is under way, or while the roster file would bring the team back."""
    if unfinished := mails.unfinished(tx) + outbox.waiting(tx):
        message = f"{unfinished} mails and replies are not finished: `mailbot once` finishes them; then try again"
        raise Permanent(message)
    listed = roster.read_file(service.config.roster.file).entries
    if any(name_key(one.name) == name_key(team.name) or known.intersection(one.addresses) for one in listed):
        message = f"{service.config.roster.file} still names {team.name}: take its lines out first, else it comes back"
        raise Permanent(message)


def _drop_mails(service: Service, team: Team, known: Collection[str]) -> tuple[int, tuple[str, ...]]:
    """Drop the team's mails, and those of nobody that name one of its addresses or are handed in for it.

    Return how many were there, and what other mails of nobody have its name in their subject, or cannot be read.
    """
    with service.ledger.read() as tx:
        its, strange = erasure.of_team(tx, team.id), erasure.of_nobody(tx)
    there = {digest: row for digest, row in strange.items() if service.spool.path(digest).exists()}
    ties = {digest: _tie(service, digest, team, known) for digest in there}
    its = list(dict.fromkeys([*its, *(digest for digest, tie in ties.items() if tie is Tie.ITS)]))
    dropped = sum(service.spool.path(digest).exists() for digest in its)
    for digest in its:
        service.spool.drop(digest, f"{FORGOTTEN} on {service.clock():%Y-%m-%d}")
    return dropped, tuple(there[digest] for digest, tie in ties.items() if tie is Tie.DOUBTFUL)


def _tie(service: Service, digest: str, team: Team, known: Collection[str]) -> Tie:
    """Tell what a spooled mail of nobody has to do with a team."""
    raw = service.spool.path(digest).read_bytes()
    if has_words(raw, known):
        return Tie.ITS
    try:
        opened = service.sandbox.submit(tasks.open_mail, raw, len(raw)).result()
    except ChildDied:
        return Tie.DOUBTFUL
    if is_for_team(opened, team.name):
        return Tie.ITS
    return Tie.DOUBTFUL if has_in_subject(opened, team.name) else Tie.NONE


def _in_ledger(service: Service, team: Team, pseudonym: str, known: Collection[str], *, why: str, dropped: int) -> int:
    """Put the pseudonym in the name's place everywhere in the ledger; return how many boards had it."""
    gone = [digest for digest, reason in service.spool.dropped().items() if reason.startswith(FORGOTTEN)]
    with service.ledger.write("forget") as tx:
        called = teams.every_name(tx, team)
        erasure.forget(tx, team.id, pseudonym, known)
        erasure.blank_mails(tx, gone)
        for row in outbox.listing(tx):
            if has_words(row.message, {*called, *known}):
                erasure.blank(tx, row.id)
        changed = {}
        for kept in boards.listing(tx, withdrawn=True):
            board = board_from_json(json.loads(kept.board))
            if (other := _renamed(board, called, pseudonym)) != board:
                text = snapshot(other)
                changed[str(kept.id)] = {"was": kept.sha256, "is": erasure.replace_board(tx, kept.id, text)}
        told = {"why": why, "mails": dropped, "boards": changed}
        events.append(tx, kind="team-forgotten", subject=pseudonym, now=service.clock(), **told)
    return len(changed)


def _renamed(board: Board, called: Collection[str], pseudonym: str) -> Board:
    """Return a board with the pseudonym, and no method, in the rows of a team, whatever it was called."""
    tables = [
        replace(
            table,
            rows=tuple(
                replace(row, team=pseudonym, method="") if row.team in called and not row.baseline else row
                for row in table.rows
            ),
        )
        for table in board.tables
    ]
    return replace(board, tables=tuple(tables))


_AFTER = re.compile(r"\Z|\s[-\u2013\u2014|:]")

_TEAM = re.compile(rb'"team"\s*:\s*("(?:[^"\\]|\\.){0,400}")')


def has_words(raw: bytes, words: Collection[str]) -> bool:
    """Whether a mail holds one of the words, whatever its case, in its bytes or in its decoded texts."""
    texts = [raw.decode("utf-8", "replace"), *_texts(raw)]
    return any(word.casefold() in text.casefold() for text in texts for word in words)


def is_for_team(opened: Opened, name: str) -> bool:
    """Whether a mail is handed in for a team: its subject begins with the name, or a file says that it is the team's.

    ``[SIQA Submission] AI - Method`` is for the team AI, ``A question about AI`` is not.
    """
    key = name_key(name)
    begun = name_key(strip_tags(opened.mail.subject))
    at_its_place = begun.startswith(key) and _AFTER.match(begun[len(key) :]) is not None
    return at_its_place or any(key in _teams(candidate.data) for candidate in opened.candidates)


def has_in_subject(opened: Opened, name: str) -> bool:
    """Whether the name stands somewhere in the subject, as words of their own."""
    return re.search(rf"(?<!\w){re.escape(name_key(name))}(?!\w)", name_key(opened.mail.subject)) is not None


def _teams(data: bytes) -> set[str]:
    """Return the teams that a JSON file names, by their keys; what is no JSON text is passed over."""
    found = set()
    for text in _TEAM.findall(data):
        try:
            found.add(name_key(json.loads(text)))
        except ValueError:
            continue
    return found


def _texts(raw: bytes) -> Iterator[str]:
    for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
        if part.get_content_maintype() == "text":
            data = part.get_payload(decode=True)
            yield data.decode("utf-8", "replace") if isinstance(data, bytes) else ""
