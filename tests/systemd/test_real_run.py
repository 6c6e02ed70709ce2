"""The whole life of a service on a committee's host, through real servers; then the host dies, and another goes on.

Empty machine, init, doctor, install-service; 200 mails from exim4 through Dovecot; labels fixed and all rescored; a
backup, more mails; the machine is thrown away, and a new one gives the same board. Its figures go to
build/real-run.json.
"""

from __future__ import annotations

import json
import random
import shutil
import smtplib
import time
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.bot import LABELS
from tests.systemd.host import PLAIN, ROOT, Host
from tests.systemd.idle import idle
from tests.systemd.machine import Machine
from tests.systemd.test_service import WHY_NOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tests.servers.dovecot import Dovecot, Mailbox
    from tests.servers.exim import Exim

pytestmark = [pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT), pytest.mark.timeout(1200)]

TEAMS, EACH = 20, 10
ACCEPTED, REFUSED, OVER_QUOTA, QUESTIONS = 7, 1, 1, 1  # of each team
LATE = 5
"""So many teams more, each with one mail that the backup does not have."""
MOST_EXPOSED = 1.2
BACKUP = "/srv/backup"
IDLE_SECONDS = 60.0
REBUILD_SECONDS = 600.0
"""Hundreds of mails are handled once more, one after the other."""


def address(team: int) -> str:
    """Return a team's address; each has a domain of its own."""
    return f"team@lab{team}.example"


def mails(team: int, to: str) -> Iterator[bytes]:
    """Yield a team's mails: good files, one that lacks an item, a question, and a good one too many."""
    for number in range(ACCEPTED):
        yield one_mail(team, to, number)
    yield one_mail(team, to, 100, short=True)
    yield one_mail(team, to, 101, attached=False)
    yield one_mail(team, to, 102)


