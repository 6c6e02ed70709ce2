"""Forgetting a team: its personal data go, its scores stay under a pseudonym.

First the files, then the ledger in one transaction: cut short, the same command goes on. What it cannot reach (the
mailbox, backups, exports) is named, for an organizer to delete.
"""

from __future__ import annotations

import email
import email.policy
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot import daybook, publish, roster
from mailbot.board_json import board_as_json, board_from_json
from mailbot.completing import complete
from mailbot.errors import Permanent
from mailbot.ledger import boards, dropping, events, mails, outbox, submissions, teams
from mailbot.model import Status
from mailbot.rules import name_key
from mailbot.site import folder as site_folder
from mailbot.spool import FORGOTTEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mailbot.ledger import Tx
    from mailbot.model import Board, Team
    from mailbot.service import Service


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What was done, and what is left to a person."""

    pseudonym: str
    mails: int
    boards: int
    #: Every address that was the team's, to look for where mailbot does not reach.
    addresses: tuple[str, ...]
    #: Older copies of the ledger, which still hold it all.
    copies: tuple[str, ...]


def forget(service: Service, name: str, why: str) -> Forgotten:
    """Forget a team. Raises Permanent when it is not known, or something is still under way."""
    with service.ledger.read() as tx:
        team = teams.with_name(tx, name)
        if team is None:
            message = f"no team is named {name!r}; `mailbot teams list` names them all"
            raise Permanent(message)
        known = teams.ever(tx, team.id)
        _check_ready(service, tx, team, known)
        rows = submissions.of_team(tx, team.id)
    for track, truth in service.labels.whole.items():  # its mails go; its scores can still be computed anew
        complete(service, truth, [row for row in rows if row.track == track and row.status is Status.ACCEPTED])
    dropped = _drop_mails(service, team, known)
    daybook.forget(service.config.state, name_key(team.name), known)
    pseudonym = f"Former team {team.id}"
    changed = _in_ledger(service, team, pseudonym, known, why=why, dropped=dropped)
    service.ledger.shred()
    _publish_again(service)
    copies = sorted(str(path) for path in service.config.state.glob("ledger.db.before-*"))
    return Forgotten(
        pseudonym=pseudonym,
        mails=dropped,
        boards=changed,
        addresses=tuple(sorted(known)),
        copies=tuple(copies),
    )


def _publish_again(service: Service) -> None:
    """Write the last board's files and the site anew, bring them out, and keep no site from before."""
    publish.refresh(service.config, service.challenge, service.ledger, service.watch)
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


def _drop_mails(service: Service, team: Team, known: Collection[str]) -> int:
    """Drop the team's mails, and those of nobody that name one of its addresses; return how many."""
    with service.ledger.read() as tx:
        its, strange = dropping.of_team(tx, team.id), dropping.of_nobody(tx)
    its += [digest for digest in strange if _names(service, digest, known)]
    for digest in its:
        service.spool.drop(digest, f"{FORGOTTEN} on {service.clock():%Y-%m-%d}")
    return len(its)


def _names(service: Service, digest: str, known: Collection[str]) -> bool:
    """Whether a spooled mail holds one of the addresses, in the clear or encoded."""
    path = service.spool.path(digest)
    return path.exists() and _mentions(path.read_bytes(), known)


def _mentions(raw: bytes, words: Collection[str]) -> bool:
    """Whether a mail holds one of the words, whatever its case, in its bytes or in its decoded texts."""
    texts = [raw.decode("utf-8", "replace"), *_texts(raw)]
    return any(word.casefold() in text.casefold() for text in texts for word in words)


def _texts(raw: bytes) -> Iterator[str]:
    for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk():
        if part.get_content_maintype() == "text":
            data = part.get_payload(decode=True)
            yield data.decode("utf-8", "replace") if isinstance(data, bytes) else ""


def _in_ledger(service: Service, team: Team, pseudonym: str, known: Collection[str], *, why: str, dropped: int) -> int:
    """Put the pseudonym in the name's place everywhere in the ledger; return how many boards had it."""
    with service.ledger.write("forget") as tx:
        dropping.forget(tx, team.id, pseudonym, known)
        for row in outbox.listing(tx):
            if _mentions(row.message, {team.name, *known}):
                dropping.blank(tx, row.id)
        changed = {}
        for kept in boards.listing(tx):
            board = board_from_json(json.loads(kept.board))
            if (other := _renamed(board, team.name, pseudonym)) != board:
                text = json.dumps(board_as_json(other), ensure_ascii=False, sort_keys=True)
                changed[str(kept.id)] = {"was": kept.sha256, "is": dropping.replace_board(tx, kept.id, text)}
        told = {"why": why, "mails": dropped, "boards": changed}
        events.append(tx, kind="team-forgotten", subject=pseudonym, now=service.clock(), **told)
    return len(changed)


def _renamed(board: Board, name: str, pseudonym: str) -> Board:
    """Return a board with the pseudonym, and no method, in the rows of a team."""
    tables = [
        replace(
            table,
            rows=tuple(
                replace(row, team=pseudonym, method="") if row.team == name and not row.baseline else row
                for row in table.rows
            ),
        )
        for table in board.tables
    ]
    return replace(board, tables=tuple(tables))
