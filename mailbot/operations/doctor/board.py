"""Checks of the Google Sheet and of the scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.board.sheet import show
from mailbot.errors import ConfigError, MailbotError, SheetRefused
from mailbot.ledger import truths
from mailbot.operations.doctor.finding import green, red, yellow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.operations.doctor.finding import Finding
    from mailbot.service import Service


def standing(service: Service) -> Iterator[Finding]:
    """Say whether the sheet is up to date, as far as we know; nothing is asked of Google."""
    sheet = service.sheet()
    if sheet is None:
        return
    try:
        account = show.sheets(service.config.sheet).account
    except ConfigError as error:
        yield red("sheet", str(error), "check [sheet] in the config")
        return
    if sheet.behind():
        yield yellow("sheet", f"behind, written as {account}", sheet.stands().error or "`mailbot run` writes it")
    else:
        yield green("sheet", f"up to date, written as {account}")


def access(service: Service) -> Iterator[Finding]:
    """See whether the sheet can be written, by writing the title that it has."""
    sheet = service.sheet()
    if sheet is None:
        return
    try:
        client = show.sheets(service.config.sheet)
        title = client.check(sheet.spreadsheet)
    except SheetRefused as error:
        yield red("sheet access", error.what, error.fix)
    except MailbotError as error:
        yield red("sheet access", str(error), "check [sheet] in the config, and whether this host reaches the internet")
    else:
        yield green("sheet access", f"“{title}” can be written as {client.account}")


def labels(service: Service) -> Iterator[Finding]:
    """See that each label file of the config is, or was, the one that scores."""
    unused = list(service.labels.not_taken())
    fix = "put the earlier file back, or make this one active: `mailbot truth add FILE --why ...`"
    fix += ", with --phase where it is a phase's" if len(service.challenge.stages) > 1 else ""
    yield from (red("labels", told, fix) for told in unused)
    with service.ledger.read() as tx:
        lost = sorted({choice.stage for choice in truths.choices(tx)} - {each.key for each in service.challenge.stages})
    fix = "give the phase its name and its labels again in [[phases]], or its submissions cannot be scored"
    yield from (
        red("labels", f"labels were chosen for a phase {key!r}, which the config does not name", fix) for key in lost
    )
    if not unused + lost:
        yield green("labels", "the files of the config are known")


def lacking(service: Service) -> Iterator[Finding]:
    """Count what the board would be refused for, long before it is due."""
    with service.ledger.read() as tx:
        now, ranking = service.clock(), service.ranking
        begun = [each for each in service.challenge.stages if each.opens is None or each.opens <= now]
        count = sum(ranking.lacking(tx, ranking.versions_in(stage)) for stage in begun)
    if count:
        yield yellow("scores", f"{count} submission(s) have none by the active labels: no board", "`mailbot rescore`")
    else:
        yield green("scores", "all are by the active labels")
