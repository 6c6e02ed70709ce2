"""`mailbot export`: what it writes is read back with nothing of mailbot, and gives away nothing unasked."""

from __future__ import annotations

import csv
import hashlib
import json
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.errors import Permanent
from mailbot.ledger import boards, events, quota, rulings, similarities, teams
from mailbot.ledger.tables import metadata
from mailbot.model import Exclusion
from mailbot.operations.export import FILES, LEFT_OUT, Export
from tests.unit.services import ADA, CARL, NOW, Clock, keyed, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.service import Service


CODE = b"PK\x03\x04 not read by anybody"
KINDS = [{"kind": "code", "types": [".zip"]}]


def played(service: Service) -> None:
    """Let two teams be scored and a board be published."""
    take(service, submission())
    take(service, submission("Second", sender=CARL, tilt=0.01))
    service.weekly.publish(as_of=service.clock())


def handed_in() -> bytes:
    """Return a mail that hands in code."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["Subject"], mail["Message-ID"] = ADA, "[SIQA code]", "<code@x.org>"
    mail.set_content("Our code.")
    mail.add_attachment(CODE, maintype="application", subtype="zip", filename="net.ZIP")
    return mail.as_bytes()


def asks(text: str) -> bytes:
    """Return a mail of a team that says one thing, with a reason below it."""
    return f"From: {ADA}\r\nSubject: {text}\r\n\r\nYou read our ids wrong.\r\n".encode()


def lines(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written(folder: Path) -> dict[str, bytes]:
    """Return every file of an export by its name, the manifest apart."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_it_is_read_back_whole(tmp_path: Path) -> None:
    """Every file bears the hash that the manifest gives it, and the contents are the ledger's."""
    out = tmp_path / "out"
    with served(tmp_path, Clock()) as service:
        played(service)
        told = Export(service=service, folder=out).write()
        with service.ledger.read() as tx:
            head, board = events.head(tx), boards.listing(tx)[0]
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["files"] == {name: hashlib.sha256(data).hexdigest() for name, data in written(out).items()}
    assert (manifest["audit_head"], manifest["missing"], told["missing"]) == (head, [], [])
    assert lines(out / "audit.jsonl")[-1]["hash"] == head
    assert hashlib.sha256((out / "boards/000001.json").read_bytes()).hexdigest() == board.sha256
    assert [row["team"] for row in csv.DictReader((out / "teams.csv").read_text().splitlines())] == [
        "Münster Vision",
        "Pixel Peepers",
    ]
    assert json.loads((out / "config.json").read_text())["quota"]["per_week"] == 2


def test_each_submission_has_its_file_and_its_scores(tmp_path: Path) -> None:
    """The file is the very one that was sent, by its hash."""
    out = tmp_path / "out"
    with served(tmp_path, Clock()) as service:
        played(service)
        Export(service=service, folder=out).write()
    rows = lines(out / "submissions.jsonl")
    assert [row["method"] for row in rows] == ["PeepNet", "Second"]
    for row in rows:
        data = (out / f"files/{row['receipt']}.json").read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
    assert {row["receipt"] for row in lines(out / "scores.jsonl")} == {row["receipt"] for row in rows}


def test_no_address_and_no_label_leaves_unasked(tmp_path: Path) -> None:
    """Neither a team's address nor an organizer's, nor a label file, is anywhere in it."""
    out = tmp_path / "out"
    with served(tmp_path, Clock()) as service:
        played(service)
        Export(service=service, folder=out).write()
    everything = b"\n".join(written(out).values())
    assert not [one for one in (ADA, CARL, "chair@siqa.example") if one.encode() in everything]
    assert not (out / "labels").exists()


