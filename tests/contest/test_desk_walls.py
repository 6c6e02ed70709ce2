"""Who is kept out of the desk, and that nobody keeps organizers out: connections, forms, failures, socket files."""

from __future__ import annotations

import json
import os
import re
import socket
import sqlite3
import threading
from contextlib import ExitStack, suppress
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin

import pytest

from mailbot.desk import connection, serve
from mailbot.desk.acts import ACTS
from mailbot.desk.connection import MOST
from mailbot.desk.door import IDLE, Person, Role
from mailbot.desk.walls import HEADERS
from mailbot.errors import Held, Permanent
from mailbot.ledger import teams
from mailbot.system import lock
from tests.contest.contest import write_config
from tests.contest.test_desk_chinese import english

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mailbot.desk.jobs import Ended
    from tests.contest.desk import Open

VALUE = "a label, or what somebody wrote"


def _connected(address: str, begun: bytes) -> socket.socket:
    host, _, port = address.removeprefix("http://").partition(":")
    made = socket.create_connection((host, int(port)), timeout=60)
    made.sendall(begun)
    return made


HALVES = [
    b"",
    b"GET / HTTP/1.1\r\nHost: loc",
    b"POST /logout HTTP/1.1\r\nHost:[::1]\r\nContent-Type:multipart/form-data; boundary=b\r\nContent-Length:9\r\n\r\n",
]


# --- connections -----------------------------------------------------------------------------
@pytest.mark.parametrize("begun", HALVES, ids=["nothing", "head", "body"])
def test_who_only_connects_keeps_nobody_out(opened: Open, begun: bytes) -> None:
    """Anybody on the host can connect, without a login: the connection that has waited longest makes room."""
    browser = opened.login()
    with ExitStack() as stack:
        for _ in range(MOST + 20):
            stack.enter_context(_connected(opened.address, begun))
        assert browser.get("/dates").status_code == 200


@pytest.mark.parametrize("begun", HALVES, ids=["nothing", "head", "body"])
def test_nobody_is_waited_for_without_end(opened: Open, begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not send what is due is cut off."""
    monkeypatch.setattr(connection, "PATIENCE_SECONDS", -1.0)
    monkeypatch.setattr(connection, "LEAST_RATE", 1e9)
    monkeypatch.setattr(connection, "LOOKS_SECONDS", 0.01)
    with _connected(opened.address, begun) as made, suppress(ConnectionResetError):
        assert made.recv(1) == b""


# --- other pages -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
     {"Origin": "http://127.0.0.1.evil.example"}, {"Origin": "http://[::1"}],
)  # fmt: skip
def test_a_form_of_another_page_is_refused(opened: Open, headers: dict[str, str]) -> None:
    """Also one of another port of this machine, whose forms come with our cookie; nobody is logged in or out by one."""
    browser, key = opened.login(), opened.desk.door.invite("Ben", Role.ORGANIZER)
    for path, fields in (("/login", {"key": key}), ("/logout", {}), ("/language", {"language": "zh"})):
        answer = browser.session.post(
            f"{opened.address}{path}", data=fields, headers=headers, timeout=60, allow_redirects=False
        )
        assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None), path
        assert "another page" in answer.text
    assert opened.desk.door.whose(key) == "Ben"
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost:9"}]
)
def test_a_form_of_our_own_is_taken(opened: Open, headers: dict[str, str]) -> None:
    """Ours have no Origin, as they send no referrer; behind `ssh -L` the port is another one."""
    key = opened.desk.door.invite("Ben", Role.ORGANIZER)
    browser = opened.login()
    answer = browser.session.post(
        f"{opened.address}/login", data={"key": key}, headers=headers, timeout=60, allow_redirects=False
    )
    assert answer.status_code == 303


# --- sessions --------------------------------------------------------------------------------
def test_a_tab_that_is_left_open_ends_too(opened: Open) -> None:
    """What it asks for by itself keeps no session; then it is led to the door, not filled with the door's page."""
    browser = opened.login()
    for _ in range(3):
        opened.clock.pass_by(seconds=IDLE.total_seconds() / 2 - 60)
        browser.get("/", headers={"HX-Request": "true"})
        browser.get("/live", stream=True).close()
    answer = browser.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers.get("hx-redirect"), answer.text) == (200, "/login", "")
    assert browser.get("/live").status_code == 403


