"""Checks of the mailbox: login, folders, rights, quota, and a mail of our own that is told of and filed away."""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from mailbot.config.calendar import shown
from mailbot.errors import MailbotError, Temporary
from mailbot.operations.doctor.finding import Finding, Level, green, red, yellow
from mailbot.operations.doctor.mail import letter
from mailbot.system.bell import Bell
from mailbot.transport.reconcile import FULL, NEARLY_FULL, ROOM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.config.servers import Imap
    from mailbot.service import Service
    from mailbot.transport.imap.mailbox import Mailbox

PROMPT_SECONDS, IDLE_SECONDS = 10.0, 70.0
"""A server that idles tells of a new mail within so many seconds, and is waited for so long; Courier takes a minute."""

NO_HARM = "mails are still fetched, scored and answered; handled ones stay in the inbox"

_NEEDED = (("r", "read"), ("td", "mark as deleted"), ("ed", "expunge"))
"""The rights on the inbox that are needed to read it and to file mails away, and what each is for (RFC 4314)."""


def imap(service: Service) -> Iterator[Finding]:
    """Log in to the mailbox and try what can be done there."""
    settings = service.config.need_imap
    try:
        mailbox = service.mailbox()
    except MailbotError as error:
        yield red("imap login", str(error), "check [imap], and your provider in docs/operations/providers.md")
        return
    yield green("imap login", f"{settings.host} accepts our login")
    with closing(mailbox):
        try:
            yield from _folders(service, mailbox)
            yield _marker(service, mailbox)
            yield from _abilities(mailbox)
            yield from _quota(mailbox)
            if mailbox.select(settings.inbox) is not None:
                rights = list(_rights(settings, mailbox))
                yield from rights
                if all(row.level is Level.GREEN for row in rights):  # else our own mail could not be taken away again
                    yield from _trial(service, settings, mailbox)
        except MailbotError as error:
            yield red("imap", str(error), "try again; if it stays, ask the provider")


def _folders(service: Service, mailbox: Mailbox) -> Iterator[Finding]:
    read = service.fetch.folders
    missing = [folder for folder in read if mailbox.select(folder) is None]
    spam = mailbox.spam_folder()
    if missing:
        there = ", ".join(mailbox.folder_names()[:20])
        fix = f"fix imap.inbox and imap.extra_folders; names are case-sensitive, and the server has {there}"
        yield (red if read[0] in missing else yellow)("folders", f"not there: {', '.join(missing)}", fix)
    elif spam and len(read) == 1 and spam != read[0]:
        fix = f'set imap.extra_folders = ["{spam}"]: what the provider takes for spam lands there'
        yield yellow("folders", f"read: {read[0]}; not read: {spam}, where the server puts spam", fix)
    else:
        yield green("folders", f"read: {', '.join(read)}")


def _marker(service: Service, mailbox: Mailbox) -> Finding:
    """Say whose the mailbox is."""
    marker = service.fetch.marker
    if not marker.folder:
        return yellow("marker", "imap.marker is empty: a second mailbot would not be noticed", "name a folder there")
    sign = marker.newest(mailbox)
    if sign is None:
        return green("marker", f"no mailbot has marked the mailbox yet; the first start does, in {marker.folder}")
    if why := marker.refusal(sign):
        return red("marker", why, "two mailbots would answer every mail twice")
    at = f", at {shown(sign.at, service.challenge.zone)}" if sign.at else ""
    return green("marker", f"the mailbox is ours; written last on host {sign.host}{at}")


def _abilities(mailbox: Mailbox) -> Iterator[Finding]:
    if not mailbox.can("IDLE"):
        yield green("idle", "not offered: new mails are seen every imap.poll_seconds")
    if mailbox.can("MOVE") or mailbox.can("UIDPLUS"):
        yield green("move", "offered" + ("" if mailbox.can("MOVE") else ", by copy and delete"))
    else:
        yield yellow("move", "neither MOVE nor UIDPLUS: handled mails stay in the inbox", "nothing is lost by it")


def _quota(mailbox: Mailbox) -> Iterator[Finding]:
    try:
        quota = mailbox.quota()
    except Temporary as error:  # GETQUOTAROOT is announced, and refused
        yield green("quota", f"the server does not tell: {error}")
        return
    if quota is None:
        yield green("quota", "the server tells none")
        return
    used, limit = quota
    detail = f"{used / 1024:.0f} of {limit / 1024:.0f} MiB used"
    if used < NEARLY_FULL * limit:
        yield green("quota", detail)
    else:
        yield (red if used >= FULL * limit else yellow)("quota", detail, ROOM)


