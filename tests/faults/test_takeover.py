"""Two daemons on one PostgreSQL ledger: whatever ends the one that leads, the other goes on, nothing lost or doubled.

`make test-takeover` does the same at every crash point.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.command import mailbot
from tests.faults import takeover
from tests.faults.conftest import MakeBot, mail

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.takeover import Takeover
    from tests.servers.dovecot import Dovecot
    from tests.servers.postgres import Postgres


def _verify(found: Takeover) -> None:
    assert found.reached
    assert (found.verdict.lost, found.verdict.doubled) == ((), ())


@pytest.mark.parametrize(
    ("point", "occurrence"),
    [("smtp.data.after", 2), pytest.param("commit.record.made", 4, marks=pytest.mark.long)],
)
def test_a_leader_that_is_killed(
    point: str, occurrence: int, tmp_path: Path, dovecot: Dovecot, postgres: Postgres
) -> None:
    """Its lock is free at once: the other leads, with the same state, mailbox and marker."""
    _verify(takeover.die_at(tmp_path / "bot", dovecot, postgres.database(), point, occurrence))


def test_a_leader_that_hangs(tmp_path: Path, dovecot: Dovecot, postgres: Postgres) -> None:
    """It is deposed; when it wakes up, it writes nothing and stands by, or ends."""
    _verify(takeover.hang(tmp_path / "bot", dovecot, postgres.database()))


@pytest.mark.parametrize("how", ["hole", pytest.param("rst", marks=pytest.mark.long)])
def test_a_leader_that_loses_the_database(how: str, tmp_path: Path, dovecot: Dovecot, postgres: Postgres) -> None:
    """Its connections are reset, or nothing comes through any more: the other has its own way there."""
    _verify(takeover.lose_database(tmp_path / "bot", dovecot, postgres, how))  # type: ignore[arg-type]  # one of the words


def test_two_that_begin_at_once(tmp_path: Path, dovecot: Dovecot, postgres: Postgres) -> None:
    """One leads, the other stands by."""
    _verify(takeover.begin_together(tmp_path / "bot", dovecot, postgres.database()))


def test_hosts_whose_clocks_differ(tmp_path: Path, dovecot: Dovecot, postgres: Postgres) -> None:
    """The one that takes over is five minutes ahead: neither deposes the other for that, and the mails go on."""
    _verify(takeover.skew(tmp_path / "bot", dovecot, postgres.database(), 300))


def test_a_lead_that_is_handed_over(tmp_path: Path, dovecot: Dovecot, postgres: Postgres) -> None:
    """The one that led finishes what it has in hand, and stands by."""
    _verify(takeover.hand_over(tmp_path / "bot", dovecot, postgres.database()))


def test_who_leads_is_shown(make_bot: MakeBot, postgres: Postgres) -> None:
    """By `lead` and `status`; nobody is asked to yield where nobody stands by, and a command that works alone waits."""
    bot = make_bot(port=1)
    config = bot.folder / "config.toml"
    config.write_text(f'ledger_url = "{postgres.database()}"\n{config.read_text()}')
    (bot.folder / "one.eml").write_bytes(mail("One"))
    assert mailbot("ingest", "one.eml", "--json", folder=bot.folder).json[0]["outcome"] == "scored"
    assert mailbot("lead", folder=bot.folder, code=1).out == "Nobody leads.\n"
    with bot.running() as daemon:
        shown = mailbot("lead", "--json", folder=bot.folder).json
        assert (shown["standing_by"], shown["seconds"]) == ([], None)
        status = mailbot("status", "--json", folder=bot.folder).json
        assert (status["running"], status["leader"]["leads"], status["leader"]["host"]) == (True, True, shown["host"])
        assert "no other host stands by" in mailbot("lead", "--yield", folder=bot.folder, code=2).err
        said = mailbot("ingest", "one.eml", folder=bot.folder, code=2).err
        assert f"{shown['host']} leads on this ledger" in said
        daemon.stop()
    assert not mailbot("status", "--json", folder=bot.folder).json["running"]


def test_sqlite_has_no_leader(make_bot: MakeBot) -> None:
    """The command says why, and how the ledger moves."""
    bot = make_bot(port=1)
    (bot.folder / "one.eml").write_bytes(mail("One"))
    mailbot("ingest", "one.eml", folder=bot.folder)
    assert "mailbot migrate-ledger" in mailbot("lead", folder=bot.folder, code=2).err
