"""The Google Sheet catches up with the newest board, whatever it takes, and nothing else waits for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from mailbot.board.sheet.client import Sheets
from mailbot.board.sheet.show import FIRST_DELAY, LONGEST_DELAY, Sheet
from mailbot.config.servers import SheetSection, sheet_key
from mailbot.errors import ConfigError, MailbotError, SheetRefused, Temporary, Throttled
from mailbot.ledger import events, outbox
from mailbot.operations.doctor import board as doctor_sheet
from mailbot.operations.doctor.finding import Level
from mailbot.system import backoff
from tests.unit.services import NOW, Clock, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from mailbot.board.sheet.worksheets import Page
    from mailbot.service import Service

REFUSED = SheetRefused("Google answered 403", "share the sheet with us")
BOOK = "1aB-c_D-leaderboard-of-2026"
SHEET = {"spreadsheet": BOOK}


class Google(Sheets):
    """Takes what it is shown, unless a fault is due."""

    def __init__(self) -> None:
        self.requests = 0
        self.faults: list[MailbotError] = []
        #: What was shown: for each write its pages.
        self.shown: list[Sequence[Page]] = []

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return self.requests

    def show(self, spreadsheet: str, pages: Sequence[Page]) -> None:
        """Take all pages."""
        assert spreadsheet == BOOK
        self.requests += 3
        if self.faults:
            raise self.faults.pop(0)
        self.shown.append(pages)


@dataclass
class Scene:
    """A mailbot whose board is shown in a sheet."""

    service: Service
    clock: Clock
    google: Google
    sheet: Sheet
    #: Mails that were written before the test began.
    before: int

    def publish(self) -> None:
        """Publish a board of this moment."""
        self.service.weekly.publish(as_of=self.clock.now)

    def letters(self) -> list[str]:
        """Return the subjects of what the organizers were told."""
        with self.service.ledger.read() as tx:
            return [row.subject for row in outbox.listing(tx)][self.before :]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a mailbot with one submission and a sheet."""
    clock, google = Clock(NOW), Google()
    with served(tmp_path, clock, sheet=SHEET) as service:
        take(service, submission())
        sheet = service.sheet()
        assert sheet is not None
        with service.ledger.read() as tx:
            before = len(outbox.listing(tx))
        yield Scene(service, clock, google, replace(sheet, connect=lambda: google), before)


def test_before_the_first_board_there_is_nothing_to_show(scene: Scene) -> None:
    """The step waits for one."""
    assert not scene.sheet.step()
    assert scene.sheet.attempt() is None
    assert scene.google.shown == []


def test_a_board_is_shown_once(scene: Scene) -> None:
    """After it was published, and not again until there is a new one."""
    scene.publish()
    assert scene.sheet.behind()
    assert scene.sheet.step()
    assert not scene.sheet.step()
    assert not scene.sheet.behind()
    scene.publish()
    assert scene.sheet.step()
    assert len(scene.google.shown) == 2


def test_only_the_newest_of_several_is_written(scene: Scene) -> None:
    """Boards that came while the sheet was behind are in its history, but are not written one by one."""
    for week in range(3):
        scene.clock.now = NOW + timedelta(weeks=week, hours=1)
        scene.publish()
    assert scene.sheet.step()
    assert not scene.sheet.step()
    (pages,) = scene.google.shown
    (history,) = (page for page in pages if page.key == "history")
    assert len(history.rows) == 3


def test_a_restart_forgets_nothing(scene: Scene, tmp_path: Path) -> None:
    """Whether the sheet is behind, and when to try again, is in the ledger."""
    scene.publish()
    scene.google.faults = [Temporary("503")]
    assert not scene.sheet.step()
    with served(tmp_path, scene.clock, sheet=SHEET) as again:
        sheet = again.sheet()
        assert sheet is not None
        sheet = replace(sheet, connect=lambda: scene.google)
        assert not sheet.step()
        scene.clock.forward(minutes=1)
        assert sheet.step()
        assert not sheet.step()


def test_another_spreadsheet_is_another_matter(scene: Scene) -> None:
    """When the config names a new one, it is written though the old one was up to date."""
    scene.publish()
    scene.sheet.step()
    assert replace(scene.sheet, spreadsheet="1xyz").behind()


def test_the_pauses_grow(scene: Scene) -> None:
    """It is not tried before it is due; each time in vain doubles the pause, up to an hour."""
    scene.publish()
    scene.google.faults = [Temporary("503")] * 3
    tried = []
    for minute in range(20):
        scene.clock.now = NOW + timedelta(minutes=minute)
        before = scene.google.sent
        scene.sheet.step()
        if scene.google.sent > before:
            tried.append(minute)
    assert tried == [0, 1, 3, 7]
    delays = [backoff.delay(n, first=FIRST_DELAY, longest=LONGEST_DELAY) for n in (1, 2, 6, 7, 1000)]
    assert [each / timedelta(minutes=1) for each in delays] == [1, 2, 32, 60, 60]


def test_google_may_ask_for_more_time(scene: Scene) -> None:
    """A long Retry-After is kept to by the step."""
    throttled = Throttled("429")
    throttled.seconds = 600
    scene.publish()
    scene.google.faults = [throttled]
    scene.sheet.step()
    assert scene.sheet.stands().due_at == NOW + timedelta(minutes=10)


