"""The ledger: the only part of mailbot that speaks SQL."""

from __future__ import annotations

from mailbot.ledger.engine import Ledger, Tx, is_there

__all__ = ["Ledger", "Tx", "is_there"]
