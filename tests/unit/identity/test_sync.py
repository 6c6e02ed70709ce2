"""The roster's sources, read every hour: what is in order is taken, what is not is told once."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config.teams import FormColumns
from mailbot.errors import SheetRefused
from mailbot.flow import opened as service_of
from mailbot.identity.sync import read_form
from mailbot.ledger import daybook, outbox, teams
from mailbot.model import Outcome
from mailbot.operations import rebuild
from tests.unit.services import Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service

HEAD = ["Timestamp", "Email Address", "Team name", "Members"]
ZOE, YI, XU = "zoe@new.example", "yi@new.example", "xu@new.example"
BOOK = "1abc-responses-of-the-form"
FORM: dict[str, Any] = {"roster": {"file": "teams.csv", "sheet": {"id": BOOK}}}


class Form:
    """Stands in for the response sheet."""

    def __init__(self, *rows: list[str]) -> None:
        self.rows = [HEAD, *rows]
        self.asked: list[tuple[str, str]] = []

    def read_rows(self, spreadsheet: str, worksheet: str = "") -> list[list[str]]:
        """Give the rows."""
        self.asked.append((spreadsheet, worksheet))
        return self.rows


class Refusing:
    """Stands in for a sheet that is not shared with us."""

    def read_rows(self, spreadsheet: str, worksheet: str = "") -> list[list[str]]:
        """Refuse."""
        raise SheetRefused(f"{spreadsheet}{worksheet} is not shared", "share it", status=403)


def _names(service: Service) -> list[str]:
    with service.ledger.read() as tx:
        return [team.name for team in teams.everyone(tx)]


def _letters(service: Service) -> list[tuple[str, str]]:
    """Return kind and recipient of what was queued."""
    with service.ledger.read() as tx:
        return [(row.kind, row.recipient) for row in outbox.listing(tx)]


def test_a_form_is_read_by_its_headings() -> None:
    """Columns may stand anywhere; members may be split in any way; empty rows are passed over."""
    rows = [HEAD, ["1", "Zoe@New.example", "Newcomers", "yi@new.example；xu@new.example"], [], ["2", "", "Nobody"]]  # noqa: RUF001  # as Chinese input methods write
    found = read_form(rows, FormColumns())
    assert [(one.name, one.addresses) for one in found.entries] == [
        ("Newcomers", ("zoe@new.example", "yi@new.example", "xu@new.example"))
    ]
    assert found.mistakes == ("row 4: team 'Nobody' has no address",)


@pytest.mark.parametrize("rows", [[], [["Team name"]], [["a", "b"]]], ids=["none", "half", "others"])
def test_a_form_without_its_columns_says_which(rows: list[list[str]]) -> None:
    """The organizers learn what to fix."""
    found = read_form(rows, FormColumns())
    assert found.entries == ()
    assert '"Email Address"' in found.mistakes[0]
    assert "roster.sheet.columns" in found.mistakes[0]


def test_the_form_brings_its_teams(tmp_path: Path) -> None:
    """Whenever it is read; a team of the form is registered like any other."""
    form = Form(["1", "zoe@new.example", "Newcomers", ""])
    with served(tmp_path, Clock(), **FORM) as service:
        sync = replace(service.sync, read_rows=form.read_rows)
        assert sync.run() == []
        form.rows.append(["2", "max@late.example", "Latecomers", ""])
        assert sync.run() == []
        assert _names(service) == ["Latecomers", "Münster Vision", "Newcomers", "Pixel Peepers"]
    assert form.asked == [(BOOK, ""), (BOOK, "")]


def test_problems_are_told_once_until_they_change(tmp_path: Path) -> None:
    """One mail for each set of problems, to the organizers, with every row and its reason."""
    clock, form = Clock(), Form(["1", "nobody", "Newcomers", ""])
    with served(tmp_path, clock, **FORM) as service:
        sync = replace(service.sync, read_rows=form.read_rows)
        wrong = sync.run()
        sync.run()
        assert _letters(service) == [("roster", "chair@siqa.example")]
        form.rows.append(["2", "x@x.example", "=1+1", ""])
        sync.run()
        assert len(_letters(service)) == 2
    assert len(wrong) == 1
    assert wrong[0].startswith("form, row 2: 'nobody' is not an e-mail address")


def test_members_whom_a_row_names_join_when_they_answer(tmp_path: Path) -> None:
    """Only the leader is on the team at once; the others are asked once, and a ledger made anew knows all of it."""
    form = Form(["1", ZOE, "Newcomers", f"{YI}, {XU}"])
    with served(tmp_path, Clock(), **FORM) as service:
        sync = replace(service.sync, read_rows=form.read_rows)
        assert sync.run() == []
        assert sync.run() == []
        assert _letters(service) == [("member", YI), ("member", XU)]
        assert _members(service) == (ZOE,)
        assert take(service, submission(sender=YI)).outcome is Outcome.UNKNOWN_SENDER
        assert _answer(service, YI, sender="mallory@x.example") is Outcome.NOT_CONFIRMED
        assert _answer(service, YI) is Outcome.MEMBERS
        assert _members(service) == (ZOE, YI)
        daybook.catch_up(service.ledger, service.config.state)
        config = service.config
    (tmp_path / "state" / "ledger.db").rename(tmp_path / "lost.db")
    assert rebuild.rebuild(config, from_mailbox=False).differences == []
    with service_of(config, clock=Clock()) as again:
        assert replace(again.sync, read_rows=form.read_rows).run() == []
        assert _members(again) == (ZOE, YI)
        assert [letter for letter in _letters(again) if letter[0] == "member"] == [("member", YI), ("member", XU)]
        assert _answer(again, XU) is Outcome.MEMBERS
        assert _members(again) == (ZOE, YI, XU)


def test_the_form_fills_nobodys_mailbox(tmp_path: Path) -> None:
    """One invitation a day to a mailbox, whoever names it and however; the organizers hear who was not asked."""
    ways = ["prof@uni.example", "prof+a@uni.example", "p.rof@uni.example"]
    form = Form(*(["1", f"m{n}@x.example", f"Team of {n} and more", way] for n, way in zip("abc", ways, strict=True)))
    crowd = " ".join(f"m{n}@uni.example" for n in range(10))
    form.rows.append(["1", "n@x.example", "A crowd", crowd])
    with served(tmp_path, Clock(), **FORM) as service:
        sync = replace(service.sync, read_rows=form.read_rows)
        first = sync.run()
        assert [to for kind, to in _letters(service) if kind == "member"] == [ways[0]]
        assert len(first) == 3
        assert [
            way for way, wrong in zip(ways[1:], first[:2], strict=True) if f"so {way} was not added" in wrong
        ] == ways[1:]
        assert "names more than 10 addresses" in first[2]
        assert sync.run() == first  # told once
        assert [kind for kind, _ in _letters(service)].count("roster") == 1
        with service.ledger.read() as tx:
            invited = [row.message for row in outbox.listing(tx) if row.kind == "member"]
    assert not any(b"Team of" in each.partition(b"\r\n\r\n")[0] for each in invited)


def _members(service: Service) -> tuple[str, ...]:
    """Return who is on the team that the form brought."""
    with service.ledger.read() as tx:
        team = teams.with_name(tx, "Newcomers")
    assert team is not None
    return team.addresses


def _answer(service: Service, invited: str, *, sender: str = "") -> Outcome | None:
    """Answer the invitation of an address, from there or from elsewhere."""
    with service.ledger.read() as tx:
        (written,) = [row.message for row in outbox.listing(tx) if (row.kind, row.recipient) == ("member", invited)]
    subject = message_from_bytes(written, policy=default)["Subject"]
    sender = sender or invited
    text = f"From: {sender}\nSubject: Re: {subject}\nMessage-ID: <{sender}>\n\nconfirm\n"
    return take(service, text.encode()).outcome


def test_a_row_of_the_form_changes_no_team(tmp_path: Path) -> None:
    """Whoever fills in the form with a registered team's name does not get onto that team."""
    form = Form(["1", "mallory@x.example", "pixel peepers", ""])
    with served(tmp_path, Clock(), **FORM) as service:
        (wrong,) = replace(service.sync, read_rows=form.read_rows).run()
        with service.ledger.read() as tx:
            assert teams.by_address(tx, ["mallory@x.example"]) == {}
    assert "it is registered already, so mallory@x.example was not added" in wrong


