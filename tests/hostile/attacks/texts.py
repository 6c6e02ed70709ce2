"""Attacks by texts: on terminals, spreadsheets, and whoever reads the journal."""

from __future__ import annotations

import contextlib
import re
import shutil
import socketserver
import sqlite3
import threading
from contextlib import closing, contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any

from tests.command import typed
from tests.hostile.attacks.host import folder_of
from tests.hostile.attacks.model import ADA, CARL, Attack, note
from tests.hostile.attacks.people import BY_MAIL, answered
from tests.hostile.nasty import is_inert, running_in_csv, running_in_workbook, texts_everywhere
from tests.servers.process import LOOPBACK
from tests.unit.services import BEFORE, submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.hostile.attacks.model import Ground

ESCAPES = "\x1b[2J\x1b]0;owned\x07 \x9b31m \u202egnp.nosj\u2066 \u2028x"
"""Clears a terminal, names its window, colours it, and turns texts around."""

SHOWING = (
    "mails list", "mails list --held", "stuck list", "stuck show M-1", "submissions list", "submissions show S-1",
    "outbox list", "outbox show R-1", "teams list", "entries", "status", "board", "audit list", "disputes",
)  # fmt: skip
TALKING = ("doctor", "send", "once --yes", "outbox list")
"""Commands that print what came from outside, and those that talk to servers, with what is kept of it."""

_PLAIN = {"stuck show M-1", "outbox show R-1", "send"}
"""Those that have no ``--json``."""


class _Rude(socketserver.StreamRequestHandler):
    """Answers whatever a client of IMAP or SMTP says with a refusal that moves terminals."""

    #: What it says first, with the rest of the line.
    greeting = b""

    def handle(self) -> None:
        """Greet, and refuse each line, by its tag where it has one."""
        said = ESCAPES.encode()
        with contextlib.suppress(OSError):
            self.wfile.write(self.greeting + said + b"\r\n")
            for line in self.rfile:
                tag = line.split()[0] if self.greeting.startswith(b"*") else b""
                self.wfile.write((tag + b" NO " if tag else b"550 5.7.1 ") + said + b"\r\n")


