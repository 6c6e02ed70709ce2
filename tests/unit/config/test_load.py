"""The config: merged over its preset, checked whole, every mistake named."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import Strict

from mailbot.config import load
from mailbot.config.calendar import Moment
from mailbot.config.fields import Section
from mailbot.config.providers import PROFILES
from mailbot.config.servers import Imap, secret
from mailbot.errors import ConfigError

BASE = Path("/etc/mailbot")
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def _config(**more: Any) -> dict[str, Any]:  # noqa: ANN401  # any TOML
    """Return the least that a config must say, and more."""
    least = {"preset": "siqa", "challenge": {"address": "s@siqa.example"}, "tracks": {"siqa-s": {"labels": "s.json"}}}
    return least | more


def _mistakes(**more: Any) -> str:  # noqa: ANN401  # any TOML
    """Return what is said of a config that cannot be used."""
    with pytest.raises(ConfigError) as refused:
        load.build(_config(**more), base=BASE, origin="config.toml")
    return str(refused.value)


def test_the_preset_fills_in_what_is_not_said() -> None:
    """With the preset an address and the labels are enough."""
    config = load.build(_config(), base=BASE)
    assert config.challenge.short_name == "SIQA"
    assert config.challenge.zone == ZoneInfo("Asia/Shanghai")
    assert config.quota.per_week == 2
    assert config.quota.week_starts == Moment(weekday=2, at=time(0))
    assert config.board.publish_at == Moment(weekday=2, at=time(10))
    assert config.tracks.keys() == {"siqa-s"}
    assert config.tracks["siqa-s"].weights == {"perception": 0.5, "knowledge": 0.5}


def test_what_is_said_goes_over_the_preset() -> None:
    """A key of the config stands over the preset's; weights are replaced as a whole."""
    track = {"labels": "u.json", "weights": {"yes-or-no": 0.5, "what": 0.25, "how": 0.25}}
    config = load.build(_config(quota={"per_week": 5}, board={"standing": "best"}, tracks={"siqa-u": track}), base=BASE)
    assert (config.quota.per_week, config.quota.week_starts.weekday) == (5, 2)
    assert config.board.standing == "best"
    assert config.tracks["siqa-u"].weights == track["weights"]


def test_a_profile_fills_in_the_servers() -> None:
    """A provider's hosts, ports and folders need not be said; what is said goes over them."""
    config = load.build(_config(profile="microsoft", imap={"user": "s", "extra_folders": ["Junk"]}), base=BASE)
    assert config.imap is not None
    assert config.smtp is not None
    assert (config.imap.host, config.imap.user, config.imap.extra_folders) == ("outlook.office365.com", "s", ("Junk",))
    assert (config.smtp.port, config.smtp.security) == (587, "starttls")


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_fits_the_config(name: str) -> None:
    """No profile sets a key that the config does not have, and the config takes every profile's name."""
    assert load.build(_config(profile=name), base=BASE).profile == name


def test_paths_are_relative_to_the_config_file() -> None:
    """Every path of the config is taken from its folder, wherever mailbot is called; absolute ones stay."""
    files = {"host": "h.example", "password_file": "secrets/imap", "ca_file": "/ca.pem"}
    config = load.build(_config(imap=files, roster={"file": "teams.csv"}, board={"folder": "www"}), base=BASE)
    assert config.imap is not None
    assert (config.imap.password_file, config.imap.ca_file) == (BASE / "secrets/imap", Path("/ca.pem"))
    assert (config.state, config.published, config.roster.file) == (BASE / "state", BASE / "www", BASE / "teams.csv")
    assert config.tracks["siqa-s"].labels == BASE / "s.json"
    assert config.ledger == "sqlite:////etc/mailbot/state/ledger.db"


