"""Hold the locks to what is known of packages: ``python -m tests.audit [PIP_AUDIT]``, or ``make audit``.

Advisories come from pip-audit's service, where there is one, and always from ``.ci/advisories.json``, which also knows
of pip and setuptools. The licence of every package that a host installs must be in ``.ci/licences.json``. Exit code 1
when a package has a known weakness or a licence that is not allowed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CI = Path(__file__).parents[1] / ".ci"
LOCKS = ("requirements.lock", "runtime.lock", "cluster.lock")
INSTALLERS = ("pip", "setuptools")
"""What no lock has: they come with the environment."""

_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;\\]+)", re.MULTILINE)
_SECONDS = 300

Pin = tuple[str, str]
"""A package's name and a version of it."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the advisory service said."""

    #: A line for each weakness.
    found: Sequence[str] = ()
    #: How many packages it knows.
    known: int = 0
    #: Packages that it does not know, or does not look at.
    skipped: Sequence[str] = ()
    #: Why nothing was asked; "" when something was.
    trouble: str = ""


def main(arguments: Sequence[str]) -> int:
    """Print what was found; 1 when something was."""
    pins = sorted({pin for lock in LOCKS for pin in locked(CI / lock)} | set(installed(INSTALLERS)))
    found = known(pins, read("advisories.json")["advisories"])
    _say(f"advisories of .ci/advisories.json: {len(pins)} packages looked at, {len(found)} with a known weakness")
    answer = asked(Path(arguments[0])) if arguments else Answer(trouble="pip-audit is not installed")
    if answer.trouble:
        _say(f"NOT ASKED: the advisory service ({answer.trouble}); the local file alone was used")
    else:
        _say(f"advisory service: {answer.known} packages looked at, {len(answer.found)} with a known weakness")
        if answer.skipped:
            _say(f"not known to the advisory service: {', '.join(answer.skipped)}")
    licences = licences_of(name for name, _ in locked(CI / "runtime.lock"))
    refused = not_allowed(licences, read("licences.json"))
    _say("".join(f"  {name:<24} {licence or 'none is stated'}\n" for name, licence in licences.items()).rstrip())
    _say(f"licences: {len(licences)} packages installed, {len(refused)} not allowed")
    bad = [*found, *answer.found, *refused]
    _say("".join(f"FOUND: {line}\n" for line in bad) + f"audit: {len(bad)} found")
    return 1 if bad else 0


def locked(path: Path) -> list[Pin]:
    """Return what a lock pins; a package may have several versions, for several systems."""
    return [(canonicalize_name(name), version) for name, version in _LOCKED.findall(path.read_text(encoding="utf-8"))]


def installed(names: Iterable[str]) -> list[Pin]:
    """Return what is installed of some packages, with its versions."""
    present: dict[str, str] = {canonicalize_name(each.name): each.version for each in metadata.distributions()}
    return [(name, present[name]) for name in names if name in present]


def known(pins: Iterable[Pin], advisories: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each package that an advisory of ours is about."""
    return [
        f"{name} {version}: {each['id']}, {each['what']} (affected: {' or '.join(each['affected'])})"
        for name, version in pins
        for each in advisories
        if canonicalize_name(each["package"]) == name
        and any(SpecifierSet(versions).contains(version, prereleases=True) for versions in each["affected"])
    ]


def asked(pip_audit: Path) -> Answer:
    """Ask the service about the tests' lock, of which the host's is a part (tests/test_locks.py)."""
    command = (pip_audit, "--requirement", CI / LOCKS[0], "--require-hashes", "--disable-pip")
    try:
        done = subprocess.run(
            (*command, "--format", "json", "--progress-spinner", "off"),
            capture_output=True, text=True, check=False, timeout=_SECONDS,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return Answer(trouble=f"pip-audit cannot be run: {error}")
    return read_answer(done.stdout, done.stderr)


def read_answer(said: str, complaint: str = "") -> Answer:
    """Read what pip-audit prints. Without advisories of a single package there was no service, whatever it returned."""
    try:
        packages = json.loads(said)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = (complaint.strip().splitlines() or ["it printed nothing"])[-1]
        return Answer(trouble=f"pip-audit: {last}")
    looked_at = [each for each in packages if "vulns" in each]
    if not looked_at:
        return Answer(trouble=f"it cannot be reached, or knows none of {len(packages)} packages")
    found = [
        f"{each['name']} {each['version']}: {weakness['id']}, fixed in {', '.join(weakness['fix_versions']) or 'none'}"
        for each in looked_at
        for weakness in each["vulns"]
    ]
    skipped = [each["name"] for each in packages if "vulns" not in each]
    return Answer(found=found, known=len(looked_at), skipped=skipped)


def licences_of(names: Iterable[str]) -> dict[str, str]:
    """Return the licence that each package states, "" for none; what is not installed on this system is left out."""
    present: dict[str, metadata.PackageMetadata] = {
        canonicalize_name(each.name): each.metadata for each in metadata.distributions()
    }
    return {name: licence_in(present[name]) for name in sorted(set(names)) if name in present}


def licence_in(about: metadata.PackageMetadata) -> str:
    """Return the licence of a package: the expression (PEP 639), else classifiers, else the first line of License."""
    said = about.get_all("License-Expression") or []
    classifiers = [each.split(" :: ") for each in about.get_all("Classifier") or [] if each.startswith("License ::")]
    said = said or [" AND ".join(each[-1] for each in classifiers if each[-1] != "OSI Approved")]
    lines = (about.get_all("License") or [""])[0].strip().splitlines()
    return str(said[0] or (lines[0].strip() if lines else ""))


def not_allowed(licences: Mapping[str, str], rules: Mapping[str, Any]) -> list[str]:
    """Return a line for each package whose licence is not on the list: all of ``A AND B``, one of ``A OR B``."""
    stated = {name: rules["stated"].get(name, licence) for name, licence in licences.items()}
    return [
        f"{name}: its licence, {licence or 'which it does not state'}, is not in .ci/licences.json"
        for name, licence in stated.items()
        if not _is_allowed(licence, frozenset(rules["allowed"]))
    ]


def _is_allowed(licence: str, allowed: frozenset[str]) -> bool:
    if licence in allowed:
        return True
    if "(" in licence:  # nested: each must be allowed, which is stricter than it says
        return set(re.split(r" AND | OR ", licence.replace("(", "").replace(")", ""))) <= allowed
    return any(set(choice.split(" AND ")) <= allowed for choice in licence.split(" OR "))


def read(name: str) -> Any:  # noqa: ANN401  # the files say what they hold
    """Return what a JSON file beside the locks holds."""
    return json.loads((CI / name).read_text(encoding="utf-8"))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
