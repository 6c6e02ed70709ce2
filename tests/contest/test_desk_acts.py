"""Acts of the desk that take two people, take long, read a file, or show labels."""

from __future__ import annotations

import json
import re
from email.message import EmailMessage
from html import unescape
from typing import TYPE_CHECKING

import requests

from mailbot.desk.desk import Desk
from mailbot.desk.door import Role
from mailbot.desk.jobs import Jobs
from mailbot.ledger import boards, events, outbox, submissions, teams
from mailbot.model import name_key
from mailbot.operations import backup
from tests.contest.contest import Clock, contest, mail, send_all, take, write_config
from tests.contest.desk import AMBER, Browser, served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contest.desk import Open


def _trail(opened: Open) -> list[tuple[str, str]]:
    with opened.wired.ledger.read() as tx:
        return [(entry.kind, entry.actor) for entry in events.listing(tx)]


def _boards(opened: Open) -> int:
    with opened.wired.ledger.read() as tx:
        return len(boards.listing(tx))


# --- two people ------------------------------------------------------------------------------
def test_final_results_take_two_people_where_the_config_says_so(opened: Open, tmp_path: Path) -> None:
    """One proposes, and cannot confirm, in whatever letters the name is written; another does."""
    write_config(tmp_path, board={"standing": "latest"}, desk={"two": ["final"]})
    ada, ben = opened.login("Ada"), opened.login("Ben")
    early = {"agree-early": "yes"}
    seen, done = ada.act("publish-final", None, **early)
    assert "Two people do this" in seen
    assert "another person confirms it" in done
    assert _boards(opened) == 0
    found = re.search(r"/act/publish-final\?proposal=([0-9a-f]{16})", ben.get("/").text)
    assert found
    assert "another person confirms it" in ada.act("publish-final", None, proposal=found[1], **early)[1]
    assert "another person confirms it" in opened.login("ADA").act("publish-final", None, proposal=found[1], **early)[1]
    assert _boards(opened) == 0
    _, done = ben.act("publish-final", None, proposal=found[1], **early)
    assert "The final results are published" in done
    assert _boards(opened) == 1
    acts = [entry for entry in _trail(opened) if entry[0] in {"act-proposed", "act-confirmed", "board-published"}]
    assert acts == [("act-proposed", "Ada"), ("act-confirmed", "Ben"), ("board-published", "Ben")]
    assert "proposal=" not in ben.get("/").text


def test_a_proposal_is_done_as_it_was_proposed(opened: Open, tmp_path: Path) -> None:
    """Whoever confirms can change nothing in it; a proposal of another act is none."""
    write_config(tmp_path, board={"standing": "latest"}, desk={"two": ["final", "forget"]})
    ada, ben = opened.login("Ada"), opened.login("Ben")
    ada.act("forget-team", team="Amber", why="they asked")
    found = re.search(r"proposal=([0-9a-f]{16})", ben.get("/").text)
    assert found
    seen = ben.post("/act/forget-team", {"proposal": found[1], "team": "Beryl", "why": "x", "step": "look"})
    assert "Amber" in seen
    assert "Beryl" not in seen
    assert ben.get(f"/act/publish-final?proposal={found[1]}").status_code == 404
    assert ben.get("/act/forget-team?proposal=../../identity").status_code == 404


def test_a_proposal_can_be_declined(opened: Open, tmp_path: Path) -> None:
    """By anybody, with a reason; then nobody can confirm it."""
    write_config(tmp_path, board={"standing": "latest"}, desk={"two": ["final"]})
    ada, ben = opened.login("Ada"), opened.login("Ben")
    ada.act("publish-final", None, **{"agree-early": "yes"})
    found = re.search(r"proposal=([0-9a-f]{16})", ben.get("/").text)
    assert found
    _, done = ben.act("decline", which=found[1], why="a dispute is open")
    assert "is declined" in done
    assert ("act-declined", "Ben") in _trail(opened)
    assert ben.get(f"/act/publish-final?proposal={found[1]}").status_code == 404


def test_one_person_is_enough_without_the_key(opened: Open) -> None:
    """As the commands are."""
    seen, done = opened.login().act("publish-final", None, **{"agree-early": "yes"})
    assert "Two people" not in seen
    assert "The final results are published" in done


