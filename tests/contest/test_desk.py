"""The organizers' desk over a contest: who gets in, what each screen shows, and that acts do what they showed."""

from __future__ import annotations

import json
import re
import socket
from email.message import EmailMessage
from html import unescape
from typing import TYPE_CHECKING

import pytest
import requests

from mailbot.desk import serve
from mailbot.desk.acts import ACTS
from mailbot.desk.app import build
from mailbot.desk.door import Role
from mailbot.desk.page import without_secrets
from mailbot.desk.screens import SCREENS
from mailbot.desk.walls import HEADERS, MOST_BYTES
from mailbot.ledger import outbox
from mailbot.mail import teamkey
from mailbot.model import Status
from tests.contest.contest import Clock, contest, mail, take, write_config
from tests.contest.desk import AMBER, Browser

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contest.desk import Open


def paths() -> list[str]:
    """Return a path of every screen."""
    names = {
        "{mail}": "M-000001", "{team}": "T-000001", "{receipt}": "S-000001", "{reply}": "R-000001", "{board}": "0" * 64,
        "{job}": "0" * 16, "{other}": "S-000001", "{file:path}": "index.html",
    }  # fmt: skip
    found = [screen.path for screen in SCREENS] + [f"/act/{name}" for name in ACTS]
    for name, value in names.items():
        found = [path.replace(name, value) for path in found]
    return found


# --- walls -----------------------------------------------------------------------------------
def test_every_route_wants_a_session_and_a_reader_changes_nothing(opened: Open) -> None:
    """The table of routes is walked: no page without a session, no act by a reader or without the form's token."""
    routes = [route for route in build(opened.desk).routes if not str(route.name).startswith(("door ", "static "))]  # type: ignore[attr-defined]  # a Route
    assert len(routes) == len(SCREENS) + 2 * len(ACTS) + 1
    stranger, reader, organizer = Browser(opened.address), opened.login("Rea", Role.READER), opened.login()
    for path in paths():
        assert stranger.get(path).headers["location"] == "/login", path
        assert reader.get(path).status_code in {200, 404, 409}, path
    for name in ACTS:
        url = f"{opened.address}/act/{name}"
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', reader.get("/dates").text)
        assert csrf
        posted = {"csrf": csrf[1], "step": "do"}
        assert stranger.session.post(url, data=posted, timeout=60, allow_redirects=False).status_code == 303, name
        assert reader.session.post(url, data=posted, timeout=60, allow_redirects=False).status_code == 403, name
        assert organizer.session.post(url, data=posted, timeout=60, allow_redirects=False).status_code == 403, name
    assert stranger.get("/live").status_code == 403


def test_who_only_looks_reads_no_code_and_no_key(opened: Open) -> None:
    """With the code of a question, or a team's key, a reader could write as the team: a forged From needs no more."""
    code, key = "a1" * 16, teamkey.made(bytes(range(16)))
    said = f"Reply with confirm [M-000001 {code}], and use the key {key}."
    message = EmailMessage()
    message["Subject"], message["To"] = f"Is it yours? [M-000001 {code}]", AMBER
    message.set_content(said)
    with opened.wired.ledger.write("test") as tx:
        outbox.queue(tx, message, kind="reply", key="asked", now=opened.clock())
        number = max(row.id for row in outbox.listing(tx))
    quoting = mail(AMBER, shift=0.2, subject=f"Re: Is it yours? [M-000001 {code}]").replace(
        b"Here it is.", said.encode()
    )
    take(opened.wired, quoting, opened.clock())
    reader = opened.login("Rea", Role.READER)
    pages = [
        reader.get(path).text
        for path in (
            f"/letters/R-{number:06d}",
            "/letters",
            "/mails/M-000001",
            "/mails/M-000003",
            "/mails",
            "/",
            "/log",
        )
    ]
    assert "Reply with confirm [M-1]" in pages[0]
    assert "Reply with confirm [M-1]" in pages[3]
    assert [page for page in pages if code in page or key in page] == []


@pytest.mark.parametrize(
    "quoted",
    ["[M-000001\n> {code}]", "[M-000001 <b>{code}</b>]", "[M-000001&nbsp;{code}]", "confirm {code}", "<{code}>"],
)
def test_a_code_that_a_mail_program_has_wrapped_is_hidden_too(opened: Open, quoted: str) -> None:
    """What is quoted is broken at blanks, with a mark before each line; HTML puts tags and entities between."""
    code = "a1" * 16
    assert code not in without_secrets(quoted.format(code=code))
    disputed = mail(AMBER, subject="dispute S-000001").replace(b"Here it is.", quoted.format(code=code).encode())
    take(opened.wired, disputed, opened.clock())
    reader = opened.login("Rea", Role.READER)
    for path in ("/", "/disputes", "/submissions/S-000001", "/mails/M-000003"):
        assert code not in reader.get(path).text, path
    whole = "b2" * 32
    assert whole in without_secrets(f"the SHA-256 is {whole}.")


