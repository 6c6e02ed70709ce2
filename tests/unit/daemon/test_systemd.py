"""The systemd unit, which systemd itself checks, and the notifications of the running service."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config import load
from mailbot.daemon import systemd as unit
from mailbot.daemon.systemd import Notifier
from mailbot.errors import ConfigError
from tests.command import mailbot

if TYPE_CHECKING:
    from mailbot.config.schema import Config
    from tests.unit.daemon.conftest import Manager

MOST_EXPOSED = 1.2
USR = Path("/usr")

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")


def _config(base: Path, **more: Any) -> Config:  # noqa: ANN401  # any TOML
    """Return a config whose files lie in a folder."""
    given = {
        "preset": "siqa",
        "challenge": {"address": "s@siqa.example", "short_name": "50% more"},
        "imap": {"host": "h", "user": "s", "password_file": "secrets/imap"},
        "smtp": {"host": "h", "user": "s", "password_file": "secrets/smtp"},
        "tracks": {"siqa-s": {"labels": "labels/answer-s.json"}},
    }
    return load.build(given | more, base=base)


def _place(
    folder: Path,
    *,
    for_user: bool = False,
    systemd: int = 252,
    owner: str = "",
    installation: Path = USR,
    **more: Any,  # noqa: ANN401  # any of its fields
) -> unit.Place:
    """Return a place whose config lies in a folder, by default root's."""
    return unit.Place(
        command=Path("/usr/bin/env"), config=folder / "config.toml", for_user=for_user, systemd=systemd, owner=owner,
        installation=(installation,), **more,
    )  # fmt: skip


def _lines(text: str) -> set[str]:
    return set(text.splitlines())


def _dynamic_place(root: Path, **more: Any) -> unit.Place:  # noqa: ANN401  # any of its fields
    """Return a place below a folder that stands in for /var/lib, where nothing is hidden from services."""
    return _place(root / "mailbot", state_root=root, hidden=(), **more)


@pytest.fixture
def dynamic(tmp_path: Path) -> str:
    """Give the unit of a folder below /var/lib that belongs to root."""
    return unit.text(_config(tmp_path / "mailbot"), _dynamic_place(tmp_path))


def test_a_folder_below_var_lib_gets_a_user_of_its_own(dynamic: str, tmp_path: Path) -> None:
    """A made-up user owns it, is given the folder, and is handed the passwords."""
    folder = tmp_path / "mailbot"
    assert _lines(dynamic) >= {
        "Type=notify",
        "DynamicUser=yes",
        "StateDirectory=mailbot",
        f"LoadCredential=imap_password:{folder}/secrets/imap",
        f"LoadCredential=smtp_password:{folder}/secrets/smtp",
        "KillMode=mixed",
        "ProtectHome=yes",
        "MemoryMax=4864M",
        "Description=mailbot: 50%% more",
    }
    assert not {line for line in _lines(dynamic) if line.startswith(("User=", "RestartSteps="))}


def test_where_systemd_has_moved_the_folder_it_is_still_found(tmp_path: Path) -> None:
    """After its first start the folder lies in /var/lib/private, and the unit stays as it was."""
    moved = tmp_path / "private" / "mailbot"
    moved.mkdir(parents=True)
    (tmp_path / "mailbot").symlink_to(moved)
    assert "StateDirectory=mailbot" in _lines(
        unit.text(_config(moved), _place(tmp_path / "mailbot", state_root=tmp_path))
    )


