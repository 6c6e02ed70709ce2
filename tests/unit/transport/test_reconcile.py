"""Mailbox and ledger compared: who tells of a difference, in which words, and who ends it."""

from __future__ import annotations

from contextlib import contextmanager
from email import message_from_bytes
from email.policy import SMTP
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from mailbot import flow
from mailbot.ledger import observations, outbox
from mailbot.mail.model import Stamp
from mailbot.operations.doctor import checks
from mailbot.transport.fetch import Fetch
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mailbot.mail.model import Fetched
    from mailbot.operations.doctor.finding import Finding
    from mailbot.service import Service
    from mailbot.transport.imap.mailbox import Mailbox


class Inbox:
    """A mailbox with one mail in its inbox."""

    next_uid = 8
    unlisted = 0

    def select(self, folder: str) -> int | None:
        """Enter the inbox, the only folder."""
        return 1 if folder == "INBOX" else None

    def windows(self) -> Iterator[list[int]]:
        """Give its UIDs."""
        yield [7]

    def stamps(self, uids: Sequence[int]) -> dict[int, Stamp]:
        """Tell no arrival."""
        return dict.fromkeys(uids, Stamp(size=None, arrived_at=None))

    def fetch_beginning(self, _: Sequence[int]) -> Iterator[Fetched]:
        """Give no mail."""
        yield from ()

    def close(self) -> None:
        """Let go."""


@pytest.fixture(autouse=True)
def _inbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every look at the mailbox find it; the rows on the server itself are left out."""
    monkeypatch.setattr("mailbot.service.Service.mailbox", lambda _: Inbox())
    monkeypatch.setattr("mailbot.operations.doctor.mailbox.imap", lambda _: [])


def _row(service: Service, part: str) -> list[Finding]:
    """Return the rows of a part, as the doctor finds them with what the fake inbox can show."""
    return [row for row in checks.examine(service, online=True) if row.part == part]


def test_the_doctor_counts_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mail that nobody fetched yet is a yellow row with its fix: no alert, no health row, no line on stderr."""
    with served(tmp_path, Clock()) as service:
        (row,) = _row(service, "mailbox")
        assert (row.level, row.detail) == ("yellow", "1 mails there, 1 not fetched yet, 0 waiting to be handled")
        assert row.fix == "`mailbot once` fetches them, or `mailbot run`"
        with service.ledger.read() as tx:
            assert (outbox.listing(tx), observations.health_of_parts(tx)) == ([], [])
        assert _row(service, "reconciliation") == []
    assert capsys.readouterr().err == ""


def test_a_difference_is_told_in_words_and_ended_by_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The letter and the doctor's fix say what to do; the next pass by hand that finds nothing amiss ends it."""

    @contextmanager
    def nothing_goes_out(_: Service) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(step=lambda: False)

    with served(tmp_path, Clock()) as service:
        service.reconciliation.run(Inbox())  # type: ignore[arg-type]  # all that it asks of a server
        (row,) = _row(service, "reconciliation")
        said = "1 mails in the mailbox are not fetched yet: `mailbot once` fetches them, or `mailbot run`"
        assert (row.level, row.fix) == ("red", said)
        with service.ledger.read() as tx:
            (letter,) = outbox.listing(tx)
            assert said in message_from_bytes(letter.message, policy=SMTP).get_content()
        monkeypatch.setattr(Inbox, "windows", lambda _: iter(()))
        monkeypatch.setattr(Fetch, "take_new", lambda *_: 0)
        monkeypatch.setattr(Fetch, "file_away", lambda *_: 0)
        monkeypatch.setattr("mailbot.service.Service.sending", nothing_goes_out)
        flow.once(service)
        assert _row(service, "reconciliation") == []


def test_a_mailbox_that_fills_is_told_twice(tmp_path: Path) -> None:
    """At 80 and at 95 percent of its quota, each once, and when there is room again; no quota is well."""
    with served(tmp_path, Clock()) as service:
        for used in (79, 80, 90, 95, 96, 50):
            server = SimpleNamespace(quota=lambda used=used: (used, 100))
            service.reconciliation.tell_room(cast("Mailbox", server))
        service.reconciliation.tell_room(cast("Mailbox", SimpleNamespace(quota=lambda: None)))
        with service.ledger.read() as tx:
            subjects = [row.subject.removeprefix("[mailbot] ") for row in outbox.listing(tx)]
    assert subjects == [
        "the mailbox is nearly full",
        "the mailbox is full, or will be soon",
        "fixed: the mailbox has room",
        "fixed: the mailbox is no longer full",
    ]
