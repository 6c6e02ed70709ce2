"""A spreadsheet as Google Sheets keeps one, as far as mailbot uses it."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailbot.board.sheet.requests import column_name, quoted
from mailbot.board.sheet.worksheets import SERIAL_ZERO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_RANGE = re.compile(r"(?:(?P<sheet>'(?:[^']|'')+'|[^'!]+)!)?(?:(?P<c1>[A-Z]+)(?P<r1>\d+):(?P<c2>[A-Z]+)(?P<r2>\d+)?)?")
_FIELDS = re.compile(r"userEnteredFormat(?:\(([\w,]+)\))?")

BAD, MISSING = 400, 404


class RefusedError(Exception):
    """The API says no."""

    def __init__(self, code: int, message: str) -> None:
        """Take the HTTP status and Google's words."""
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Span:
    """A rectangle of a worksheet, from 0, its ends excluded."""

    worksheet: Worksheet
    top: int
    left: int
    bottom: int
    right: int


@dataclass(kw_only=True)
class Worksheet:
    """One worksheet; rows and columns count from 0."""

    properties: dict[str, Any]
    values: dict[tuple[int, int], Any] = field(default_factory=dict)
    formats: dict[tuple[int, int], dict[str, Any]] = field(default_factory=dict)
    widths: dict[int, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.properties["title"])

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        grid = self.properties["gridProperties"]
        return grid["rowCount"], grid["columnCount"]

    def resize(self, grid: Mapping[str, int]) -> None:
        """Change the size or what is frozen; cells beyond the new size are gone."""
        self.properties["gridProperties"] |= grid
        rows, columns = self.size
        if self.properties["gridProperties"].get("frozenRowCount", 0) >= rows:
            raise RefusedError(BAD, "You can't freeze all visible rows on the sheet.")
        for cells in (self.values, self.formats):
            for place in [place for place in cells if place[0] >= rows or place[1] >= columns]:
                del cells[place]


