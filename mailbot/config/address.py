"""What an e-mail address looks like: one rule for rosters, the config, and strangers who may be answered."""

from __future__ import annotations

from email_validator import ValidatedEmail, validate_email


def parsed(address: str) -> ValidatedEmail:
    """Take an address apart by its syntax (RFC 5322, RFC 6531); no name server is asked. Raises ValueError: why not."""
    return validate_email(address, check_deliverability=False, test_environment=True)
