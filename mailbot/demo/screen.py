"""What the demo shows: steps as they happen, one line for each mail, two replies, and where the files are."""

from __future__ import annotations

import email
import io
import re
import shlex
import sys
import textwrap
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import set_cell_size
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from mailbot.model import Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.status import Status as Spinner

    from mailbot.demo.week import Delivery
    from mailbot.ledger.submissions import SubmissionRow

STEP, TEAM, WHAT = 16, 17, 30
"""Columns of a terminal; a mail's line then fits into 80."""

CELL, WIDEST_SHEET, LIMIT = 40, 144, 1000
"""Columns of a worksheet's cell that is not broken, of a worksheet unless its numbers need more, and of any.

A narrower terminal breaks its lines.
"""

_LABEL = re.compile(r" *(?:[\w-]+(?: [\w-]+)* {2,}|\d+\. )?")
"""What stands before a line's text: white space, a label, a number."""

WIDEST = 100
"""Replies are not drawn wider."""

FILES = (
    ("page/index.html", "the leaderboard; open it in a browser"),
    ("board.csv .xlsx .json", "the same, for spreadsheets and programs"),
    ("inbox/  replies/", "the mails that came in, and mailbot's answers"),
    ("letters/", "what each team was told, by board and deadline"),
    ("ledger.db  journal.log", "all that happened, and what the daemon said"),
    ("config.toml  labels/", "what it ran with; README.txt tells the rest"),
)

COMMANDS = ("submissions list", "submissions show S-000001", "outbox show R-000001")


class Screen:
    """Prints to standard output."""

    def __init__(self) -> None:
        """Write what the terminal's encoding cannot show as question marks."""
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        self._console = Console(highlight=False)

    def title(self, text: str) -> None:
        """Begin."""
        self._console.print()
        self._console.print(Text(text, style="bold"))
        self._console.print()

    def step(self, name: str, text: str) -> None:
        """Tell of a step that is done."""
        self._console.print(Text.assemble(("  ✓ ", "green"), (set_cell_size(name, STEP), "bold"), text))

    def waiting(self, text: str) -> Spinner:
        """Return a spinner to show while something goes on, used as a context manager."""
        return self._console.status(Text(text, style="dim"))

    def mail(self, delivery: Delivery, outcome: Outcome | None, submissions: Sequence[SubmissionRow]) -> None:
        """Tell of a mail and of what became of it."""
        told, style = _outcome(outcome, submissions)
        self._console.print(
            Text.assemble(
                "  ",
                (f"{delivery.arrived_at:%a %d %H:%M}  ", "dim"),
                set_cell_size(delivery.person.team, TEAM),
                (set_cell_size(delivery.what, WHAT), "dim"),
                (told, style),
                overflow="ellipsis",
                no_wrap=True,
            )
        )

    def board(self, instant: datetime, *, letters: int) -> None:
        """Tell that a board is out."""
        told = f"the leaderboard is published; {letters} letters"
        self._console.print(Text.assemble("  ", (f"{instant:%a %d %H:%M}  ", "dim"), (told, "bold")))

    def line(self, text: str = "") -> None:
        """Print a line between the others."""
        self._console.print(Text(f"  {text}" if text else ""))

    def reply(self, heading: str, raw: bytes) -> None:
        """Show a reply as its reader sees it."""
        mail = email.message_from_bytes(raw, policy=default)
        body = mail.get_body(("plain",))
        text = f"To: {mail['To']}\nSubject: {mail['Subject']}\n\n{body.get_content().strip() if body else ''}"
        width = min(self._console.width, WIDEST)
        shown = Text("\n".join(_hung(line, width - 4) for line in text.split("\n")))
        panel = Panel(shown, title=Text(heading), title_align="left", border_style="dim", width=width)
        self._console.print(panel)
        self._console.print()

    def sheet(self, title: str, rows: Sequence[Sequence[str]], *, more: int) -> None:
        """Show the cells of a worksheet, the first row as its header; numbers stay whole, however wide it gets."""
        header, *rest = rows
        shown = Table(
            title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim"
        )
        for index, name in enumerate(header):
            short = all(len(row[index]) <= CELL for row in rest if index < len(row))
            heading = Text(name.replace(" ", "\n") if short else name, style="dim")
            shown.add_column(heading, no_wrap=short, overflow="fold")
        for row in rest:
            shown.add_row(*map(Text, row))
        whole = all(column.no_wrap for column in shown.columns)
        least = Console(width=LIMIT).measure(shown).maximum if whole else 0  # below it, numbers would be cut
        Console(highlight=False, width=max(self._console.width, WIDEST_SHEET, least)).print(shown)
        if more > 0:
            self.line(f"and {more} more rows")
        self._console.print()

    def farewell(self, folder: Path) -> None:
        """Say where the files are, and what to do with them."""
        place = _short(folder)
        self._console.print(Text.assemble(("The files are in ", "bold"), (str(folder), "bold cyan")), soft_wrap=True)
        for name, meaning in FILES:
            self._console.print(Text.assemble("  ", set_cell_size(name, 24), (meaning, "dim")))
        self._console.print()
        self._console.print(Text("Look around:", style="bold"))
        for command in COMMANDS:
            self._console.print(Text(f"  mailbot --config {_quoted(place / 'config.toml')} {command}"), soft_wrap=True)
        self._console.print()


def _outcome(outcome: Outcome | None, submissions: Sequence[SubmissionRow]) -> tuple[str, str]:
    """Return what became of a mail in a few words, and their colour."""
    scores = [f"{one.score:.2f}" for one in submissions if one.status is Status.ACCEPTED and one.score is not None]
    if scores:
        return "✓ " + ", ".join(scores), "green"
    if any(one.status is Status.OVER_QUOTA for one in submissions):
        return "✗ over quota", "yellow"
    if submissions:
        return f"✗ {submissions[0].problems[0]['code']}", "red"
    words = {
        Outcome.NO_SUBMISSION: ("? no file in it", "yellow"),
        Outcome.UNKNOWN_SENDER: ("- unknown sender", "dim"),
        Outcome.HELD: ("? asked back", "yellow"),
        Outcome.CONFIRMED: ("✓ confirmed", "green"),
        Outcome.COMMAND: ("✓ answered", "green"),
        Outcome.AUTOMATIC: ("- automatic mail", "dim"),
    }
    return words.get(outcome or Outcome.OWN, (f"! {outcome or 'set aside'}", "bold red"))


def _hung(line: str, width: int) -> str:
    """Break a line that is too long, its rest set below where its text begins."""
    begins = len(found[0]) if (found := _LABEL.match(line)) else 0
    first, *rest = textwrap.wrap(line[begins:], width - begins) or [""]
    return "\n".join([line[:begins] + first, *(" " * begins + part for part in rest)])


def _short(folder: Path) -> Path:
    """Return a path from here, where that is the shorter way to say it."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
