"""The config sections about servers, [imap], [smtp], [oauth] and [sheet], and the secrets that they name."""

from __future__ import annotations

import contextlib
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StringConstraints,
    model_validator,
)

from mailbot.config.fields import Host, Instant, Section, Span, host, is_ip
from mailbot.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

Filled = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Server(Section):
    """A mail server that mailbot calls."""

    host: Host
    port: StrictInt = Field(gt=0, lt=65536)
    #: ``tls`` from the first byte, ``starttls``, or ``none`` (a server on this very machine).
    security: Literal["tls", "starttls", "none"] = "tls"
    user: str = ""
    #: How to log in: with a ``password``, or by ``oauth`` (see the section of that name).
    auth: Literal["password", "oauth"] = "password"
    #: File that holds the password on its first line.
    password_file: Path | None = None
    #: PEM file of the authorities to trust instead of the system's.
    ca_file: Path | None = None
    timeout_seconds: StrictFloat = Field(default=60, gt=0)

    @model_validator(mode="after")
    def _no_plain_text_over_the_net(self) -> Server:
        if self.security == "none" and self.host not in {"localhost", "127.0.0.1", "::1"}:
            message = "security = 'none' is only allowed for a server on this machine; write 'tls' or 'starttls'"
            raise ValueError(message)
        return self


class Imap(Server):
    """The mailbox of the official submission address."""

    port: StrictInt = Field(default=993, gt=0, lt=65536)
    user: Filled = ""
    inbox: Filled = "INBOX"
    #: Folders swept besides the inbox: where the provider puts what it takes for spam.
    extra_folders: tuple[Filled, ...] = ()
    processed: Filled = "Processed"
    failed: Filled = "Failed"
    #: Folder in which a mail says which mailbot serves this mailbox; made when missing, "" for none.
    marker: Annotated[str, StringConstraints(strip_whitespace=True)] = "Mailbot"
    #: Mails that arrived earlier stay where they are, untouched; absent: the moment of the first start.
    since: Instant | None = None
    #: What else stays where it is: ``nothing``, or in an inbox that people share ``others``, the mails of others than
    #: teams and registrations (:mod:`mailbot.identity.shared`).
    leave: Literal["nothing", "others"] = "nothing"
    #: Seconds between two looks, whatever IDLE says.
    poll_seconds: StrictFloat = Field(default=60, gt=0)

    @model_validator(mode="after")
    def _files_away_to_elsewhere(self) -> Imap:
        swept = {folder.casefold() for folder in (self.inbox, *self.extra_folders)}
        if both := sorted({name for name in (self.processed, self.failed, self.marker) if name.casefold() in swept}):
            message = f"{both[0]!r} cannot be both a folder that is read and one that handled mails are moved to"
            raise ValueError(message)
        all_of_them = (self.inbox, *self.extra_folders, self.processed, self.failed, self.marker)
        named = [folder.casefold() for folder in all_of_them]
        if twice := next((name for name in named if named.count(name) > 1), ""):
            message = f"{twice!r} is named twice; inbox, extra_folders, processed, failed and marker must all differ"
            raise ValueError(message)
        return self


def _hello(value: str) -> str:
    """Take what a client may call itself: a name, or an address in brackets (RFC 5321, section 4.1.3)."""
    literal = value.startswith("[") and value.endswith("]") and is_ip(value[1:-1].removeprefix("IPv6:"))
    if value and not literal and not (value.isascii() and host(value) and not is_ip(value)):
        message = f"{value!r} is not a name for EHLO: write a host name, or an IP address in brackets as '[192.0.2.7]'"
        raise ValueError(message)
    return value


class Smtp(Server):
    """The server that takes mailbot's mails."""

    port: StrictInt = Field(default=465, gt=0, lt=65536)
    #: What EHLO calls us; "" is this host's full name, or its IP address where it has none.
    hello: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_hello)] = ""


class Outbox(Section):
    """How our own mails are sent."""

    #: For how long a mail that is refused for now is tried again, in days or as "12 hours"; then it is given up.
    patience: Span = timedelta(days=3)


class ComputeSection(Section):
    """Where evaluations run: in children of this host, or on a Dask cluster."""

    #: Address of the scheduler, ``tls://HOST:PORT``; ``tcp://`` on this very machine only; "": no cluster.
    scheduler: str = ""
    #: PEM files: the authority that signed the cluster's certificates, our own certificate, and its key.
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    #: How long a cluster that is away is waited for.
    patience: Span = timedelta(minutes=5)
    #: Whether files are evaluated in children of this host after that; else mails wait.
    fallback: StrictBool = True
    #: The share of results that is computed at home again.
    sample: StrictFloat = Field(default=0.02, ge=0, le=1)
    #: So many tasks are given to the cluster at once.
    in_flight: StrictInt = Field(default=32, ge=1, le=1000)

    @model_validator(mode="after")
    def _no_plain_text_over_the_net(self) -> ComputeSection:
        if not self.scheduler:
            return self
        found = re.fullmatch(r"(tls|tcp)://(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}", self.scheduler)
        if found is None:
            raise ValueError("scheduler: must be tls://HOST:PORT")
        if found[1] == "tcp" and found[2].strip("[]") not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("scheduler: tcp:// is for this very machine only; elsewhere it must be tls://HOST:PORT")
        if found[1] == "tls" and None in {self.ca_file, self.cert_file, self.key_file}:
            raise ValueError("scheduler: tls:// needs ca_file, cert_file and key_file")
        return self