def test_of_a_reader_nothing_is_read(opened: Open) -> None:
    """They may not act: a form of theirs is refused before its body came."""
    reader = opened.login("Rea", Role.READER)
    address = opened.address.removeprefix("http://")
    cookie = "; ".join(f"{name}={value}" for name, value in reader.session.cookies.items())
    head = f"POST /act/try-file HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nContent-Length: {MOST_BYTES}\r\n\r\n"
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31T23:59:59", "9999-12-31T23:59-12:00"])
def test_a_day_that_no_zone_can_show_is_refused_in_a_sentence(opened: Open, tmp_path: Path, day: str) -> None:
    """Near the ends of what a datetime holds, an offset leads beyond them."""
    organizer = opened.login()
    for path in ("/mails", "/letters", "/log"):
        answer = organizer.get(path, params={"since": day})
        assert answer.status_code == 409
        assert "is not a date" in answer.text
    write_config(tmp_path, **{"[phases]": {"name": "test", "closes": "2099-01-01T00:00:00+08:00"}})
    fields = {"phase": "test", "team": "Amber", "until": day, "why": "x", "step": "look"}
    assert "write the new end as" in organizer.post("/act/extend", fields)


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8437", "127.0.0.1.evil.example", ""])
def test_another_name_for_this_machine_is_refused(opened: Open, host: str) -> None:
    """A name of an attacker's may lead to 127.0.0.1 (DNS rebinding): the desk does not answer to it."""
    assert opened.login().get("/", headers={"Host": host}).status_code == 421


def test_every_answer_bears_the_walls(opened: Open) -> None:
    """Pages, redirects, static files and refusals alike; nothing inline is allowed to run."""
    browser = opened.login()
    for path in ("/", "/static/desk.css", "/nowhere", "/mails/M-999"):
        answer = browser.get(path)
        assert {name: answer.headers.get(name) for name in HEADERS if name != "Cache-Control"} == {
            name: value for name, value in HEADERS.items() if name != "Cache-Control"
        }
    page = browser.get("/dates").text
    assert not re.search(r"\son[a-z]+=|<style|style=|<script(?! src)|javascript:", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)
    cookie = opened.login().session.cookies
    assert [
        (one.name, one.has_nonstandard_attr("HttpOnly"), one.get_nonstandard_attr("SameSite")) for one in cookie
    ] == [(opened.desk.door.cookie, True, "strict")]


def test_a_body_that_is_too_long_is_refused_before_it_is_read(opened: Open) -> None:
    """Whatever the header promises."""
    asked = requests.Request("POST", f"{opened.address}/login", data=b"x").prepare()
    asked.headers["Content-Length"] = str(MOST_BYTES + 1)
    answer = requests.Session().send(asked, timeout=60)
    assert answer.status_code == 413


def test_what_a_stranger_wrote_is_text_everywhere(opened: Open) -> None:
    """Subjects and texts are escaped and inert on the list, on the mail's own page, and in a search for them."""
    browser = opened.login()
    for path in ("/", "/mails", "/mails/M-000002", "/log", "/mails?words=%22%3E%3Cscript%3E"):
        page = browser.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "\u202e" not in page
    assert "{{7*7}}" in unescape(browser.get("/mails/M-000002").text)


def test_no_screen_shows_a_label_a_key_or_a_secret(opened: Open) -> None:
    """Labels are in the truths alone; the secret of the state and the codes of questions are in no page."""
    browser = opened.login()
    secret = (opened.desk.config.state / "identity.secret").read_text().strip()
    pages = "".join(browser.get(path).text for path in paths() if not path.endswith("/file"))
    assert secret not in pages
    assert '"perception": 1.5' not in pages


# --- screens and acts ------------------------------------------------------------------------
def test_every_screen_can_be_looked_at(opened: Open) -> None:
    """Each answers with a page, or says that the contest has no such thing yet."""
    browser = opened.login()
    answers = {path: browser.get(path).status_code for path in paths()}
    assert {path: code for path, code in answers.items() if code != 200} == {
        "/labels/differences": 409, "/board/page/index.html": 404, f"/board/{'0' * 64}.json": 404,
        f"/jobs/{'0' * 16}": 404,
    }  # fmt: skip


