"""The TLS context of the servers mailbot calls: certificates are always verified."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from mailbot.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a verifying context that trusts the system's authorities, or those of a file. Raises ConfigError."""
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as error:
        message = f"ca_file: {ca_file} cannot be used: {error}"
        raise ConfigError(message) from error
