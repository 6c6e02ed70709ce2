"""Attacks by what is not a mail: rows of a registration form, and packages of an installation."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailbot.ledger import outbox, teams
from tests import audit
from tests.hostile.attacks.model import ADA, CARL, Attack
from tests.unit.services import Clock, served

if TYPE_CHECKING:
    from tests.hostile.attacks.model import Ground

HEAD = ["Timestamp", "Email Address", "Team name", "Members"]
VICTIM, MALLORY = "prof@uni.example", "mallory@evil.example"
ROOT = Path(__file__).parents[3]


def _by_the_form(_: Ground) -> str:
    """Name others as members in a form that anybody can fill in, with the attacker's words, and take others' names."""
    rows = [HEAD, ["1", MALLORY, "BUY PILLS", f"{VICTIM}, {ADA}, {CARL}"]]
    rows += [["2", f"m{n}@evil{n}.example", f"PILLS {n}", f"prof+{n}@uni.example {VICTIM}"] for n in range(9)]
    rows += [["3", "x@evil.example", name, ""] for name in ("Pixel\ufe0f Peepers", "SIQA", "=cmd|'/C calc'!A0")]
    form: dict[str, Any] = {"roster": {"file": "teams.csv", "sheet": {"id": "1abc-responses-of-the-form"}}}
    with tempfile.TemporaryDirectory() as folder, served(Path(folder), Clock(), **form) as service:
        for _round in range(3):  # it is read every hour
            replace(service.sync, read_rows=lambda *_: rows).run()
        with service.ledger.read() as tx:
            on = {address: team.name for team in teams.everyone(tx) for address in team.addresses}
            got = [row for row in outbox.listing(tx) if row.recipient.endswith("@uni.example")]
    subjects = [row.subject for row in got if "PILLS" in row.subject]
    gained = [address for address in on if address.endswith("@uni.example")]
    gained += [name for name in on.values() if name in {"Pixel\ufe0f Peepers", "SIQA"} or name.startswith("=")]
    gained += subjects + ([f"{len(got)} mails to one mailbox"] if len(got) > 1 else [])
    gained += [] if (on[ADA], on[CARL]) == ("Pixel Peepers", "Münster Vision") else ["a member of another team"]
    return ", ".join(gained)


def _replaced_package(_: Ground) -> str:
    """Put another wheel in the place of a package of the lock, and install by the words of the README."""
    name, version = next(pin for pin in audit.locked(audit.CI / "runtime.lock") if pin[0] == "authres")
    text = (audit.CI / "runtime.lock").read_text(encoding="utf-8")
    words = re.search(
        r"^/opt/mailbot/bin/pip install (--require-hashes) -r \.ci/runtime\.lock", _readme(), re.MULTILINE
    )
    if words is None:
        return "the README chooses packages by itself"
    with tempfile.TemporaryDirectory() as held:
        folder = Path(held)
        about = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
            wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{about}/RECORD", "")
        alone = re.search(rf"^{name}==.*?(?=^[a-z0-9])", text, re.MULTILINE | re.DOTALL)
        assert alone is not None
        (folder / "one.lock").write_text(alone[0])
        command = (
            sys.executable,
            "-m",
            "pip",
            "install",
            words[1],
            "-r",
            "one.lock",
            "--no-index",
            "--find-links",
            ".",
        )
        done = subprocess.run(
            (*command, "--target", "there"), cwd=folder, capture_output=True, text=True, check=False, timeout=120
        )
        came = (folder / "there" / about).exists()
    return "" if done.returncode and not came and "HASH" in done.stderr.upper() else "another wheel was installed"


def _weak_package(_: Ground) -> str:
    """Have a lock bring a version with a known weakness, or a package whose licence is not allowed."""
    advisories, rules = audit.read("advisories.json")["advisories"], audit.read("licences.json")
    missed = [each["id"] for each in advisories if not audit.known([(each["package"], "0.0.1")], [each])]
    missed += [] if audit.not_allowed({"it": "Made-Up-1.0"}, rules) else ["a licence"]
    return ", ".join(missed)


def _readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


ATTACKS = (
    Attack(name="people-named-in-a-form", play=_by_the_form),
    Attack(name="package-replaced-on-its-way", play=_replaced_package),
    Attack(name="package-with-a-known-weakness", play=_weak_package),
)