def test_a_scorer_of_ones_own_has_its_memory_and_its_tasks(tmp_path: Path) -> None:
    """Where a track has one, a third kind of child runs it: one child more for each worker, of its own size."""
    (folder := tmp_path / "mailbot").mkdir()
    (folder / "l.csv").write_text("id,y\n1,1\n2,3\n")
    (folder / "s.py").write_text("def score(prediction, labels):\n    return {'off': 1.0}\n")
    mine = {"labels": "l.csv", "scorer": "s.py", "figures": ["off"], "columns": [{"name": "y"}]}
    without, with_one = (
        dict(line.split("=") for line in _lines(unit.text(config, _dynamic_place(tmp_path))) if "Max=" in line)
        for config in (_config(folder, workers=3), _config(folder, workers=3, preset="", tracks={"mine": mine}))
    )
    assert (without["MemoryMax"], without["TasksMax"]) == (f"{768 + 3 * 2 * 1024}M", "88")
    assert (with_one["MemoryMax"], with_one["TasksMax"]) == (f"{768 + 3 * (2 * 1024 + 2048)}M", "100")


def test_a_page_outside_the_state_folder_can_be_read_by_a_web_server(tmp_path: Path) -> None:
    """The umask is strict but where `board.folder` names another place; the state folder is private whatever it is."""
    place = _dynamic_place(tmp_path)
    for folder, umask in (("state/board", "0077"), ("www", "0022")):
        config = _config(tmp_path / "mailbot", state="state", board={"folder": folder})
        assert {line for line in _lines(unit.text(config, place)) if line.startswith("UMask")} == {f"UMask={umask}"}


def test_an_environment_that_is_roots_alone_is_refused(tmp_path: Path) -> None:
    """A virtual environment made under a strict umask: systemd would only say 203/EXEC, again and again."""
    environment = tmp_path / "environment"
    environment.mkdir(mode=0o700)
    with pytest.raises(ConfigError, match=r"where mailbot is installed: `chmod -R go=rX .*/environment`"):
        unit.text(_config(tmp_path / "mailbot"), _dynamic_place(tmp_path, installation=environment))


def test_what_the_service_could_not_reach_is_refused(tmp_path: Path) -> None:
    """A state folder or labels that a dynamic user cannot use are named, with how to fix it."""
    with pytest.raises(ConfigError, match=r"could not write to .*: begin in /var/lib"):
        unit.text(_config(tmp_path), _place(tmp_path))
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    tracks = {"siqa-s": {"labels": str(tmp_path / "elsewhere/labels.json")}}
    with pytest.raises(ConfigError, match=r"could not read .*labels\.json"):
        unit.text(_config(tmp_path / "mailbot", tracks=tracks), _place(tmp_path / "mailbot", state_root=tmp_path))


def test_a_folder_that_belongs_to_a_user_runs_as_that_user(tmp_path: Path) -> None:
    """Wherever it lies; what is hidden from services, as a home, is shown again as far as needed."""
    text = unit.text(_config(tmp_path), _place(tmp_path, owner="siqa", hidden=(tmp_path,)))
    wanted = {"User=siqa", f"ReadWritePaths={tmp_path}/state", f"BindPaths={tmp_path}/state", "ProtectHome=tmpfs"}
    assert _lines(text) >= {*wanted, f"BindReadOnlyPaths={tmp_path}"}
    assert "DynamicUser=yes" not in text


def test_a_place_is_found_out(tmp_path: Path) -> None:
    """Who owns the config, nobody where that is root; and where the command, Python and the packages are."""
    place = unit.Place.of(command=tmp_path / "mailbot", config=tmp_path / "config.toml", for_user=False, systemd=252)
    assert place.owner == ("" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name)
    assert {tmp_path, Path(sys.prefix), Path(unit.__file__).parents[2]} <= set(place.installation)


def test_the_users_own_manager_is_asked_for_nothing_it_cannot_do(tmp_path: Path) -> None:
    """Without root there are no other users, credentials or mounts; the filter of system calls stays."""
    lines = _lines(unit.text(_config(tmp_path), _place(tmp_path, for_user=True)))
    assert lines >= {"WantedBy=default.target", "NoNewPrivileges=yes", "SystemCallFilter=@system-service"}
    assert not {line for line in lines if line.startswith(("User", "Dynamic", "LoadCredential", "Private", "Protect"))}