def test_an_act_says_what_it_does_and_then_does_it_under_the_persons_name(opened: Open) -> None:
    """Looking changes nothing; doing is entered with the name and the reason; the inverse takes it back."""
    browser = opened.login("Ada Quill")
    before = opened.last()
    seen = browser.post("/act/hide-submission", {"receipt": "S-000001", "why": "we look into it", "step": "look"})
    assert "The next board leaves it out" in seen
    assert opened.last() == before
    _, done = browser.act("hide-submission", receipt="S-000001", why="we look into it")
    assert "is hidden" in done
    entry = opened.last()
    assert (entry.actor, entry.kind, json.loads(entry.detail)["why"]) == (
        "Ada Quill", "submission-excluded", "we look into it",
    )  # fmt: skip
    _, done = browser.act("reinstate-submission", receipt="S-000001", why="all is well")
    assert "counts again" in done
    assert opened.last().kind == "submission-reinstated"


def test_what_is_done_is_what_was_seen(opened: Open) -> None:
    """When somebody else has acted meanwhile, the new effect is shown and nothing is done."""
    browser, other = opened.login("Ada"), opened.login("Ben")
    fields = {"team": "Amber", "name": "Amber Lab", "why": "they asked"}
    seen = re.search(r'name="seen" value="([0-9a-f]+)"', browser.post("/act/rename-team", fields | {"step": "look"}))
    assert seen
    other.act("rename-team", team="Amber", name="Ambra", why="they asked")
    told = browser.post("/act/rename-team", fields | {"step": "do", "seen": seen[1]})
    assert "Amber" in told
    assert json.loads(opened.last().detail)["name"] == "Ambra"


@pytest.mark.parametrize(("why", "told"), [("", "Missing"), ("as ada@example.org said", "name no address")])
def test_an_act_wants_a_reason_that_can_be_kept(opened: Open, why: str, told: str) -> None:
    """Without one, or with an address in it, nothing is done."""
    before = opened.last()
    _, done = opened.login().act("hide-submission", receipt="S-000001", why=why)
    assert told in done
    assert opened.last() == before


def test_a_strangers_mail_is_given_to_a_team(opened: Open) -> None:
    """It waits on the first screen, and is taken with its arrival once a team has it."""
    browser = opened.login()
    assert "M-000002" in browser.get("/").text
    _, done = browser.act("assign-mail", mail="M-000002", team="Beryl", why="they mailed from home")
    assert "is due now" in unescape(done)
    while opened.wired.intake.step():
        pass
    row = opened.row(2)
    assert (row.team, row.status) == ("Beryl", Status.ACCEPTED)


@pytest.mark.parametrize(
    ("act", "given"), [("assign-mail", "mail=M-000002"), ("rule", "receipt=S-000001"), ("merge-teams", "team=Amber")]
)
def test_what_a_slip_would_hit_is_chosen_by_nobody_but_the_organizer(opened: Open, act: str, given: str) -> None:
    """The form chooses no team and no verdict beforehand, and without one nothing is looked at."""
    browser = opened.login()
    assert re.search(r'required><option value="">choose</option>', browser.get(f"/act/{act}?{given}").text)
    key, _, value = given.partition("=")
    told = browser.post(f"/act/{act}", {key: value, "why": "a slip", "step": "look"})
    assert "Missing:" in told
    assert "What it does" not in told


def test_labels_of_other_items_want_a_word_more(opened: Open, tmp_path: Path) -> None:
    """A file with an item less is previewed, and comes into force only when that is said to be meant."""
    browser = opened.login()
    rows = json.loads((tmp_path / "labels.json").read_text())["predictions"]
    file = {"file": ("less.json", json.dumps({"predictions": rows[1:]}).encode())}
    fields = {"track": "siqa-s", "why": "one item was wrong"}
    seen, done = browser.act("add-labels", file, **fields)
    assert "other items" in seen
    assert "is active" not in done
    _, done = browser.act("add-labels", file, **fields, **{"agree-items": "yes", "agree-many": "yes"})
    assert "is active" in done


def test_a_correction_goes_from_the_label_file_to_the_letters(opened: Open, tmp_path: Path) -> None:
    """The new labels are previewed with the ranks they change, rescored, and the team is told."""
    browser = opened.login()
    rows = json.loads((tmp_path / "labels.json").read_text())["predictions"]
    rows[0]["perception"] = 4.9
    file = {"file": ("better.json", json.dumps({"predictions": rows}).encode())}
    _, done = browser.act("add-labels", file, track="siqa-s", why="item 1 was mistyped")
    assert "is active" in done
    score = opened.row(1).score
    seen, done = browser.act("rescore", tell="yes")
    assert "Amber" in seen
    assert "1 team(s) told" in done
    assert opened.row(1).score != score


def test_a_board_is_published_and_withdrawn(opened: Open) -> None:
    """It stands on the screen with its day; withdrawn, it is marked with the reason."""
    browser = opened.login()
    _, done = browser.act("publish")
    assert "Published in" in unescape(done)
    day = f"{opened.clock.instant:%Y-%m-%d}"
    assert browser.get("/board/page/index.html").headers["Content-Security-Policy"].count("sandbox") == 1
    seen, done = browser.act("withdraw-board", date=day, why="the labels were wrong")
    assert "This cannot be undone" in seen
    assert "It is withdrawn" in done
    assert "the labels were wrong" in browser.get("/board").text


