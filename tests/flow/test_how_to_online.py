"""The lines of the how-to pages that need a mail server or a second machine are run, on a real mailbox."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailbot.cli.app import load
from tests.command import mailbot
from tests.flow.test_tutorial import HOW_TO, TUTORIAL, follow

if TYPE_CHECKING:
    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink

SHELL = re.compile(r"^```(?:sh|text)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OF_THE_SYSTEM = ("systemctl ", "apt ", "python3 ", "/opt/", "ln ", "openssl ", "dask ", "cd ")
"""What such lines do to a machine is tried by tests/systemd, and by tests/integration for a cluster."""
MAIL = """\
From: Ada <ada@herbarium.example>
To: submissions@leaves.example
Subject: {subject}
Message-ID: <{number}@herbarium.example>
MIME-Version: 1.0
Content-Type: text/csv; name="a.csv"
Content-Disposition: attachment; filename="a.csv"

{body}"""


def lines(page: Path) -> list[list[str]]:
    """Return the blocks of a page that a person types, each as its lines without comments."""
    blocks = SHELL.findall(page.read_text(encoding="utf-8"))
    stripped = ([re.sub(r"\s+#.*| && systemctl.*", "", line) for line in block.splitlines()] for block in blocks)
    return [[line for line in block if line and not line.startswith(OF_THE_SYSTEM)] for block in stripped]


@pytest.fixture(scope="module")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the contest of the tutorial with a file over the quota, S-4, and a dispute about S-2."""
    folder = follow(TUTORIAL, tmp_path_factory.mktemp("tutorial"), until="ls state/published")
    answer = (folder / "answer.csv").read_text()
    for number, species in enumerate(("birch", "maple"), 2):
        body = answer.replace("1,oak", f"1,{species}")
        (folder / f"{number}.eml").write_text(MAIL.format(subject="Again", number=number, body=body))
    dispute = MAIL.format(subject="dispute S-2: leaf 10 is an oak", number=9, body="").replace("MIME", "X", 1)
    (folder / "dispute.eml").write_text(re.sub(r"(?m)^Content-.*\n", "", dispute))
    mailbot("ingest", "2.eml", "3.eml", "dispute.eml", folder=folder)
    mailbot("mails", "approve", "M-5", "--why", "she is in the room", "--yes", folder=folder)
    mailbot("ingest", "dispute.eml", folder=folder)
    return folder


def copied(contest: Path, place: Path, mailbox: Mailbox, sink: SmtpSink) -> Path:
    """Return a copy of the contest whose config names real servers."""
    folder = Path(shutil.copytree(contest, place, symlinks=True))
    config = (folder / "config.toml").read_text()
    imap = f'[imap]\nhost = "127.0.0.1"\nport = {mailbox.server.imaps_port}\nuser = "{mailbox.user}"\n'
    imap += f'password_file = "secrets/imap"\nca_file = "{mailbox.server.certificates.ca}"\n'
    smtp = f'[smtp]\nhost = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\n'
    config = re.sub(r"(?s)\[imap\].*?(?=\[roster\])", f"{imap}{smtp}", config)
    (folder / "config.toml").write_text(config.replace("submissions@leaves.example", mailbox.user))
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "secrets/imap").write_text(f"{mailbox.server.password}\n")
    return folder


def typed(line: str, folder: Path, srv: Path) -> None:
    """Type a line; a command that would ask gets --yes, and no unit is written into this machine."""
    words = [word.replace("/srv", str(srv)).replace("BACKUP", str(srv / "BACKUP")) for word in shlex.split(line)]
    if words[0] != "mailbot":
        subprocess.run(words, cwd=folder, check=True)
        return
    command = load(words[1])
    for word in words[2:]:
        command = getattr(command, "commands", {}).get(word, command)
    known = {name for param in command.params for name in param.opts}
    added = ["--yes"] if "--yes" in known and "--yes" not in words else []
    added += ["--print"] if words[1] == "install-service" else []
    mailbot(*(word.replace("/var/lib", str(srv)) for word in words[1:]), *added, folder=folder)


@pytest.mark.parametrize("page", [page for page in HOW_TO if any(lines(page))], ids=lambda page: page.stem)
def test_every_line_that_needs_servers_works(
    page: Path, contest: Path, tmp_path: Path, mailbox: Mailbox, smtp_sink: SmtpSink
) -> None:
    """Each block starts with the contest as it was; a block that restores is for another machine, without its state."""
    srv = tmp_path / "srv"
    mailbot("backup", str(srv / "BACKUP"), folder=contest)
    for number, block in enumerate(lines(page)):
        folder = copied(contest, tmp_path / f"{number}", mailbox, smtp_sink)
        if any(line.startswith("mailbot restore") for line in block):
            shutil.rmtree(folder / "state")
        for line in block:
            typed(line, folder, srv)
