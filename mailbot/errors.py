"""Errors of our own, as exceptions; a participant's mistake is a value, never an exception.

MailbotError
├── Temporary        trying again later may help
│   ├── AuthenticationFailed  a server refuses our login
│   ├── Unreachable  a server does not answer at all
│   ├── Conflict     the database wants a transaction to be tried once more, at once
│   ├── Throttled    a server says that we ask for too much
│   └── Refused      a server refuses one command; the connection still stands
├── Permanent        trying again will not help
│   ├── ConfigError  the config must be fixed first
│   ├── Damaged      the ledger's file is no ledger any more
│   │   └── Lost     the ledger is not there, or is older than the files beside it
│   ├── BadAddress   a mail server knows no such recipient
│   └── SheetRefused Google refuses what we ask of a sheet
└── Held             another mailbot holds the state folder
"""

from __future__ import annotations

import sys


class MailbotError(Exception):
    """Something of ours failed."""


class Temporary(MailbotError):
    """It failed, and trying again later may help."""


class AuthenticationFailed(Temporary):
    """A server does not accept the user or the password."""


class Unreachable(Temporary):
    """A server does not answer, or ended the connection."""


class Conflict(Temporary):
    """The database took a transaction back for the sake of another one, and wants it to be tried once more, at once."""


class Throttled(Temporary):
    """A server says that we ask for too much, or that a quota is used up."""

    #: Seconds that it wants to be left alone; 0 when it does not say.
    seconds: float = 0.0


class Refused(Temporary):
    """A server refuses one command, or answers it with what cannot be used; the connection still stands."""


class Permanent(MailbotError):
    """It failed, and trying again will not help."""


class ConfigError(Permanent):
    """The config cannot be used; the message names each key, ``fix`` what a person can do about it."""

    def __init__(
        self, message: str, *, fix: str = "fix the keys named; config.example.toml says what each may contain"
    ) -> None:
        """Take both; most mistakes are fixed in the config itself."""
        super().__init__(message)
        self.fix = fix


class Damaged(Permanent):
    """What SQLite finds is no ledger, or not all of one: it must be made anew."""


class Lost(Damaged):
    """The ledger is not there, or it is older than the files that are kept beside it."""


class BadAddress(Permanent):
    """The mail server refuses this recipient for good."""


class SheetRefused(Permanent):
    """Google refuses what we ask of a sheet; the message says what, ``fix`` what a person can do about it."""

    def __init__(self, what: str, fix: str, *, status: int = 0) -> None:
        """Take both, and the HTTP status of the refusal, if it had one."""
        super().__init__(f"{what}: {fix}")
        self.what, self.fix, self.status = what, fix, status


class Held(MailbotError):
    """Another mailbot works on this state folder; the message says who."""


def how(extra: str = "") -> str:
    """Return the command for this very environment, with the packages of an extra where one is named."""
    source = f"'SOURCE[{extra}]'" if extra else "SOURCE"
    return f"`{sys.executable} -m pip install --upgrade {source}`, where SOURCE is the folder of mailbot's source"
