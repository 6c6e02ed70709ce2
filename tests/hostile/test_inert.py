"""Whatever text comes in, no output acts on it: properties over texts made of what terminals and spreadsheets run."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from mailbot.board.build import build
from mailbot.board.exports import as_csv, as_json, guarded
from mailbot.cli.common import emit
from mailbot.config.address import hidden
from mailbot.system import journal
from tests.unit.boards import AS_OF, rules, standing

PIECES = (
    *"=+-@|%;,\t\n\r\v\f'\"<>&\\{}[]",
    *("\x1b[2J", "\x1b]0;x\x07", "\x9b31m", "\x00", "\u202e", "\u2066", "\u2028", "\u200b", "\ufeff", "\ud800"),
    *("\uff1d", "\uff0b", "\uff20", "\ufe66", "\uff1b", "cmd|' /C calc'!A0", "a", "7", " ", "\u79d1", "Net", "[red]"),
)
"""What terminals, spreadsheets, browsers and mail programs act on, between harmless letters."""

HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map("".join)


def _is_inert(text: str) -> bool:
    """Whether a text holds no control, direction or surrogate character but line ends."""
    return all(char == "\n" or unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in text)


def _may_run(cell: str) -> bool:
    """Whether a spreadsheet could take a cell for a formula; numbers are none."""
    plain = unicodedata.normalize("NFKC", cell.strip())
    return plain[:1] in {*"=+-@|%"} and not re.fullmatch(r"-?[\d.]+", plain)


@given(HOSTILE)
def test_no_cell_runs_wherever_a_spreadsheet_parts_them(text: str) -> None:
    """At commas, as ours are, or at semicolons or tabs, as in other countries."""
    cell = guarded(text)
    assert _is_inert(cell)
    assert "\n" not in cell
    assert not [part for part in re.split(r"[;\uff1b\t]", cell) if _may_run(part)]


@settings(max_examples=30, deadline=None)
@given(HOSTILE, HOSTILE)
def test_the_files_of_a_board_are_inert(team: str, method: str) -> None:
    """CSV, in whichever way it is read, and JSON."""
    board = build([standing(team, "siqa-s", 1, method=method)], rules(baselines=()), AS_OF)
    told = as_csv(board).decode()
    assert _is_inert(told)
    for row in csv.reader(io.StringIO(told), delimiter=";"):
        assert not [cell for cell in row if _may_run(cell)], row
    for row in csv.reader(io.StringIO(told)):
        assert not [cell for cell in row if _may_run(cell)], row
    for table in json.loads(as_json(board))["tables"]:
        assert all(_is_inert(value) for row in table["rows"] for value in row.values() if isinstance(value, str))


@given(HOSTILE)
def test_a_line_of_the_journal_is_one_inert_line(text: str) -> None:
    """As JSON and for people."""
    for as_json_lines in (False, True):
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            journal.set_up(as_json=as_json_lines)
            journal.trouble("roster-mistake", what=text)
        assert _is_inert(said.getvalue())
        assert said.getvalue().count("\n") == 1


@settings(max_examples=50, deadline=None)
@given(HOSTILE)
def test_a_table_of_a_command_moves_no_terminal(text: str) -> None:
    """And as JSON it is what it was, escaped."""
    for as_json_lines in (False, True):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            emit([{"what": text, "n": 1}], as_json=as_json_lines, columns={"what": None, "n": None}, title="T")
        assert _is_inert(said.getvalue()), ascii(said.getvalue())


@given(st.from_regex(r"[a-z.+]{1,8}@[a-z]{1,8}\.example", fullmatch=True), HOSTILE)
def test_no_address_stands_in_what_is_hidden(address: str, text: str) -> None:
    """Wherever it stands."""
    assert address not in hidden(f"team 'x': {text} {address}, {text} is another team's address already")
