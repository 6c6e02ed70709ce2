"""What Google's refusals mean, in a sentence each, and what a person can do about them. Pure."""

from __future__ import annotations

import json
import re
from typing import Any

from mailbot.errors import MailbotError, SheetRefused, Temporary, Throttled
from scoring.text import printable

IMPOSSIBLE, TOO_MANY = 400, 429
TRY_AGAIN = frozenset({408, TOO_MANY})
SERVER_FAULTS = 500

LONGEST_WORD = 200
"""Characters of Google's own words that are passed on."""

_ENABLE = "enable the Google Sheets API for the project of the service account, in the Google Cloud console"
_NEW_KEY = "make a new key for the service account and replace sheet.credentials_file with it"


def passing(status: int) -> bool:
    """Tell whether the same request may be answered otherwise a moment later."""
    return status in TRY_AGAIN or status >= SERVER_FAULTS


def refused(status: int, body: str, *, account: str, seconds: float = 0.0) -> MailbotError:
    """Return what an answer that is no success means. ``account`` is whom the sheet must be shared with."""
    word, reason = _word(body)
    said = f"Google answered {status}{f': {word}' if word else ''}"
    if status == TOO_MANY:
        throttled = Throttled(f"{said} (the quota of the Sheets API is used up for now)")
        throttled.seconds = seconds
        return throttled
    if passing(status):
        return Temporary(said)
    disabled = reason == "SERVICE_DISABLED" or "has not been used in project" in word
    fixes = {  # by HTTP status
        IMPOSSIBLE: "look at the sheet; an Office file must be saved as Google Sheets first (File menu)",
        401: _NEW_KEY,
        403: _ENABLE if disabled else f"share the sheet with {account} as an editor, and protect no range against it",
        404: "sheet.spreadsheet names no spreadsheet: copy its address from the browser again",
    }
    return SheetRefused(said, fixes.get(status, "see docs/operations/sheet.md"), status=status)


def not_let_in(problem: str) -> SheetRefused:
    """Return what it means that the token endpoint lets the service account not in (RFC 6749, section 5.2)."""
    said = f"Google refuses the service account: {printable(problem, LONGEST_WORD)}"
    if re.search(r"reasonable timeframe|short-lived|\biat\b", problem):
        return SheetRefused(said, "set this machine's clock, it is too far off; NTP keeps it right")
    if "disabled" in problem.lower():
        return SheetRefused(said, "enable the service account in the Google Cloud console")
    return SheetRefused(said, _NEW_KEY)


def _word(body: str) -> tuple[str, str]:
    """Return Google's message and its reason (AIP-193, ErrorInfo); both "" where the answer is no JSON of theirs."""
    try:
        error: Any = json.loads(body)["error"]
        details = [part for part in error.get("details", ()) if isinstance(part, dict)]
        return printable(str(error["message"]), LONGEST_WORD), next(
            (str(d["reason"]) for d in details if "reason" in d), ""
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return "", ""
