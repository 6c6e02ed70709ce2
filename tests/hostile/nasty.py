"""Texts that terminals, spreadsheets and mail programs act on, mails that are full of them, and what finds them."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import unicodedata
from typing import TYPE_CHECKING

import openpyxl

from tests.hostile.attacks.model import ADA, CARL, carrying, note
from tests.integration.identity_cases import signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hostile.attacks.model import Ground

PIECES = (
    *"=+-@|%;,\t\n\r\v\f'\"<>&\\{}[]",
    *("\x1b[2J", "\x1b]0;x\x07", "\x9b31m", "\x00", "\u202e", "\u2066", "\u2028", "\u200b", "\ufeff", "\ud800"),
    *("\uff1d", "\uff0b", "\uff20", "\ufe66", "\uff1b", "cmd|' /C calc'!A0", "a", "7", " ", "\u79d1", "Net", "[red]"),
)
"""What terminals, spreadsheets, browsers and mail programs act on, between harmless letters."""


def is_inert(text: str) -> bool:
    """Whether a text holds no control, direction or surrogate character but line ends."""
    return all(char == "\n" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in text)


def may_run(cell: str) -> bool:
    """Whether a spreadsheet could take a cell for a formula; numbers are none."""
    plain = unicodedata.normalize("NFKC", cell.strip())
    return plain[:1] in {*"=+-@|%"} and not re.fullmatch(r"-?[\d.]+", plain)


def running_in_csv(told: str) -> list[str]:
    """Return the cells of a CSV that a spreadsheet may run, whether it parts them at commas, semicolons or tabs."""
    rows = [row for mark in ",;\t" for row in csv.reader(io.StringIO(told), delimiter=mark)]
    return [cell for row in rows for cell in row if may_run(cell)]


def running_in_workbook(data: bytes) -> list[str]:
    """Return the cells of a workbook that are formulas or links, or that a spreadsheet may run when they are saved."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    return [
        str(cell.value)
        for cell in cells
        if cell.data_type == "f"
        or cell.hyperlink is not None
        or (isinstance(cell.value, str) and (may_run(cell.value) or not is_inert(cell.value)))
    ]


def texts_everywhere(ground: Ground, name: str, said: str, method: str) -> Iterator[bytes]:
    """Yield mails that have texts wherever a mail can have one."""
    rows = [{"id": n, "perception": n / 4, "knowledge": n % 5, said: said} for n in range(1, 9)]
    good = json.dumps({"track": "S", "team": name, "method": method, "predictions": rows}).encode()
    bad = json.dumps({"track": said, "predictions": [{"id": said, said: name, "perception": method}]}).encode()
    subject = f"=?utf-8?b?{base64.b64encode(said.encode('utf-8', 'replace')).decode()}?="
    file = "".join(name.encode("utf-8", "ignore").decode().splitlines()) + ".json"
    yield carrying(ground, ADA, f"[SIQA Submission] {subject} - {subject}", (file, good), Message_ID="<1@x>")
    yield carrying(ground, ADA, f"siqa-s {subject}", (file, bad), ("b" + file, said.encode("utf-8", "replace")))
    yield carrying(ground, ADA, "check", (file, good), (f"x{file}", bad), Message_ID="<2@x>")
    yield carrying(ground, CARL, f"[SIQA Submission] {subject}", (file, good), Message_ID="<3@x>")
    yield carrying(ground, CARL, f"[SIQA paper] {subject}", (f"{file}.pdf", b"%PDF-1.4"), Message_ID="<4@x>")
    text = said.encode("utf-8", "replace").decode()
    for number, told in enumerate(("status", f"dispute S-1: {subject}", f"help {subject}", f"withdrow {subject}")):
        yield signed(note(ground, ADA, told, text, Message_ID=f"<5{number}@x>"))
    yield note(ground, ADA, "withdraw S-1", text, Message_ID="<6@x>")
    yield note(ground, "n@evil.example", f"[SIQA Registration] {subject}", text, Message_ID="<7@x>")
    yield note(ground, "m@evil.example", f"{subject}?", text, Message_ID="<8@x>")
