"""What is installed on a host: packages of known versions and hashes, the same as the tests ran with."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def locked(name: str) -> dict[str, tuple[str, int]]:
    """Return version and number of hashes of each package of a lock, by its name."""
    text = (ROOT / ".ci" / name).read_text()
    parts = re.split(r"\n(?=[a-z0-9])", text.replace(" \\\n    ", " "))
    found = (re.match(r"([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)", part) for part in parts)
    pairs = zip(found, parts, strict=True)
    return {match[1]: (match[2], part.count("--hash=sha256:")) for match, part in pairs if match}


def test_a_host_gets_what_was_tested() -> None:
    """Each package of the runtime lock stands in the tests' lock with the same version, and has hashes."""
    runtime, tested = locked("runtime.lock"), locked("requirements.lock")
    assert len(runtime) > 50
    assert [name for name, (version, _) in runtime.items() if tested[name][0] != version] == []
    assert [name for name, (_, hashes) in runtime.items() if not hashes] == []


def test_the_runtime_lock_has_every_package_that_mailbot_needs() -> None:
    """And what builds it, but nothing of the tests."""
    runtime = locked("runtime.lock")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[\[><=]", each)[0].lower() for each in project["dependencies"]}
    assert wanted - set(runtime) == set()
    assert "hatchling" in runtime
    assert {"pytest", "mypy", "playwright"} & set(runtime) == set()


def test_the_cluster_is_installed_only_when_it_is_wanted() -> None:
    """Its lock stands beside that of the tests, whose packages it leaves as they are."""
    cluster, tested = locked("cluster.lock"), locked("requirements.lock")
    assert "distributed" in cluster
    assert {"dask", "distributed"} & (set(tested) | set(locked("runtime.lock"))) == set()
    assert [name for name, (version, _) in cluster.items() if tested.get(name, (version,))[0] != version] == []
    assert [name for name, (_, hashes) in cluster.items() if not hashes] == []
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["cluster"]
    (needs,) = map(Requirement, wanted)
    assert needs.specifier.contains(cluster[needs.name][0])


def test_the_five_minutes_install_by_hash() -> None:
    """No documented command chooses packages by itself."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    calls = re.findall(r"^/opt/mailbot/bin/pip install (.*)$", text, re.MULTILINE)
    assert len(calls) >= 8
    assert [call for call in calls if "--require-hashes" not in call and "--no-deps" not in call] == []
