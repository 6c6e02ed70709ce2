"""What a host shows once it is quiet: which mails were lost, and what was done twice."""

from __future__ import annotations

import email
import json
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass
from email.policy import default
from typing import TYPE_CHECKING

from mailbot.ledger import Ledger, events
from tests.faults.host import NOT_SPOOLED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.host import Host
    from tests.faults.reader import Reader
    from tests.faults.stream import Streamed

MOST_REPLIES = 2
"""SMTP delivers at least once: after a death between the server's answer and ours, once more."""

_OF_MAIL = "submissions JOIN mails ON mails.id = mail_id WHERE mails.sha256 = ?"
_SCORES = f"scores WHERE submission_id IN (SELECT submissions.id FROM {_OF_MAIL})"  # noqa: S608  # constant text
_QUEUED = "SELECT detail FROM events WHERE kind = 'letters-queued'"
_SCORED_TWICE = "(SELECT 1 FROM scores GROUP BY submission_id, truth HAVING count(*) > 1) AS twice"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How often something was found, and how often it may be."""

    what: str
    found: int
    least: int = 1
    most: int = 1


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is wrong; both are empty in the honest case."""

    #: What is missing, one sentence each.
    lost: tuple[str, ...]
    #: What is there more than once, one sentence each.
    doubled: tuple[str, ...]


def judge(host: Host, *, copies: int = 1) -> Verdict:
    """Look at the ledger, the mailbox and the SMTP peer; at most ``copies`` of a mail may lie in Processed."""
    with closing(host.query()) as ledger:
        counted = [*_mailbox(host, copies), *_replies(host), *_letters(host, ledger), *_ledger(ledger, host.mails)]
    counted += [Counted(what="the page", found=(host.published / "page" / "index.html").is_file())]
    counted += [Counted(what="drafts in the spool", found=len(list(host.spool.rglob("*.tmp"))), least=0, most=0)]
    counted += [Counted(what="the unbroken audit chain", found=_chain_holds(host))]
    return Verdict(
        lost=tuple(f"{c.what}: {c.found}, not {c.least}" for c in counted if c.found < c.least),
        doubled=tuple(f"{c.what}: {c.found}, not {c.most}" for c in counted if c.found > c.most),
    )


def _mailbox(host: Host, copies: int) -> Iterator[Counted]:
    inbox, processed = Counter(host.mailbox.messages()), Counter(host.mailbox.messages("Processed"))
    for mail in host.mails:
        yield Counted(what=f"{mail.name} in the inbox", found=inbox[mail.raw], least=0, most=0)
        yield Counted(what=f"{mail.name} in Processed", found=processed[mail.raw], most=copies)


def _replies(host: Host) -> Iterator[Counted]:
    """One or two copies of a reply under one Message-ID; none where there must be none."""
    replies: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for sent in host.sink.sent:
        reply = email.message_from_bytes(sent.content, policy=default)
        if reply["Auto-Submitted"] != "auto-generated":  # letters are counted apart
            replies[reply["In-Reply-To"]][reply["Message-ID"]] += 1
    for mail in host.mails:
        sent_for, due = replies.pop(mail.message_id, Counter()), int(mail.answered)
        yield Counted(what=f"replies to {mail.name}", found=len(sent_for), least=due, most=due)
        yield Counted(
            what=f"copies of the reply to {mail.name}", found=sent_for.total(), least=due, most=due * MOST_REPLIES
        )
    yield Counted(what="replies to nothing", found=len(replies), least=0, most=0)


def _letters(host: Host, ledger: Reader) -> Iterator[Counted]:
    """One letter to each team that the board was about; one or two copies of those that could be sent."""
    told = [json.loads(detail) for (detail,) in ledger.execute(_QUEUED)]
    yield Counted(what="rounds of letters", found=len(told))
    teams = len(told[0]["teams"]) if told else 0
    written = _count(ledger, "outbox WHERE kind = 'standing'")
    yield Counted(what="letters written", found=written, least=teams, most=teams)
    copies = Counter(email.message_from_bytes(sent.content, policy=default)["Message-ID"] for sent in host.sink.sent)
    for (message_id,) in ledger.execute("SELECT message_id FROM outbox WHERE kind = 'standing' AND state = 'sent'"):
        yield Counted(what="copies of a letter", found=copies[message_id], most=MOST_REPLIES)


def _ledger(ledger: Reader, mails: list[Streamed]) -> Iterator[Counted]:
    for mail in mails:
        yield from _rows(ledger, mail)
    aside = _count(ledger, "mails WHERE state = 'set-aside' AND sha256 = ?", NOT_SPOOLED)
    yield Counted(what="the mail that the spool lost, set aside", found=aside)
    every = len(mails) + 1
    yield Counted(what="mails of the ledger", found=_count(ledger, "mails"), least=every, most=every)
    yield Counted(what="submissions scored twice", found=_count(ledger, _SCORED_TWICE), least=0, most=0)
    yield Counted(what="boards", found=_count(ledger, "boards"))


def _rows(ledger: Reader, mail: Streamed) -> Iterator[Counted]:
    """Count what the ledger has of a mail."""
    recorded = _count(
        ledger, "mails WHERE sha256 = ? AND state = 'recorded' AND outcome = ?", mail.sha256, mail.outcome
    )
    yield Counted(what=f"records of {mail.name}", found=recorded)
    due = len(mail.submissions)
    yield Counted(what=f"submissions of {mail.name}", found=_count(ledger, _OF_MAIL, mail.sha256), least=due, most=due)
    for status, due in Counter(mail.submissions).items():
        found = _count(ledger, f"{_OF_MAIL} AND status = ?", mail.sha256, status)
        yield Counted(what=f"{status} submissions of {mail.name}", found=found, least=due, most=due)
    due = mail.submissions.count("accepted")
    yield Counted(what=f"scores of {mail.name}", found=_count(ledger, _SCORES, mail.sha256), least=due, most=due)


def _count(ledger: Reader, rows: str, *values: str) -> int:
    """Count rows; ``rows`` is what stands behind FROM, a constant of this module."""
    found: int = ledger.execute(f"SELECT count(*) FROM {rows}", values).fetchone()[0]  # noqa: S608  # constant text
    return found


def _chain_holds(host: Host) -> bool:
    ledger = Ledger(host.ledger)
    try:
        with ledger.read() as tx:
            return events.first_broken(tx) is None
    finally:
        ledger.close()
