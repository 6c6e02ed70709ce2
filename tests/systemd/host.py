"""A committee's host in a test: mailbot installed as a service of a machine with systemd."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.command import MAILBOT
from tests.integration.bot import LABELS, submission, wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink
    from tests.systemd.machine import Machine

FOLDER = "/var/lib/mailbot"
TEAM = "ada@peepers.example"
ROOT = Path(__file__).parents[2]

PLAIN = f"""\
[Service]
# The code under test, whichever checkout the virtual environment belongs to.
Environment=PYTHONPATH={ROOT}
"""
#: What a test cannot wait for: systemd's own pauses, and a loop's patience.
IMPATIENT = f"{PLAIN}WatchdogSec=3\nRestartSec=200ms\n"
HASTY = "workers = 1\nhang_seconds = 1\n"


class Host:
    """A committee's host: the machine with mailbot installed as its service."""

    def __init__(self, machine: Machine, mailbox: Mailbox, folder: str = FOLDER) -> None:
        """Take a folder of the machine, and the mailbox that is served."""
        self.machine, self.mailbox, self.folder = machine, mailbox, folder
        self.inside = machine.path(folder)

    @classmethod
    def begin(cls, machine: Machine, mailbox: Mailbox, sink: SmtpSink, folder: str = FOLDER) -> Host:
        """Begin with `mailbot init`, one team, and a sink as the way out."""
        made = cls(machine, mailbox, folder)
        made.init(
            f'host = "127.0.0.1"\nport = {sink.port}\nsecurity = "none"\n', "[limits]\nchild_seconds = 1\n", head=HASTY
        )
        return made

    def init(self, smtp: str, more: str, *, head: str = "", labels: Path = LABELS) -> None:
        """Run `mailbot init`, then point the config to the servers of the test.

        ``smtp`` becomes that section, ``head`` and ``more`` stand before and after all.
        """
        machine, mailbox, folder = self.machine, self.mailbox, self.folder
        flags = [flag for n in "us" for flag in ("--labels", f"siqa-{n}={labels}/answer-{n}.json")]
        machine.run(MAILBOT, "init", folder, "--yes", "--address", mailbox.user, "--imap-host", "127.0.0.1", *flags)
        shutil.copy(mailbox.server.certificates.ca, self.inside / "ca.pem")
        (self.inside / "secrets/imap").write_text(f"{mailbox.server.password}\n")
        (self.inside / "teams.csv").write_text(f"team,address\nPixel Peepers,{TEAM}\n")
        text = (self.inside / "config.toml").read_text().replace("preset =", f"{head}\npreset =", 1)
        imap = f'[imap]\nport = {mailbox.server.imaps_port}\nca_file = "ca.pem"\n'
        text = text.replace("[imap]\n", imap)
        before, _, rest = text.partition("[smtp]\n")
        after = rest[rest.index("\n[roster]") :]
        (self.inside / "config.toml").write_text(f"{before}[smtp]\n{smtp}{after}\n{more}")

    def mailbot(self, *arguments: str, code: int = 0) -> str:
        """Run a command of mailbot there, as root."""
        return self.machine.run(*self.command(*arguments), code=code)

    def command(self, *arguments: str) -> tuple[str, ...]:
        """Return a command of mailbot there as a list of words."""
        return (str(MAILBOT), "--config", f"{self.folder}/config.toml", *arguments)

    def install(self, beside: str = IMPATIENT) -> str:
        """Install the unit, with more of the test's own beside it."""
        said = self.mailbot("install-service")
        drop_in = self.machine.path("/etc/systemd/system/mailbot.service.d/test.conf")
        drop_in.parent.mkdir(parents=True, exist_ok=True)
        drop_in.write_text(beside)
        self.machine.run("systemctl", "daemon-reload")
        return said

    def systemctl(self, verb: str) -> None:
        """Have systemd do something with the service; fail with what the service said."""
        try:
            self.machine.run("systemctl", verb, "mailbot")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.journal()}") from None

    def show(self, name: str) -> str:
        """Return a property of the service."""
        return self.machine.run("systemctl", "show", "mailbot", "--value", "--property", name).strip()

    def journal(self) -> str:
        """Return what the service said."""
        return self.machine.run("journalctl", "--unit", "mailbot", "--output", "cat", "--no-pager")

    def pulse(self) -> dict[str, Any]:
        """Return what the daemon says of itself."""
        found: dict[str, Any] = json.loads((self.inside / "state/pulse.json").read_text())
        return found

    def wait(self, condition: Callable[[], object]) -> None:
        """Wait for something; fail with what the service said."""
        try:
            wait(condition)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.journal()}") from None

    def takes(self, method: str) -> None:
        """Hold that a mail is scored and filed away."""
        count = len(self.mailbox.messages("Processed"))
        self.mailbox.deliver(submission(TEAM, self.mailbox.user, method=method), sender=TEAM)
        self.wait(lambda: len(self.mailbox.messages("Processed")) > count)
        rows = json.loads(self.mailbot("submissions", "list", "--json"))
        assert [row["status"] for row in rows if row["method"] == method] == ["accepted"], self.journal()