class OAuth(Section):
    """How to get access without a password (RFC 6749); a profile knows all but the client."""

    #: Who mailbot is to the provider: the id of an app that you have registered there.
    client_id: str = ""
    #: File that holds its secret, where the provider gives one to apps on a computer.
    client_secret_file: Path | None = None
    #: Where a login on another device begins (RFC 8628); "" where the provider offers none.
    device_url: str = ""
    #: Where a login in a browser begins.
    auth_url: str = ""
    token_url: str = ""
    scope: str = ""

    @model_validator(mode="after")
    def _nothing_in_the_clear(self) -> OAuth:
        for url in filter(None, (self.device_url, self.auth_url, self.token_url)):
            if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
                message = f"{url!r} must begin with https://, or be on this very machine"
                raise ValueError(message)
        return self


API = "https://sheets.googleapis.com"
"""Where the Sheets API is (v4)."""

_ADDRESS = re.compile(r"(?:https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/)?([\w-]{20,})(?:[/?#].*)?", re.ASCII)

_PUBLISHED = re.compile(r"(?:https://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/e/|2PACX-).*", re.ASCII)


def spreadsheet_id(value: str) -> str:
    """Take the spreadsheet's id out of its address, where that was given; an id has some 44 characters."""
    given = value.strip()
    if not given:
        return ""
    if _PUBLISHED.fullmatch(given):
        message = f"{value!r} is what was published of a sheet: open the sheet itself, and copy its address"
        raise ValueError(message)
    found = _ADDRESS.fullmatch(given)
    if found is None:
        message = f"{value!r} is not a spreadsheet: copy its address, https://docs.google.com/spreadsheets/d/…"
        raise ValueError(message)
    return found[1]


class SheetSection(Section):
    """The Google Sheet that shows the leaderboard."""

    #: Its address or the id in it; "" means that no sheet is written.
    spreadsheet: Annotated[str, AfterValidator(spreadsheet_id)] = ""
    #: JSON key file of the service account that the sheet is shared with.
    credentials_file: Path | None = None
    timeout_seconds: StrictFloat = Field(default=30, gt=0)


CREDENTIALS = "CREDENTIALS_DIRECTORY"
"""The variable in which systemd names the folder of a service's credentials."""


_remembered: dict[Path, bytes] = {}


def remember(files: Iterable[Path | None]) -> None:
    """Read files with secrets now, for this process may not read them later; what cannot be read is passed over."""
    for path in files:
        if path is not None:
            with contextlib.suppress(OSError):
                _remembered[path] = path.read_bytes()


def _bytes(path: Path) -> bytes:
    return _remembered[path] if path in _remembered else path.read_bytes()


def _brought(name: str) -> Path | None:
    """Return the file of a credential that systemd brings; None when it brings none of this name."""
    path = Path(os.environ.get(CREDENTIALS, ""), name)
    return path if path.is_absolute() and path.exists() else None


def secret(server: Server, name: str) -> str:
    """Return the password of a server: what systemd brings as a credential, else its file's first line.

    Raises:
        ConfigError: there is none, or it cannot be read; the message never holds what is in a file.
    """
    path = _brought(f"{name}_password") or server.password_file
    if path is None:
        message = f"{name}.password_file: not set; name a file that holds the password of {name}.user on its first line"
        raise ConfigError(message)
    try:
        password = _bytes(path).decode("utf-8-sig").split("\n", 1)[0].strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{name}.password_file: {path} cannot be read ({error.__class__.__name__})"
        raise ConfigError(message) from error
    if not password:
        message = f"{name}.password_file: {path} has no password on its first line"
        raise ConfigError(message)
    return password


def sheet_key(sheet: SheetSection) -> bytes:
    """Return the service account's key: what systemd brings as a credential, else its file. Raises ConfigError."""
    path = _brought("sheet_credentials") or sheet.credentials_file
    if path is None:
        message = "sheet.credentials_file: not set; name the JSON key file of the service account that writes the sheet"
        raise ConfigError(message)
    try:
        return _bytes(path)
    except OSError as error:
        message = f"sheet.credentials_file: {path} cannot be read ({error.__class__.__name__})"
        raise ConfigError(message) from error
