"""The list of what was received until a deadline, published beside the board: with it a team can check its files."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from mailbot.board import exports
from mailbot.system import safefile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from mailbot.ledger.submissions import SubmissionRow

NAME = "receipts.csv"


def write(rows: Sequence[SubmissionRow], folder: Path, zone: ZoneInfo) -> Path:
    """Write ``receipts.csv`` below ``folder``: every file received in the phases that closed; return its path.

    It tells receipt, track, arrival and the beginning of the file's SHA-256: no score, no team, no address. The form is
    that of ``board.csv``.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("phase", "receipt", "track", "arrived_at", "sha256"))
    for row in rows:
        arrived = row.arrived_at.astimezone(zone).isoformat(timespec="seconds")
        writer.writerow((exports.guarded(row.phase or ""), row.receipt, row.track or "", arrived, row.sha256[:16]))
    path = folder / NAME
    safefile.replace(path, file.getvalue().encode())
    return path
