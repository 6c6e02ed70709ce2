"""How the Google Sheet does, and whom it must be shared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.board.sheet import show
from mailbot.errors import ConfigError, MailbotError, SheetRefused
from mailbot.operations.doctor.finding import green, red, yellow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.operations.doctor.finding import Finding
    from mailbot.service import Service


def standing(service: Service) -> Iterator[Finding]:
    """Say whether the sheet is up to date, as far as we know; nothing is asked of Google."""
    sheet = show.of(service)
    if sheet is None:
        return
    try:
        account = show.sheets(service.config).account
    except ConfigError as error:
        yield red("sheet", str(error), "see [sheet] in the config")
        return
    if sheet.behind():
        yield yellow("sheet", f"behind, written as {account}", sheet.stands().error or "`mailbot run` writes it")
    else:
        yield green("sheet", f"up to date, written as {account}")


def access(service: Service) -> Iterator[Finding]:
    """See whether the sheet can be written, by writing the title that it has."""
    sheet = show.of(service)
    if sheet is None:
        return
    try:
        client = show.sheets(service.config)
        title = client.check(sheet.spreadsheet)
    except SheetRefused as error:
        yield red("sheet access", error.what, error.mend)
    except MailbotError as error:
        yield red("sheet access", str(error), "see [sheet] in the config, and whether this host reaches the internet")
    else:
        yield green("sheet access", f"“{title}” can be written as {client.account}")
