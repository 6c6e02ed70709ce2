"""Run all checks as far as possible; what stops them is a finding too, and so is what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot import flow
from mailbot.config import calendar
from mailbot.errors import ConfigError, Damaged, MailbotError, Temporary
from mailbot.operations.doctor import checks, host, needs
from mailbot.operations.doctor.finding import green, red, yellow
from scoring.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.config.schema import Config
    from mailbot.operations.doctor.finding import Finding

CONFIG, LEDGER, REST = "config", "ledger", "the rest"


def made(config: Config, *, online: bool, by_mail: bool, check_auth: bool) -> Iterator[Finding]:
    """Look at what needs the config alone, then at what needs labels and ledger too; the flags are those of examine."""
    for check in (host.disk, host.folders, host.permissions, needs.servers, needs.passwords, needs.organizers):
        yield from check(config)
    yield from needs.phase(config, calendar.now())
    try:
        with flow.opened(config) as wired:
            items = " and ".join(str(truth.n) for truth in wired.challenge.truths.values())
            yield green(CONFIG, f"{counted(len(config.tracks), 'track')}, labels of {items} items")
            yield from needs.coming(wired)
            yield from checks.examine(wired, online=online, by_mail=by_mail, check_auth=check_auth)
    except ConfigError as error:
        yield from without_config(error)
    except (Damaged, Temporary) as error:
        yield red(LEDGER, str(error), _mend(config, error))
        yield _left_out("the ledger can be used")
    except MailbotError as error:
        yield red("start", str(error), "fix this first: mailbot cannot work before")
        yield _left_out("mailbot can start")


def without_config(error: ConfigError) -> Iterator[Finding]:
    """Say what is wrong with the config, and that this was all."""
    yield red(CONFIG, str(error), error.fix)
    yield _left_out("the config can be used")


def _left_out(until: str) -> Finding:
    return yellow(REST, f"not checked until {until}", "fix what is red, and run `mailbot doctor` again")


def _mend(config: Config, error: MailbotError) -> str:
    """Return what brings the ledger back."""
    if isinstance(error, Damaged):
        return checks.DAMAGED
    if config.ledger_url:
        return "check that its server runs, and can be reached from this host with the ledger_url of the config"
    return f"check that mailbot may write {config.state}, and that no other program holds {LEDGER}.db"
