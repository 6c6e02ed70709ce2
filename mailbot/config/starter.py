"""The config file and the folders that `mailbot init` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.config.providers import PROFILES
from mailbot.errors import Permanent
from mailbot.system import safefile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


_PACKAGE = Path(__file__).parents[1]

SHEET_KEY = "secrets/sheet.json"

_PHASES = """\

# Without a phase submissions are always taken.{of_preset}
# [[phases]]
# name = "validation"
# opens = 2026-03-10T00:00:00+08:00
# closes = 2026-04-19T00:00:00+08:00

# A test phase with other items has its own label files: checked at once, used from the instant it opens.
# [[phases]]
# name = "test"
# opens = 2026-04-19T00:00:00+08:00
# closes = 2026-04-26T00:00:00+08:00
# labels = {{ {labels} }}
"""

_NAMES = """\
# name = "Challenge"  # the full name, on the board and at the foot of replies
# short_name = "Challenge"  # the sender's name
# zone = "UTC"  # of every instant shown, and of the week
"""

_PORTS = {
    "imap": '# port = 993  # usually 143 for "starttls"\n# security = "tls"  # or "starttls"\n',
    "smtp": '# port = 465  # usually 587 for "starttls"\n# security = "tls"  # or "starttls"\n',
}
"""What an own server may need said."""

_TLS, _STARTTLS = {"imap": 993, "smtp": 465}, (143, 25, 587)
"""The default ports, and those at which a connection begins without TLS."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What the interview has found out."""

    preset: str
    profile: str
    address: str
    #: Hosts that go over the profile's, by "imap" and "smtp".
    hosts: Mapping[str, str] = field(default_factory=dict)
    #: Ports of servers that no profile knows, by "imap" and "smtp".
    ports: Mapping[str, int] = field(default_factory=dict)
    user: str
    #: When submissions are taken, as TOML writes an instant; "" for no such bound.
    opens: str = ""
    closes: str = ""
    #: From when on mails are taken, as TOML writes an instant; "" for the moment of the first start.
    since: str = ""
    organizers: Sequence[str] = ()
    #: An address of people that is shown in every reply; "" for none.
    contact: str = ""
    #: The Google Sheet to write the leaderboard to, by its address or id; "" for none.
    sheet: str = ""
    #: Label file of each track, relative to the config.
    labels: Mapping[str, str] = field(default_factory=dict)
    #: The declaration of each track that is not the preset's, in TOML, without its name.
    declared: Mapping[str, str] = field(default_factory=dict)


def config_text(answers: Answers) -> str:
    """Return the config file."""
    parts = [
        "# mailbot's config. Paths are relative to this file. Every other key has its default (config.example.toml).\n",
        _line("preset", answers.preset, "names, tracks, weights, quota and days of the challenge")
        if answers.preset
        else "",
        _line("profile", answers.profile, "hosts, ports and folders of the mail provider"),
        _section("challenge"),
        _line("address", answers.address, "teams write here, replies come from here"),
        "" if answers.preset else _NAMES,
        _organizers(answers.organizers),
        _contact(answers.contact),
        _server("imap", answers),
        _server("smtp", answers),
        _oauth(answers),
        _sheet(answers.sheet),
        _section("roster"),
        _line("file", "teams.csv", "columns: team,address"),
        *(part for name, path in answers.labels.items() for part in _track(name, path, answers.declared.get(name, ""))),
        _phases(answers),
    ]
    return "".join(parts)


def _phases(answers: Answers) -> str:
    """Return the phase that was named, else a validation phase and a test phase as an example."""
    if answers.opens or answers.closes:
        bounds = {"opens": answers.opens, "closes": answers.closes}
        lines = [f"{key} = {instant}\n" for key, instant in bounds.items() if instant]
        return "".join(["\n[[phases]]  # more may follow: config.example.toml\n", 'name = "test"\n', *lines])
    labels = ", ".join(f'{name} = "labels/test-{name}.json"' for name in answers.labels)
    told = " SIQA takes results on its validation set from 10 March 2026 on." if answers.preset == "siqa" else ""
    return _PHASES.format(labels=labels, of_preset=told)


def by_oauth(profile: str) -> bool:
    """Whether a provider takes no password, so that `mailbot login` is needed."""
    return PROFILES[profile].imap.get("auth") == "oauth"


def _oauth(answers: Answers) -> str:
    if not by_oauth(answers.profile):
        return ""
    return _section("oauth") + _line("client_id", "", "the id of the app that you registered with the provider")