@contextmanager
def _rude(greeting: bytes) -> Iterator[int]:
    """Run such a server; yield its port."""
    handler = type("Rude", (_Rude,), {"greeting": greeting})
    with socketserver.ThreadingTCPServer((LOOPBACK, 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def _set_aside(state: Path) -> None:
    """Have a mail set aside because of a text from outside, and a mail of ours due."""
    with closing(sqlite3.connect(state / "ledger.db")) as ledger, ledger:
        aside = "UPDATE mails SET state = 'set-aside', reason = ?, trace = ? WHERE id = 1"
        ledger.execute(aside, (f"Error: {ESCAPES}", f"Traceback\n  {ESCAPES}\n"))
        due = "UPDATE outbox SET state = 'queued', sent_at = NULL, error = ? WHERE id = 1"
        ledger.execute(due, (f"550 {ESCAPES}",))
    (state.parent / "password").write_text("secret\n")


def _on_terminals(ground: Ground) -> str:
    """Write texts that move terminals wherever a mail can have one, and answer so as a server; print all that shows."""
    for raw in texts_everywhere(ground, ESCAPES, ESCAPES, ESCAPES):
        ground.take(raw)
    with _rude(b"* OK ") as imap, _rude(b"220 ") as smtp:
        server = 'host = "127.0.0.1"\nsecurity = "none"\n'
        login = f'user = "bot"\npassword_file = "password"\n{server}timeout_seconds = 5\n'
        entry = '[[entries]]\nkind = "paper"\ntypes = [".pdf"]\ncloses = 2030-01-01T00:00:00Z\n'
        more = f"[imap]\nport = {imap}\n{login}[smtp]\nport = {smtp}\n{server}{entry}"
        folder = folder_of(ground, _set_aside, more=more)
        said = {
            f"{command} {form}": typed(*command.split(), *form.split(), folder=folder)
            for command, form in product(SHOWING + TALKING, ("", "--json"))
            if not (form and command in _PLAIN)
        }
    shutil.rmtree(folder.parent)
    moving = [command for command, done in said.items() if not is_inert(done.out + done.err)]
    failed = [command for command, done in said.items() if "Traceback" in done.err or "Usage:" in done.err]
    if not any("550 5.7.1" in done.out + done.err for done in said.values()):
        failed.append("no text of the servers is shown")
    return ", ".join(moving + [f"failed: {each}" for each in failed])


def _in_the_journal(ground: Ground) -> str:
    """Make every mistake in a roster that names an address, and look for addresses in what the daemon says of it."""
    ground.take(submission("Kept", To=ground.us))
    rows = (
        f"Mallory,{ADA}", f"Mallory,mallory@evil.example {CARL}", f'"{ADA}",x@evil.example', "W,no..body@evil.example",
        f"Pixel Peepers,{CARL}", f'Twice,"<{ADA}>,({CARL})"', "Mallory", f"Two,a@b@evil.example;{ADA}",
        "Name,\u2066victim@uni.example", '"=cmd|x!A0 victim@uni.example",y@evil.example', "SIQA,siqa@evil.example",
    )  # fmt: skip
    told = []
    for row in rows:
        folder = folder_of(ground, _with_row(row), more='[roster]\nfile = "teams.csv"\n')
        told += [typed("once", "--yes", *form, folder=folder).err for form in ((), ("--json",))]
        shutil.rmtree(folder.parent)
    told += [path.read_text(encoding="utf-8") for path in ground.folder.glob("journal.jsonl")]
    if "roster-mistake" not in "".join(told):
        return f"nothing: no roster was read: {told[:1]}"
    return ", ".join(sorted({found for text in told for found in re.findall(r"[\w.+-]+@[\w.-]+\.example", text)}))


def _with_row(row: str) -> Callable[[Path], object]:
    """Return what writes the roster with a row more beside a state."""
    text = f"team,address\nPixel Peepers,{ADA}\nMünster Vision,{CARL}\n{row}\n"
    return lambda state: (state.parent / "teams.csv").write_text(text, encoding="utf-8")


FORMULAS = (
    "Net;=cmd|' /C calc'!A0", "=HYPERLINK(1)", "Net\t=1+1", "Net\uff1b\uff1d1+1", "+1+1", "@SUM(1)", "a;-2+3;@x",
    "Net, =1+1", "\uff1d1+1", "-2+3|x", "x\r\n=1+1", '";=1+1', "Net ; +1",
)  # fmt: skip


def _in_spreadsheets(ground: Ground) -> str:
    """Call a team, and its methods, by what a spreadsheet runs behind each of its separators; then open the board."""
    shown = False
    for number, text in enumerate(FORMULAS):
        sender = f"m{number}@evil{number}.example"
        subject = " ".join(f"[SIQA Registration] {text}".split("\r\n"))
        if ground.take(note(ground, sender, subject, Message_ID=f"<r{number}@x>")) == "held":
            answered(ground, sender)
        method = " ".join(text.split())
        plain = {"Subject": "[SIQA Submission] Pixel Peepers - x", "Message-ID": f"<f{number}@x>", "To": ground.us}
        ground.take(submission(method, **plain, sender=CARL if number % 2 else ADA, tilt=-number / 10))
        ground.publish()
        published = ground.folder / "state" / "published"
        told = (published / "board.csv").read_text(encoding="utf-8")
        shown |= "calc" in told
        running = running_in_csv(told) + running_in_workbook((published / "board.xlsx").read_bytes())
        if running:
            return f"{text!r} is run: {running[:3]}"
    return "" if shown else "nothing: no method is on the board"


PAPERS: dict[str, Any] = {"entries": [{"kind": "paper", "types": [".pdf"], "closes": BEFORE.replace(year=2030)}]}
PLENTY: dict[str, Any] = {"quota": {"per_week": 50}}

ATTACKS = (
    Attack(name="escapes-that-move-a-terminal", play=_on_terminals, config=PAPERS | BY_MAIL | PLENTY),
    Attack(name="addresses-in-the-journal", play=_in_the_journal),
    Attack(name="formulas-behind-each-separator", play=_in_spreadsheets, config=BY_MAIL | PLENTY),
)
