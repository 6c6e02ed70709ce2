"""Papers, code and models: what counts, when, how it is receipted, and that no submission is lost to it."""

from __future__ import annotations

import email
import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import TYPE_CHECKING

import pytest

from mailbot.ledger import entries, outbox
from mailbot.model import Outcome
from mailbot.operations import trace
from mailbot.operations.export import Export
from tests.command import mailbot
from tests.unit.services import ADA, NOW, Clock, served, submission, take

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mailbot.service import Service

CONFIG = """\
preset = "siqa"
workers = 1
[challenge]
address = "submissions@siqa.example"
[tracks.siqa-s]
labels = "labels/answer-s.json"
"""
PAPER = b"%PDF-1.7 our paper"
KINDS = [
    {"kind": "paper", "closes": NOW + timedelta(days=1), "types": [".pdf"]},
    {"kind": "code", "hosts": ["github.com"], "types": [".zip", ".tar.gz"]},
]


def brings(text: str, file: tuple[str, bytes] | None = None, subject: str = "our work", sender: str = ADA) -> bytes:
    """Return a mail with a text and perhaps a file."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"], mail["Message-ID"] = sender, subject, "<entry@x.org>"
    mail.set_content(text)
    if file:
        mail.add_attachment(file[1], maintype="application", subtype="octet-stream", filename=file[0])
    return mail.as_bytes()


def nested_below(mail: bytes, *, depth: int) -> bytes:
    """Return a mail with multiparts within one another beside what it holds."""
    head = mail.partition(b"\r\n\r\n")[0]
    boundary = re.search(rb'boundary="([^"]+)"', head)
    assert boundary is not None
    end = b"--" + boundary[1] + b"--"
    nest = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return mail.replace(end, b"--" + boundary[1] + b"\r\n" + nest + b"\r\n" + end)


@pytest.fixture
def contest(tmp_path: Path) -> Iterator[Service]:
    """Give a mailbot that takes papers and code."""
    with served(tmp_path, Clock(), entries=KINDS) as made:
        yield made


def listed(service: Service) -> list[tuple[str, str, bool]]:
    """Return kind, what and whether in time of everything handed in."""
    with service.ledger.read() as tx:
        return [(row.kind, row.what, row.in_time) for row in entries.listing(tx)]


def _told(service: Service) -> str:
    """Return the text of the one reply, its lines joined."""
    with service.ledger.read() as tx:
        (reply,) = outbox.listing(tx)
    body = email.message_from_bytes(reply.message, policy=default).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def test_a_paper_is_receipted_with_hash_and_time(contest: Service) -> None:
    """By mail, in the thread."""
    row = take(contest, brings("Our paper is attached.", ("paper.pdf", PAPER)))
    assert row.outcome is Outcome.ENTRY
    with contest.ledger.read() as tx:
        (reply,) = outbox.listing(tx)
    body = email.message_from_bytes(reply.message, policy=default).get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert "E-000001 | paper | in time" in text
    assert hashlib.sha256(PAPER).hexdigest() in text
    assert "Thu 12 Mar 2026, 16:00" in text
    with contest.ledger.read() as tx:
        assert trace.of_entry(tx, 1, NOW) == trace.of_mail(tx, row.id, NOW) != []
        assert trace.of_entry(tx, 9, NOW) == []


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (brings("See https://github.com/peepers/net."), [("code", "https://github.com/peepers/net", True)]),
        (brings("See https://github.com/"), []),
        (brings("See https://github.com.evil.example/peepers/net"), []),
        (brings("thanks\n\nOn Monday, SIQA wrote:\n> https://github.com/peepers/net"), []),
        (brings("Our paper", ("paper.pdf", PAPER), sender="mallory@evil.example"), []),
        (submission("A", Subject="[SIQA Submission] Code Paper - code"), []),
    ],
    ids=["a repository", "no repository", "another host", "quoted", "a stranger", "a result file"],
)
def test_what_counts_is_taken_and_nothing_else(
    contest: Service, raw: bytes, found: list[tuple[str, str, bool]]
) -> None:
    """Links to the hosts, files with the endings; never in the place of a result file, never a stranger's."""
    take(contest, raw)
    assert listed(contest) == found


def archived(members: int) -> bytes:
    """Return a zip archive of so many source files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(members):
            archive.writestr(f"net/layer{number}.py", f"x = {number}\n")
    return out.getvalue()


def tarred() -> bytes:
    """Return a .tar.gz of a source file."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("net/layer.py"), io.BytesIO())
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [("net.zip", archived(3)), ("net.zip", archived(300)), ("net.tar.gz", tarred())],
    ids=["small", "more files than a result archive may hold", "tar"],
)
def test_an_archive_of_code_needs_no_brackets(contest: Service, name: str, data: bytes) -> None:
    """It cannot be a result file."""
    assert take(contest, brings("Our code.", (name, data))).outcome is Outcome.ENTRY
    assert listed(contest) == [("code", name, True)]


