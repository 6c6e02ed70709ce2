"""The service under a real systemd: start, word, watchdog, restart, credentials, reload, update, and the sandbox."""

from __future__ import annotations

import json
import os
import pwd
import re
import sys
from typing import TYPE_CHECKING

import pytest
import requests

from tests.hostile.break_out import KINDS, is_held
from tests.hostile.evil import ACTS
from tests.integration.bot import submission
from tests.servers.process import free_port
from tests.systemd.host import PLAIN, ROOT, TEAM, Host
from tests.systemd.machine import Machine, why_not

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.dovecot import Mailbox
    from tests.servers.smtp_sink import SmtpSink

WANTED = "MAILBOT_TEST_SYSTEMD" in os.environ
"""`make test-systemd` and `make real-run` want it: it takes minutes, root, and a kernel that lets a container start."""

WHY_NOT = why_not() if WANTED else "only `make test-systemd` starts a machine with systemd"
pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT), pytest.mark.timeout(300)]


NOT_FOR_ONE_RUN = ("Type=", "NotifyAccess=", "Exec", "Watchdog", "Restart", "WantedBy=", "[Install]")
"""What a service has that stays, and a program that ends has not."""


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """Give a machine with systemd."""
    with Machine() as made:
        yield made


@pytest.fixture
def host(machine: Machine, mailbox: Mailbox, smtp_sink: SmtpSink) -> Iterator[Host]:
    """Give a host whose service is running; it is taken away in the end."""
    made = Host.begin(machine, mailbox, smtp_sink)
    made.install()
    made.systemctl("start")
    yield made
    _remove(machine)


def _remove(machine: Machine) -> None:
    machine.run("systemctl", "stop", "mailbot", code=None)
    machine.run("systemctl", "reset-failed", "mailbot", code=None)
    for path in ("/var/lib/mailbot", "/var/lib/private/mailbot", "/srv/siqa"):
        machine.run("rm", "-rf", path)
    machine.run("journalctl", "--rotate", "--vacuum-time=1ms", code=None)


def test_it_starts_serves_and_stops(host: Host) -> None:
    """Started means ready; a mail is scored in the sandbox, the state says so in words, and it ends at once."""
    assert (host.show("ActiveState"), host.show("NRestarts")) == ("active", "0")
    assert "next board Wed" in host.show("StatusText")
    host.takes("First")
    host.wait(lambda: "mailbox: waiting for mail" in host.show("StatusText"))
    assert host.pulse()["loops"].keys() == {"mailbox", "intake", "sending", "weekly", "sheet", "care"}
    doctor = {row["part"]: row for row in json.loads(host.mailbot("doctor", "--json"))}
    assert (doctor["service"]["level"], doctor["watchdog"]["level"]) == ("green", "green")
    assert doctor["last poll"]["level"] == "green"
    host.systemctl("stop")
    assert host.show("Result") == "success"
    assert host.journal().rstrip().endswith("stopped") or "stopped" in host.journal()
    assert not (host.inside / "state/pulse.json").exists()


def test_it_runs_as_nobody_in_particular(host: Host) -> None:
    """The process has no privilege left, and the files it makes are its own; so are those that root makes there."""
    status = host.machine.path(f"/proc/{host.show('MainPID')}/status")
    told = host.machine.run("cat", f"/proc/{host.show('MainPID')}/status")
    fields = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    assert fields["Uid"].split()[0] != "0", status
    assert (int(fields["CapEff"], 16), fields["NoNewPrivs"].strip(), fields["Seccomp"].strip()) == (0, "1", "2")
    host.takes("First")
    host.mailbot("publish")
    owners = {path.stat().st_uid for path in (host.inside / "state").rglob("*")}
    assert len(owners) == 1
    assert owners != {0}