def test_an_organizer_shows_another_one_out(opened: Open) -> None:
    """At once, and the audit trail has both: who was let in, and who was shown out."""
    ada, ben = opened.login(), opened.login("Ben")
    _, done = ada.act("show-out", name="Ben")
    assert "of Ben are ended" in done
    assert ben.get("/").headers["location"] == "/login"
    assert ada.get("/").status_code == 200
    entry = opened.last()
    assert (entry.kind, entry.actor, entry.subject) == ("organizer-shown-out", "Ada", "Ben")
    assert "Ben is not to be chosen" in ada.post("/act/show-out", {"name": "Ben", "step": "look"})


# --- failures --------------------------------------------------------------------------------
def _broken(error: Exception) -> object:
    def fail(*_: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (KeyError(VALUE), 500, "Our code failed: KeyError at tests/contest/test_desk_walls.py:"),
        (OSError(28, "No space left on device", "/srv/state/x"), 409, "/srv/state/x cannot be used (No space left"),
    ],
)
def test_what_fails_is_told_on_a_page(
    opened: Open, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], error: Exception, status: int,
    told: str,
) -> None:  # fmt: skip
    """With the walls' headers, and where it failed; what it failed on stands neither there nor in a log."""
    browser = opened.login()
    monkeypatch.setattr(teams, "bouncing", _broken(error))
    answer = browser.get("/teams")
    assert answer.status_code == status
    assert told in answer.text
    assert HEADERS.keys() <= {name.title().replace("Ascii", "ASCII") for name in answer.headers} | set(HEADERS)
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert VALUE not in answer.text
    monkeypatch.setattr(opened.desk.door, "whose", _broken(error))
    answer = browser.get(f"/login?key={'a' * 30}")
    assert (answer.status_code, answer.headers["x-frame-options"]) == (500, "SAMEORIGIN")
    assert "Our code failed" in answer.text
    said = capfd.readouterr()
    assert VALUE not in said.out + said.err
    assert "Traceback" not in said.out + said.err


def test_a_job_or_a_proposal_that_a_power_cut_left_breaks_no_page(opened: Open) -> None:
    """It is as if there were none."""
    browser = opened.login()
    for kind in ("jobs", "proposals"):
        for left in (b"", b"{}", b"\x00" * 40, b"[]"):
            (opened.desk.config.state / "desk" / kind / ("a" * 16)).write_bytes(left)
            assert browser.get("/").status_code == 200
    assert browser.get(f"/jobs/{'a' * 16}").status_code == 404
    assert browser.get(f"/act/forget-team?proposal={'a' * 16}").status_code == 404


def test_a_config_that_cannot_be_read_or_comes_back_as_it_was(opened: Open, tmp_path: Path) -> None:
    """Whatever is in the file, it is told; when the old one is put back with its time, all is well."""
    browser, config = opened.login(), tmp_path / "config.toml"
    for number, data in enumerate((b"\xff\xfe\x00" * 9, b"a = " + b"[" * 20_000, b"\x00", b"[challenge")):
        config.write_bytes(data)
        os.utime(config, (number, number))
        answer = browser.get("/")
        assert answer.status_code == 200
        assert "The config on disk has mistakes" in answer.text
    write_config(tmp_path)
    assert "has mistakes" not in browser.get("/").text
    config.rename(tmp_path / "kept")
    assert "has mistakes" in browser.get("/").text
    (tmp_path / "kept").rename(config)
    assert "has mistakes" not in browser.get("/").text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("POST", "/mails", 405), ("PUT", "/mails", 405),
                                   ("POST", "/act/hide-team", 400)],
)  # fmt: skip
def test_every_refusal_is_a_page_that_leads_back(opened: Open, method: str, path: str, status: int) -> None:
    """In a sentence, with a link; also to somebody who is not logged in."""
    browser = opened.login()
    headers = {"Content-Type": "multipart/form-data"} if status == 400 else {}
    answer = browser.session.request(method, f"{opened.address}{path}", data=b"x", headers=headers, timeout=60)
    assert answer.status_code == status
    assert 'href="/"' in answer.text
    browser.post("/language", {"language": "zh"})
    answer = browser.session.request(method, f"{opened.address}{path}", data=b"x", headers=headers, timeout=60)
    assert 'lang="zh-Hans"' in answer.text
    assert english(answer.text) == []