def _rights(settings: Imap, mailbox: Mailbox) -> Iterator[Finding]:
    """Look whether the open inbox may be changed, and what else the server says that we may do."""
    if mailbox.is_read_only:
        fix = f"give the mailbox's user the rights to change it; until then {NO_HARM}"
        yield yellow("rights", f"{settings.inbox} is READ-ONLY", fix)
        return
    try:
        rights = mailbox.rights(settings.inbox)
    except Temporary as error:
        yield green("rights", f"the server does not tell: {error}")
        return
    lacking = [what for letters, what in _NEEDED if rights and not set(letters) & set(rights)]
    if lacking:
        fix = f"give the mailbox's user these rights; until then {NO_HARM}"
        yield yellow("rights", f"on {settings.inbox}: {rights}; we may not {', '.join(lacking)}", fix)
    else:
        yield green("rights", f"on {settings.inbox}: {rights or 'the server tells none'}")


def _trial(service: Service, settings: Imap, mailbox: Mailbox) -> Iterator[Finding]:
    """Put a mail of our own into the inbox, see how soon the server tells of it, and file it away.

    It carries our loop header: a mailbot that runs meanwhile records it as our own and answers nobody.
    """
    if not (mailbox.can("MOVE") or mailbox.can("UIDPLUS")):
        return
    message, token = letter(service.config.challenge.address)
    mailbox.uids()
    try:
        with closing(service.mailbox()) as other:
            yield from _told_of(settings, mailbox, other, message)
    except Temporary as error:
        yield yellow("filing", f"a mail of our own could not be put into the inbox: {error}", NO_HARM)
        return
    yield from _filed(settings, mailbox, token)


def _told_of(settings: Imap, mailbox: Mailbox, other: Mailbox, message: bytes) -> Iterator[Finding]:
    """Put the mail into the inbox over another connection while the first one idles."""
    if not mailbox.can("IDLE"):
        other.append(settings.inbox, message)
        return
    begun = time.monotonic()
    bell = Bell()
    try:
        spoken = mailbox.wait(IDLE_SECONDS, bell, lambda: other.append(settings.inbox, message))
    finally:
        bell.close()
    seconds = time.monotonic() - begun
    fix = "new mails are still seen every imap.poll_seconds"
    if not mailbox.can("IDLE"):
        other.append(settings.inbox, message)
        yield yellow("idle", "offered, and refused", fix)
    elif not spoken:
        yield yellow("idle", f"offered, but no new mail was reported within {IDLE_SECONDS:g} s", fix)
    elif seconds > PROMPT_SECONDS:
        yield yellow("idle", f"the server reports a new mail only after {seconds:.0f} s", fix)
    else:
        yield green("idle", f"the server reports a new mail after {seconds:.1f} s")


def _filed(settings: Imap, mailbox: Mailbox, token: bytes) -> Iterator[Finding]:
    """Move the mail as handled mails are moved, into folders that are made where they are missing; then delete it."""
    fix = f"see what the server says; until then {NO_HARM}"
    try:
        for folder in (settings.processed, settings.failed):
            mailbox.make(folder)
        mailbox.select(settings.inbox)
        mailbox.move(_ours(mailbox, token), settings.processed)
        mailbox.select(settings.processed)
        arrived = _ours(mailbox, token)
        mailbox.discard(arrived)
    except Temporary as error:
        _clear(settings, mailbox, token)
        yield yellow("filing", str(error), fix)
        return
    if arrived:
        yield green("filing", f"a mail of our own was moved to {settings.processed} and deleted there")
    else:
        _clear(settings, mailbox, token)
        yield yellow("filing", f"a mail of our own was moved, and is not in {settings.processed}", fix)


def _clear(settings: Imap, mailbox: Mailbox, token: bytes) -> None:
    """Delete the mail from the inbox, if it is there and the server lets us; it does no harm there."""
    try:
        if mailbox.select(settings.inbox) is not None:
            mailbox.discard(_ours(mailbox, token))
    except Temporary:
        return


def _ours(mailbox: Mailbox, token: bytes) -> list[int]:
    """Return the UIDs of the doctor's mail among the last ones of the open folder."""
    last = mailbox.uids()[-20:]
    return [mail.uid for mail in mailbox.fetch_beginning(last) if token in mail.raw]
