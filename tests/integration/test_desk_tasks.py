"""Ten whole tasks of organizers, in a browser, beside the real daemon between Dovecot and exim4.

Each is done as a person does it: from the first screen or the menu, by links and buttons. What counts is what comes of
it: in the teams' mailboxes, in the ledger and on the published page.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from mailbot.config.calendar import shown
from mailbot.desk.desk import Desk
from mailbot.desk.door import Role
from mailbot.ledger import boards
from tests.contest.desk import served
from tests.integration.bot import Bot, wait
from tests.integration.organizers import (
    NOW,
    OWLS,
    PEEPERS,
    PHASES,
    WRONG_LABEL,
    Contest,
    Seat,
    do,
    follow,
    go,
    log_in,
    look,
    write_config,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.servers.dovecot import Dovecot
    from tests.servers.exim import Exim


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory, dovecot: Dovecot, exim: Exim) -> Iterator[Contest]:
    """Give the contest with a scored file of each team; all tasks share it."""
    mailbox, *others = (dovecot.mailbox() for _ in range(4))
    peepers, owls, stranger = others
    smtp: dict[str, object] = {
        "port": exim.port, "security": "starttls", "user": mailbox.user, "password_file": "smtp-password",
        "ca_file": str(exim.certificates.ca),
    }  # fmt: skip
    imap: dict[str, object] = {"port": dovecot.imaps_port, "ca_file": str(dovecot.certificates.ca)}
    bot = Bot.make(
        tmp_path_factory.mktemp("tasks") / "bot", address=mailbox.user, team=peepers.user, imap=imap, smtp=smtp
    )
    (bot.folder / "smtp-password").write_text("secret\n")
    with (bot.folder / "teams.csv").open("a") as roster:
        roster.write(f"{OWLS},{owls.user}\n")
    write_config(bot)
    with bot.running() as running:
        desk = Desk(path=bot.folder / "config.toml")
        with served(desk) as address:
            made = Contest(
                bot=bot, running=running, desk=desk, address=address,
                mailbox=mailbox, peepers=peepers, owls=owls, stranger=stranger,
            )  # fmt: skip
            for team, wrong in ((peepers, (1, 2)), (owls, (3, 4, 6, 8))):
                made.ask(team, "the first", wrong=wrong)
                made.got(team, "accepted")
            yield made
            assert running.stop() == 0


@pytest.fixture
def ada(chromium: Browser, contest: Contest) -> Iterator[Seat]:
    """Give an organizer's browser; it complained of nothing in the end."""
    seat = Seat.take(chromium, contest.desk, contest.address)
    yield seat
    assert seat.errors == []
    seat.context.close()


# --- the ten tasks ---------------------------------------------------------------------------
def test_a_wrong_label_is_found_mended_rescored_and_told(ada: Seat, contest: Contest, tmp_path: Path) -> None:
    """What all teams get wrong is looked up; the mended labels are used, all is rescored, and the teams are told."""
    page, before = ada.page, contest.submission("the first")["score"]
    go(page, "Labels", "Items nearly all get wrong")
    look(page, Track="siqa-u", Reason="all teams ask about it")
    do(page)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr td").first).to_have_text(str(WRONG_LABEL))
    rows = json.loads((contest.bot.folder / "labels" / "answer-u.json").read_text())
    better = tmp_path / "better.json"
    better.write_text(json.dumps([row | {"answer": "C"} if row["id"] == WRONG_LABEL else row for row in rows]))
    go(page, "Labels", "Correct the labels")
    page.set_input_files("input[type=file]", better)
    look(page, Track="siqa-u", Reason="item 5 had the answer of item 4")
    assert "is active" in do(page)
    go(page, "Go on: Rescore")
    assert "2 letter(s) go out" in look(page, Write_to_each_team_whose_score_changes="yes")
    page.locator("button.go").click()
    expect(page.get_by_text("2 team(s) told")).to_be_visible()
    for team in (contest.peepers, contest.owls):
        contest.got(team, "recalculated", "item 5 had the answer of item 4")
    assert contest.submission("the first")["score"] > before
    assert contest.trail("labels-shown")[0] == "Ada"


