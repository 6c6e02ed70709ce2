"""Pages to be photographed: a mail as a mail program shows it, and a worksheet as a spreadsheet does."""

from __future__ import annotations

import base64
import email
import json
from datetime import timedelta
from email.policy import default
from html import escape
from typing import TYPE_CHECKING

from mailbot.board.codec import board_from_json
from mailbot.board.sheet import worksheets
from mailbot.config import load

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

STYLE = "body{margin:0;font:15px/1.5 'DejaVu Sans',sans-serif;background:#eceff1;color:#1d2726}"
LOOK_OF_MAIL = (
    "main{margin:20px;background:#fff;border:1px solid #cfd8d6;border-radius:10px;overflow:hidden}"
    "header{padding:16px 20px;border-bottom:1px solid #dde5e3}h1{margin:0 0 8px;font-size:19px;font-weight:600}"
    "p{margin:0;color:#5d6b69;font-size:13px}iframe{display:block;width:100%;border:0}"
)
LOOK_OF_SHEET = (
    "body{background:#fff}table{border-collapse:collapse;font-size:13px}td,th{border:1px solid #dadce0;padding:4px 8px;"
    "white-space:nowrap;font-weight:400;text-align:left}thead th,.n{background:#f8f9fa;color:#5f6368;text-align:center}"
    ".h td{background:#e8eef0;font-weight:700}.v{text-align:right}.first td{background:#fff4cf}"
    ".second td{background:#eef0f2}.third td{background:#f7e6d8}.baseline td{color:#666;background:#f6f7f7}"
    "nav{padding:8px;background:#f1f3f4}"
    "nav span{padding:6px 16px;color:#5f6368}nav span:first-child{background:#fff;color:#0b57d0;font-weight:700}"
)
AS_HIGH = "this.style.height = this.contentDocument.documentElement.scrollHeight + 8 + 'px'"
"""A frame as high as what is in it."""


def mail(path: Path) -> str:
    """Return a page that shows the HTML of a mail, with its pictures, below its sender and subject."""
    read: EmailMessage = email.message_from_bytes(path.read_bytes(), policy=default)
    body = read.get_body(("html",))
    if body is None:
        message = f"{path.name} has no HTML"
        raise ValueError(message)
    text = body.get_content()
    for part in read.walk():
        if name := part.get("Content-ID"):
            data = base64.b64encode(part.get_payload(decode=True) or b"").decode()  # type: ignore[arg-type]  # not multipart
            text = text.replace(f"cid:{name.strip('<> ')}", f"data:{part.get_content_type()};base64,{data}")
    head = f"From {read['From']} · To {read['To']}"
    return _page(
        LOOK_OF_MAIL,
        f"<main><header><h1>{escape(str(read['Subject']))}</h1><p>{escape(head)}</p></header>"
        f'<iframe srcdoc="{escape(text)}" onload="{AS_HIGH}"></iframe></main>',
    )


def sheet(folder: Path) -> str:
    """Return a page that shows the first worksheet of the demo's Google Sheet: cells, tints and the tabs below."""
    config = load.load(folder / "config.toml")
    board = board_from_json(json.loads((folder / "board.json").read_text(encoding="utf-8")))
    published = worksheets.Published(board=board, published_at=board.as_of, weekly=True)
    made = worksheets.pages([published], config.board.publish_at, config.challenge.zone)
    first = made[0]
    letters = "".join(f"<th>{chr(65 + n)}</th>" for n in range(len(first.columns)))
    head = "".join(f"<td>{escape(column.title)}</td>" for column in first.columns)
    rows = "".join(
        f'<tr class="{tint or ""}"><th class=n>{number}</th>' + "".join(map(_cell, row, first.columns)) + "</tr>"
        for number, (row, tint) in enumerate(zip(first.rows, first.tints, strict=True), 2)
    )
    tabs = "".join(f"<span>{escape(page.title)}</span>" for page in made)
    table = f"<table><thead><tr><th></th>{letters}</tr></thead><tr class=h><th class=n>1</th>{head}</tr>{rows}</table>"
    return _page(LOOK_OF_SHEET, f"{table}<nav>{tabs}</nav>")


def _page(look: str, body: str) -> str:
    """Return a page of its own."""
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{STYLE}{look}</style>{body}</html>'


def _cell(value: worksheets.Cell, column: worksheets.Column) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    if ":" in column.pattern or "yy" in column.pattern:
        return f"<td>{worksheets.SERIAL_ZERO + timedelta(days=value):%Y-%m-%d %H:%M}</td>"
    sign = "± " if "±" in column.pattern else ""
    return f"<td class=v>{sign}{value:.{len(column.pattern.partition('.')[2])}f}</td>"