def test_a_team_is_forgotten_while_mailbot_is_stopped(tmp_path: Path) -> None:
    """While it runs, nothing is done; then the addresses are gone and the scores stay."""
    clock = Clock()
    with contest(tmp_path, clock, board={"standing": "latest"}) as wired:
        take(wired, mail(AMBER, shift=0.4), clock.instant)
        send_all(wired)
        desk = Desk(path=tmp_path / "config.toml", clock=clock)
        with served(desk) as address:
            seen, done = _login(desk, address).act("forget-team", team="Amber", why="they asked")
    assert "stop it before this" in seen
    assert "is held by another mailbot" in done
    (tmp_path / "teams.csv").write_text("team,address\nBeryl,beryl@example.org\n")
    desk = Desk(path=tmp_path / "config.toml", clock=clock)
    with served(desk) as address:
        browser = _login(desk, address)
        _, done = browser.act("forget-team", team="Amber", why="they asked")
        assert "It is Former team 1 now" in done
        assert AMBER not in browser.get("/teams").text
        assert "Former team 1" in browser.get("/submissions").text


def _login(desk: Desk, address: str) -> Browser:
    browser = Browser(address)
    key = desk.door.invite("Ada", Role.ORGANIZER)
    browser.session.post(f"{address}/login", data={"key": key}, timeout=60, allow_redirects=False)
    return browser


# --- files -----------------------------------------------------------------------------------
def test_teams_are_imported_with_headings_of_any_name(opened: Open) -> None:
    """The preview says of each row what happens; rows with mistakes are named and left out."""
    table = "Team name;Contact\nCobalt;c@x.example\nAmber;new@x.example\nDelta;no address\n".encode("utf-16")
    browser = opened.login()
    told = browser.post("/act/import-teams", {"why": "sign-up", "step": "look"}, {"file": ("t.csv", table)})
    assert "Name its headings below" in told
    headings = {"team": "Team name", "address": "Contact", "why": "sign-up"}
    seen, done = browser.act("import-teams", {"file": ("t.csv", table)}, **headings)
    assert re.search(r"Cobalt.*c@x\.example.*new team", seen, re.DOTALL)
    assert "1 new address(es)" in seen
    assert "not taken" in seen
    assert "2 team(s) are on the roster" in done
    with opened.wired.ledger.read() as tx:
        known = {name_key(team.name): team.addresses for team in teams.everyone(tx)}
    assert known["cobalt"] == ("c@x.example",)
    assert "new@x.example" in known["amber"]
    assert "delta" not in known


def test_a_file_is_checked_and_scored_and_nothing_is_entered(opened: Open) -> None:
    """A good one gets its score, a bad one the words that its team would read."""
    browser = opened.login()
    rows = json.loads((opened.desk.config.state.parent / "labels.json").read_text())["predictions"]
    good = json.dumps({"method": "m", "track": "S", "predictions": rows}).encode()
    before = _trail(opened)
    told = browser.post("/act/try-file", {"track": "siqa-s", "step": "look"}, {"file": ("s.json", good)})
    assert "would be accepted on siqa-s" in told
    assert 'name="step" value="do"' not in told
    bad = json.dumps({"method": "m", "track": "S", "predictions": rows[2:]}).encode()
    told = browser.post("/act/try-file", {"track": "siqa-s", "step": "look"}, {"file": ("s.json", bad)})
    assert "would be refused" in told
    with opened.wired.ledger.read() as tx:
        assert len(submissions.listing(tx)) == 1
    assert _trail(opened) == before


# --- labels ----------------------------------------------------------------------------------
def test_labels_are_shown_only_after_a_click_that_is_recorded(opened: Open) -> None:
    """Looking at the form shows none; the click is in the trail with the reason."""
    browser, done = opened.login("Ada"), ""
    for act, fields in (
        ("item-statistics", {"track": "siqa-s"}), ("submission-items", {"receipt": "S-000001"}),
    ):  # fmt: skip
        seen, done = browser.act(act, None, **fields, why="a team disputes item 4")
        assert "entered in the audit trail" in seen
        assert "<td" not in seen
        entry = opened.last()
        assert (entry.kind, entry.actor) == ("labels-shown", "Ada")
        assert json.loads(entry.detail)["why"] == "a team disputes item 4"
    assert re.search(r"<td[^>]*>4</td>\s*<td[^>]*>perception</td>\s*<td[^>]*>1.4</td>\s*<td[^>]*>1</td>", done)


