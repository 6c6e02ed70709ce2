"""The doctor is not green where the contest cannot run: no mail servers, no passwords, nobody to tell, no phase."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config import load
from mailbot.operations.doctor import needs

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.config.schema import Config


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave it to the test whether systemd brings anything."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def _config(folder: Path, **more: Any) -> Config:  # noqa: ANN401  # any TOML
    """Return a config with a mailbox and a server for what is sent, and more."""
    given = {
        "preset": "siqa",
        "challenge": {"address": "s@x.org", "organizers": ["chair@x.org"]},
        "imap": {"host": "imap.x.org", "user": "s", "password_file": "imap"},
        "smtp": {"host": "smtp.x.org", "user": "s", "password_file": "smtp"},
        "tracks": {"siqa-s": {"labels": "labels.json"}},
    }
    whole = {key: value for key, value in (given | more).items() if value is not None}
    return load.build(whole, base=folder)


def _passwords(config: Config) -> list[tuple[str, str]]:
    """Return the level of each finding, and what it is about."""
    return [(row.level, row.detail.partition(": ")[0]) for row in needs.passwords(config)]


def test_a_password_that_is_not_there_is_red(tmp_path: Path) -> None:
    """A missing file and an empty one: each is named by its key, with the fix, before anybody tries to log in."""
    (tmp_path / "smtp").write_text("\n")
    config = _config(tmp_path)
    assert _passwords(config) == [("red", "imap.password_file"), ("red", "smtp.password_file")]
    first, second = needs.passwords(config)
    assert f"{tmp_path}/imap cannot be read" in first.detail
    assert "has no password on its first line" in second.detail
    assert "chmod 600, and name it in smtp.password_file" in second.fix
    for name in ("imap", "smtp"):
        (tmp_path / name).write_text("geheim\n")
    assert _passwords(config) == [("green", "there for imap and smtp")]


def test_a_password_key_that_is_not_set_is_red(tmp_path: Path) -> None:
    """A mailbox always asks for one; a server that takes our mails without a login does not."""
    config = _config(tmp_path, imap={"host": "h", "user": "s"}, smtp={"host": "h"})
    assert _passwords(config) == [("red", "imap.password_file")]
    assert list(needs.passwords(_config(tmp_path, imap=None, smtp={"host": "h"}))) == []


def test_what_systemd_brings_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials go before the files, as they do for the daemon."""
    for name in ("imap", "smtp"):
        (tmp_path / f"{name}_password").write_text("geheim\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert [level for level, _ in _passwords(_config(tmp_path))] == ["green"]


def test_a_password_kept_from_us_is_worth_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is root's alone may reach the daemon as a credential: not red, for we cannot know."""

    def refuse(*_: object, **__: object) -> bytes:
        raise PermissionError

    config = _config(tmp_path)
    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    first, _ = needs.passwords(config)
    assert (first.level, "as root" in first.fix) == ("yellow", True)


def test_oauth_needs_a_login_and_no_password(tmp_path: Path) -> None:
    """Where OAuth takes its place no password is missing, but the login may be."""
    login = {"host": "h", "user": "s", "auth": "oauth"}
    config = _config(tmp_path, imap=login, smtp=login)
    assert [(row.level, row.fix) for row in needs.passwords(config)] == [("red", "`mailbot login`")] * 2
    config.state.mkdir()
    config.tokens.write_text("{}")
    assert [level for level, _ in _passwords(config)] == ["green"]


def test_a_contest_without_servers_is_worth_a_look(tmp_path: Path) -> None:
    """It fetches nothing and answers nobody, unless mails are ingested by hand; the fix names the table."""
    assert [row.level for row in needs.servers(_config(tmp_path))] == ["green"]
    first, second = needs.servers(_config(tmp_path, imap=None, smtp=None))
    assert (first.level, first.detail) == ("yellow", "there is no [imap], so no mail is fetched")
    assert (second.level, second.detail) == ("yellow", "there is no [smtp], so no reply is sent")
    assert "add the table [smtp]" in second.fix


def test_a_contest_without_organizers_is_worth_a_look(tmp_path: Path) -> None:
    """Alerts and the week in numbers would go to nobody."""
    assert [row.level for row in needs.organizers(_config(tmp_path))] == ["green"]
    (found,) = needs.organizers(_config(tmp_path, challenge={"address": "s@x.org"}))
    assert (found.level, "set challenge.organizers" in found.fix) == ("yellow", True)


@pytest.mark.parametrize(
    ("days", "level", "said"),
    [
        (-1, "green", "'dev' opens next, Sun 01 Mar 2026, 08:00 (Asia/Shanghai, UTC+08:00)"),
        (0, "green", "'dev' is open, it closes Tue 03 Mar 2026, 08:00"),
        (2, "green", "'final' opens next, Thu 05 Mar 2026, 08:00"),
        (7, "yellow", "none is open or ahead, 'final' closed last, Sun 08 Mar 2026, 08:00"),
    ],
)
def test_a_contest_whose_phases_are_over_is_worth_a_look(tmp_path: Path, days: int, level: str, said: str) -> None:
    """Dates of another year, as config.example.toml has them, would refuse every mail; a phase ahead is in order."""
    march = datetime(2026, 3, 1, tzinfo=UTC)
    phases = [
        {"name": "final", "opens": march + timedelta(days=4), "closes": march + timedelta(days=7)},
        {"name": "dev", "opens": march, "closes": march + timedelta(days=2)},
    ]
    (found,) = needs.phase(_config(tmp_path, phases=phases), march + timedelta(days=days))
    assert (found.level, found.detail.startswith(said)) == (level, True), found.detail


def test_no_phase_and_one_without_end_are_in_order(tmp_path: Path) -> None:
    """Then submissions are always taken."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    (none,) = needs.phase(_config(tmp_path), now)
    (endless,) = needs.phase(_config(tmp_path, phases=[{"name": "test"}]), now)
    assert (none.level, none.detail) == ("green", "none is configured, so submissions are always taken")
    assert (endless.level, endless.detail) == ("green", "'test' is open, it never closes")
