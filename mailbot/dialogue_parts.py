"""The parts that answer teams and do what they ask for by mail, made from the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.intake import registrar
from mailbot.intake.disputes import Disputing
from mailbot.intake.entries import Kind
from mailbot.intake.executor import Obeying
from mailbot.intake.forwarding import Forwarding
from mailbot.intake.reply import Replies
from mailbot.ledger import mails
from mailbot.mail.open import open_mail, taken_out

if TYPE_CHECKING:
    from mailbot.intake.registrar import Registrar
    from mailbot.ledger.entries import EntryRow
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.service import Service


def replies(service: Service) -> Replies:
    """Return what writes the replies."""
    config = service.config
    return Replies(
        challenge=service.challenge,
        zone=config.challenge.zone,
        publish_at=config.board.publish_at,
        rule=config.board.standing,
        kinds=kinds(service),
    )


def obeying(service: Service) -> Obeying:
    """Return what does what teams ask."""
    return Obeying(
        challenge=service.challenge,
        disputing=disputing(service),
        versions=lambda: service.ranking.versions,
        clock=service.clock,
    )


def registrar_of(service: Service) -> Registrar:
    """Return what does what is asked of the roster."""
    return registrar.of(service)


def disputing(service: Service) -> Disputing:
    """Return what brings disputes to the organizers, and their rulings to the teams."""
    return Disputing(
        challenge=service.challenge,
        organizers=service.config.challenge.organizers,
        ledger=service.ledger,
        file_of=lambda row: file_of(service, row),
        clock=service.clock,
    )


def forwarding(service: Service) -> Forwarding:
    """Return what sends the organizers the mails that are no submission."""
    settings = service.config.challenge
    return Forwarding(
        challenge=service.challenge,
        organizers=settings.organizers if settings.forward else (),
        raw=service.spool.get,
        clock=service.clock,
    )


def kinds(service: Service) -> tuple[Kind, ...]:
    """Return what teams may hand in besides result files."""
    return tuple(Kind(**section.model_dump()) for section in service.config.entries)


def entry_file(service: Service, row: EntryRow) -> bytes | None:
    """Take what a team handed in out of its spooled mail; None for a link, or when it is not there any more."""
    with service.ledger.read() as tx:
        mail = mails.get(tx, row.mail_id)
    if mail is None or row.sha256 is None:
        return None
    try:
        raw = service.spool.get(mail.sha256)
    except Permanent:  # dropped on purpose, or lost
        return None
    return service.sandbox.submit(taken_out, raw, row.sha256).result()


def file_of(service: Service, row: SubmissionRow) -> bytes | None:
    """Take the file of a submission out of its spooled mail; None when it is not there any more."""
    with service.ledger.read() as tx:
        mail = mails.get(tx, row.mail_id)
    if mail is None:
        return None
    opened = service.sandbox.submit(open_mail, service.spool.get(mail.sha256), mail.size).result()
    return next((each.data for each in opened.candidates if each.sha256 == row.sha256), None)
