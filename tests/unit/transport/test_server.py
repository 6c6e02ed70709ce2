"""Why a server cannot be reached: a reason for what people get wrong, and nothing made up for the rest."""

from __future__ import annotations

import socket
import ssl

import pytest

from mailbot.transport.server import why_unreachable


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (socket.gaierror(-2, "Name or service not known"), "its name is not found (if it never was: smtp.host"),
        (ConnectionRefusedError(), "nothing listens there (if it never did: smtp.host or smtp.port)"),
        (TimeoutError(), "it does not answer (if it never did: smtp.port, smtp.security"),
        (ssl.SSLCertVerificationError(1, "x"), "smtp.ca_file"),
    ],
)
def test_a_mistake_of_the_config_is_named_by_its_key(error: Exception, told: str) -> None:
    """The section is that of the server; the keys stand in the config."""
    if isinstance(error, ssl.SSLCertVerificationError):
        error.verify_message = "self-signed certificate"
    assert told in why_unreachable(error, "smtp")


@pytest.mark.parametrize(
    "error", [ConnectionResetError(), ssl.SSLZeroReturnError(6, "closed"), OSError(5, "I/O error")]
)
def test_what_only_the_server_knows_is_not_guessed(error: Exception) -> None:
    """A lost connection is no mistake of the config."""
    assert why_unreachable(error, "imap") == ""