def test_a_child_that_was_taken_over_gains_nothing_in_the_service(host: Host) -> None:
    """In the unit every act of tests/hostile/evil.py fails for each kind of child, and Landlock stands."""
    unit = host.machine.path("/etc/systemd/system/mailbot.service").read_text()
    kept = [line for line in unit.splitlines() if not line.startswith(NOT_FOR_ONE_RUN)]
    begin = kept.index("[Service]") + 1
    script = f"{sys.executable} -m tests.hostile.break_out"
    kept[begin:begin] = ["Type=oneshot", f"Environment=PYTHONPATH={ROOT}", f"WorkingDirectory={ROOT}"]
    kept[begin:begin] = [f"ExecStart={script} {each}" for each in (*KINDS, "missing")]
    host.machine.path("/etc/systemd/system/break-out.service").write_text("\n".join(kept) + "\n")
    host.systemctl("stop")
    host.machine.run("systemctl", "daemon-reload")
    host.machine.run("systemctl", "start", "break-out")
    said = host.machine.run("journalctl", "--unit", "break-out", "--output", "cat", "--no-pager").splitlines()
    *found, missing = (json.loads(line) for line in said if line.startswith(("{", "[")))
    for kind, came in zip(KINDS, found, strict=True):
        assert came.keys() == ACTS.keys()
        assert {f"{kind}: {act}": what for act, what in came.items() if not is_held(what)} == {}
    assert missing == ["network namespace"]


def test_a_loop_that_hangs_gets_it_started_anew(host: Host) -> None:
    """The mailbox loop hangs on a file that never opens: the watchdog is starved, and the next process serves again."""
    host.takes("First")
    before = host.show("MainPID")
    authorities = host.inside / "ca.pem"
    authorities.rename(host.inside / "ca.kept")
    os.mkfifo(authorities)
    os.chmod(authorities, 0o644)  # noqa: PTH101  # a pipe is opened by pathlib's own chmod nowhere, but be plain
    host.mailbox.kick()
    host.wait(lambda: "loop-hangs" in host.journal())
    authorities.unlink()
    (host.inside / "ca.kept").rename(authorities)
    host.wait(lambda: host.show("NRestarts") != "0" and host.show("ActiveState") == "active")
    assert host.show("MainPID") != before
    assert "transport/server.py" in host.journal()
    host.takes("Second")


def test_a_killed_service_comes_back(host: Host) -> None:
    """After SIGKILL systemd starts it anew, and the next mail is served."""
    host.machine.run("systemctl", "kill", "--signal=KILL", "--kill-who=main", "mailbot")
    host.wait(lambda: host.show("NRestarts") == "1" and host.show("ActiveState") == "active")
    host.takes("Second")


def test_a_reload_takes_a_good_config_and_refuses_a_bad_one(host: Host) -> None:
    """The same process goes on, with the old config when the new one cannot be used."""
    config, pid = host.inside / "config.toml", host.show("MainPID")
    good = config.read_text()
    config.write_text(good.replace("workers = 1", "wrokers = 1"))
    host.systemctl("reload")
    host.wait(lambda: "reload-refused" in host.journal())
    assert "did you mean 'workers'?" in host.journal()
    config.write_text(good)
    host.takes("With the old one")
    config.write_text(good.replace("[imap]\n", '[imap]\nprocessed = "Done"\n'))
    host.systemctl("reload")
    host.wait(lambda: host.journal().count("running") > 1)
    host.mailbox.deliver(submission(TEAM, host.mailbox.user, method="With the new one"), sender=TEAM)
    host.wait(lambda: host.mailbox.messages("Done"))
    assert (host.show("MainPID"), host.show("NRestarts")) == (pid, "0")


def test_a_config_that_cannot_be_used_is_not_tried_again(host: Host) -> None:
    """Exit code 2 is for a person to fix, so systemd leaves it at that."""
    config = host.inside / "config.toml"
    config.write_text(config.read_text().replace("workers = 1", "workers = 0"))
    host.machine.run("systemctl", "restart", "mailbot", code=1)
    assert (host.show("ActiveState"), host.show("NRestarts"), host.show("ExecMainStatus")) == ("failed", "0", "2")


