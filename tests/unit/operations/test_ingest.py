"""Mails from files, folders, mbox and Maildir."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Permanent
from mailbot.model import Outcome
from mailbot.operations.ingest import arrival, found, ingest
from tests.unit.services import NOW, Clock, served, submission

if TYPE_CHECKING:
    from pathlib import Path

RECEIVED = b"Received: from a by b; Thu, 12 Mar 2026 16:00:00 +0800\r\n"


@pytest.mark.parametrize(
    "head",
    [
        RECEIVED,
        b"Return-Path: <x@y>\r\n" + RECEIVED + b"Received: from c by a; Mon, 01 Jan 2001 00:00:00 +0000\r\n",
        b"received: from a (x; y)\r\n\tby b with ESMTP id 1;\r\n\tThu, 12 Mar 2026 08:00:00 GMT\r\n",
        b"Received: from a by b; 12 Mar 2026 08:00:00 -0000\n",
        b"Date: Mon, 01 Jan 2001 00:00:00 +0000\r\n" + RECEIVED,
    ],
)
def test_the_last_servers_word_counts(head: bytes) -> None:
    """The topmost Received field tells when a mail arrived, with or without folding; Date does not."""
    assert arrival(head + b"Subject: x\r\n\r\nReceived: y; Mon, 01 Jan 2001 00:00:00 +0000\r\n") == NOW


@pytest.mark.parametrize(
    "head",
    [b"", b"Subject: x\r\n", b"Received: from a by b\r\n", b"Received: from a by b; someday\r\n", b"Received:\r\n",
     b"Received: x; Thu, 99 Mar 2026 08:00:00 +0000\r\n", b"Received: \xff; \xff\xfe\r\n"],
)  # fmt: skip
def test_what_tells_no_time_tells_none(head: bytes) -> None:
    """A mail without a Received field that can be read has no arrival of its own."""
    assert arrival(head + b"\r\nbody; Thu, 12 Mar 2026 08:00:00 +0000\r\n") is None


def test_a_file_without_a_time_arrived_when_it_was_written(tmp_path: Path) -> None:
    """Then the time of the file counts."""
    path = tmp_path / "mail.eml"
    path.write_bytes(b"Subject: x\r\n\r\n")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    assert [when for _, _, when in found([path])] == [datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)]


def test_a_folder_gives_its_mails_by_name(tmp_path: Path) -> None:
    """Only .eml, mbox and Maildir files are taken from a folder, in the order of their names."""
    names = ["b.eml", "a.EML", "sub/c.eml", "notes.txt", "box/cur/1.host:2,S", "box/new/2.host", "box/tmp/3.host"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(f"Subject: {name}\r\n\r\n".encode())
    taken = [str(path.relative_to(tmp_path)) for path, _, _ in found([tmp_path])]
    assert taken == ["a.EML", "b.eml", "box/cur/1.host:2,S", "box/new/2.host", "sub/c.eml"]


def test_a_file_that_is_named_is_taken_whatever_its_name(tmp_path: Path) -> None:
    """What a person names is taken as a mail."""
    (tmp_path / "mail.txt").write_bytes(b"Subject: x\r\n\r\n")
    assert [raw for _, raw, _ in found([tmp_path / "mail.txt"])] == [b"Subject: x\r\n\r\n"]


def test_an_mbox_gives_each_of_its_mails(tmp_path: Path) -> None:
    """The mails of an mbox file come one by one, each with its own arrival."""
    text = "".join(
        f"From x@y Thu Mar 12 08:00:00 2026\nReceived: from a by b; Thu, 1{n} Mar 2026 08:00:00 +0000\nSubject: {n}\n\n"
        f"body {n}\n\n"
        for n in (2, 3)
    )
    (tmp_path / "old.mbox").write_text(text)
    (_, first, one), (_, second, two) = found([tmp_path])
    assert (b"Subject: 2" in first, b"Subject: 3" in second) == (True, True)
    assert not first.startswith(b"From x@y")
    assert (one.day, two.day) == (12, 13)


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A path that cannot be read is our trouble, and named."""
    with pytest.raises(Permanent, match=r"gone\.eml cannot be read"):
        list(found([tmp_path / "gone.eml"]))


def test_a_mail_is_ingested_once(tmp_path: Path) -> None:
    """The same bytes, under another name and another day, are the same mail."""
    raw = RECEIVED + submission()
    (tmp_path / "in").mkdir()
    for name in ("one.eml", "two.eml"):
        (tmp_path / "in" / name).write_bytes(raw)
    with served(tmp_path, Clock()) as service:
        results = [*ingest(service, [tmp_path / "in" / "one.eml"]), *ingest(service, [tmp_path / "in"])]
    assert [path.name for path, _, _ in results] == ["one.eml", "one.eml", "two.eml"]
    assert {(row.id, row.outcome, row.arrived_at) for _, row, _ in results} == {(1, Outcome.SCORED, NOW)}
    assert {one.receipt for _, _, files in results for one in files} == {"S-000001"}


def test_our_own_spool_is_not_ingested_again(tmp_path: Path) -> None:
    """A folder that holds the state folder too gives its mails, and not the copies in the spool."""
    with served(tmp_path, Clock()) as service:
        (tmp_path / "one.eml").write_bytes(submission())
        assert len(ingest(service, [tmp_path])) == 1
        assert [path.name for path, _, _ in ingest(service, [tmp_path])] == ["one.eml"]