def test_after_the_end_the_form_brings_nobody(tmp_path: Path) -> None:
    """The organizers hear of it, and can let the team in."""
    form = Form(["1", "zoe@new.example", "Newcomers", ""])
    config = FORM | {"registration": {"closes": "2026-03-01T00:00:00+00:00"}}
    with served(tmp_path, Clock(), **config) as service:
        (wrong,) = replace(service.sync, read_rows=form.read_rows).run()
        assert "Newcomers" not in _names(service)
    assert "registration is closed; `mailbot teams add` with --why lets it in" in wrong


def test_a_sheet_that_refuses_is_told_and_keeps_nobody_from_the_file(tmp_path: Path) -> None:
    """The file is read all the same; the organizers hear of the sheet once, by the watch."""
    with served(tmp_path, Clock(), **FORM) as service:
        (tmp_path / "teams.csv").write_text("team,address\nNew Ones,n@new.example\n", encoding="utf-8")
        sync = replace(service.sync, read_rows=Refusing().read_rows)
        (wrong,) = sync.run()
        sync.run()
        assert "New Ones" in _names(service)
        assert _letters(service) == [("health-roster", "chair@siqa.example")]
    assert "is not shared" in wrong


def test_an_address_that_left_is_not_brought_back_by_a_file(tmp_path: Path) -> None:
    """The file still names it; a hand may bring it back."""
    with served(tmp_path, Clock()) as service:
        with service.ledger.write("test") as tx:
            team = teams.by_address(tx, ["ada@peepers.example"])["ada@peepers.example"]
            teams.add(tx, team.name, ["bea@peepers.example"], service.clock())
            assert teams.leave(tx, team.id, "ada@peepers.example", service.clock())
        assert service.sync.run() == []
        with service.ledger.read() as tx:
            assert teams.with_id(tx, team.id).addresses == ("bea@peepers.example",)


def test_unconfirmed_teams_are_asked_once(tmp_path: Path) -> None:
    """With ``registration.confirm`` the teams of the file get one mail each, to the leader."""
    with served(tmp_path, Clock(), registration={"confirm": True}) as service:
        service.sync.run()
        service.sync.run()
        assert sorted(_letters(service)) == [("ask", "ada@peepers.example"), ("ask", "carl@muenster.example")]
        with service.ledger.read() as tx:
            assert all(team.unconfirmed for team in teams.everyone(tx))