def test_the_pauses_grow_where_systemd_can_make_them(tmp_path: Path) -> None:
    """RestartSteps came with systemd 254; an older one would only complain of it."""
    assert "RestartSteps=6" in _lines(unit.text(_config(tmp_path), _place(tmp_path, for_user=True, systemd=254)))


def test_print_writes_the_unit_and_nothing_else(tmp_path: Path) -> None:
    """Wherever the config lies; what stands in the unit's way is said beside it, and only installing is refused."""
    form = "init DIR --yes --preset siqa --profile generic --address submissions@example.org"
    mailbot(*form.split(), folder=tmp_path)
    before = sorted(path for path in tmp_path.rglob("*"))
    done = mailbot("install-service", "--print", folder=tmp_path / "DIR")
    assert done.out.startswith("# Written by `mailbot install-service`")
    assert f"--config {tmp_path}/DIR/config.toml run" in done.out
    assert sorted(path for path in tmp_path.rglob("*")) == before
    if os.getuid() == 0:  # a folder of root's outside /var/lib cannot be served
        assert "as it stands the service could not write to" in done.err


def _written(folder: Path, name: str) -> Path:
    """Write the units of a folder below /var/lib that belongs to root, and return the path of one."""
    config, place = _config(folder / "mailbot"), _dynamic_place(folder)
    for each in (unit.SERVICE, unit.DESK):
        (folder / each).write_text(unit.text(config, place, each))
    (folder / unit.DESK_SOCKET).write_text(unit.socket_text(config, 8437))
    return folder / name


@needs_systemd
@pytest.mark.parametrize("name", [unit.SERVICE, unit.DESK, unit.DESK_SOCKET])
def test_systemd_takes_every_line(tmp_path: Path, name: str) -> None:
    """`systemd-analyze verify` has nothing to say, not even a warning."""
    done = subprocess.run(
        (str(ANALYZE), "verify", _written(tmp_path, name)), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""


@needs_systemd
@pytest.mark.parametrize("name", [unit.SERVICE, unit.DESK])
def test_the_service_is_hardly_exposed(tmp_path: Path, name: str) -> None:
    """`systemd-analyze security` finds at most 1.2 of 10."""
    done = subprocess.run(
        (str(ANALYZE), "security", "--offline=true", _written(tmp_path, name)),
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= MOST_EXPOSED, done.stdout


def test_the_desk_lives_where_the_daemon_does_without_its_passwords(tmp_path: Path, dynamic: str) -> None:
    """Both units have one sandbox, one account and one state folder; the mailbox is the daemon's alone."""
    desk, daemon = unit.text(_config(tmp_path / "mailbot"), _dynamic_place(tmp_path), unit.DESK), _lines(dynamic)
    sandbox = {
        line for line in daemon if line.startswith(("Protect", "Private", "Restrict", "System", "Capab", "State"))
    }
    own = {line for line in sandbox if "=" in line}
    assert len(own) > 20
    assert own <= _lines(desk)
    assert {"DynamicUser=yes", "User=mailbot"} <= _lines(desk)
    assert "LoadCredential" in dynamic
    assert "LoadCredential" not in desk


def test_without_a_manager_nothing_is_told() -> None:
    """Started by hand there is nobody to tell; a manager that is gone is no trouble either."""
    Notifier({}).ready()
    Notifier({"NOTIFY_SOCKET": "/nowhere/at/all"}).ready()
    assert Notifier({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).watchdog_seconds is None


def test_the_manager_is_told_of_each_turn(manager: Manager) -> None:
    """Ready, reloading, stopping, and a status on one line."""
    notifier = Notifier({"NOTIFY_SOCKET": str(manager.path)})
    notifier.ready()
    notifier.reloading()
    notifier.doing("a\nREADY=1")
    notifier.stopping()
    assert manager.heard() == ["READY=1", "RELOADING=1", "STATUS=a READY=1", "STOPPING=1"]