def test_both_leave_when_asked(tmp_path: Path) -> None:
    """The raw mails, the roster with its addresses, the label files byte for byte."""
    out = tmp_path / "out"
    with served(tmp_path, Clock()) as service:
        played(service)
        Export(service=service, folder=out, addresses=True, labels=True).write()
        labels = service.labels["siqa-s"].sha256
    assert ADA in (out / "teams.csv").read_text()
    assert {row["recipient"] for row in lines(out / "replies.jsonl")} == {ADA, CARL}
    mails = {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in (out / "mails").iterdir()}
    assert len(mails) == 2
    assert all(name == digest for name, digest in mails.items())
    assert labels in {hashlib.sha256(path.read_bytes()).hexdigest() for path in (out / "labels").iterdir()}


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    """The rest is written all the same."""
    out = tmp_path / "out"
    with served(tmp_path, Clock()) as service:
        played(service)
        gone = take(service, submission("Third", tilt=0.02))
        service.spool.path(gone.sha256).unlink()
        told = Export(service=service, folder=out).write()
    assert told["missing"] == ["the file of S-000003"]
    assert len(list((out / "files").iterdir())) == 2


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """An old export is never mixed with a new one."""
    with served(tmp_path, Clock()) as service, pytest.raises(Permanent, match="is not empty"):
        Export(service=service, folder=tmp_path).write()


def test_no_table_of_the_ledger_is_forgotten(tmp_path: Path) -> None:
    """Each is in a file of the export, or there is a reason why it is not; and every file named is there."""
    assert FILES.keys() | LEFT_OUT.keys() == set(metadata.tables)
    assert not FILES.keys() & LEFT_OUT.keys()
    with served(tmp_path, Clock()) as service:
        Export(service=service, folder=tmp_path / "out").write()
    assert [name for name in FILES.values() if not (tmp_path / "out" / name).exists()] == []


@pytest.mark.parametrize("asked", [False, True])
def test_entries_disputes_and_decisions_are_in_it(tmp_path: Path, *, asked: bool) -> None:
    """What was handed in byte for byte, who disputed and, when asked, in what words; what the organizers decided."""
    out = tmp_path / "out"
    with served(tmp_path, Clock(), entries=KINDS) as service:
        played(service)
        take(service, handed_in())
        take(service, keyed(service, asks("dispute S-000001")))
        with service.ledger.write("test") as tx:
            similarities.add(tx, track="siqa-s", first_id=1, second_id=2, kind="identical", value=1.0, now=NOW)
            rulings.exclude(tx, 2, Exclusion.HIDDEN, "a second account", NOW)
            team = teams.with_name(tx, "Pixel Peepers")
            assert team is not None
            quota.grant(tx, service.challenge.quota, team, "siqa-s", more=1, why="our mistake", now=NOW)
        (tmp_path / "state/published/receipts.csv").write_text("phase,receipt\n")
        told = Export(service=service, folder=out, addresses=asked).write()
    assert told["missing"] == []
    (entry,) = lines(out / "entries.jsonl")
    assert (entry["receipt"], entry["team"], entry["what"]) == ("E-000001", "Pixel Peepers", "net.ZIP")
    assert (out / "files/E-000001.zip").read_bytes() == CODE
    (dispute,) = lines(out / "disputes.jsonl")
    assert dispute["receipt"] == "S-000001"
    assert ("You read our ids wrong." in dispute.get("text", "")) is asked
    assert [(row["first"], row["second"]) for row in lines(out / "likenesses.jsonl")] == [("S-000001", "S-000002")]
    assert [(row["submission_id"], row["why"]) for row in lines(out / "exclusions.jsonl")] == [(2, "a second account")]
    assert [row["why"] for row in lines(out / "grants.jsonl")] == ["our mistake"]
    assert [row["positions"] for row in lines(out / "truths.jsonl") if "positions" in row] == []
    assert "receipts.csv" in told["files"]


def test_an_entry_whose_mail_is_gone_is_named(tmp_path: Path) -> None:
    """With the reason, where it was dropped on purpose."""
    with served(tmp_path, Clock(), entries=KINDS) as service:
        row = take(service, handed_in())
        service.spool.drop(row.sha256, "dropped by retention on 2026-06-01")
        told = Export(service=service, folder=tmp_path / "out").write()
    assert told["missing"] == ["the file of E-000001, dropped by retention on 2026-06-01"]
