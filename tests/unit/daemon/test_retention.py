"""`retention.spool_days`: raw mails go some time after the end, and nobody takes them for lost."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot import flow
from mailbot.config import load
from mailbot.daemon.retention import Retention
from mailbot.errors import Held, Permanent
from mailbot.ledger import events, mails
from mailbot.operations import ingest, verify
from mailbot.transport.spool import Spool
from tests.command import mailbot
from tests.contest.contest import START, Clock, contest, mail, send_all, take, write_config
from tests.unit.services import in_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.service import Service

AMBER = "amber@example.org"
CLOSES = START + timedelta(days=1)
PHASE = f'\n[[phases]]\nname = "test"\ncloses = {CLOSES.isoformat()}\n'


def played(wired: Service, clock: Clock) -> None:
    """Let a mail be scored and answered, and publish after the end; then let ten days pass."""
    take(wired, mail(AMBER), START)
    clock.pass_by(days=2)
    send_all(wired)
    wired.weekly.publish(as_of=clock())
    clock.pass_by(days=10)


@contextmanager
def ended(folder: Path, clock: Clock, days: int = 7) -> Iterator[Service]:
    """Open a contest that has an end, and keeps raw mails for so many days after it."""
    path = write_config(folder, retention={"spool_days": days})
    path.write_text(path.read_text() + PHASE)
    with flow.working(load.load(path), clock=clock) as wired:
        yield in_process(wired)


def spooled(wired: Service) -> int:
    """Count the raw mails."""
    return len(list(wired.spool.paths()))


def test_finished_mails_go_when_their_time_has_come(tmp_path: Path) -> None:
    """Not a day sooner; the ledger keeps the row with its hash, the trail says what went."""
    with ended(tmp_path, clock := Clock()) as wired:
        played(wired, clock)
        clock.pass_by(days=-5)
        Retention(service=wired).run()
        assert spooled(wired) == 1
        clock.pass_by(days=5)
        Retention(service=wired).run()
        assert spooled(wired) == 0
        with wired.ledger.read() as tx:
            (row,) = mails.listing(tx)
            (entry,) = [one for one in events.since(tx, 0) if one.kind == "mails-dropped"]
        assert wired.spool.why_dropped(row.sha256) == "dropped by retention on 2026-04-25"
        assert json.loads(entry.detail) == {"mails": ["M-000001"]}


def test_a_host_that_was_deposed_touches_no_shared_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was asleep in the middle: another host may have published since, and taken such a mail again."""

    def deposed() -> None:
        raise Held("another host leads on this ledger now")

    with ended(tmp_path, clock := Clock()) as wired:
        played(wired, clock)
        page = wired.config.published / "board.json"
        page.write_text("the later board of another host")
        monkeypatch.setattr(wired.ledger, "verify_lead", deposed)
        with pytest.raises(Held):
            Retention(service=wired).run()
        with pytest.raises(Held):
            wired.publisher.rebuild()
        assert spooled(wired) == 1
        assert page.read_text() == "the later board of another host"


@pytest.mark.parametrize("days", [0, 7])
def test_without_an_end_or_the_key_nothing_goes(tmp_path: Path, days: int) -> None:
    """0 days is for good, and so is a challenge that never ends."""
    clock = Clock()
    opened = contest(tmp_path, clock, retention={"spool_days": days}) if days else ended(tmp_path, clock, days)
    with opened as wired:
        played(wired, clock)
        Retention(service=wired).run()
        assert spooled(wired) == 1


def test_what_is_not_finished_is_kept(tmp_path: Path) -> None:
    """No board since the end, a reply on its way, a mail that waits or was set aside, predictions that are not kept."""
    with ended(tmp_path, clock := Clock()) as wired:
        take(wired, mail(AMBER), START)
        send_all(wired)
        clock.pass_by(days=12)
        Retention(service=wired).run()
        assert spooled(wired) == 1, "no board yet"
        wired.weekly.publish(as_of=clock())
        take(wired, mail("stranger@example.org"), clock())
        ingest.enter(wired, mail(AMBER, shift=0.3), clock())
        Retention(service=wired).run()
        assert spooled(wired) == 3, "a mail waits"
        while wired.intake.step():
            pass
        Retention(service=wired).run()
        assert spooled(wired) == 3, "a reply waits"
        send_all(wired)
    for path in (tmp_path / "state/columns").iterdir():
        path.unlink()
    with ended(tmp_path, clock) as wired:
        Retention(service=wired).run()
        assert spooled(wired) == 1, "only what was accepted needs its predictions"


def test_nobody_takes_them_for_lost(tmp_path: Path) -> None:
    """Reconciliation counts them apart; scores are computed anew; verify, rebuild and export say where they went."""
    with ended(tmp_path, clock := Clock()) as wired:
        played(wired, clock)
        Retention(service=wired).run()
        counts = wired.reconciliation.count()
        assert (counts.ok, counts.without_bytes, counts.dropped) == (True, 0, 1)
        with pytest.raises(Permanent, match="was dropped by retention on 2026-04-25"):
            verify.verify(wired, 1)
    said = mailbot("rebuild", "--from-spool", folder=tmp_path, code=2).err
    assert "1 mails are no longer in the spool (dropped by retention on 2026-04-25)" in said
    said = mailbot("export", "out", folder=tmp_path, code=1).err
    assert "the file of S-000001, dropped by retention" in said


def test_a_restored_backup_can_be_scored_anew(tmp_path: Path) -> None:
    """The backup holds the notes, and the predictions that corrected labels are held to."""
    with ended(tmp_path, clock := Clock()) as wired:
        played(wired, clock)
        Retention(service=wired).run()
    mailbot("backup", "copy", folder=tmp_path)
    (tmp_path / "state").rename(tmp_path / "lost")
    mailbot("restore", "copy", folder=tmp_path)
    doctor = {row["part"]: row for row in mailbot("doctor", "--json", folder=tmp_path, code=1).json}  # a board is due
    assert doctor["mails"]["level"] == "green"
    assert "1 dropped on purpose" in doctor["mails"]["detail"]
    assert "`mailbot once`" in doctor["board"]["fix"]
    mailbot("truth", "void", "4", "--why", "another", folder=tmp_path)
    assert mailbot("rescore", "--json", folder=tmp_path).json["submissions"] == 1


def test_the_same_mail_that_comes_again_is_there_again(tmp_path: Path) -> None:
    """Its bytes are kept anew, and the note says nothing any more."""
    spool = Spool(tmp_path)
    digest = spool.put(b"a mail", START)
    spool.drop(digest, "dropped by retention on a day")
    assert spool.dropped() == {digest: "dropped by retention on a day"}
    with pytest.raises(Permanent, match="was dropped by retention on a day"):
        spool.get(digest)
    spool.put(b"a mail", START)
    assert (spool.get(digest), spool.dropped()) == (b"a mail", {})