def _server(name: str, answers: Answers) -> str:
    lines = [_section(name)]
    if name in answers.hosts:
        lines.append(_line("host", answers.hosts[name], ""))
    lines.append(_line("user", answers.user, ""))
    if not by_oauth(answers.profile):
        lines.append(_line("password_file", f"secrets/{name}", "its first line; chmod 600"))
    if answers.profile == "generic":
        lines.append(_port(name, answers.ports.get(name, _TLS[name])))
    if name == "imap" and answers.since:
        lines.append(f"since = {answers.since}  # mails that arrived earlier stay untouched\n")
    if name == "imap" and "extra_folders" not in PROFILES[answers.profile].imap:
        lines.append('# extra_folders = ["Junk"]  # where your server puts spam\n')
    return "".join(lines)


def _port(name: str, port: int) -> str:
    """Return the port of a server and how its connection is secured, as comments where that is the default."""
    if port == _TLS[name]:
        return _PORTS[name]
    return f"port = {port}\n" + _line("security", "starttls" if port in _STARTTLS else "tls", 'or "starttls", "tls"')


def _sheet(sheet: str) -> str:
    if not sheet:
        return ""
    key = _line("credentials_file", SHEET_KEY, "the service account's key; chmod 600")
    return _section("sheet") + _line("spreadsheet", sheet, "share it with the service account") + key


def _track(name: str, path: str, declared: str) -> tuple[str, str, str]:
    keys = declared.replace("[[columns]]", f"[[tracks.{name}.columns]]")
    return _section(f"tracks.{name}"), _line("labels", path, "never leaves this machine"), keys


def _organizers(people: Sequence[str]) -> str:
    if not people:
        return '# organizers = ["you@example.org"]  # they get the alerts\n'
    return _line("organizers", list(people), "they get the alerts")


def _contact(contact: str) -> str:
    if not contact:
        return '# contact = "help@example.org"  # shown in every reply, for questions\n'
    return _line("contact", contact, "shown in every reply, for questions")


def _section(name: str) -> str:
    return f"\n[{name}]\n"


def _line(key: str, value: str | list[str], why: str) -> str:
    """Write a key; JSON's texts and lists of texts are TOML's too."""
    said = f"{key} = {json.dumps(value, ensure_ascii=False)}"
    return f"{said}  # {why}\n" if why else f"{said}\n"


CONFIG = "config.toml"

EXAMPLE = "config.example.toml"
"""Every key with its default, beside the config."""

FOLDERS = ("state", "labels", "secrets")

PASSWORDS = ("secrets/imap", "secrets/smtp")


def lay_out(
    folder: Path, answers: Answers, labels: Mapping[str, Path | None], password: str, own: bytes | None = None
) -> None:
    """Write the folder; the config comes last, so that init can be called again as long as anything fails.

    ``own`` are labels that are at hand already, in place of ``labels``.

    Raises:
        Permanent: a file that is there holds something else than what is given; then nothing was written.
        OSError: something cannot be read or written.
    """
    given = {answers.labels[track]: path.read_bytes() for track, path in labels.items() if path}
    given |= dict.fromkeys(answers.labels.values(), own) if own else {}
    blank = {"teams.csv": b"team,address\n"}
    if not by_oauth(answers.profile):
        (given if password else blank).update(dict.fromkeys(PASSWORDS, f"{password}\n".encode() if password else b""))
    given[CONFIG] = config_text(answers).encode()
    there = {name for name in (*blank, *given) if is_filled(folder / name)}
    _refuse_another(folder, {name: data for name, data in given.items() if name in there})
    for name in FOLDERS:
        safefile.private_folder(folder / name)
    for place in (_PACKAGE / EXAMPLE, _PACKAGE.parent / EXAMPLE):  # in the installed package, or in a checkout
        if place.is_file() and not (folder / EXAMPLE).exists():
            safefile.replace(folder / EXAMPLE, place.read_bytes(), mode=0o666)
    for name, data in {**blank, **given}.items():
        if name not in there:
            safefile.replace(folder / name, data, mode=0o666 if name == CONFIG else safefile.PRIVATE_FILE)


def is_filled(path: Path) -> bool:
    """Whether a file is there that holds anything. Raises OSError when it cannot be read."""
    return path.exists() and bool(path.read_bytes().strip())


def _refuse_another(folder: Path, given: Mapping[str, bytes]) -> None:
    """Raise Permanent when a file that is there holds something else than what is given for it."""
    if others := [name for name, data in given.items() if (folder / name).read_bytes().strip() != data.strip()]:
        message = f"{folder} has another {' and another '.join(others)} than you give; move it away first"
        raise Permanent(message)
