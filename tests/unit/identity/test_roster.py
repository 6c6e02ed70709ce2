"""The roster's CSV file: each row checked, each mistake named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import openpyxl
import pytest

from mailbot.config.address import normalise
from mailbot.errors import ConfigError
from mailbot.identity.names import LONGEST_NAME
from mailbot.identity.roster import Entry, entry, read_csv
from mailbot.identity.roster_table import mapping

if TYPE_CHECKING:
    from pathlib import Path


def _entries(text: str) -> list[tuple[str, tuple[str, ...]]]:
    """Read a roster without mistakes."""
    found = read_csv(text.encode())
    assert found.mistakes == ()
    return [(one.name, one.addresses) for one in found.entries]


@pytest.mark.parametrize(
    "head", ["team,address", "Address,Team", "team name,e-mail", " TEAM , Email ", "name,emails,x"]
)
def test_the_columns_are_found_by_name(head: str) -> None:
    """The two columns may stand anywhere, under the names that people give them."""
    row = "a@x.org,Alpha" if head.startswith("Address") else "Alpha,a@x.org,note"
    assert _entries(f"{head}\n{row}\n") == [("Alpha", ("a@x.org",))]


def test_a_team_may_have_several_addresses() -> None:
    """In several rows or in one cell, split by semicolon, comma or space."""
    text = 'team,address\nAlpha,a@x.org; b@x.org\nAlpha,"c@x.org, d@x.org"\n\n ,\nBeta,e@x.org f@x.org;\n'
    assert _entries(text) == [
        ("Alpha", ("a@x.org", "b@x.org")),
        ("Alpha", ("c@x.org", "d@x.org")),
        ("Beta", ("e@x.org", "f@x.org")),
    ]


@pytest.mark.parametrize(
    "data",
    ["team,address\r\n视觉小组,a@x.org\r\n".encode("gb18030"), "\ufeffteam,address\n视觉小组,a@x.org\n".encode()],
)
def test_what_spreadsheets_write_is_read(data: bytes) -> None:
    """UTF-8 with a byte order mark and GB18030, as Excel saves them."""
    assert read_csv(data).entries == (Entry(name="视觉小组", addresses=("a@x.org",)),)


SAVED = "team;address\r\nMüller Gruppe;a@x.org\r\nCafé;b@x.org\r\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (SAVED, "utf-8-sig"),
        (SAVED, "cp1252"),
        (SAVED, "utf-16"),
        ("sep=;\r\n" + SAVED, "utf-8"),
        (SAVED.replace(";", "\t"), "utf-16"),
        (SAVED.replace(";", ","), "cp1252"),
        (SAVED.replace("\r\n", " \u00a0\r\n"), "utf-8"),
    ],
)
def test_a_roster_is_read_however_it_was_saved(text: str, encoding: str) -> None:
    """Excel in Europe saves semicolons and Windows-1252, or tabs and UTF-16; names stay as they were written."""
    found = read_csv(text.encode(encoding))
    assert found.mistakes == ()
    assert found.entries == (
        Entry(name="Müller Gruppe", addresses=("a@x.org",)),
        Entry(name="Café", addresses=("b@x.org",)),
    )
    assert bool(found.notes) == (encoding == "cp1252")


def test_a_name_that_cannot_be_read_is_refused() -> None:
    """No team is entered under a name of another language, or with a replacement character."""
    found = read_csv("team,address\nŁódź żółć,a@x.org\n".encode("cp1250"))
    assert found.entries == ()
    assert "save it as UTF-8" in found.mistakes[0]


def test_a_workbook_is_named(tmp_path: Path) -> None:
    """The mistake says what to do with it."""
    path = tmp_path / "teams.xlsx"
    openpyxl.Workbook().save(path)
    (mistake,) = read_csv(path.read_bytes()).mistakes
    assert "save the sheet as CSV" in mistake


def test_other_headings_are_mapped() -> None:
    """As a form names them; what is no mapping is refused."""
    data = b"Timestamp,Team name,Email Address\n1,Alpha,a@x.org\n"
    assert '"Timestamp", "Team name", "Email Address"; --columns' in read_csv(data).mistakes[0]
    found = read_csv(data, mapping("team=Team name,address=email address"))
    assert found.entries == (Entry(name="Alpha", addresses=("a@x.org",)),)
    with pytest.raises(ConfigError, match="is not team=HEADING"):
        mapping("group=Team name")


def test_each_mistake_is_named_with_its_line() -> None:
    """Rows in order are taken; of the others the line and the reason are told."""
    found = read_csv(b"team,address\nAlpha,a@x.org\nBeta,nobody\n,c@x.org\nGamma\nDelta,\n")
    assert [one.name for one in found.entries] == ["Alpha"]
    assert [mistake.partition(":")[0] for mistake in found.mistakes] == ["line 3", "line 4", "line 5", "line 6"]
    assert "'nobody' is not an e-mail address" in found.mistakes[0]
    assert "a cell is missing" in found.mistakes[2]


def test_an_address_is_one_teams() -> None:
    """A second team cannot claim an address, in whatever case it writes it."""
    found = read_csv(b"team,address\nAlpha,a@x.org\nBeta,A@X.org\nALPHA,a@x.org\n")
    assert [one.name for one in found.entries] == ["Alpha", "ALPHA"]
    assert found.mistakes == ("team 'Beta': a@x.org is another team's address already",)


@pytest.mark.parametrize("data", [b"", b"\n", b"team\nAlpha\n", b"a@x.org,Alpha\n", b"\x00\x01\x02"])
def test_without_its_columns_nothing_is_read(data: bytes) -> None:
    """A file without the two columns says which are needed."""
    found = read_csv(data)
    assert found.entries == ()
    assert "`team` and `address`" in found.mistakes[0]


def test_an_endless_cell_is_a_mistake() -> None:
    """A quotation mark that is never closed swallows the file, and is told, not raised."""
    found = read_csv(b'team,address\nAlpha,a@x.org\n"Beta,' + b"b@x.org\n" * 50_000)
    assert [one.name for one in found.entries] == ["Alpha"]
    assert len(found.mistakes) == 1
    assert "line " in found.mistakes[0]


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (" Ada@Example.ORG ", "ada@example.org"),
        ("ada@Bücher.example", "ada@xn--bcher-kva.example"),
        ("o'neill+x@example.org", "o'neill+x@example.org"),
    ],
)
def test_an_address_is_kept_in_one_form(address: str, expected: str) -> None:
    """Lower case, the domain in ASCII: as it stands in the From field of a mail."""
    assert normalise(address) == expected


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@", "@x.org", "a b@x.org", "ada@x..org", "Ada <ada@x.org>", "a@b@c.org"]
)
def test_what_is_no_address_is_said_so(address: str) -> None:
    """Whatever is no address is refused with the reason."""
    with pytest.raises(ValueError, match="is not an e-mail address"):
        normalise(address)


@pytest.mark.parametrize("name", ["", " ", "a\x00b", "a\x1b[31mb", "x" * (LONGEST_NAME + 1), "a\u202eb"])
def test_a_name_must_be_printable_and_short(name: str) -> None:
    """A name that could play tricks in a mail or on the page is none."""
    with pytest.raises(ValueError, match="is not a team name"):
        entry(name, ["a@x.org"])


def test_a_team_needs_an_address() -> None:
    """A team nobody can write for is none."""
    with pytest.raises(ValueError, match="has no address"):
        entry("Alpha", [])


def test_an_address_is_kept_once() -> None:
    """The same address twice is one; the first given is the leader's."""
    assert entry(" Team  A ", ["B@x.org", "a@x.org", "b@x.org"]) == Entry(
        name="Team A", addresses=("b@x.org", "a@x.org")
    )
