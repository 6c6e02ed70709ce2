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
    ("reason", "told"),
    [
        ("TLSV1_ALERT_PROTOCOL_VERSION", 'TLS fails with "tlsv1 alert protocol version": it speaks no version of TLS'),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", 'with "sslv3 alert handshake failure": it shares no cipher'),
        ("TLSV1_UNRECOGNIZED_NAME", 'with "tlsv1 unrecognized name": it serves no such name'),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "it wants a certificate of ours"),
        ("TLSV1_ALERT_INTERNAL_ERROR", 'with "tlsv1 alert internal error": ask the provider'),
        ("WRONG_VERSION_NUMBER", 'set imap.security to "starttls"'),
    ],
)
def test_an_alert_of_tls_is_told_in_its_own_words(reason: str, told: str) -> None:
    """With what to do about it, where that is known."""
    error = ssl.SSLError(1, f"[SSL: {reason}]")
    error.reason = reason
    assert told in why_unreachable(error, "imap")


@pytest.mark.parametrize(
    "error", [ConnectionResetError(), ssl.SSLZeroReturnError(6, "closed"), OSError(5, "I/O error")]
)
def test_what_only_the_server_knows_is_not_guessed(error: Exception) -> None:
    """A lost connection is no mistake of the config."""
    assert why_unreachable(error, "imap") == ""
