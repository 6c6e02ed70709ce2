"""Whoever runs the service cannot have root do their work: what root does in their state folder is done as them."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from mailbot.errors import Permanent
from mailbot.ledger import daybook
from mailbot.ledger.engine import Ledger
from mailbot.operations import backup
from mailbot.system import lock, safefile
from tests.command import mailbot, typed
from tests.hostile.plain import as_plain
from tests.servers.process import give, plain_user
from tests.unit.services import Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")

CONFIG = """preset = "siqa"
[challenge]
address = "submissions@siqa.example"
organizers = ["chair@siqa.example"]
[tracks.siqa-s]
labels = "labels/answer-s.json"
"""


def _opened_to_all(folder: Path) -> None:
    """Let everybody pass to the folder of a test; what pytest makes is root's alone."""
    for path in (folder, *list(folder.parents)[:-2]):
        path.chmod(path.stat().st_mode | 0o055)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Give a folder of a plain user with a state in it, as a service leaves it."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
    (tmp_path / "config.toml").write_text(CONFIG)
    _opened_to_all(tmp_path)
    for path in (tmp_path, *tmp_path.rglob("*")):
        give(path)
    return tmp_path


@pytest.mark.parametrize("arguments", [("teams", "list"), ("audit", "verify"), ("status",), ("mails", "list")])
def test_root_writes_nothing_through_a_link(
    arguments: tuple[str, ...], theirs: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A link from ``acts.jsonl`` to a file of root's had root append lines that the state's owner chose."""
    bashrc = tmp_path_factory.mktemp("root") / "bashrc"
    bashrc.write_text("# root's\n")
    acts = theirs / "state" / daybook.ACTS
    acts.unlink()
    acts.symlink_to(bashrc)
    done = mailbot(*arguments, folder=theirs, code=2)
    assert f"works as {plain_user().name}" in done.err
    assert "is a link" in done.err or "Permission denied" in done.err
    assert bashrc.read_text() == "# root's\n"


@pytest.mark.parametrize("state_of", ["root", "third"])
def test_a_config_of_one_account_and_a_state_of_another_are_refused(theirs: Path, state_of: str) -> None:
    """As with a config that is mounted into a container: a sentence names both, and nothing is touched."""
    state = theirs / "state"
    uid = {"root": 0, "third": plain_user().uid - 1}[state_of]
    for path in (state, *state.rglob("*")):
        os.chown(path, uid, uid)
    before = (state / daybook.ACTS).read_bytes()
    done = typed("publish", "--yes", folder=theirs)
    assert done.code == 2
    assert f"{theirs / 'config.toml'} and {state} are of " in done.err
    assert "Traceback" not in done.err
    assert (state / daybook.ACTS).read_bytes() == before


def test_a_state_of_another_account_is_refused_in_a_sentence(theirs: Path) -> None:
    """Whoever is not root, and may not read the state, hears whose it is."""
    state = theirs / "state"
    code = (
        "import pathlib; from mailbot.system import safefile\n"
        f"try: safefile.refuse_anothers(pathlib.Path({str(state)!r}))\nexcept Exception as error: print(error)"
    )
    os.chown(state, 0, 0)
    state.chmod(0o700)
    said = as_plain(sys.executable, "-c", code)
    assert f"{state} cannot be used: it is another account's (uid 0)" in said


def test_what_root_makes_is_the_owners(theirs: Path) -> None:
    """It says whom it works as; no file in the state is root's afterwards, and nothing was given away."""
    done = mailbot("teams", "list", folder=theirs)
    assert f"mailbot: works as {plain_user().name}" in done.err
    assert "Pixel Peepers" in done.out
    assert {path.lstat().st_uid for path in (theirs / "state").rglob("*")} == {plain_user().uid}


def test_a_link_in_the_state_is_refused(tmp_path: Path) -> None:
    """Each file that mailbot writes there by its name, whoever runs it."""
    state = tmp_path / "state"
    state.mkdir()
    (victim := tmp_path / "victim").write_bytes(b"")
    for name, use in (
        (daybook.ACTS, lambda: daybook.open_ledger(f"sqlite:///{state / 'ledger.db'}", state)),
        ("ledger.db", lambda: Ledger(f"sqlite:///{state / 'ledger.db'}")),
        ("mailbot.lock", lambda: lock.held(state).__enter__()),
        ("identity.secret", lambda: safefile.secret(state / "identity.secret")),
    ):
        (state / name).unlink(missing_ok=True)
        (state / name).symlink_to(victim)
        with pytest.raises(Permanent, match="is a link"):
            use()
        (state / name).unlink()
    assert victim.read_bytes() == b""


def test_others_read_nothing_of_the_state(tmp_path: Path) -> None:
    """However wide the umask is: the folder and every file in it is its owner's alone."""
    before = os.umask(0)
    try:
        with served(tmp_path, Clock()) as service, lock.held(service.config.state):
            take(service, submission())
            daybook.catch_up(service.ledger, service.config.state)
    finally:
        os.umask(before)
    state = tmp_path / "state"
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (state, *state.rglob("*")) if not path.is_dir()}
    assert {name: mode for name, mode in files.items() if mode & 0o077} == {}
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_a_backup_with_a_link_or_more_than_its_manifest_is_not_restored(tmp_path: Path) -> None:
    """What was laid into a backup, by whoever kept it, does not get into the state."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
        backup.back_up(service.ledger, service.config.state, tmp_path / "backup")
    kept, victim = tmp_path / "backup", tmp_path / "victim"
    victim.write_text("secret")
    assert backup.mistakes(kept) == []
    assert "no others and no links" in backup.seen(kept)
    for name, lay in (
        ("acts.jsonl", lambda path: (path.unlink(), path.symlink_to(victim))),
        ("spool/more.eml", lambda path: path.write_text("more")),
        ("columns/link", lambda path: (path.parent.mkdir(exist_ok=True), path.symlink_to("/etc/passwd"))),
        ("manifest.json", lambda path: path.write_text('{"../victim": "00", "ledger.db": "00"}')),
    ):
        shutil.copytree(kept, bad := tmp_path / f"bad-{name.replace('/', '-')}", symlinks=True)
        lay(bad / name)
        with pytest.raises(Permanent, match=r"is a link|is not in manifest|leads out"):
            backup.restore(bad, tmp_path / "new")
        assert not (tmp_path / "new").exists()