def test_a_disqualification_shows_the_letter_and_sends_it_as_edited(opened: Open) -> None:
    """The draft can be changed; what goes out is what stands in the form."""
    browser = opened.login()
    seen = browser.post("/act/disqualify-team", {"team": "Amber", "tell": "yes", "why": "two accounts", "step": "look"})
    assert "1 mail(s) would be sent" in seen
    own = {"draft-subject": "About your team", "draft-text": "Dear team, we are sorry."}
    _, done = browser.act("disqualify-team", None, team="Amber", tell="yes", why="two accounts", **own)
    assert "1 letter(s) queued" in done
    page = browser.get("/letters?words=About").text
    assert "About your team" in page


def test_a_file_is_handed_out_as_a_download(opened: Open) -> None:
    """Never as a page, and under a name that is safe anywhere."""
    answer = opened.login().get("/submissions/S-000001/file")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "attachment; filename=\"s.json\"; filename*=UTF-8''s.json"


def test_two_submissions_are_shown_side_by_side(opened: Open) -> None:
    """Their measures, and which answers differ, without the labels; a look-alike is offered for it."""
    for shift in (0.2, 0.4):  # the last is the other team's file
        take(opened.wired, mail("beryl@example.org", shift=shift), opened.clock.instant)
    while opened.wired.similar.step():
        pass
    browser = opened.login()
    assert "/submissions/S-000001/with/S-000003" in browser.get("/submissions/S-000001").text
    page = browser.get("/submissions/S-000001/with/S-000002").text
    assert re.search(r"Answers that differ</th><td colspan=\"2\">[1-9]\d* / 24</td>", page)
    assert "0 / 24" in browser.get("/submissions/S-000001/with/S-000003").text
    assert "beryl" not in page
    assert "Beryl" in page
    assert browser.get("/submissions/S-000001/with/S-000099").status_code == 404


def test_the_desk_speaks_chinese_to_whom_asks_for_it(opened: Open) -> None:
    """The button changes one person's pages; everybody else's stay."""
    browser = opened.login()
    assert "<h1>Today</h1>" in browser.get("/").text
    browser.post("/language", {"language": "zh"})
    page = browser.get("/").text
    assert '<html lang="zh-Hans">' in page
    assert "<h1>今天</h1>" in page
    assert "理由" in browser.get("/act/hide-team?team=Amber").text
    assert "<h1>Today</h1>" in opened.login("Ben").get("/").text


def test_a_broken_config_is_told_and_the_one_before_stays(opened: Open, tmp_path: Path) -> None:
    """As with the daemon."""
    write_config(tmp_path, board={"standing": "nonsense"})
    page = opened.login().get("/").text
    assert "The config on disk has mistakes" in page
    assert "board.standing" in page


def test_a_page_hears_what_changed_before_its_stream_began(opened: Open) -> None:
    """A page asks what is new since what it shows; the browser that comes back, since the last it was told."""
    browser = opened.login()

    def told(since: str, **headers: str) -> tuple[str, str]:
        lines = browser.get("/live", params={"since": since}, headers=headers, stream=True).iter_lines()
        said = [next(lines).decode() for _ in range(4)]
        return said[2].partition(": ")[2], said[3].partition(": ")[2]

    def mark() -> str:
        found = re.search(r'data-mark="([^"]+)"', browser.get("/").text)
        assert found
        return found[1]

    shown = mark()
    assert told(shown) == ("nothing", "")
    browser.act("hide-team", team="Amber", why="they asked")
    kind, newest = told(shown)
    assert kind == "news"
    assert newest == mark() != shown
    assert told(shown, **{"Last-Event-ID": newest}) == ("nothing", "")


def test_a_page_that_listens_does_not_keep_the_desk_from_ending(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The stream of the first screen ends by itself when the desk is told to; nothing is cut off."""
    clock = Clock()
    with contest(tmp_path, clock):
        desk, on = serve.opened(tmp_path / "config.toml", clock), serve.listening(port=0)
        address = f"http://127.0.0.1:{on.getsockname()[1]}"
        browser = Browser(address)
        with serve.beside(desk, on):
            key = desk.door.invite("Ada", Role.ORGANIZER)
            browser.session.post(f"{address}/login", data={"key": key}, timeout=60, allow_redirects=False)
            lines = browser.get("/live", stream=True).iter_lines()
            assert next(lines) == b"retry: 5000"
        assert list(lines)[-1] == b""  # the stream came to its end
    assert "timeout graceful shutdown exceeded" not in caplog.text
