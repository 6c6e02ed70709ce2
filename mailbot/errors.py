"""Trouble of our own, as exceptions; a participant's mistake is a value, never an exception.

MailbotError
├── Temporary        trying again later may help
│   ├── AuthenticationFailed  a server refuses our login
│   └── Throttled    a server says that we ask for too much
├── Permanent        trying again will not help
│   ├── ConfigError  the config must be mended first
│   └── BadAddress   a mail server knows no such recipient
└── Held             another mailbot holds the state folder
"""

from __future__ import annotations


class MailbotError(Exception):
    """Something of ours failed."""


class Temporary(MailbotError):
    """It failed, and trying again later may help."""


class AuthenticationFailed(Temporary):
    """A server does not accept the user or the password."""


class Throttled(Temporary):
    """A server says that we ask for too much, or that a quota is used up."""


class Permanent(MailbotError):
    """It failed, and trying again will not help."""


class ConfigError(Permanent):
    """The config cannot be used; the message names each key and the mend."""


class BadAddress(Permanent):
    """The mail server refuses this recipient for good."""


class Held(MailbotError):
    """Another mailbot works on this state folder; the message says who."""
