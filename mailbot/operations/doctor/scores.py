"""Whether the next board can come out: not while submissions lack a score by the labels in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.operations.doctor.finding import green, yellow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.operations.doctor.finding import Finding
    from mailbot.service import Service


def lacking(service: Service) -> Iterator[Finding]:
    """Count what the board would be refused for, long before it is due."""
    with service.ledger.read() as tx:
        count = service.ranking.lacking(tx, service.ranking.versions)
    if count:
        yield yellow("scores", f"{count} submission(s) have none by the labels in force: no board", "`mailbot rescore`")
    else:
        yield green("scores", "all are by the labels in force")
