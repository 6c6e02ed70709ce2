"""A mailbot for attacks: its folder, and the replies that wait in its outbox."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tests.flow.test_flow import HERE as FLOW

if TYPE_CHECKING:
    from pathlib import Path

PLENTY = """
[quota]
per_week = 1000

[replies]
per_address_hour = 1000
per_address_day = 1000
per_domain_hour = 1000
per_hour = 1000
"""
"""Quota and replies for as many mails as attack in one run."""


def lay_out(folder: Path) -> Path:
    """Lay out a mailbot of the flow tests, with quota enough; return its folder."""
    work = folder / "work"
    shutil.copytree(FLOW / "base", work)
    config = (work / "config.toml").read_text(encoding="utf-8").replace("{smtp_port}", "25")
    (work / "config.toml").write_text(f"{config}\n{PLENTY}", encoding="utf-8")
    return work


def answered(work: Path) -> list[bytes]:
    """Return the replies in the outbox, as they will be sent."""
    engine = sa.create_engine(f"sqlite:///{work / 'state' / 'ledger.db'}")
    with engine.connect() as connection:
        found = [bytes(row[0]) for row in connection.execute(sa.text("select message from outbox order by id"))]
    engine.dispose()
    return found