def test_an_unknown_sender_is_taken(ada: Seat, contest: Contest) -> None:
    """The mail waits on the first screen; given to a team, the daemon scores it and answers."""
    contest.ask(contest.stranger, "from home", wrong=(1,))
    page = ada.page
    waiting = page.get_by_role("region", name="Unknown senders").get_by_role("row").filter(has_text="from home")
    follow(page, waiting.get_by_role("link").first)  # it comes without a reload
    go(page, "Give to a team")
    assert f"It becomes {OWLS}'s" in look(page, Team=OWLS, Reason="they wrote from their private address")
    assert "is due now" in do(page)
    found = contest.submission("from home")
    assert (found["team"], found["status"]) == (OWLS, "accepted")
    contest.got(contest.owls, found["receipt"], "from home", "accepted")


def test_a_late_file_is_accepted(ada: Seat, contest: Contest) -> None:
    """What came between two phases is refused, and counts once an organizer says so; the team is told why."""
    late = contest.mail(contest.owls, "an hour late", wrong=(1, 2, 3))
    contest.mailbox.append(late, when=NOW - timedelta(hours=2))
    assert contest.submission("an hour late")["status"] == "closed"
    page = ada.page
    go(page, "Submissions")
    page.get_by_label("Search words").fill("hour late")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    follow(page, page.get_by_role("row").filter(has_text="u.json").get_by_role("link").first)
    go(page, "Accept")
    assert "as of its arrival" in look(page, Reason="our mail server was down")
    assert "is accepted. The next board shows it" in do(page)
    contest.got(contest.owls, contest.submission("an hour late")["receipt"], "our mail server was down")
    assert contest.submission("an hour late")["status"] == "accepted"


def test_a_dispute_is_ruled(ada: Seat, contest: Contest) -> None:
    """The team disputes a score by mail; who sent it is approved, the score looked at, and the team has the ruling."""
    receipt = contest.submission("the first")["receipt"]
    contest.ask(contest.peepers, f"dispute {receipt} item 3 is C, not D", file=False)
    page = ada.page
    follow(page, page.get_by_role("region", name="Held").get_by_role("link", name=re.compile("^M-")))
    go(page, "Approve")
    look(page, Reason="they called us")
    do(page)
    go(page, "Today")
    expect(page.get_by_role("heading", name="Open disputes")).to_be_visible()
    go(page, "Disputes", "Item by item")
    look(page, Reason="they dispute item 3")
    do(page)
    go(page, "Disputes", "Rule")
    seen = look(page, Verdict="rejected", Reason="Item 3 was looked at twice")
    assert "1 MAIL(S) WOULD BE SENT" in seen.upper()
    do(page)
    contest.got(contest.peepers, receipt, "Item 3 was looked at twice")
    go(page, "Today")
    expect(page.get_by_role("heading", name="Open disputes")).to_have_count(0)


def test_a_team_is_disqualified_and_comes_back(ada: Seat, contest: Contest) -> None:
    """It is off the board as it would be now, and has the letter as it was edited; then it is on it again."""
    page = ada.page
    go(page, "Teams", OWLS, "Disqualify")
    look(page, Write_to_the_team="yes", Reason="two accounts")
    page.get_by_role("textbox", name="Letter", exact=True).fill("Dear Owls, we are sorry: two accounts.")
    assert "1 letter(s) queued" in do(page)
    contest.got(contest.owls, "Dear Owls, we are sorry: two accounts.")
    go(page, "Board")
    expect(page.get_by_role("rowheader", name=PEEPERS).first).to_be_visible()
    expect(page.get_by_role("rowheader", name=OWLS)).to_have_count(0)
    go(page, "Teams", OWLS, "Reinstate")
    look(page, Reason="they are two people")
    do(page)
    go(page, "Board")
    expect(page.get_by_role("rowheader", name=OWLS)).not_to_have_count(0)
    assert contest.trail("team-reinstated")[0] == "Ada"


