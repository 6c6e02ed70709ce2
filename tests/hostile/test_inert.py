"""Whatever text comes in, no output acts on it: properties over texts made of what terminals and spreadsheets run."""

from __future__ import annotations

import contextlib
import html.parser
import io
import json
import re
import tempfile
from dataclasses import replace
from datetime import time
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.board.build import build
from mailbot.board.exports import as_csv, as_json, as_latex, guarded
from mailbot.board.sheet.worksheets import Published, pages
from mailbot.board.workbook import as_xlsx
from mailbot.cli.common import emit
from mailbot.config.address import hidden
from mailbot.config.calendar import Moment
from mailbot.ledger import disputes, entries, outbox, submissions, teams
from mailbot.system import journal
from scoring.text import printable
from tests.hostile.attacks.grounds import inside
from tests.hostile.nasty import PIECES, is_inert, may_run, running_in_csv, running_in_workbook, texts_everywhere
from tests.unit.boards import AS_OF, SHANGHAI, front, rules, standing
from tests.unit.services import BEFORE, Clock, served

if TYPE_CHECKING:
    from email.message import EmailMessage

HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)


@given(HOSTILE)
def test_no_cell_runs_wherever_a_spreadsheet_parts_them(text: str) -> None:
    """At commas, as ours are, or at semicolons or tabs, as in other countries."""
    cell = guarded(text)
    assert is_inert(cell)
    assert "\n" not in cell
    assert not [part for part in re.split(r"[;\uff1b\t]", cell) if may_run(part)]


@settings(max_examples=30, deadline=None)
@given(HOSTILE, HOSTILE)
def test_the_files_of_a_board_are_inert(team: str, method: str) -> None:
    """CSV, in whichever way it is read, and JSON."""
    board = build([standing(team, "siqa-s", 1, method=method)], rules(baselines=()), AS_OF)
    told = as_csv(board).decode()
    assert is_inert(told)
    assert running_in_csv(told) == []
    for table in json.loads(as_json(board))["tables"]:
        assert all(is_inert(value) for row in table["rows"] for value in row.values() if isinstance(value, str))


@settings(max_examples=5, deadline=None)
@given(HOSTILE, HOSTILE)
def test_the_workbook_and_the_sheet_of_a_board_are_inert(team: str, method: str) -> None:
    """No cell is a formula or a link; the sheet's texts are what no spreadsheet takes for something else."""
    board = build([standing(team, "siqa-s", 1, method=method)], rules(baselines=()), AS_OF)
    assert running_in_workbook(as_xlsx(board)) == []
    moment = Moment(weekday=2, at=time(18))
    for page in pages([Published(board=board, published_at=AS_OF, weekly=True)], moment, SHANGHAI):
        texts = [cell for row in page.rows for cell in row if isinstance(cell, str)]
        assert not [text for text in texts if not is_inert(text) or may_run(text)]


COMMAND = re.compile(r"\\\\(?=\Z|\n)|\\(?:textasciitilde|textasciicircum|textbackslash)\{\}|\\[&%$#_{}]")
"""What of LaTeX may stand in a row: its end, and what is written for a character that has a meaning."""


@settings(max_examples=20, deadline=None)
@given(HOSTILE, HOSTILE)
def test_the_latex_of_a_board_has_our_commands_alone(team: str, method: str) -> None:
    """A row has its cells and no command that a team wrote."""
    written = as_latex(build([standing(team, "siqa-s", 1, method=method)], rules(baselines=()), AS_OF))
    assert is_inert(written)
    ranked = [line for line in written.splitlines() if line.startswith("1 & ")]
    assert ranked
    for text in (COMMAND.sub("", row) for row in ranked):
        assert not set(text) & {*"\\%$#_{}~^"}, text
        assert text.count("&") == text.count(" & ")