def one_mail(team: int, to: str, number: int, *, short: bool = False, attached: bool = True) -> bytes:
    """Return a mail of a team whose predictions are the labels and noise of its own."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = address(team), to, f"[SIQA Submission] Lab {team} - Net {number}"
    mail["Message-ID"] = f"<{number}@lab{team}.example>"
    mail.set_content("Our file." if attached else "When does the test phase end?")
    if attached:
        noise = random.Random(f"{team} {number}")  # noqa: S311  # noise, no secret
        rows = [
            {key: round(row[f"{key}_rating"] + noise.gauss(0, 0.5), 3) for key in ("perception", "knowledge")}
            | {"id": row["id"]}
            for row in json.loads((LABELS / "answer-s.json").read_text())
        ]
        data = json.dumps({"method": f"Net {number}", "track": "S", "predictions": rows[short:]}).encode()
        mail.add_attachment(data, maintype="application", subtype="json", filename="s.json")
    return mail.as_bytes()


def send(exim: Exim, to: str, posted: Sequence[tuple[int, bytes]]) -> None:
    """Hand mails to exim4, which takes them for delivery into Dovecot."""
    with smtplib.SMTP("127.0.0.1", exim.port) as client:
        for team, raw in posted:
            client.sendmail(address(team), [to], raw)


def swapped(folder: Path) -> Path:
    """Return label files in which two labels of SIQA-S are exchanged, as a committee might find out later."""
    shutil.copytree(LABELS, folder)
    path = folder / "answer-s.json"
    rows = json.loads(path.read_text())
    for key in ("perception_rating", "knowledge_rating"):
        rows[0][key], rows[5][key] = rows[5][key], rows[0][key]
    path.write_text(json.dumps(rows))
    return folder


def rows_of(host: Host, *command: str) -> list[dict[str, Any]]:
    """Return what a command lists."""
    found: list[dict[str, Any]] = json.loads(host.mailbot(*command, "--json"))
    return found


def board(host: Host) -> list[dict[str, Any]]:
    """Return the board of this moment, without the moment itself."""
    return rows_of(host, "board")


def serve(host: Host, mailbox: Mailbox, count: int) -> None:
    """Wait until so many mails are filed away and every reply is sent; as long as the count grows, it may take."""
    seen = -1
    while (filed := len(mailbox.messages("Processed"))) < count:
        assert filed > seen, host.journal()
        seen = filed
        host.wait(lambda: len(mailbox.messages("Processed")) > seen)  # noqa: B023  # called before it changes
    host.wait(lambda: not {row["state"] for row in rows_of(host, "outbox", "list")} & {"queued", "sending"})


def begin(machine: Machine, mailbox: Mailbox, exim: Exim, labels: Path) -> Host:
    """Set the service up as the README says, with its own way in and out."""
    host = Host(machine, mailbox)
    login = f'user = "{mailbox.user}"\npassword_file = "secrets/smtp"\nca_file = "smtp-ca.pem"\n'
    smtp = f'host = "127.0.0.1"\nport = {exim.port}\nsecurity = "starttls"\n{login}'
    more = f'[quota]\nper_week = {ACCEPTED}\n[replies]\nper_hour = 1000\n[metrics]\nfile = "state/mailbot.prom"\n'
    host.init(smtp, more, labels=labels)
    shutil.copy(exim.certificates.ca, host.inside / "smtp-ca.pem")
    (host.inside / "secrets/smtp").write_text(f"{exim.password}\n")
    lines = [f"Lab {team},{address(team)}\n" for team in range(TEAMS + LATE)]
    (host.inside / "teams.csv").write_text("team,address\n" + "".join(lines))
    return host


def well(host: Host) -> None:
    """Hold that the doctor, let in everywhere, finds nothing red but what time fixes."""
    found = json.loads(host.machine.run(*host.command("doctor", "--online", "--json"), code=None))
    assert [row for row in found if row["level"] == "red"] == []


def test_the_host_dies_and_another_goes_on(tmp_path: Path, dovecot: Dovecot, mailbox: Mailbox, exim: Exim) -> None:
    """Nothing is lost or told otherwise: the same board, row by row, and mails are served again."""
    begun, figures = time.monotonic(), dict[str, float]()
    kept = tmp_path / "kept"
    with Machine() as machine:
        host = begin(machine, mailbox, exim, swapped(tmp_path / "wrong"))
        well(host)
        host.install(PLAIN)
        host.systemctl("start")
        send(exim, mailbox.user, [(0, one_mail(0, mailbox.user, 0))])
        serve(host, mailbox, 1)
        figures["seconds from init to the first scored mail"] = round(time.monotonic() - begun, 1)
        begun = time.monotonic()
        rest = [(team, raw) for team in range(TEAMS) for raw in mails(team, mailbox.user)][1:]
        send(exim, mailbox.user, rest)
        serve(host, mailbox, TEAMS * EACH)
        figures["seconds for 199 mails, sent, scored and answered"] = round(time.monotonic() - begun, 1)
        _answered_once(host, dovecot)
        _labels_are_fixed(host)
        host.mailbot("backup", BACKUP)
        shutil.copytree(machine.path(BACKUP), kept / "backup")
        shutil.copytree(host.inside, kept / "mailbot", ignore=shutil.ignore_patterns("state"))
        late = range(TEAMS, TEAMS + LATE)
        send(exim, mailbox.user, [(team, one_mail(team, mailbox.user, 0)) for team in late])
        serve(host, mailbox, TEAMS * EACH + LATE)
        before, counted = board(host), rows_of(host, "submissions", "list")
        figures |= idle(host, IDLE_SECONDS)
        said = host.machine.run("systemd-analyze", "security", "mailbot", code=None)
        figures["exposure"] = float(said.partition("Overall exposure level for mailbot.service: ")[2].split()[0])
        (ROOT / "build").mkdir(exist_ok=True)
        (ROOT / "build/real-run.json").write_text(json.dumps(figures, indent=1) + "\n")
        assert figures["exposure"] <= MOST_EXPOSED
    with Machine() as machine:
        host = _restored(machine, mailbox, kept)
        assert board(host) == before
        assert [_told(row) for row in rows_of(host, "submissions", "list")] == [_told(row) for row in counted]
        well(host)
        host.mailbot("once", "--take-over")  # the marker is still that of the host that died
        host.install(PLAIN)
        host.systemctl("start")
        send(exim, mailbox.user, [(TEAMS, one_mail(TEAMS, mailbox.user, 300, short=True))])
        serve(host, mailbox, TEAMS * EACH + LATE + 1)
        assert "unbroken" in json.dumps(rows_of(host, "doctor"))
        host.systemctl("stop")


def _answered_once(host: Host, dovecot: Dovecot) -> None:
    """Hold that every mail of every team came to its end, and was answered by exactly one mail."""
    status = [row["status"] for row in rows_of(host, "submissions", "list")]
    wanted = {"accepted": ACCEPTED, "refused": REFUSED, "over-quota": OVER_QUOTA}
    assert {name: status.count(name) for name in set(status)} == {name: n * TEAMS for name, n in wanted.items()}
    for team in range(TEAMS):
        answers = dovecot.mailbox(address(team))
        host.wait(lambda: len(answers.messages()) >= EACH)  # noqa: B023  # called before it changes
        assert len(answers.messages()) == EACH


def _labels_are_fixed(host: Host) -> None:
    """Publish, bring the right labels into force, rescore, tell the teams, and publish again: the board is another."""
    host.mailbot("publish")
    before = board(host)
    right = ("truth", "add", f"{LABELS}/answer-s.json", "--track", "siqa-s")
    host.mailbot(*right, "--why", "two labels were exchanged")
    changes = json.loads(host.mailbot("rescore", "--tell", "--yes", "--json"))
    assert changes["submissions"] == ACCEPTED * TEAMS
    assert changes["told"] > 0
    host.mailbot("publish")
    assert [row["score"] for row in board(host)] != [row["score"] for row in before]
    host.wait(lambda: not {row["state"] for row in rows_of(host, "outbox", "list")} & {"queued", "sending"})


def _restored(machine: Machine, mailbox: Mailbox, kept: Path) -> Host:
    """Follow the runbook on an empty machine: config and secrets, restore, then what came since from the mailbox."""
    host = Host(machine, mailbox)
    assert not host.inside.exists()
    shutil.copytree(kept / "mailbot", host.inside)
    shutil.copytree(kept / "backup", machine.path(BACKUP))
    assert "The backup is whole" in host.mailbot("restore", "--verify", BACKUP)
    host.mailbot("restore", BACKUP)
    machine.run(*host.command("rebuild", "--from-mailbox"), seconds=REBUILD_SECONDS)
    return host


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """Return what a team was told of a submission."""
    return {key: row[key] for key in ("receipt", "team", "status", "score", "sha256", "truth", "arrived_at")}
