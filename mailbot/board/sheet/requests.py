"""Worksheets to requests of the Google Sheets API (v4), and to the difference from what is there. Pure.

A worksheet of ours is known by its sheetId, which follows from its key: a person may rename it, and a sheet that a
person happened to name as ours is not touched. Each request says how things are to be, so all may be sent again.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeAlias

from mailbot.board.sheet.worksheets import Tint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mailbot.board.sheet.worksheets import Cell, Column, Page

Json: TypeAlias = dict[str, Any]

HEADER, HEADER_TEXT = "e4ecec", "1f2933"
TINTS = {Tint.FIRST: "fbeec1", Tint.SECOND: "e9ecef", Tint.THIRD: "f3dcc8", Tint.BASELINE: "f4f5f6"}
BASELINE_TEXT = "666e76"

LONGEST_TITLE = 90
"""A worksheet's title may have 100 characters; the rest is for telling it from another."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A cell that is not as it should be."""

    #: As people name it: ``Overall!E3``.
    place: str
    before: Cell
    after: Cell


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What must be known of a spreadsheet before it is written: the title of each worksheet, by sheetId."""

    title: str
    worksheets: Mapping[int, str]

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Layout:
        """Read the answer to ``spreadsheets.get``."""
        properties = [sheet["properties"] for sheet in answer.get("sheets", ())]
        return cls(
            title=str(answer["properties"]["title"]),
            worksheets={int(p.get("sheetId", 0)): str(p["title"]) for p in properties},  # proto JSON leaves a 0 out
        )

    def has(self, page: Page) -> bool:
        """Tell whether the worksheet of a page is there."""
        return sheet_id(page) in self.worksheets

    def titles(self, pages: Iterable[Page]) -> list[str]:
        """Return the title of each page's worksheet: the one it has, else its own, or one that is still free."""
        taken = {title.casefold() for title in self.worksheets.values()}
        return [self.worksheets.get(sheet_id(page)) or _free(page.title[:LONGEST_TITLE], taken) for page in pages]


def _free(title: str, taken: set[str]) -> str:
    """Return a title that no other worksheet has, and take it; Sheets tells no case apart."""
    candidates = (title, *(f"{title} (mailbot{number})" for number in ("", *range(2, 1000))))
    found = next(one for one in candidates if one.casefold() not in taken)
    taken.add(found.casefold())
    return found


def sheet_id(page: Page) -> int:
    """Return the worksheet's id: any number of 31 bits that no other sheet is likely to have."""
    return zlib.crc32(f"mailbot {page.key}".encode()) & 0x7FFFFFFF


# --- writing ---------------------------------------------------------------------------------


def structure(pages: Sequence[Page], layout: Layout) -> Json:
    """Return the body of ``batchUpdate``: worksheets that are missing, sizes and looks. It is done whole or not."""
    requests: list[Json] = []
    for index, (page, title) in enumerate(zip(pages, layout.titles(pages), strict=True)):
        requests += [_sized(page) if layout.has(page) else _added(page, title, index), *_dressed(page)]
    return {"requests": requests}


def values(pages: Sequence[Page], layout: Layout) -> Json:
    """Return the body of ``values.batchUpdate``: every cell of every page, RAW, so that no text is ever run."""
    titles = layout.titles(pages)
    data = [
        {"range": _whole(page, title), "majorDimension": "ROWS", "values": page.cells}
        for page, title in zip(pages, titles, strict=True)
    ]
    return {"valueInputOption": "RAW", "data": data}


def _grid(page: Page) -> Json:
    """Return the size that just holds a page: what an older one had below or beside is gone with the rows."""
    return {
        "rowCount": len(page.cells),
        "columnCount": len(page.columns),
        "frozenRowCount": 1,
        "frozenColumnCount": 0,
    }


def _added(page: Page, title: str, index: int) -> Json:
    properties = {"sheetId": sheet_id(page), "title": title, "index": index, "gridProperties": _grid(page)}
    return {"addSheet": {"properties": properties}}


def _sized(page: Page) -> Json:
    grid = _grid(page)
    fields = ",".join(f"gridProperties.{key}" for key in grid)
    properties = {"sheetId": sheet_id(page), "gridProperties": grid}
    return {"updateSheetProperties": {"properties": properties, "fields": fields}}


