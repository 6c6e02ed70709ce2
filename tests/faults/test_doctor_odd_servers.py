"""The doctor and IMAP servers that promise what they do not do: it tries, and tells in the server's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailbot.operations.doctor import mailbox as doctor
from tests.faults.scripted_imap import CAPABILITIES, Answer, ScriptedImap, Session
from tests.faults.test_odd_answers import serving

if TYPE_CHECKING:
    from pathlib import Path


def _says(text: str) -> Answer:
    def answer(session: Session, tag: str, _arguments: str) -> None:
        session.send(text.replace("{tag}", tag))

    return answer


def _deaf(session: Session, tag: str, _arguments: str) -> None:
    """Idle, and tell nothing."""
    session.send("+ idling\r\n")
    session.line()
    session.send(f"{tag} OK done\r\n")


def _rows(folder: Path, server: ScriptedImap, **imap: object) -> dict[str, tuple[str, str]]:
    with serving(folder, server, extra_folders=[], **imap) as service:
        return {row.part: (row.level, row.detail) for row in doctor.imap(service)}


@pytest.mark.parametrize(
    ("verb", "answer", "part", "told"),
    [
        ("IDLE", _deaf, "idle", "offered, but no new mail was reported"),
        ("IDLE", _says("{tag} NO not here\r\n"), "idle", "offered, and refused"),
        ("CREATE", _says("{tag} NO [CANNOT] no folders here\r\n"), "filing", "[CANNOT] no folders here"),
        ("UID MOVE", _says("{tag} NO [OVERQUOTA] full\r\n"), "filing", "[OVERQUOTA] full"),
        ("APPEND", _says("{tag} NO [OVERQUOTA] too full\r\n"), "filing", "[OVERQUOTA] too full"),
        ("MYRIGHTS", _says("* MYRIGHTS INBOX lrs\r\n{tag} OK done\r\n"), "rights", "may not mark as deleted, expunge"),
    ],
)
def test_what_does_not_work_is_yellow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str, answer: Answer, part: str, told: str
) -> None:
    """Each is told where it belongs, in the server's words, and no mail of the doctor's is left in the inbox."""
    monkeypatch.setattr(doctor, "IDLE_SECONDS", 0.3)
    with ScriptedImap(capabilities=f"{CAPABILITIES} ACL") as server:
        server.script(verb, *[answer] * 3)
        level, detail = _rows(tmp_path, server)[part]
    assert level == "yellow"
    assert told in detail
    assert server.folders["INBOX"] == {}


def test_what_the_server_will_not_tell_is_no_fault(tmp_path: Path) -> None:
    """A refused GETQUOTAROOT or MYRIGHTS; and everything works."""
    with ScriptedImap(capabilities=f"{CAPABILITIES} ACL QUOTA") as server:
        server.script("GETQUOTAROOT", _says("{tag} NO [NOPERM] not for you\r\n"))
        server.script("MYRIGHTS", _says("{tag} BAD what?\r\n"))
        rows = _rows(tmp_path, server)
    assert rows.pop("marker")[0] == "yellow"  # it has none in this test
    assert {level for level, _ in rows.values()} == {"green"}
    assert "not for you" in rows["quota"][1]
    assert rows["filing"][1] == "a mail of our own was moved to Processed and deleted there"
    assert server.folders == {"INBOX": {}, "Processed": {}, "Failed": {}}


def test_a_spam_folder_that_is_not_read_is_yellow(tmp_path: Path) -> None:
    """The server marks it (RFC 6154), and the config does not name it."""
    listed = '* LIST () "/" INBOX\r\n* LIST (\\Junk) "/" Spam\r\n{tag} OK done\r\n'
    with ScriptedImap() as server:
        server.script("LIST", _says(listed))
        level, detail = _rows(tmp_path, server)["folders"]
    assert (level, detail) == ("yellow", "read: INBOX; not read: Spam, where the server puts spam")
