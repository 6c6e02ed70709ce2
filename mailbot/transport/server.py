"""Why a mail server cannot be reached, in words that name the key to fix; and TLS contexts. Pure."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

from mailbot.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


_PLAIN_ANSWER = {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}
"""What OpenSSL calls an answer that is no TLS."""


def why_unreachable(error: Exception, section: str) -> str:
    """Return what is wrong, with the keys of the config's section; "" where nobody but the server knows."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"its certificate is not trusted ({error.verify_message}): {section}.host must be the name in it, "
            f"{section}.ca_file its authority where that is not a public one"
        )
    if isinstance(error, ssl.SSLError) and getattr(error, "reason", None) in _PLAIN_ANSWER:
        return f'it speaks no TLS at first on that port: set {section}.security to "starttls", or mend {section}.port'
    if isinstance(error, socket.gaierror):
        return f"its name is not found (if it never was: {section}.host, or the network)"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens there (if it never did: {section}.host or {section}.port)"
    if isinstance(error, TimeoutError):
        return f"it does not answer (if it never did: {section}.port, {section}.security, or a firewall on the way)"
    return ""


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a verifying context that trusts the system's authorities, or those of a file. Raises ConfigError."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        message = f"ca_file: {ca_file} cannot be used: {error}"
        raise ConfigError(message) from error