def test_organizers_hear_of_an_outage_once_and_when_it_ends(scene: Scene) -> None:
    """Not of a short one; of one that lasts half an hour; and when it is well again."""
    scene.publish()
    scene.google.faults = [Temporary("503")] * 8
    for minute in range(29):
        scene.clock.now = NOW + timedelta(minutes=minute)
        scene.sheet.step()
    assert scene.letters() == []
    for minute in range(29, 300):
        scene.clock.now = NOW + timedelta(minutes=minute)
        scene.sheet.step()
    told = ["[mailbot] the Google Sheet is behind", "[mailbot] fixed: the Google Sheet is up to date"]
    assert scene.letters() == told
    assert scene.google.faults == []


def test_organizers_hear_at_once_of_what_only_they_can_mend(scene: Scene) -> None:
    """A sheet that is not shared; and each time it happens anew."""
    scene.publish()
    scene.google.faults = [REFUSED, REFUSED]
    scene.sheet.step()
    scene.clock.forward(hours=1)
    scene.sheet.step()
    assert scene.letters() == ["[mailbot] the Google Sheet is behind"]
    with scene.service.ledger.read() as tx:
        trail = [entry for entry in events.since(tx, 0) if entry.kind == "health"]
    assert [(entry.subject, entry.detail) for entry in trail] == [("sheet", '{"ok":false}')]


def test_a_key_file_that_cannot_be_read_ends_nothing(scene: Scene) -> None:
    """It is trouble of the sheet's alone, and the doctor says what it is."""

    def connect() -> Google:
        raise ConfigError("sheet.credentials_file: not set")

    scene.publish()
    error = replace(scene.sheet, connect=connect).attempt()
    assert isinstance(error, ConfigError)
    (finding,) = doctor_sheet.standing(scene.service)
    assert finding.level is Level.RED
    assert "credentials_file" in finding.detail


def test_a_mailbot_without_a_sheet_has_no_step(tmp_path: Path) -> None:
    """Nothing of it is even loaded."""
    with served(tmp_path, Clock(NOW)) as service:
        assert service.sheet() is None
        assert list(doctor_sheet.standing(service)) == []


def test_the_history_has_a_row_per_team_and_week(scene: Scene) -> None:
    """A week is named by the day it ends; of boards by hand the last counts, and the weekly one before them all."""
    due = datetime(2026, 3, 18, 2, tzinfo=UTC)
    scene.clock.forward(hours=1)
    scene.publish()
    scene.clock.forward(hours=1)
    scene.publish()
    scene.clock.now = due
    scene.service.weekly.publish(as_of=due, due_at=due)
    scene.clock.forward(hours=1)
    scene.publish()
    scene.sheet.step()
    (history,) = (page for page in scene.google.shown[-1] if page.key == "history")
    wednesday = (due.date() - date(1899, 12, 30)).days
    assert [row[:3] for row in history.rows] == [(wednesday, 1, "Pixel Peepers"), (wednesday + 7, 1, "Pixel Peepers")]


def test_the_key_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the file that the config names, or, before it, in systemd's credentials folder."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "key.json").write_bytes(b"file")
    named = SheetSection(credentials_file=tmp_path / "key.json")
    assert sheet_key(named) == b"file"
    with pytest.raises(ConfigError, match="not set"):
        sheet_key(SheetSection())
    with pytest.raises(ConfigError, match="cannot be read"):
        sheet_key(SheetSection(credentials_file=tmp_path / "gone.json"))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "sheet_credentials").write_bytes(b"systemd")
    assert sheet_key(named) == sheet_key(SheetSection()) == b"systemd"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        (BOOK, BOOK),
        (f"https://docs.google.com/spreadsheets/d/{BOOK}/edit?gid=0#gid=0", BOOK),
        (f"https://docs.google.com/spreadsheets/u/1/d/{BOOK}", BOOK),
        ("", ""),
        (f"https://example.org/d/{BOOK}", None),
        ("SIQA Leaderboard", None),
        ("foo", None),
        ("https://docs.google.com/spreadsheets/d/foo/edit", None),
        ("https://docs.google.com/spreadsheets/d/", None),
    ],
    ids=["id", "address", "second-account", "none", "elsewhere", "title", "word", "short-id", "no-id"],
)
def test_the_spreadsheet_is_named_by_id_or_address(tmp_path: Path, given: str, taken: str | None) -> None:
    """Whatever is copied from the browser; a title is refused, as it would need to see all of somebody's Drive."""
    if taken is None:
        with (
            pytest.raises(ConfigError, match="not a spreadsheet"),
            served(tmp_path, Clock(), sheet={"spreadsheet": given}),
        ):
            pass
    else:
        with served(tmp_path, Clock(), sheet={"spreadsheet": given}) as service:
            assert service.config.sheet.spreadsheet == taken


@pytest.mark.parametrize(
    "given", ["https://docs.google.com/spreadsheets/d/e/2PACX-1vQ/pubhtml", "2PACX-1vQabcdefghijkl"]
)
def test_the_link_to_what_was_published_is_no_address(given: str) -> None:
    """File, Share, Publish to web gives a link that nothing can be written to: where the address is found is said."""
    with pytest.raises(ValueError, match="open the sheet itself, and copy its address"):
        SheetSection(spreadsheet=given)
