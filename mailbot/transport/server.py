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
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _why_tls(error, section)
    if isinstance(error, socket.gaierror):
        return f"its name is not found (if it never was: {section}.host, or the network)"
    if isinstance(error, ConnectionRefusedError):
        return f"nothing listens there (if it never did: {section}.host or {section}.port)"
    if isinstance(error, TimeoutError):
        return f"it does not answer (if it never did: {section}.port, {section}.security, or a firewall on the way)"
    return ""


_TLS_ADVICE = (
    (
        ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "NO_PROTOCOLS", "INAPPROPRIATE_FALLBACK"),
        "it speaks no version of TLS that is safe (1.2 or 1.3): ask the provider for a host that does",
    ),
    (
        ("HANDSHAKE_FAILURE", "NO_SHARED_CIPHER", "INSUFFICIENT_SECURITY"),
        "it shares no cipher with us: ask the provider",
    ),
    (("UNRECOGNIZED_NAME",), "it serves no such name: the host in the config must be the name it is known by"),
    (("CERTIFICATE_REQUIRED",), "it wants a certificate of ours, which mailbot has none of: ask for another host"),
)
"""What to do about the alerts and errors of TLS (RFC 8446, section 6), by what OpenSSL calls them."""


_CERTIFICATE = (
    ({10}, "it is over; the provider must renew it, unless this host's clock is wrong: compare `date`"),
    ({9}, "it is not valid yet; most likely this host's clock is wrong: compare `date`"),
    ({62, 64}, "{0}.host must be a name in the certificate: ask the provider which"),
    (
        {18, 19, 20, 21},
        "no public authority vouches for it: {0}.ca_file must be its authority, and {0}.host the name in it",
    ),
)
"""What to do about a certificate, by OpenSSL's codes (X509_V_ERR_*)."""


def _why_tls(error: ssl.SSLError, section: str) -> str:
    """Say what the server's TLS says, and what to do about it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        fitting = (told for codes, told in _CERTIFICATE if getattr(error, "verify_code", 0) in codes)
        advice = next(
            fitting, "{0}.host must be the name in it, {0}.ca_file its authority where that is not a public one"
        )
        return f"its certificate is not trusted ({error.verify_message}): {advice.format(section)}"
    reason = error.reason or ""
    if reason in _PLAIN_ANSWER:
        return f'that port does not start with TLS: set {section}.security to "starttls", or correct {section}.port'
    fitting = (told for names, told in _TLS_ADVICE if any(name in reason for name in names))
    advice = next(fitting, "ask the provider")
    return reason and f'TLS fails with "{reason.lower().replace("_", " ")}": {advice}'


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a verifying context that trusts the system's authorities, or those of a file. Raises ConfigError."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        message = f"ca_file: {ca_file} cannot be used: {error}"
        raise ConfigError(message) from error
