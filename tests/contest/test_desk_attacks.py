"""Attacks on the desk by what is dropped on it and by what is asked of it: files, tables, names, bodies."""

from __future__ import annotations

import io
import json
import re
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import requests

from mailbot.desk.app import MOST_FIELDS, MOST_FILES
from mailbot.desk.walls import MOST_BYTES
from mailbot.ledger import teams

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.contest.desk import Browser, Open

MARK = "<script>alert(1)</script>"


def _csrf(browser: Browser) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', browser.get("/dates").text)
    assert found
    return found[1]


def _names(opened: Open) -> set[str]:
    with opened.wired.ledger.read() as tx:
        return {team.name for team in teams.everyone(tx)}


# --- tables ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "table",
    [
        f"team,address\n{MARK},x@y.example\n".encode(),
        f'team,address\n"=HYPERLINK(""http://evil.example"")",{MARK}\n'.encode(),
        b"team,address\n\x00\x01,\xff\xfe\n",
        b'team,address\n"never closed,a@b.example\n' * 3,
        ("team,address\n" + "\u202egnitar,r@l.example\n").encode(),
        b"\xef\xbb\xbf" * 40,
        b"",
        b"team,address\n" + b"," * 200_000,
    ],
    ids=["markup", "formula", "bytes", "quotes", "reversed", "marks", "empty", "commas"],
)  # fmt: skip
def test_a_hostile_roster_is_text_or_is_refused(opened: Open, table: bytes) -> None:
    """Looking at it enters nobody, whatever is in it; the desk answers, and shows no markup of the file's."""
    browser, before = opened.login(), _names(opened)
    page = browser.post("/act/import-teams", {"why": "sign-up", "step": "look"}, {"file": ("t.csv", table)})
    assert "<h1>" in page
    assert MARK not in page
    assert "\u202e" not in page
    assert _names(opened) == before
    assert browser.get("/teams").status_code == 200


def test_a_roster_of_many_thousand_rows_is_previewed_in_part(opened: Open) -> None:
    """The page stays small; what is shown says that it is not all."""
    rows = "".join(f"team {n},t{n}@x.example\n" for n in range(20_000))
    fields = {"why": "sign-up", "step": "look"}
    page = opened.login().post("/act/import-teams", fields, {"file": ("t.csv", f"team,address\n{rows}".encode())})
    assert "20000 team(s) in the file" in page
    assert "The first 200 rows are shown." in page
    assert len(page) < 100_000


# --- files -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/passwd",
        "..\\..\\boot.ini",
        f"{MARK}.json",
        "/etc/shadow",
        "a" * 250 + ".json",
        "con\u202enosj.json",
    ],
)
def test_the_name_of_a_file_leads_nowhere(opened: Open, tmp_path: Path, name: str) -> None:
    """It is shown as text, without folders; nothing is written beside the ledger."""
    before = {path for path in tmp_path.rglob("*") if "desk" not in path.parts}
    page = opened.login().post("/act/try-file", {"track": "siqa-s", "step": "look"}, {"file": (name, b"{}")})
    assert "would be refused" in page
    assert MARK not in page
    assert "\u202e" not in page
    assert "etc/" not in page
    assert {path for path in tmp_path.rglob("*") if "desk" not in path.parts} == before


def _bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("s.json", b" " * (200 << 20))
    return packed.getvalue()


@pytest.mark.parametrize(
    "data", [b"[" * 200_000, b'{"predictions": ' + b"9" * 400_000 + b"}", b"\x00" * 1_000_000,
             b"\x1f\x8b" + b"\x00" * 64],
    ids=["nested", "number", "zeros", "gzip"],
)  # fmt: skip
def test_a_hostile_result_file_is_refused_as_a_teams_would_be(opened: Open, data: bytes) -> None:
    """It is read in a child; the desk says what is wrong, and serves on."""
    browser = opened.login()
    page = browser.post("/act/try-file", {"track": "siqa-s", "step": "look"}, {"file": ("s.json", data)})
    assert "would be refused" in page
    assert browser.get("/").status_code == 200


def test_a_label_file_that_unpacks_without_end_is_refused(opened: Open) -> None:
    """Nothing is unpacked that is no label file."""
    browser = opened.login()
    fields = {"track": "siqa-s", "why": "better ones", "step": "look"}
    page = browser.post("/act/add-labels", fields, {"file": ("labels.zip", _bomb())})
    assert "cannot be used" in page
    assert browser.get("/labels").text.count("s-active") == 1


# --- bodies ----------------------------------------------------------------------------------
def test_a_body_without_a_length_ends_at_the_limit(opened: Open, caplog: pytest.LogCaptureFixture) -> None:
    """In pieces it may promise nothing; it is cut off all the same, and the desk serves on."""
    browser, piece = opened.login(), b"x" * (1 << 20)

    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="s.json"\r\n\r\n'
        yield from (piece for _ in range((MOST_BYTES >> 20) + 2))
        yield b"\r\n--b--\r\n"

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with suppress(requests.RequestException):  # it may be cut off while we still write
        answer = browser.session.post(f"{opened.address}/act/try-file", data=pieces(), headers=headers, timeout=120)
        assert answer.status_code == 413
    assert "Exception in ASGI application" not in caplog.text
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(("files", "fields"), [(MOST_FILES + 1, 0), (0, MOST_FIELDS + 1)])
def test_a_form_of_too_many_parts_is_refused(opened: Open, files: int, fields: int) -> None:
    """Neither files nor fields without end."""
    browser = opened.login()
    parts: list[tuple[str, tuple[str | None, str]]] = [("csrf", (None, _csrf(browser)))]
    parts += [(f"f{n}", (None, "x")) for n in range(fields)] + [("file", ("s.json", "{}")) for _ in range(files)]
    answer = browser.session.post(f"{opened.address}/act/try-file", files=parts, timeout=60)
    assert answer.status_code == 400
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/jobs/..%2F..%2Fidentity.secret", "/jobs/" + "0" * 4000, "/board/..%2F..%2Fledger.db.json",
     "/submissions/S-" + "9" * 40,
     "/mails/M-1%00", "/mails?before=" + "9" * 40, "/mails?since=0001-01-01T00:00%2B23:59", "/log?words=" + "%25" * 900,
     "/dates?zone=..%2F..%2Fetc%2Fpasswd", "/act/decline?which=..%2F..%2Fsessions"],
)  # fmt: skip
def test_a_path_or_a_question_that_means_harm_is_answered(opened: Open, path: str) -> None:
    """With a page, or with the word that there is none; never with an error of ours."""
    answer = opened.login().get(path)
    assert answer.status_code in {200, 404, 409}
    assert json.dumps("identity") not in answer.text
