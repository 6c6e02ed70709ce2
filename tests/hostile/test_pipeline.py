"""Hostile mails through the real pipeline: each is answered by name, and so is the good mail behind each."""

from __future__ import annotations

import email
import json
from email.policy import default
from typing import TYPE_CHECKING

import pytest

from tests.hostile import files
from tests.hostile.mails import ACCEPTED, GOOD, MAILS, TEAM, carrying, carrying_all
from tests.hostile.state import PLENTY, answered, lay_out
from tests.hostile.watch import Watched, watched
from tests.integration.bot import submission

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.bot import Bot
    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink

DAEMON_MIB, CHILD_MIB, FLOOD_MIB = 400, 1024, 400
OF_THE_ISSUE = (
    "subject of 924 KB of encoded words",
    "To of 50 KB of quotes",
    "100,000 empty parts",
    "1,000 nested multiparts",
    "zip 1000:1",
    "xlsx far cell",
)


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Watched]:
    """Take every hostile mail with a good one behind it, all in one run."""
    work = lay_out(tmp_path_factory.mktemp("hostile"))
    paths = []
    for number, hostile in enumerate(MAILS.values()):
        good = submission(TEAM, "submissions@siqa.example", method=f"Good{number}")
        for name, raw in ((f"{number:02}-hostile.eml", hostile.make()), (f"{number:02}-then-good.eml", good)):
            (work / name).write_bytes(raw)
            paths.append(name)
    return work, watched("ingest", *paths, "--json", folder=work)


def _text(raw: bytes) -> str:
    part = email.message_from_bytes(raw, policy=default).get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_each_hostile_mail_is_answered_and_so_is_the_good_one_behind_it(ingested: tuple[Path, Watched]) -> None:
    """The reply to the hostile mail says what is wrong with it; the good one is scored."""
    work, _ = ingested
    replies = iter([" ".join(_text(raw).split()) for raw in answered(work)])
    pairs = zip(MAILS.items(), replies, replies, strict=True)
    told = {name: (hostile.told in said, ACCEPTED in good) for (name, hostile), said, good in pairs}
    assert told == dict.fromkeys(MAILS, (True, True))


def test_nothing_is_left_undone(ingested: tuple[Path, Watched]) -> None:
    """Every mail is recorded at its first attempt, none is set aside."""
    _, done = ingested
    assert [row["state"] for row in json.loads(done.out)] == ["recorded"] * (2 * len(MAILS))
    assert "mail-retried" not in done.err


def test_memory_stays_bounded(ingested: tuple[Path, Watched]) -> None:
    """However large and many the mails, the daemon and its children have what they may at the most."""
    _, done = ingested
    assert 0 < done.daemon_mib < DAEMON_MIB
    assert 0 < done.child_mib < CHILD_MIB


def test_a_flood_of_mails_that_unpack_to_much(tmp_path: Path) -> None:
    """Of fourteen small mails that hold 28 MiB each, few lie in the daemon's memory at once: all would be its limit."""
    work = lay_out(tmp_path)
    paths = [f"{number:02}.eml" for number in range(FLOOD_MIB // 28)]
    for number, path in enumerate(paths):
        (work / path).write_bytes(carrying(files.two_large_files(number), "s.zip"))
    done = watched("ingest", *paths, "--json", folder=work)
    assert [row["outcome"] for row in json.loads(done.out)] == ["refused"] * len(paths)
    assert len(answered(work)) == len(paths)
    assert done.daemon_mib < FLOOD_MIB


def test_archives_that_together_unpack_to_much(tmp_path: Path) -> None:
    """Eight within every limit, of 224 MiB in all: answered at once, each named; none is tried again or set aside."""
    work = lay_out(tmp_path)
    zips = [(f"{number}.zip", files.two_large_files(number)) for number in range(8)]
    (work / "s.eml").write_bytes(carrying_all(*zips))
    (work / "then-good.eml").write_bytes(GOOD)
    done = watched("ingest", "s.eml", "then-good.eml", "--json", folder=work)
    assert [row["outcome"] for row in json.loads(done.out)] == ["refused", "scored"]
    assert "mail-retried" not in done.err
    assert done.daemon_mib < DAEMON_MIB
    said = " ".join(_text(answered(work)[0]).split())
    assert said.count("this one goes beyond") == 7


def test_a_file_that_takes_too_much_memory(tmp_path: Path) -> None:
    """It is refused at once, not tried three times and set aside."""
    work = lay_out(tmp_path)
    (work / "config.toml").write_text((work / "config.toml").read_text() + "\n[limits]\nchild_memory_mib = 512\n")
    (work / "s.eml").write_bytes(carrying(files.tiny_objects(), "s.json"))
    (row,) = json.loads(watched("ingest", "s.eml", "--json", folder=work).out)
    assert (row["state"], row["outcome"]) == ("recorded", "refused")
    assert "takes more memory to read" in " ".join(_text(answered(work)[0]).split())


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ("allow_xlsx = true", "cells below row 100,000"),
        ("allow_xlsx = false", "save the sheet as CSV"),
    ],
)
def test_the_config_sets_the_limits(limit: str, told: str, tmp_path: Path) -> None:
    """What stands under [limits] is in force in the children."""
    work = lay_out(tmp_path)
    (work / "config.toml").write_text((work / "config.toml").read_text() + f"\n[limits]\n{limit}\n")
    (work / "s.eml").write_bytes(carrying(files.far_cell(), "s.xlsx"))
    watched("ingest", "s.eml", "--json", folder=work)
    assert told in " ".join(_text(answered(work)[0]).split())


def test_through_a_real_mailbox(bot: Bot, mailbox: Mailbox, smtp_sink: SmtpSink) -> None:
    """From Dovecot to the SMTP server, one pass answers each hostile mail and each good one."""
    config = bot.folder / "config.toml"
    config.write_text(config.read_text() + PLENTY)
    for name in OF_THE_ISSUE:
        mailbox.deliver(MAILS[name].make(), sender=TEAM)
        mailbox.deliver(submission(TEAM, mailbox.user, method=f"Good{OF_THE_ISSUE.index(name)}"), sender=TEAM)
    bot.once()
    assert len(smtp_sink.sent) == 2 * len(OF_THE_ISSUE)
    assert mailbox.messages() == []
    assert len(mailbox.messages("Processed")) == 2 * len(OF_THE_ISSUE)