# --- socket files ----------------------------------------------------------------------------
def test_no_file_makes_way_for_a_socket_but_that_of_a_desk_that_is_gone(tmp_path: Path) -> None:
    """A slip in --socket deletes nothing, and a second desk takes no socket away from one that serves."""
    kept = tmp_path / "config.toml"
    kept.write_text("precious")
    (tmp_path / "link").symlink_to(kept)
    for file in (kept, tmp_path / "link", tmp_path):
        with pytest.raises(Permanent, match="is no socket"):
            serve.listening(file=file)
    assert kept.read_text() == "precious"
    file = tmp_path / "desk.sock"
    first = serve.listening(file=file)
    with pytest.raises(Permanent, match="is open on"):
        serve.listening(file=file)
    first.close()
    serve.listening(file=file).close()
    with pytest.raises(Permanent, match="--socket"):
        serve.listening(file=tmp_path / ("long" * 40))


# --- two at once -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("hide-submission", {"receipt": "S-000001", "why": "x"}),
        ("hide-team", {"team": "Amber", "why": "x"}),
        ("disqualify-team", {"team": "Amber", "why": "x"}),
        ("grant", {"team": "Amber", "track": "siqa-s", "more": "5", "why": "x"}),
        ("team-key", {"team": "Amber"}),
        ("announce", {"to": "Amber", "subject": "News", "text": "We begin."}),
        ("answer-mail", {"mail": "M-000001", "subject": "News", "text": "We begin."}),
        ("publish", {}),
    ],
)
def test_of_two_who_do_the_same_one_does_it(opened: Open, act: str, fields: dict[str, str]) -> None:
    """The other one, or the second click, is shown what it would be now, or told that it is done."""
    ada, ben = opened.login(), opened.login("Ben")
    seen = [one.post(f"/act/{act}", fields | {"step": "look"}) for one in (ada, ben)]
    kept = [dict(re.findall(r'name="(seen|asked)" value="([0-9a-f]+)"', page)) for page in seen]
    done = [one.post(f"/act/{act}", fields | mine | {"step": "do"}) for one, mine in zip((ada, ben), kept, strict=True)]
    assert ['class="notice good"' in page for page in done] == [True, False]
    assert "changed meanwhile" in done[1] or "already" in done[1]


def test_what_is_none_of_the_choices_is_refused(opened: Open) -> None:
    """A form may be an old one, or made by hand; it is told, whichever act it is for."""
    browser = opened.login()
    for act in ACTS.values():
        choices = [one for one in act.fields if one.kind == "choice"]
        fields = {one.name: "yes" for one in act.fields if one.kind not in {"choice", "file"}}
        for one in choices:
            page = browser.post(f"/act/{act.name}", fields | {one.name: "no\0nsense", "why": "x", "step": "look"})
            assert "is not to be chosen" in page, (act.name, one.name)


def test_nothing_is_looked_up_by_a_text_with_nul(opened: Open, tmp_path: Path) -> None:
    """A path with one, or a word for a database, would be an error of ours."""
    browser = opened.login()
    _, done = browser.act("backup", folder=f"{tmp_path}/ba\0ckup")
    assert f"{tmp_path}/backup" in done
    assert browser.get("/mails?words=%00&team=%00").status_code == 200


def test_what_only_looks_waits_for_no_lock(opened: Open, tmp_path: Path) -> None:
    """Somebody holds the ledger for half a minute: every screen answers from what is there."""
    browser = opened.login()
    with sqlite3.connect(tmp_path / "state/ledger.db", isolation_level=None) as other:
        other.execute("PRAGMA busy_timeout = 0")
        assert browser.get("/labels").status_code == 200
        other.execute("BEGIN IMMEDIATE")
        for path in ("/", "/mails", "/labels", "/board", "/board/now", "/submissions/S-000001/with/S-000001"):
            assert browser.get(path).status_code == 200, path
        other.execute("ROLLBACK")
    other.close()