# --- mails -----------------------------------------------------------------------------------
def test_html_is_shown_in_a_frame_without_anything_that_acts(opened: Open) -> None:
    """No script, picture, link, form or style of the sender's is left, and the frame's policy would run none."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = AMBER, "submissions@example.test", "A question"
    message.set_content("See the HTML.")
    message.add_alternative(
        '<p onclick="x()">Dear <b style="color:red">all</b> &amp; <i>others</i></p><script>alert(1)</script>'
        '<img src="https://t.example/p.gif"><a href="https://t.example">here</a><svg onload=x><script>y</script></svg>'
        "<form action=https://t.example><input></form><iframe src=//t.example></iframe><style>*{}</style><b",
        subtype="html",
    )
    take(opened.wired, message.as_bytes(), opened.clock.instant)
    browser = opened.login()
    assert '<iframe class="mail" sandbox' in browser.get("/mails/M-000003").text
    answer = browser.get("/mails/M-000003/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "; sandbox allow-same-origin;" in policy
    shown = answer.text.partition("<main>")[2]
    assert "<p>Dear <b>all</b> &amp; <i>others</i></p>" in shown
    assert set(re.findall(r"<[^>]*>", shown)) <= {"<p>", "</p>", "<b>", "</b>", "<i>", "</i>", "</main>"}
    assert "t.example" not in shown
    assert "alert" not in shown


def test_a_mail_is_answered_by_hand(opened: Open) -> None:
    """The whole answer is shown before; it goes to the sender, and stands among the letters."""
    browser = opened.login()
    fields = {"mail": "M-000001", "subject": "Your question", "text": "Dear team, yes you may."}
    seen, done = browser.act("answer-mail", None, **fields)
    assert "1 mail(s) would be sent" in seen
    assert "Dear team, yes you may." in seen
    assert "It is queued" in done
    with opened.wired.ledger.read() as tx:
        last = outbox.listing(tx)[-1]
    assert last.recipient == AMBER
    assert "Your question (M-000001)" in last.subject
    _, told = browser.act("answer-mail", None, **fields | {"mail": "M-000002"})
    assert "give it to a team first" in told


# --- long work -------------------------------------------------------------------------------
def test_long_work_goes_on_without_a_browser(opened: Open, tmp_path: Path) -> None:
    """The proof of the trail and a backup are jobs: they are begun, and what came of them stands on their page."""
    browser = opened.login()
    assert "The audit trail is intact." in browser.act("verify")[1]
    told = browser.act("check-up")[1]
    assert re.search(r"\d\d checks, 1 of them worth a look", told)
    assert all(f"<td>{cell}" in told for cell in ("identity", "yellow"))
    assert "counts: key, dmarc, dkim, none" in told
    assert "leave &#39;none&#39; out of identity.require" in told
    place = tmp_path / "copy"
    assert f"files in {place}" in browser.act("backup", None, folder=str(place))[1]
    assert backup.mistakes(place) == []
    assert "cannot be written" in browser.act("backup", None, folder="/proc/nowhere")[1]
    assert "whole path" in browser.post("/act/backup", {"folder": "copy", "step": "look"})
    assert "Exported to" in browser.act("export", None, folder=str(tmp_path / "export"))[1]


def test_a_job_whose_desk_died_says_so(opened: Open) -> None:
    """Nobody waits for it for ever."""
    folder = opened.desk.config.state / "desk" / "jobs"
    kept = {
        "name": "0123456789abcdef", "act": "rescore", "title": "Rescore", "by": "Ada", "state": "running", "done": 3,
        "began": opened.clock.instant.isoformat(), "total": 9, "says": [], "href": "/", "process": 2**30,
    }  # fmt: skip
    (folder / "0123456789abcdef").write_text(json.dumps(kept))
    assert "The desk ended before it did" in opened.login().get("/jobs/0123456789abcdef").text
    assert Jobs(opened.desk.config.state, opened.clock).listing()[0].state == "broken-off"


# --- who may come in -------------------------------------------------------------------------
def test_somebody_is_let_in_from_the_desk(opened: Open) -> None:
    """The link is shown once and lets in once, as what it was made for; the trail names who made it."""
    _, done = opened.login("Ada").act("invite", None, name="Rea", role="reader")
    found = re.search(rf"{re.escape(opened.address)}/login\?key=(\S+?)<", unescape(done))
    assert found
    entry = opened.last()
    assert (entry.kind, entry.actor, entry.subject) == ("organizer-invited", "Ada", "Rea")
    session = requests.Session()
    session.post(f"{opened.address}/login", data={"key": found[1]}, timeout=60)
    page = session.get(f"{opened.address}/", timeout=60).text
    assert "Rea" in page
    assert "/act/" not in page
    assert found[1] not in entry.detail


def test_every_letter_of_a_board_is_shown_before_it_goes(opened: Open) -> None:
    """With whom it goes to and its whole text; looking queues none."""
    browser = opened.login()
    before = opened.last()
    seen = browser.post("/act/publish", {"letters": "yes", "step": "look"})
    shown = r'<details class="letter"[^>]*><summary><code>(.*?)</code>.*?<pre class="text">(.*?)</pre>'
    letters = re.findall(shown, seen, re.DOTALL)
    assert letters
    assert all("Leaderboard" in title and text.strip() for title, text in letters)
    assert f"{len(letters)} mail(s) would be sent" in seen
    assert opened.last() == before