def test_an_update_goes_on_where_the_old_version_stood(host: Host) -> None:
    """New code, the unit written anew, a restart: the ledger is the same, and mails are served."""
    host.takes("First")
    init = host.machine.path(ROOT / "mailbot/__init__.py")
    old = init.read_text()
    version = old.partition('__version__ = "')[2].partition('"')[0]
    try:
        init.write_text(old.replace(version, "99.0"))  # in the machine's memory, not in the checkout
        assert "Rewrote /etc/systemd/system/mailbot.service" in host.install()
        host.systemctl("restart")
        assert host.pulse()["version"] == "99.0"
        host.takes("Second")
    finally:
        init.write_text(old)
    assert version in (ROOT / "mailbot/__init__.py").read_text()
    assert len(json.loads(host.mailbot("submissions", "list", "--json"))) == 2


def test_a_user_of_its_own_and_passwords_that_only_root_can_read(
    machine: Machine, mailbox: Mailbox, smtp_sink: SmtpSink
) -> None:
    """The service of a folder that belongs to a user runs as that user; systemd hands it the passwords."""
    made = Host.begin(machine, mailbox, smtp_sink, "/srv/siqa")
    try:
        machine.run("chown", "-R", "nobody", "/srv/siqa")
        machine.run("chown", "-R", "root", "/srv/siqa/secrets")
        made.install()
        made.systemctl("start")
        made.takes("First")
        status = machine.run("cat", f"/proc/{made.show('MainPID')}/status")
        assert f"\nUid:\t{pwd.getpwnam('nobody').pw_uid}\t" in status
    finally:
        _remove(machine)


def test_the_desk_starts_when_it_is_asked_for(host: Host) -> None:
    """The socket alone listens; the first request starts the desk, which acts beside the daemon."""
    port = free_port()
    host.takes("First")
    assert "mailbot-desk.socket" in host.mailbot("install-service", "--desk", "--port", str(port))
    drop_in = host.machine.path("/etc/systemd/system/mailbot-desk.service.d/test.conf")
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    drop_in.write_text(PLAIN)
    host.machine.run("systemctl", "daemon-reload")
    host.machine.run("systemctl", "start", "mailbot-desk.socket")
    try:
        assert _desk(host, "ActiveState") == "inactive"
        link = re.search(r"login\?key=(\S+)", host.mailbot("desk", "--invite", "Ada", "--port", str(port)))
        assert link
        browser, address = requests.Session(), f"http://127.0.0.1:{port}"
        page = browser.post(f"{address}/login", data={"key": link[1]}, timeout=120)
        assert "<h1>Today</h1>" in page.text
        assert _desk(host, "ActiveState") == "active"
        assert "runs" in page.text
        assert "Our file." in browser.get(f"{address}/mails/M-000001", timeout=120).text  # a child has opened it
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
        assert csrf
        given = {"csrf": csrf[1], "receipt": "S-000001", "why": "we look into it"}
        seen = browser.post(f"{address}/act/hide-submission", data=given | {"step": "look"}, timeout=120).text
        digest = re.search(r'name="seen" value="([0-9a-f]+)"', seen)
        assert digest
        done = browser.post(
            f"{address}/act/hide-submission", data=given | {"step": "do", "seen": digest[1]}, timeout=120
        )
        assert "is hidden" in done.text
        owners = {path.stat().st_uid for path in (host.inside / "state").rglob("*")}
        assert len(owners) == 1
        said = host.machine.run("journalctl", "--unit", "mailbot-desk", "--output", "cat", "--no-pager")
        assert "login?key" not in said
    finally:
        host.machine.run("systemctl", "stop", "mailbot-desk.socket", "mailbot-desk.service", code=None)


def _desk(host: Host, name: str) -> str:
    return host.machine.run("systemctl", "show", "mailbot-desk.service", "--value", "--property", name).strip()