# --- what lasts ------------------------------------------------------------------------------
def test_a_proposal_that_could_not_be_carried_out_waits_on(opened: Open, tmp_path: Path) -> None:
    """A second person confirms while the daemon runs: it is told, and the first need not propose it again."""
    write_config(tmp_path, board={"standing": "latest"}, desk={"two": ["forget"]})
    ada, ben = opened.login(), opened.login("Ben")
    ada.act("forget-team", team="Beryl", why="they asked")
    (proposal,) = opened.desk.proposals.listing()
    with suppress(Held), lock.held(opened.desk.config.state):
        pass
    _, done = ben.act("forget-team", proposal=proposal.name)
    assert "is held by another mailbot" in done
    assert opened.desk.proposals.find(proposal.name) == proposal
    assert (opened.last().kind, opened.last().actor) == ("act-confirmed", "Ben")


def test_a_job_ends_with_the_desk(opened: Open) -> None:
    """At its next step; the page says so, and how to go on."""
    began = threading.Event()

    def work(told: Callable[[int, int], None]) -> Ended:
        began.set()
        while True:
            told(1, 2)

    person = Person(name="Ada", role=Role.ORGANIZER, csrf="")
    jobs = opened.desk.jobs
    job = jobs.begin(person, "rescore", "Rescore", work)
    began.wait()
    with pytest.raises(Permanent, match="under way already"):
        jobs.begin(person, "rescore", "Rescore", work)
    jobs.end()
    found = jobs.find(job.name)
    assert found is not None
    assert found.state == "broken-off"


def test_a_job_of_a_process_whose_number_is_given_again_is_over(opened: Open) -> None:
    """After a restart of the host another process may have the number: the act can be begun again."""
    file = opened.desk.config.state / "desk" / "jobs" / ("a" * 16)
    kept = {
        "name": "a" * 16, "act": "rescore", "title": "Rescore", "by": "Ada", "began": "2026-04-13T08:00:00+00:00",
        "state": "running", "done": 0, "total": 0, "says": [], "href": "/",
    }  # fmt: skip
    for process in (f"{os.getppid()} 0 0", "1", "", 1):
        file.write_text(json.dumps(kept | {"process": process}))
        found = opened.desk.jobs.find("a" * 16)
        assert found is not None
        assert found.state == "broken-off"
    _, done = opened.login().act("rescore")
    assert "score(s) computed" in done


# --- links -----------------------------------------------------------------------------------
@pytest.mark.parametrize("role", list(Role))
def test_no_link_is_dead(opened: Open, role: Role) -> None:
    """Every link on every page that links lead to is answered with a page or a file; none leads to another host."""
    opened.wired.weekly.publish(as_of=opened.clock())
    secret = (opened.desk.config.state / "identity.secret").read_text().strip()
    browser, seen, waiting = opened.login("Ada", role), set[str](), ["/"]
    while waiting:
        path = waiting.pop()
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert secret not in answer.text
        if answer.headers["content-type"].startswith("text/html"):
            links = re.findall(r'(?:href|src|action|hx-get)="([^"#][^"]*)"', answer.text)
            found = {
                urljoin(f"http://desk{path}", unescape(one))
                for one in links
                if not one.startswith(("data:", "mailto:"))
            }
            assert {one for one in found if not one.startswith("http://desk/")} == set()
            fresh = {urldefrag(one).url.removeprefix("http://desk") for one in found} - seen - {"/logout", "/language"}
            seen |= fresh
            waiting += sorted(fresh)
    assert len(seen) > 40


@pytest.mark.parametrize(
    "path",
    ["../../ledger.db", "..%2F..%2Fidentity.secret", "/etc/passwd", "%2Fetc%2Fpasswd", "%00", "a" * 5000, "", "weeks"],
)
def test_of_the_published_site_nothing_else_is_shown(opened: Open, path: str) -> None:
    """No path leads out of it, and a page of it runs nothing."""
    opened.wired.weekly.publish(as_of=opened.clock())
    browser = opened.login()
    assert "sandbox" in browser.get("/board/page/weeks/index.html").headers["content-security-policy"]
    assert browser.get("/board/page/board.csv").headers["content-disposition"].startswith("attachment")
    host, _, port = opened.address.removeprefix("http://").partition(":")
    cookie = "; ".join(f"{one.name}={one.value}" for one in browser.session.cookies)
    with socket.create_connection((host, int(port)), timeout=60) as made:  # a browser's library would shorten the path
        made.sendall(f"GET /board/page/{path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n".encode())
        assert made.recv(20).startswith(b"HTTP/1.1 404")