def _dressed(page: Page) -> Iterator[Json]:
    """Yield the looks of a page: first plain everywhere, so that nothing of an older board shines through."""
    plain = {"verticalAlignment": "TOP" if page.key == "about" else "MIDDLE", "wrapStrategy": "WRAP"}
    yield _format(page, {}, plain, "userEnteredFormat")
    for index, column in enumerate(page.columns):
        yield from _column(page, index, column)
    for index, tint in enumerate(page.tints, 1):
        if tint is not None:
            yield _tinted(page, index, tint)
    header = {"textFormat": {"bold": True, **_foreground(HEADER_TEXT)}, **_background(HEADER)}
    yield _format(page, _rows(0), header, "userEnteredFormat(textFormat,backgroundColorStyle)")


def _column(page: Page, index: int, column: Column) -> Iterator[Json]:
    span = {"startColumnIndex": index, "endColumnIndex": index + 1}
    if column.pattern:
        kind = "DATE_TIME" if "hh" in column.pattern else "DATE" if "yy" in column.pattern else "NUMBER"
        look = {"numberFormat": {"type": kind, "pattern": column.pattern}, "horizontalAlignment": "RIGHT"}
        yield _format(page, span, look, "userEnteredFormat(numberFormat,horizontalAlignment)")
    width = {
        "range": {"sheetId": sheet_id(page), "dimension": "COLUMNS", "startIndex": index, "endIndex": index + 1},
        "properties": {"pixelSize": column.width},
        "fields": "pixelSize",
    }
    yield {"updateDimensionProperties": width}


def _tinted(page: Page, index: int, tint: Tint) -> Json:
    text = {"italic": True, **_foreground(BASELINE_TEXT)} if tint is Tint.BASELINE else {"bold": True}
    look = {"textFormat": text, **_background(TINTS[tint])}
    return _format(page, _rows(index), look, "userEnteredFormat(textFormat,backgroundColorStyle)")


def _format(page: Page, span: Json, look: Json, fields: str) -> Json:
    grid = {"sheetId": sheet_id(page), **span}
    return {"repeatCell": {"range": grid, "cell": {"userEnteredFormat": look}, "fields": fields}}


def _rows(index: int) -> Json:
    return {"startRowIndex": index, "endRowIndex": index + 1}


def _background(colour: str) -> Json:
    return {"backgroundColorStyle": {"rgbColor": _rgb(colour)}}


def _foreground(colour: str) -> Json:
    return {"foregroundColorStyle": {"rgbColor": _rgb(colour)}}


def _rgb(colour: str) -> dict[str, float]:
    parts = zip(("red", "green", "blue"), bytes.fromhex(colour), strict=True)
    return {name: round(value / 255, 4) for name, value in parts}


# --- places ----------------------------------------------------------------------------------


def quoted(title: str) -> str:
    """Return a worksheet's title as A1 notation has it."""
    return "'" + title.replace("'", "''") + "'"


def _whole(page: Page, title: str) -> str:
    return f"{quoted(title)}!A1:{column_name(len(page.columns) - 1)}{len(page.cells)}"


def column_name(index: int) -> str:
    """Return a column's letters: 0 is A, 26 is AA."""
    letters = ""
    while index >= 0:
        index, rest = divmod(index, 26)
        letters, index = chr(ord("A") + rest) + letters, index - 1
    return letters


# --- comparing -------------------------------------------------------------------------------


def ranges(pages: Sequence[Page], layout: Layout) -> list[str]:
    """Return the ranges to read before comparing: the whole worksheet of each page that is there."""
    return [quoted(layout.worksheets[sheet_id(page)]) for page in pages if layout.has(page)]


def difference(pages: Sequence[Page], layout: Layout, found: Mapping[str, Sequence[Sequence[Cell]]]) -> list[Change]:
    """Return the cells that writing ``pages`` would change; ``found`` holds the cells of each range of ``ranges``."""
    changes: list[Change] = []
    for page, title in zip(pages, layout.titles(pages), strict=True):
        there = found.get(quoted(title), ()) if layout.has(page) else ()
        for row, (old, new) in enumerate(zip_longest(there, page.cells, fillvalue=()), 1):
            for index, (before, after) in enumerate(zip_longest(old, new, fillvalue="")):
                if not _same(before, after):
                    changes.append(Change(place=f"{title}!{column_name(index)}{row}", before=before, after=after))
    return changes


def _same(before: Cell, after: Cell) -> bool:
    """Tell whether two cells show the same; a number is no text, even if it reads alike."""
    return before == after and isinstance(before, str) == isinstance(after, str)
