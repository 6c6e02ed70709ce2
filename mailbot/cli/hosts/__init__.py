"""migrate-ledger, lead: what takes a contest from one host to several."""

from mailbot.cli.hosts.leading import lead
from mailbot.cli.hosts.moving import migrate_ledger

__all__ = ["lead", "migrate_ledger"]
