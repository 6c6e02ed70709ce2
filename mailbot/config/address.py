"""What an e-mail address looks like: one rule for rosters, the config, and strangers who may be answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailbot import lazily
from scoring.text import printable

with lazily(__name__):  # a twentieth of the start of a command, and most addresses are plain
    from email_validator import validate_email

if TYPE_CHECKING:
    from email_validator import ValidatedEmail

_PLAIN = re.compile(
    r"(?!.{255})(?!.{65,}@)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@"
    r"(?:(?![^.]{64})[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?!(?:arpa|invalid|local|localhost|onion)$)[a-z]{2,63}"
)


def is_plain(address: str) -> bool:
    """Whether an address is in lower case and of letters that need no thought: then it is valid, and stays as it is."""
    return _PLAIN.fullmatch(address) is not None


def parsed(address: str) -> ValidatedEmail:
    """Take an address apart by its syntax (RFC 5322, RFC 6531); no name server is asked. Raises ValueError: why not."""
    return validate_email(address, check_deliverability=False, test_environment=True)


def normalise(address: str) -> str:
    """Return an address as the ledger keeps it: lower case, the domain in ASCII. Raises ValueError with the reason."""
    if is_plain(address.strip()):
        return address.strip()
    try:
        found = parsed(address.strip())
    except ValueError as error:
        message = f"{printable(address)!r} is not an e-mail address: {error}"
        raise ValueError(message) from error
    return f"{found.local_part}@{found.ascii_domain}".lower()


def folded(address: str) -> str:
    """Return one name for all addresses that may be one mailbox: without plus part, and without dots before the @."""
    local, _, domain = canonical(address).rpartition("@")
    return f"{local.replace('.', '')}@{'gmail.com' if domain == 'googlemail.com' else domain}"


_SOMEBODYS = re.compile(r"[^\s@＠][@＠][^\s@＠]+\.[^\W\d_]")  # noqa: RUF001  # a full-width one too; mAP@0.5 is none


def names_somebody(text: str) -> bool:
    """Whether a text that is kept for good, as a reason, holds an address."""
    return _SOMEBODYS.search(text) is not None


_WORD = re.compile(r"[^\s<>()\[\],;:\"']++")


def hidden(text: str) -> str:
    """Return a text with a mark in the place of each address: the journal holds none."""
    return _WORD.sub(lambda word: "<address>" if "@" in word[0][1:-1] else word[0], text)


def canonical(address: str) -> str:
    """Return an address in lower case and without its plus part (``Bot+x@a.org`` is ``bot@a.org``)."""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"