@dataclass(kw_only=True)
class Book:
    """One spreadsheet."""

    title: str = "Leaderboard"
    worksheets: dict[int, Worksheet] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Begin with the empty sheet that every new spreadsheet has."""
        if not self.worksheets:
            self.add({"sheetId": 0, "title": "Sheet1"})

    def named(self, title: str) -> Worksheet:
        """Return a worksheet by its title."""
        return next(one for one in self.worksheets.values() if one.title == title)

    def get(self) -> dict[str, Any]:
        """Answer ``spreadsheets.get``."""
        ordered = sorted(self.worksheets.values(), key=lambda one: int(one.properties["index"]))
        return {"properties": {"title": self.title}, "sheets": [{"properties": one.properties} for one in ordered]}

    # --- spreadsheets.batchUpdate ------------------------------------------------------------

    def batch_update(self, requests: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Carry out all requests, or none of them."""
        if not requests:
            raise RefusedError(BAD, "Must specify at least one request.")
        draft = copy.deepcopy(self)
        known = {
            "addSheet": draft.add,
            "updateSheetProperties": draft.update,
            "repeatCell": draft.repeat,
            "updateDimensionProperties": draft.widen,
            "updateSpreadsheetProperties": draft.rename,
        }
        replies = []
        for number, request in enumerate(requests):
            ((kind, what),) = request.items()
            try:
                known[kind](what["properties"] if kind == "addSheet" else what)
            except RefusedError as error:
                raise RefusedError(error.code, f"Invalid requests[{number}].{kind}: {error}") from error
            added = (
                {"properties": draft.worksheets[what["properties"]["sheetId"]].properties} if kind == "addSheet" else {}
            )
            replies.append({kind: added} if added else {})
        self.title, self.worksheets = draft.title, draft.worksheets
        return replies

    def add(self, properties: Mapping[str, Any]) -> None:
        """Add a worksheet."""
        title, number = properties["title"], properties["sheetId"]
        if number in self.worksheets:
            raise RefusedError(BAD, f'A sheet with id "{number}" already exists.')
        if any(one.title.casefold() == title.casefold() for one in self.worksheets.values()):
            raise RefusedError(BAD, f'A sheet with the name "{title}" already exists. Please enter another name.')
        index = properties.get("index", len(self.worksheets))
        for one in self.worksheets.values():
            one.properties["index"] += one.properties["index"] >= index
        grid = {"rowCount": 1000, "columnCount": 26}
        made = Worksheet(
            properties={"sheetId": number, "title": title, "index": index, "sheetType": "GRID", "gridProperties": grid}
        )
        made.resize(properties.get("gridProperties", {}))
        self.worksheets[number] = made

    def update(self, what: Mapping[str, Any]) -> None:
        """Change a worksheet's size, as far as ``fields`` says."""
        fields = {name.removeprefix("gridProperties.") for name in what["fields"].split(",")}
        grid = what["properties"]["gridProperties"]
        self._worksheet(what["properties"]["sheetId"]).resize({k: v for k, v in grid.items() if k in fields})

    def repeat(self, what: Mapping[str, Any]) -> None:
        """Give cells a look; what ``fields`` names is replaced, or the whole look."""
        span, look = self._span(what["range"]), what["cell"]["userEnteredFormat"]
        found = _FIELDS.fullmatch(what["fields"])
        if found is None:
            raise RefusedError(BAD, f"Invalid field: {what['fields']}")
        names = found[1].split(",") if found[1] else None
        for row in range(span.top, span.bottom):
            for column in range(span.left, span.right):
                old = span.worksheet.formats.get((row, column), {}) if names else {}
                kept = {name: value for name, value in old.items() if names and name not in names}
                span.worksheet.formats[row, column] = kept | look

    def widen(self, what: Mapping[str, Any]) -> None:
        """Set the width of columns."""
        worksheet = self._worksheet(what["range"]["sheetId"])
        for column in range(what["range"]["startIndex"], what["range"]["endIndex"]):
            worksheet.widths[column] = what["properties"]["pixelSize"]

    def rename(self, what: Mapping[str, Any]) -> None:
        """Change the spreadsheet's title."""
        self.title = what["properties"]["title"]

    # --- spreadsheets.values -----------------------------------------------------------------

    def put(self, name: str, rows: Sequence[Sequence[Any]], *, raw: bool) -> dict[str, Any]:
        """Write cells: null leaves a cell, "" clears it; text that is not written RAW may be run."""
        span = self._named_span(name)
        for row, cells in enumerate(rows, span.top):
            for column, value in enumerate(cells, span.left):
                if row >= span.bottom or column >= span.right:
                    raise RefusedError(BAD, f"Requested writing within range [{name}], but tried writing beyond it.")
                if value == "":
                    span.worksheet.values.pop((row, column), None)
                elif value is not None:
                    run = not raw and str(value).startswith("=")
                    span.worksheet.values[row, column] = "#RUN" if run else value
        return {"updatedRange": name, "updatedRows": len(rows), "updatedCells": sum(map(len, rows))}

    def cells(self, name: str, *, formatted: bool) -> dict[str, Any]:
        """Read cells, without the empty ones at the end of each row and of all."""
        span = self._named_span(name)
        rows: list[list[Any]] = []
        for row in range(span.top, span.bottom):
            cells = [self._cell(span.worksheet, (row, c), formatted=formatted) for c in range(span.left, span.right)]
            rows.append(_without_end(cells))
        whole = f"{quoted(span.worksheet.title)}!A1:{column_name(span.right - 1)}{span.bottom}"
        return {"range": whole, "majorDimension": "ROWS", "values": _without_end(rows)}

    @staticmethod
    def _cell(worksheet: Worksheet, place: tuple[int, int], *, formatted: bool) -> Any:  # noqa: ANN401  # any JSON
        value = worksheet.values.get(place, "")
        pattern = worksheet.formats.get(place, {}).get("numberFormat", {}).get("pattern", "")
        return _shown(value, pattern) if formatted else value

    # --- places ------------------------------------------------------------------------------

    def _worksheet(self, number: int) -> Worksheet:
        if number not in self.worksheets:
            raise RefusedError(BAD, f"No grid with id: {number}")
        return self.worksheets[number]

    def _span(self, grid: Mapping[str, int]) -> Span:
        """Return the rectangle of a GridRange; an end that is left out is the worksheet's."""
        worksheet = self._worksheet(grid["sheetId"])
        rows, columns = worksheet.size
        return self._within(
            Span(
                worksheet=worksheet,
                top=grid.get("startRowIndex", 0),
                left=grid.get("startColumnIndex", 0),
                bottom=grid.get("endRowIndex", rows),
                right=grid.get("endColumnIndex", columns),
            )
        )

    def _named_span(self, name: str) -> Span:
        """Return the rectangle of a range in A1 notation; reading beyond the end of a worksheet ends there."""
        titles = {one.title: one for one in self.worksheets.values()}
        bare = name[1:-1].replace("''", "'") if name[:1] == name[-1:] == "'" else name
        if bare in titles:
            return self._span({"sheetId": titles[bare].properties["sheetId"]})
        found = _RANGE.fullmatch(name)
        title = (found["sheet"] or "").strip("'").replace("''", "'") if found else None
        first = min(self.worksheets.values(), key=lambda one: int(one.properties["index"]))
        worksheet = first if title == "" else titles.get(title or "")
        if found is None or worksheet is None or not found["c1"]:
            raise RefusedError(BAD, f"Unable to parse range: {name}")
        rows, columns = worksheet.size
        right = _column(found["c2"]) + 1
        return self._within(
            Span(
                worksheet=worksheet,
                top=int(found["r1"]) - 1,
                left=_column(found["c1"]),
                bottom=int(found["r2"]) if found["r2"] else rows,
                right=right if found["r2"] else min(right, columns),
            )
        )

    @staticmethod
    def _within(span: Span) -> Span:
        rows, columns = span.worksheet.size
        if span.bottom > rows or span.right > columns:
            raise RefusedError(BAD, f"Range exceeds grid limits. Max rows: {rows}, max columns: {columns}")
        return span


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _without_end(cells: list[Any]) -> list[Any]:
    """Return a list without the empty cells, or rows, at its end."""
    return cells[: max((n for n, cell in enumerate(cells, 1) if cell not in ("", [])), default=0)]


def _shown(value: Any, pattern: str) -> str:  # noqa: ANN401  # any JSON
    """Show a cell as people see it."""
    if isinstance(value, str) or not pattern:
        return str(value)
    if "yyyy" in pattern:
        instant = SERIAL_ZERO + timedelta(days=value)
        return f"{instant:%Y-%m-%d %H:%M}" if "hh" in pattern else f"{instant:%Y-%m-%d}"
    mark, number = re.fullmatch(r'(?:"([^"]*)")?([0.]+)', pattern).groups()  # type: ignore[union-attr]  # mailbot's own patterns
    return f"{mark or ''}{value:.{len(number.partition('.')[2])}f}"