class _Tags(html.parser.HTMLParser):
    """Collects the tags with their attributes, but for the texts of these."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        if tag not in {"wbr", "bdi"}:  # where a long name may break, and what sets apart a name of other scripts
            self.found.append((tag, tuple(name for name, _ in attrs)))


@settings(max_examples=5, deadline=None)
@given(HOSTILE, HOSTILE)
def test_the_page_of_a_board_has_our_tags_alone(team: str, method: str) -> None:
    """Whatever a team is called, the front page has the tags and attributes that it has for a plain name."""
    shown = [
        front(build([standing(name, "siqa-s", 1, method=by)], rules(baselines=()), AS_OF))
        for name, by in (("Plain", "plain"), (f"Plain{team}", f"plain{method}"))
    ]
    assert _Tags(shown[1]).found == _Tags(shown[0]).found
    assert is_inert(shown[1])


def test_what_organizers_are_mailed_is_inert(tmp_path: Path) -> None:
    """Alerts with the words of a server, and rows of a form that anybody filled in."""
    with served(tmp_path, Clock(), roster={"sheet": {"id": "1abc-responses-of-the-form"}}) as service:
        rows = [["Team name", "Email Address", "Members"]]
        rows += [[f"T{piece}", f"a{piece}@x.example", f"b{piece}"] for piece in PIECES]
        replace(service.sync, read_rows=lambda _book, _sheet: rows).run()
        service.alerts.report("sheet", ok=False, detail=" ".join(PIECES))
        with service.ledger.read() as tx:
            mails = [message_from_bytes(row.message, policy=default) for row in outbox.listing(tx)]
    assert {mail["To"] for mail in mails} >= {"chair@siqa.example"}
    for mail in mails:
        assert is_inert(mail["Subject"])
        body = mail.get_body(("plain",))
        assert body is not None
        assert is_inert(body.get_content().replace("\r\n", "\n")), ascii(body.get_content())


@pytest.mark.long
@settings(max_examples=4, deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE)
def test_whatever_is_mailed_and_listed_is_inert(name: str, said: str, method: str) -> None:
    """Many of the mixtures of which the test below has one."""
    _assert_all_is_inert(name, said, method)


def test_all_that_is_mailed_and_listed_is_inert() -> None:
    """Each hostile piece in some place of a mail."""
    _assert_all_is_inert(*("".join(PIECES[start::3]) for start in range(3)))


def _assert_all_is_inert(name: str, said: str, method: str) -> None:
    """Hold replies, questions, ``status``, standings, digest and listings, whatever a team writes anywhere."""
    with tempfile.TemporaryDirectory() as folder, inside(Path(folder), MAILED) as ground:
        for raw in texts_everywhere(ground, name, said, method):
            ground.take(raw)
        with ground.service.ledger.write("test") as tx:
            add_alert = ground.service.alerts.report
            teams.rename(tx, 2, f"Net {printable(name)}")
        add_alert("sheet", ok=False, detail=said)
        ground.service.weekly.publish(as_of=ground.clock(), due_at=ground.clock(), letters=True)
        while ground.service.letter_queue.step():
            pass
        with ground.service.ledger.read() as tx:
            kinds = {row.kind.partition("-")[0] for row in outbox.listing(tx)}
            mails = [message_from_bytes(row.message, policy=default) for row in outbox.listing(tx)]
            listings: list[list[Any]] = [[*submissions.listing(tx)], [*disputes.listing(tx)], [*entries.listing(tx)]]
    assert {"reply", "standing", "digest", "confirm", "dispute", "health"} <= kinds
    for mail in mails:
        _assert_inert(mail)
    for as_json_lines in (False, True):
        said_there = io.StringIO()
        with contextlib.redirect_stdout(said_there):
            for rows in listings:
                found = [{"told": str(vars(row))} for row in rows]
                emit(found, as_json=as_json_lines, columns={"told": None}, title="T")
        assert is_inert(said_there.getvalue())


MAILED: dict[str, Any] = {
    "entries": [{"kind": "paper", "types": [".pdf"], "closes": BEFORE.replace(year=2030)}],
    "quota": {"per_week": 20},
    "registration": {"by_mail": True},
}


def _assert_inert(mail: EmailMessage) -> None:
    """Hold a mail of ours: its fields are one line each, its texts inert, and its HTML has our tags alone."""
    assert all("\n" not in str(value) and is_inert(str(value)) for value in mail.values())
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            text = part.get_content().replace("\r\n", "\n")
            assert is_inert(text), ascii(text)
        if part.get_content_type() == "text/html":
            assert {tag for tag, _ in _Tags(part.get_content()).found} <= HTML_OF_MAILS


TEMPLATES = Path(__file__).parents[2] / "templates"
HTML_OF_MAILS = {
    tag
    for room in ("replies", "letters")
    for path in (TEMPLATES / room).rglob("*.html*.j2")
    for tag in re.findall(r"<([a-z][a-z0-9]*)", path.read_text(encoding="utf-8"))
}
"""The tags that our mails are written with."""


@given(HOSTILE)
def test_a_line_of_the_journal_is_one_inert_line(text: str) -> None:
    """As JSON and for people."""
    for as_json_lines in (False, True):
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            journal.set_up(as_json=as_json_lines)
            journal.trouble("roster-mistake", what=text)
        assert is_inert(said.getvalue())
        assert said.getvalue().count("\n") == 1


@settings(max_examples=50, deadline=None)
@given(HOSTILE)
def test_a_table_of_a_command_moves_no_terminal(text: str) -> None:
    """And as JSON it is what it was, escaped."""
    for as_json_lines in (False, True):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            emit([{"what": text, "n": 1}], as_json=as_json_lines, columns={"what": None, "n": None}, title="T")
        assert is_inert(said.getvalue()), ascii(said.getvalue())


@given(st.from_regex(r"[a-z.+]{1,8}@[a-z]{1,8}\.example", fullmatch=True), HOSTILE)
def test_no_address_stands_in_what_is_hidden(address: str, text: str) -> None:
    """Wherever it stands."""
    assert address not in hidden(f"team 'x': {text} {address}, {text} is another team's address already")