def dumped(member: str = "pred.npy") -> bytes:
    """Return a zip archive of an array."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(member, b"\x93NUMPY\x01\x00v\x00")
    return out.getvalue()


@pytest.mark.parametrize(
    ("subject", "name", "data"),
    [
        ("[SIQA Submission] Pixel Peepers - run 7", "s.tar.gz", tarred()),
        ("[SIQA Submission] Pixel Peepers - run 7", "net.zip", archived(3)),
        ("[SIQA Submission] Pixel Peepers - run 7", "net.zip", dumped("layer.npy")),
        ("our work", "results.tar.gz", tarred()),
        ("our work", "run7.zip", dumped("siqa_predictions.pt")),
        ("our work", "run7.zip", dumped("array.npy")),
    ],
)
def test_a_result_is_never_receipted_as_something_else(contest: Service, subject: str, name: str, data: bytes) -> None:
    """Under the tag of submissions, or called like results, an archive is refused as a result with its reason."""
    assert take(contest, brings("Our run.", (name, data), subject=subject)).outcome is Outcome.REFUSED
    assert listed(contest) == []
    assert "could not be scored" in _told(contest)


def test_under_the_tag_of_submissions_a_paper_is_refused_as_a_result(contest: Service) -> None:
    """With its reason, and how else it may be meant."""
    raw = brings("x", ("paper.pdf", PAPER), subject="[SIQA Submission] Pixel Peepers - run 7")
    assert take(contest, raw).outcome is Outcome.REFUSED
    assert listed(contest) == []
    told = " ".join(_told(contest).split())
    assert told.startswith("paper.pdf could not be scored.")
    assert "This is a PDF." in told
    assert "(paper, code), write that in the subject" in told


def test_under_the_tag_of_submissions_a_link_is_no_result(contest: Service) -> None:
    """It is not receipted as handed in; the first line says that no result file came."""
    raw = brings("See https://github.com/peepers/net.", None, subject="[SIQA Submission] Pixel Peepers - run 7")
    assert take(contest, raw).outcome is Outcome.NO_SUBMISSION
    assert listed(contest) == []
    assert _told(contest).startswith("No result file was found in your mail.")


def test_a_refused_file_is_told_how_else_it_may_be_meant(contest: Service) -> None:
    """An archive of code with a table in it is read as a result file, unless its subject says what it is."""
    take(contest, brings("Our code.", ("data.json", b'{"a": 1}')))
    assert "(paper, code), write that in the subject, for example [SIQA paper]." in " ".join(_told(contest).split())


def test_a_result_file_with_a_mistake_is_a_result_file(contest: Service) -> None:
    """Whoever forgot a row reads of that row, and not of papers."""
    row = b'{"track": "S", "predictions": [{"id": 1, "perception": 3.5, "knowledge": 4}]}'
    take(contest, brings("Our file.", ("s.json", row)))
    told = _told(contest)
    assert "What to fix:" in told
    assert "meant as something else" not in told


def test_the_brackets_of_a_subject_decide(contest: Service) -> None:
    """An archive of code may hold files that look like results."""
    raw = submission("A", Subject="[SIQA paper] with data").replace(b"s.json", b"s.pdf")
    assert take(contest, raw).outcome is Outcome.ENTRY
    assert listed(contest) == [("paper", "s.pdf", True)]


def test_files_are_saved_as_they_came(contest: Service, tmp_path: Path) -> None:
    """Byte for byte, named by their receipts; a link is no file."""
    take(contest, brings("Our paper is attached.", ("../our paper.PDF", PAPER)))
    take(contest, brings("See https://github.com/peepers/net.", ("net.tar.gz", tarred()), subject="[SIQA code]"))
    config = tmp_path / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    assert "2 file(s) written" in mailbot("entries", "--save", "out", folder=tmp_path).out
    saved = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert saved == {"E-000001.pdf": PAPER, "E-000002.tar.gz": tarred()}


def test_a_file_whose_mail_is_gone_is_named(contest: Service, tmp_path: Path) -> None:
    """The others are saved all the same."""
    gone = take(contest, brings("Our paper is attached.", ("paper.pdf", PAPER)))
    take(contest, brings("Our code.", ("net.tar.gz", tarred())))
    contest.spool.drop(gone.sha256, "dropped by retention on 2026-06-01")
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    done = mailbot("entries", "--save", "out", folder=tmp_path, code=1)
    assert "not found in its mail: E-000001" in done.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["E-000002.tar.gz"]


def test_a_paper_beside_3000_nested_parts_is_taken_out(contest: Service, tmp_path: Path) -> None:
    """What we list we can take out again, by both commands, and none dies of it."""
    deep = nested_below(brings("Our paper is attached.", ("paper.pdf", PAPER)), depth=3000)
    take(contest, deep)
    take(contest, brings("Our code.", ("net.tar.gz", tarred())))
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    assert Export(service=contest, folder=tmp_path / "exported").write()["missing"] == []
    assert "2 file(s) written" in mailbot("entries", "--save", "out", folder=tmp_path).out
    for folder in ("exported/files", "out"):
        saved = {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        assert saved == {"E-000001.pdf": PAPER, "E-000002.tar.gz": tarred()}


def test_what_comes_late_is_kept_and_said_to_be(contest: Service) -> None:
    """The closing instant itself is too late; the organizers decide."""
    take(contest, brings("late", ("paper.pdf", PAPER)), arrived_at=NOW + timedelta(days=1))
    assert listed(contest) == [("paper", "paper.pdf", False)]