def test_a_deadline_is_extended(ada: Seat, contest: Contest) -> None:
    """The teams are told the new end, the screen shows it beside the old one, and the daemon follows."""
    page = ada.page
    zone = contest.desk.config.challenge.zone
    until = (PHASES["second"][1] + timedelta(days=2)).astimezone(zone).replace(second=0)
    go(page, "Dates")
    follow(page, page.get_by_role("row").filter(has_text="second").get_by_role("link", name="Move"))
    look(page, New_end=f"{until:%Y-%m-%dT%H:%M}", Write_to_those_concerned="yes", Reason="the server was down")
    assert "Moved; 2 letter(s) queued" in do(page)
    for team in (contest.peepers, contest.owls):
        contest.got(team, "the server was down", shown(until, zone))
    go(page, "Dates")
    expect(page.get_by_role("row").filter(has_text="second").first).to_contain_text(f"{until:%Y-%m-%d %H:%M}")
    wait(lambda: contest.status()["deadline"] == until.isoformat())


def test_a_board_is_withdrawn(ada: Seat, contest: Contest) -> None:
    """It is published and its letters go out; withdrawn, the page and the ledger say why."""
    page = ada.page
    go(page, "Board", "Publish now")
    assert "2 letter(s) with the team's standing go out" in look(page, Write_to_each_team_where_it_stands="yes")
    assert "Published in" in do(page)
    front = contest.desk.config.published / "page" / "index.html"
    assert PEEPERS in front.read_text()
    contest.got(contest.peepers, "Leaderboard of", "rank")
    go(page, "Board")
    expect(page.locator("#now[hx-get]")).to_have_count(0)  # what is below moves when the ranking comes
    go(page, "Withdraw")
    assert "This cannot be undone" in look(page, Reason="a table was wrong")
    assert "It is withdrawn" in do(page)
    with contest.desk.read() as tx:
        assert [row.withdrawn for row in boards.listing(tx, withdrawn=True)][-1] == "a table was wrong"
    assert PEEPERS not in front.read_text()


def test_final_results_take_two_people(ada: Seat, contest: Contest, chromium: Browser) -> None:
    """One proposes, another finds it on his first screen and confirms; then, and not before, they are published."""
    page = ada.page
    go(page, "Board", "Publish the final results")
    assert "Two people do this" in look(page)
    page.get_by_label("Publish nevertheless").check()
    assert "another person confirms it" in do(page)
    assert not _finals(contest)
    ben = Seat.take(chromium, contest.desk, contest.address, "Ben")
    go(ben.page, "Publish the final results")
    expect(ben.page.get_by_text("Proposed by")).to_contain_text("Ada")
    expect(ben.page.get_by_role("heading", name="What it does")).to_be_visible()  # there is nothing to fill in
    expect(ben.page.get_by_role("row").filter(has_text="First place").first).to_be_visible()
    ben.page.get_by_label("Publish nevertheless").check()
    assert "The final results are published" in do(ben.page)
    assert len(_finals(contest)) == 1
    assert contest.trail("board-published")[0] == "Ben"
    assert ben.errors == []
    ben.context.close()


def _finals(contest: Contest) -> list[boards.BoardRow]:
    with contest.desk.read() as tx:
        return [row for row in boards.listing(tx) if json.loads(row.board)["final"]]


def test_a_second_organizer_is_invited(ada: Seat, contest: Contest, chromium: Browser) -> None:
    """The link lets him in once; what he does is in the trail under his name."""
    go(ada.page, "People", "Let somebody in")
    look(ada.page, Name="Cleo", May=str(Role.ORGANIZER))
    link = re.search(r"http://\S+", do(ada.page))
    assert link
    context = chromium.new_context()
    page = context.new_page()
    log_in(page, link[0])
    go(page, "Teams", PEEPERS, "Grant submissions")
    look(page, Track="siqa-u", How_many_more_this_week="3", Reason="their host was down")
    do(page)
    assert contest.trail("quota-granted")[0] == "Cleo"
    page.goto(link[0])
    page.get_by_text("That link was used").wait_for()
    context.close()


def test_trouble_with_the_mailbox_is_seen_and_mended(ada: Seat, contest: Contest) -> None:
    """A refused login turns the first screen red with the fix; once the password is right, all is well by itself."""
    password = contest.bot.folder / "password"
    password.write_text("not this one\n")
    contest.mailbox.kick()
    page = ada.page
    red = page.locator("ul.ill li.bad").filter(has_text="refuses our login")
    expect(red).to_contain_text("password")
    contest.ask(contest.peepers, "meanwhile", wrong=(1,))
    password.write_text("secret\n")
    contest.got(contest.peepers, "accepted", contest.submission("meanwhile")["receipt"])
    expect(red).to_have_count(0)
