"""The only module that speaks to Google Sheets, over :mod:`mailbot.board.sheet.http`; errors end here.

A board takes three requests: what worksheets there are, how they should look, what their cells hold. Each may be sent
again: nothing is ever appended.
"""

from __future__ import annotations

import json
import random
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from google.auth.exceptions import GoogleAuthError
from google.oauth2.service_account import Credentials

from mailbot.board.sheet import http as sheet_http
from mailbot.board.sheet import requests as sheet_requests
from mailbot.board.sheet.faults import IMPOSSIBLE
from mailbot.board.sheet.requests import Layout, quoted
from mailbot.config.servers import API
from mailbot.errors import ConfigError, SheetRefused, Temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from urllib.parse import SplitResult

    from mailbot.board.sheet.http import Wait
    from mailbot.board.sheet.requests import Change
    from mailbot.board.sheet.worksheets import Page

SCOPES = ("https://www.googleapis.com/auth/spreadsheets",)
"""Spreadsheets only: nothing else in anybody's Drive can be seen, not even the names of files."""

FIELDS = "properties.title,sheets.properties(sheetId,title)"
"""All that is asked of a spreadsheet before it is written."""

_from_info: Callable[..., Credentials] = Credentials.from_service_account_info  # google-auth leaves it without types

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

FIRST = "A1:ZZZ"
"""What is read when no worksheet is named: the first one."""


class Sheets:
    """The spreadsheets that are shared with a service account."""

    def __init__(
        self,
        key: bytes,
        *,
        timeout: float = 30,
        api: str = API,
        wait: Wait = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Take the account's key file, and the seconds to wait for an answer; nothing is asked yet.

        ``api`` is Google's, or a fake on this machine; ``wait`` and ``jitter`` are those of the pauses between tries.

        Raises:
            ConfigError: the key file is none, or it would have the account's word sent elsewhere than to Google.
        """
        credentials = _credentials(key, api)
        #: Whom a spreadsheet must be shared with.
        self.account = str(credentials.service_account_email)
        self._client = sheet_http.PatientClient(
            credentials, api=api, timeout=timeout, wait=wait, jitter=jitter, clock=lambda: datetime.now(UTC)
        )

    @property
    def sent(self) -> int:
        """How many requests were sent so far, repeated ones included."""
        return self._client.sent

    def show(self, spreadsheet: str, pages: Sequence[Page]) -> None:
        """Write the pages, each whole; sheets of anyone else stay as they are.

        What Google refuses as impossible is written once more from the beginning: a sheet was renamed or removed
        meanwhile, or the answer to what was done already was lost on its way.

        Raises:
            Temporary: not now, and some of it may be written.
            SheetRefused: not before somebody has fixed something.
        """
        try:
            self._write(spreadsheet, pages)
        except SheetRefused as error:
            if error.status != IMPOSSIBLE:
                raise
            self._write(spreadsheet, pages)

    def difference(self, spreadsheet: str, pages: Sequence[Page]) -> list[Change]:
        """Return the cells that ``show`` would change. Raises as ``show`` does."""
        layout = self._layout(spreadsheet)
        ranges = sheet_requests.ranges(pages, layout)
        params: dict[str, Any] = {
            "valueRenderOption": "UNFORMATTED_VALUE",
            "dateTimeRenderOption": "SERIAL_NUMBER",
        }
        with _translated():
            answer = self._client.values_batch_get(spreadsheet, ranges, params) if ranges else {"valueRanges": []}
            found = [part.get("values", []) for part in answer["valueRanges"]]
            there = dict(zip(ranges, found, strict=True))
        return sheet_requests.difference(pages, layout, there)

    def check(self, spreadsheet: str) -> str:
        """Return the spreadsheet's title, having seen that it may be written. Raises as ``show`` does."""
        layout = self._layout(spreadsheet)
        body = {
            "requests": [{"updateSpreadsheetProperties": {"properties": {"title": layout.title}, "fields": "title"}}]
        }
        with _translated():
            self._client.batch_update(spreadsheet, body)
        return layout.title

    def worksheets(self, spreadsheet: str) -> list[str]:
        """Return the titles of the worksheets, in their order. Raises as ``show`` does."""
        return list(self._layout(spreadsheet).worksheets.values())

    def read_rows(self, spreadsheet: str, worksheet: str = "") -> list[list[str]]:
        """Return the rows of a worksheet (the first, if none is named) as people see them. Changes nothing.

        Rows end with their last filled cell, so they differ in length. Raises as ``show`` does.
        """
        with _translated():
            answer = self._client.values_get(spreadsheet, quoted(worksheet) if worksheet else FIRST)
            return [[str(cell) for cell in row] for row in answer.get("values", [])]

    def _write(self, spreadsheet: str, pages: Sequence[Page]) -> None:
        layout = self._layout(spreadsheet)
        looks, cells = sheet_requests.structure(pages, layout), sheet_requests.values(pages, layout)
        with _translated():
            self._client.batch_update(spreadsheet, looks)
            self._client.values_batch_update(spreadsheet, cells)

    def _layout(self, spreadsheet: str) -> Layout:
        with _translated():
            return Layout.read(self._client.fetch_sheet_metadata(spreadsheet, {"fields": FIELDS}))


@contextmanager
def _translated() -> Iterator[None]:
    """Take an answer that is not what the API promises for a mishap on its way, as of a proxy."""
    try:
        yield
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        message = f"Google's answer cannot be read: {error.__class__.__name__}"
        raise Temporary(message) from error


def _credentials(key: bytes, api: str) -> Credentials:
    try:
        info: dict[str, Any] = json.loads(key)
        made = _from_info(info, scopes=SCOPES)
        token = urlsplit(str(info["token_uri"]))
    except (ValueError, LookupError, TypeError, AttributeError, GoogleAuthError) as error:
        message = (
            "sheet.credentials_file: this is not a key of a service account; download one as JSON "
            "(Google Cloud console, IAM, Service accounts, Keys)"
        )
        raise ConfigError(message) from error
    if not (_is_google(api, token) or _is_here(api, token)):
        message = f"sheet.credentials_file: its token_uri is not Google's ({token.hostname})"
        raise ConfigError(message)
    return made


def _is_google(api: str, token: SplitResult) -> bool:
    """Tell whether the API and the token endpoint are Google's."""
    trusted = token.scheme == "https" and (token.hostname or "").endswith((".googleapis.com", ".google.com"))
    return api == API and trusted


def _is_here(api: str, token: SplitResult) -> bool:
    """Tell whether both are fakes on this machine: neither is ever mixed with the real one."""
    return urlsplit(api).hostname in LOOPBACK and token.hostname in LOOPBACK