def test_home_is_where_a_path_may_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` is the home folder of who runs mailbot, not a folder of that name; nor is anybody's who is not there."""
    monkeypatch.setenv("HOME", "/home/chair")
    track = {"siqa-s": {"labels": "~/s.json"}}
    config = load.build(_config(state="~/mail", tracks=track, metrics={"file": "~nobody-is/x"}), base=BASE)
    assert (config.state, config.tracks["siqa-s"].labels) == (Path("/home/chair/mail"), Path("/home/chair/s.json"))
    assert config.metrics.file == BASE / "~nobody-is/x"


def test_every_mistake_is_told_at_once() -> None:
    """One look at the message is enough to fix the whole file; files that are not there are among it."""
    told = _mistakes(
        imap={"host": "h", "port": 0}, quota={"per_week": 0}, board={"publish_at": "someday"}, challange={"name": "x"}
    )
    assert told.startswith("config.toml: 5 mistake(s)\n")
    for key in ("imap.port", "quota.per_week", "board.publish_at", "challange", "tracks.siqa-s.labels"):
        assert f"  - {key}: " in told


def test_what_does_not_go_together_is_told_with_all_else() -> None:
    """As soon as the sections that it is about can be read; of what cannot be, nothing is guessed."""
    late = {"registration": {"closes": MARCH + timedelta(days=9)}, "phases": [{"name": "x", "closes": MARCH}]}
    told = _mistakes(**late, quota={"per_week": 0}, challenge={}, zzz=1)
    assert "quota.per_week" in told
    assert "registration.closes: 2026-03-10 00:00:00+00:00 is after the last deadline" in told
    assert "registration.closes" not in _mistakes(**late, entries=[{"kind": "paper", "close": MARCH}])
    overlapping = _mistakes(quota={"per_week": 0}, phases=[{"name": "a"}, {"name": "b"}])
    assert ("quota.per_week" in overlapping, "one phase at a time" in overlapping) == (True, True)


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({"challange": {}}, "challange: unknown key; did you mean 'challenge'?"),
        ({"imap": {"host": "h", "pasword_file": "x"}}, "imap.pasword_file: unknown key; did you mean 'password_file'?"),
        (
            {"imap": {"host": "h", "password": "hush-hush"}},
            "imap.password: unknown key; did you mean 'password_file'? It names the file: no secret is written here",
        ),
        (
            {"quota": {"zzz": 1}},
            "quota.zzz: unknown key; known here: per_week, checks_per_day, disputes_per_day, week_starts",
        ),
        ({"imap": {"host": "h", "server": "h"}}, "imap.server: unknown key; did you mean 'host'?"),
        ({"phases": [{"name": "x", "deadline": MARCH}]}, "phases.0.deadline: unknown key; did you mean 'closes'?"),
        ({"address": "s@x.org"}, "address: unknown key; it belongs into [challenge]"),
        ({"imap": {"host": "h", "organizers": []}}, "imap.organizers: unknown key; it belongs into [challenge]"),
        ({"imap": {"host": "h", "folder": "x"}}, "it belongs into [board], or did you mean 'extra_folders'?"),
        ({"labels": "s.json"}, "labels: unknown key; it belongs into [tracks.NAME]"),
        ({"feedback": "full"}, "feedback: unknown key; it belongs into [[phases]]"),
        ({"quota": {"workers": 3}}, "quota.workers: unknown key; it belongs at the top, above the first [table]"),
        ({"phases": [{"name": "x", "open": 1}]}, "phases.0.open: unknown key; did you mean 'opens'?"),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest(more: dict[str, Any], hint: str) -> None:
    """A misspelt key is an error that names what was meant, in every table."""
    assert hint in _mistakes(**more)


@pytest.mark.parametrize(
    ("more", "hint"),
    [
        ({"challenge": {}}, "challenge.address: missing; it must be set"),
        ({"challenge": {"address": "nobody"}}, "'nobody' is not an e-mail address"),
        ({"challenge": {"address": "a@b.org, c@d.org"}}, "is not an e-mail address"),
        ({"challenge": {"address": "s@x.org", "zone": "Mars/Olympus"}}, "write one as 'Asia/Shanghai'"),
        ({"board": {"publish_at": "wed"}}, "write it as 'wed 10:00'"),
        ({"board": {"standing": "first"}}, "'latest', 'best' or 'selected'"),
        ({"imap": {"host": "imap.example.org", "security": "none"}}, "only allowed for a server on this machine"),
        ({"smtp": {"host": "x", "port": 70000}}, "smtp.port: "),
        (
            {"tracks": {"siqa-s": {"labels": "s", "weights": {"perception": 0.5, "knowledge": 0.6}}}},
            "weights must sum to 1",
        ),
        ({"tracks": {"siqa-s": {"labels": "s", "weights": {"perception": 1}}}}, "exactly perception, knowledge, not"),
        (
            {"tracks": {"siqa-s": {"labels": "s", "weights": {"perception": 1.5, "knowledge": -0.5}}}},
            "must not be negative",
        ),
        ({"tracks": {"siqa-s": {}}}, "tracks.siqa-s.labels: missing"),
        ({"phases": [{"name": "x", "opens": datetime(2026, 3, 1)}]}, "a date needs its time and zone"),  # noqa: DTZ001  # as TOML gives it
        (
            {
                "phases": [
                    {
                        "name": "x",
                        "opens": datetime(2026, 3, 2, tzinfo=UTC),
                        "closes": datetime(2026, 3, 1, tzinfo=UTC),
                    }
                ]
            },
            "before it opens",
        ),
        ({"preset": "sica"}, "preset: must be 'siqa' or '' (got 'sica')"),
        ({"quota": {"per_week": 0}}, "quota.per_week: must be at least 1 (got 0)"),
        ({"phases": [{"name": "x"}, {"name": "x"}]}, "phases: 2 phases, and more than one is named 'x'"),
        (
            {"phases": [{"name": "final", "opens": MARCH}, {"name": "dev", "closes": MARCH + timedelta(seconds=1)}]},
            "phases: 'dev' (closes: 2026-03-01 00:00:01+00:00) overlaps 'final' (opens: 2026-03-01 00:00:00+00:00)",
        ),
        ({"phases": [{"name": "a"}, {"name": "b"}]}, "'a' (closes: never) overlaps 'b' (opens: from the beginning)"),
        (
            {"entries": [{"kind": "paper", "types": [".pdf"], "opens": MARCH, "closes": MARCH}]},
            "entries.0: closes (2026-03-01 00:00:00+00:00) before it opens (2026-03-01 00:00:00+00:00)",
        ),
        (
            {"entries": [{"kind": "paper", "types": [".pdf"]}, {"kind": "paper", "types": [".ps"]}]},
            "entries: 2 entries, and more than one is named 'paper'",
        ),
        (
            {"phases": [{"name": "x", "closes": MARCH}], "registration": {"closes": MARCH + timedelta(days=1)}},
            "registration.closes: 2026-03-02 00:00:00+00:00 is after the last deadline (2026-03-01 00:00:00+00:00)",
        ),
        ({"phases": [{"name": "x", "closes": date(2026, 3, 1)}]}, "a date needs its time and zone"),
        ({"phases": [{"name": "x", "closes": "1 March"}]}, "+08:00 (got '1 March')"),
        ({"phases": [{"name": "x", "closes": 20260425}]}, "phases.0.closes: a date needs its time and zone"),
        ({"phases": [{"name": "x", "opens": 2026.5}]}, "phases.0.opens: a date needs its time and zone"),
        ({"phases": [{"name": "x", "opens": "1773072000"}]}, "phases.0.opens: a date needs its time and zone"),
        ({"phases": [{"name": "x", "opens": "2026-03-10T00:00:00"}]}, "(got '2026-03-10T00:00:00')"),
        ({"registration": {"closes": 5}}, "registration.closes: a date needs its time and zone"),
        ({"page": {"dates": {"P": 20260504}}}, "page.dates.P: a date needs its time and zone"),
        ({"imap": {"host": "h", "processed": "inbox"}}, "imap: 'inbox' cannot be both a folder that is read"),
        ({"imap": {"host": "h", "extra_folders": ["Failed"]}}, "imap: 'Failed' cannot be both"),
        ({"entries": [{"kind": "code", "hosts": ["https://GitHub.com"]}]}, "is not a host; write it as github.com"),
        ({"entries": [{"kind": "code", "hosts": ["gitlab.com/siqa"]}]}, "is not a host; write it as gitlab.com"),
        ({"entries": [{"kind": "code", "hosts": ["*.gitee.com:443"]}]}, "is not a host; write it as gitee.com"),
        ({"entries": [{"kind": "code", "hosts": ["git hub"]}]}, "entries.0.hosts: 'git hub' is not a host"),
        (
            {"entries": [{"kind": "submission", "types": [".zip"]}]},
            "entries: 'submission' stands in challenge.subject_tag, so every submission would be taken for one",
        ),
        ({"imap": {"host": "h", "processed": "failed"}}, "imap: 'failed' is named twice"),
        ({"imap": {"host": "h", "extra_folders": ["Junk", "junk"]}}, "imap: 'junk' is named twice"),
        ({"imap": {"host": "h", "extra_folders": ["INBOX"]}}, "imap: 'inbox' is named twice"),
        ({"imap": {"host": "h", "inbox": ""}}, "imap.inbox: must be text that is not empty (got '')"),
        ({"imap": {"host": "h", "extra_folders": [" "]}}, "imap.extra_folders.0: must be text that is not empty"),
        ({"imap": {"host": "h", "user": ""}}, "imap.user: must be text that is not empty (got '')"),
        ({"imap": {"host": ""}}, "imap.host: '' is not a host: write its name alone"),
        ({"imap": {"host": "imap lab.cn"}}, "imap.host: 'imap lab.cn' is not a host"),
        ({"smtp": {"host": "smtp.b.cn:587"}}, "smtp.host: 'smtp.b.cn:587' is not a host: write its name alone"),
        ({"smtp": {"host": "smtps://b.cn"}}, "smtp.host: 'smtps://b.cn' is not a host"),
        ({"identity": {"nameservers": ["1.1.1.1:99999"]}}, "'1.1.1.1:99999' is not a nameserver"),
        ({"identity": {"nameservers": ["1.1.1.1:"]}}, "'1.1.1.1:' is not a nameserver"),
        ({"identity": {"nameservers": ["1.1.1.256"]}}, "'1.1.1.256' is not a nameserver"),
        ({"challenge": {"address": "a@b.cn;"}}, "challenge.address: 'a@b.cn;' is not an e-mail address: "),
        (
            {"challenge": {"address": "s@x.org", "organizers": ["主席@x.org"]}},
            "organizers.0: '主席@x.org' is not an address that every server can write to: only ASCII",
        ),
        (
            {"challenge": {"address": "s@x.org", "organizers": ["chair@x.org", "S+alerts@X.org"]}},
            "challenge.organizers: 'S+alerts@x.org' is the submission mailbox itself",
        ),
        (
            {"challenge": {"address": "s@x.org", "organizers": ["a@x.org"]}, "imap": {"host": "h", "user": "a@x.org"}},
            "challenge.organizers: 'a@x.org' is the submission mailbox itself",
        ),
        ({"profile": "hotmail"}, "profile: must be 'gmail', 'microsoft', 'qq', 'netease', 'generic' or ''"),
        ({"workers": 0}, "workers: "),
        (
            {"challenge": {"address": "s@x.org", "organizers": "me@x.org"}},
            "challenge.organizers: must be a list, as [\"...\"] (got 'me@x.org')",
        ),
        ({"letters": {"remind_days": 7}}, "letters.remind_days: must be a list, as [7] (got 7)"),
        ({"phases": {"name": "x"}}, "phases: must be a list of tables; begin each with [[phases]]"),
        ({"entries": "paper"}, "entries: must be a list of tables; begin each with [[entries]] (got 'paper')"),
        ({"phases": ["dev"]}, "phases.0: must be a table, [[phases]] (got 'dev')"),
        ({"imap": [{"host": "h"}]}, "imap: must be a table, [imap]"),
        ({"tracks": {"siqa-s": "s.json"}}, "tracks.siqa-s: must be a table, [tracks.siqa-s] (got 's.json')"),
        ({"letters": {"remind_days": ["7"]}}, "letters.remind_days.0: must be a whole number (got '7')"),
        ({"letters": {"remind_days": [True]}}, "letters.remind_days.0: must be a whole number (got true)"),
        (
            {"tracks": {"siqa-s": {"labels": "s", "weights": {"perception": "0.5", "knowledge": 0.5}}}},
            "tracks.siqa-s.weights.perception: must be a number (got '0.5')",
        ),
        (
            {"tracks": {"siqa-s": {"labels": "s", "weights": {"perception": True, "knowledge": 0}}}},
            "tracks.siqa-s.weights.perception: must be a number (got true)",
        ),
        ({"quota": {"per_week": True}}, "quota.per_week: must be a whole number (got true)"),
        ({"alerts": {"poll_minutes": False}}, "alerts.poll_minutes: must be a number (got false)"),
        ({"workers": "3"}, "workers: must be a whole number (got '3')"),
        ({"letters": {"digest": "yes"}}, "letters.digest: must be true or false (got 'yes')"),
        ({"replies": {"per_hour": 1.5}}, "replies.per_hour: must be a whole number (got 1.5)"),
        ({"phases": [{"name": 3}]}, "phases.0.name: must be text, in quotation marks (got 3)"),
        ({"tracks": "siqa-s"}, "tracks: must be tables with a name each; begin one with [tracks.NAME] (got 'siqa-s')"),
        ({"tracks": {"siqa-s": {"labels": "s", "weights": 1}}}, "must be a table, [tracks.siqa-s.weights] (got 1)"),
        ({"metrics": {"file": 3}}, "metrics.file: write a path, in quotation marks (got 3)"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_allowed(more: dict[str, Any], hint: str) -> None:
    """Each value that cannot be used says why."""
    assert hint in _mistakes(**more)


@pytest.mark.parametrize("host", ["h", "127.0.0.1", "::1", "mail_1.lab.cn", "imap.例子.中国", "imap.example.org."])
def test_a_host_is_a_name_or_an_address(host: str) -> None:
    """Whatever a resolver may know is taken."""
    config = load.build(_config(smtp={"host": host}), base=BASE)
    assert config.smtp is not None
    assert config.smtp.host == host


@pytest.mark.parametrize(
    ("given", "kept"),
    [("Bot+x@Lab.example", "Bot+x@lab.example"), ("s@例子.中国", "s@xn--fsqu00a.xn--fiqs8s")],
)
def test_a_domain_may_be_in_any_script(given: str, kept: str) -> None:
    """It is kept as every mail server knows it (IDNA)."""
    assert load.build(_config(challenge={"address": given}), base=BASE).challenge.address == kept


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_an_instant_that_some_zone_cannot_show_is_a_mistake(text: str) -> None:
    """It is told with its key, where every command would end in a traceback."""
    with pytest.raises(ConfigError, match=r"phases\.0\.opens: its year is not between 1970 and 8999"):
        load.build(_config(phases=[{"name": "x", "opens": text}]), base=BASE)


@pytest.mark.parametrize("text", ["2026-03-01T00:00:00Z", "2026-03-01 08:00:00+08:00", "2026-02-28t19:00:00.0-05:00"])
def test_an_instant_may_be_text(text: str) -> None:
    """RFC 3339, with its zone, as other programs write it."""
    config = load.build(_config(phases=[{"name": "x", "opens": text}], page={"dates": {"P": text}}), base=BASE)
    assert (config.phases[0].opens, config.page.dates["P"]) == (MARCH, MARCH)


@pytest.mark.parametrize(
    "more",
    [
        {"imap": {"host": "h", "password": "hush-hush"}},
        {"imap": {"host": "h", "password_file": ["hush-hush"]}},
        {"smtp": {"host": "smtps://u:hush-hush@h"}},
        {"entries": [{"kind": "code", "hosts": ["https://hush-hush@github.com"]}]},
        {"smtp": {"host": "h", "pass": "hush-hush", "port": "x"}},
        {"ledger_url": ["postgresql://u:hush-hush@h/d"]},
        {"ledger_urls": "postgresql://u:hush-hush@h/d"},
        {"ledger_url": "postgres://u:hush-hush@h/d"},
    ],
    ids=["unknown key", "list", "host", "entry", "another unknown key", "url", "unknown url", "url of another engine"],
)
def test_no_secret_is_told(more: dict[str, Any]) -> None:
    """A secret that somebody wrote into the config all the same is not repeated."""
    assert "hush-hush" not in _mistakes(**more)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:hush-hush@h/db",
        "foo hush-hush",
        "mysql+pymysql://h/db",
        "postgresql://h/db",
        "postgresql+psycopg2://h/db",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_a_ledger_is_on_one_of_two_engines(url: str) -> None:
    """Any other URL is refused with the two forms that are allowed, and is not repeated."""
    told = _mistakes(ledger_url=url)
    assert "ledger_url: must be sqlite:////FOLDER/ledger.db or postgresql+psycopg://USER@HOST/NAME" in told
    assert "hush-hush" not in told


@pytest.mark.parametrize("url", ["", "sqlite:////var/lib/mailbot/l.db", "postgresql+psycopg://u:p@h:5432/db"])
def test_a_ledger_on_either_engine_is_taken(url: str) -> None:
    """The forms that are allowed are."""
    assert load.build(_config(ledger_url=url), base=BASE).ledger_url == url


def test_every_file_that_cannot_be_read_is_told_at_once(tmp_path: Path) -> None:
    """Labels, roster and authorities: each by its key, with the reason, before anything is opened."""
    tracks = {name: {"labels": f"{name}.json"} for name in ("siqa-u", "siqa-s")}
    more = {"tracks": tracks, "roster": {"file": "."}, "smtp": {"host": "h", "ca_file": "ca.pem"}}
    config = load.build(_config(**more), base=tmp_path)
    with pytest.raises(ConfigError) as refused:
        load.check_files(config)
    assert str(refused.value).splitlines()[1:] == [
        f"  - tracks.siqa-u.labels: {tmp_path}/siqa-u.json: No such file or directory",
        f"  - tracks.siqa-s.labels: {tmp_path}/siqa-s.json: No such file or directory",
        f"  - roster.file: {tmp_path}: Is a directory",
        f"  - smtp.ca_file: {tmp_path}/ca.pem: No such file or directory",
    ]


def test_plain_text_is_for_this_machine_alone() -> None:
    """A server on loopback may be spoken to in clear."""
    config = load.build(_config(imap={"host": "127.0.0.1", "security": "none"}), base=BASE)
    assert config.imap is not None
    assert config.imap.security == "none"


def test_phases_may_follow_one_another() -> None:
    """The instant one closes is the instant the next opens, in whatever order they are written."""
    phases = [
        {"name": "final", "opens": MARCH + timedelta(days=9)},
        {"name": "dev", "opens": MARCH, "closes": MARCH + timedelta(days=9)},
        {"name": "warm-up", "closes": MARCH},
    ]
    late = {"closes": MARCH + timedelta(days=99)}
    assert len(load.build(_config(phases=phases, registration=late), base=BASE).calendar) == 3


def test_without_a_phase_the_challenge_is_always_open() -> None:
    """A config that names no phase has one without ends."""
    (phase,) = load.build(_config(), base=BASE).calendar
    assert (phase.opens, phase.closes) == (None, None)


def test_a_config_is_frozen() -> None:
    """Nothing changes the config of a running mailbot."""
    config = load.build(_config(), base=BASE)
    with pytest.raises(ValueError, match="frozen"):
        config.workers = 9  # type: ignore[misc]  # the point of the test


# --- the file --------------------------------------------------------------------------------


def test_a_config_is_found_where_it_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A named file must be there; unnamed, config.toml of this folder comes first."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"tried other\.toml\. `mailbot init DIR` writes one"):
        load.find(Path("other.toml"))
    Path("config.toml").write_text("")
    assert load.find(None) == Path("config.toml")


@pytest.mark.parametrize("text", [b"= 1", b"a = 1\na = 2", b"\xff\xfe", b'x = "'])
def test_what_is_no_toml_is_said_so(tmp_path: Path, text: bytes) -> None:
    """A file that is no TOML is named with the reason."""
    (tmp_path / "config.toml").write_bytes(text)
    with pytest.raises(ConfigError, match=r"config\.toml: cannot be read as TOML: "):
        load.load(tmp_path / "config.toml")


def test_a_file_of_windows_is_read(tmp_path: Path) -> None:
    """A byte order mark is no mistake; text in another encoding is told with the fix, in a declaration too."""
    path = tmp_path / "config.toml"
    text = 'preset = "siqa"\n[challenge]\naddress = "s@x.org"\nname = "比赛"\n[tracks.siqa-s]\nlabels = "s.json"\n'
    path.write_text(text, encoding="utf-8-sig")
    assert load.load(path).challenge.name == "比赛"
    for encoding in ("gb18030", "utf-16"):
        path.write_text(text, encoding=encoding)
        with pytest.raises(ConfigError, match=r"config\.toml: .*its text is not UTF-8; save it as UTF-8$"):
            load.load(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """So is one that cannot be read."""
    with pytest.raises(ConfigError, match=r"nothing\.toml: cannot be read"):
        load.load(tmp_path / "nothing.toml")


# --- passwords -------------------------------------------------------------------------------


def test_a_password_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    """White space at its end, further lines, and a byte order mark of Windows, are none of it."""
    (tmp_path / "imap").write_text("geheim wort \r\nsecond line\n", encoding="utf-8-sig")
    assert secret(Imap(host="h", password_file=tmp_path / "imap"), "imap") == "geheim wort"


def test_systemd_may_bring_the_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential goes before the file, which the service need not be able to read; without one the file counts."""
    (tmp_path / "imap_password").write_text("geheim\n")
    (tmp_path / "file").write_text("offen\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert secret(Imap(host="h"), "imap") == "geheim"
    assert secret(Imap(host="h", password_file=tmp_path / "nobody may read it"), "imap") == "geheim"
    assert secret(Imap(host="h", password_file=tmp_path / "file"), "smtp") == "offen"


@pytest.mark.parametrize("name", ["missing", "folder", "binary"])
def test_an_unreadable_password_is_named_by_its_key(tmp_path: Path, name: str) -> None:
    """The message names the key and the file, never what is in it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "binary").write_bytes(b"\xffsecret")
    with pytest.raises(ConfigError, match=r"^imap\.password_file: ") as refused:
        secret(Imap(host="h", password_file=tmp_path / name), "imap")
    assert "secret" not in str(refused.value)


def test_no_password_at_all_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file and without credentials the key to set is named."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(ConfigError, match=r"smtp\.password_file: not set"):
        secret(Imap(host="h"), "smtp")


def test_every_number_and_switch_is_strict() -> None:
    """No key takes ``true`` for 1, or "3" for 3."""
    waiting: list[type[Section]] = [Section]
    lax = []
    while waiting:
        section = waiting.pop()
        waiting += section.__subclasses__()
        for name, field in section.model_fields.items():
            if field.annotation in {bool, int, float} and not any(isinstance(each, Strict) for each in field.metadata):
                lax.append(f"{section.__name__}.{name}")
    assert lax == []
