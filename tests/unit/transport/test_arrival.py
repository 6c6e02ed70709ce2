"""When a mail arrived, where INTERNALDATE cannot be believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailbot.mail.model import Fetched
from mailbot.transport.arrival import arrival

NOW = datetime(2026, 3, 12, 8, tzinfo=UTC)
EARLIER = datetime(2026, 3, 12, 7, 30, tzinfo=UTC)


def _mail(head: bytes, told: datetime | None = None) -> Fetched:
    return Fetched(uid=1, arrived_at=told, size=9, raw=head + b"From: a@x.example\r\n\r\nReceived: x; 1 Jan 2026\r\n")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Received: from a by b;\r\n Thu, 12 Mar 2026 07:30:00 +0000\r\n", (EARLIER, "Received")),
        (
            b"received: by b id x; 12 Mar 2026 15:30:00 +0800 (C)\r\nReceived: y; 1 Jan 2026\r\n",
            (EARLIER, "Received"),
        ),
        (b"Received: by b; 12 Mar 2026 07:30:00\n", (EARLIER, "Received")),
        (b"Received: by b; 12 Mar 2099 07:30:00 +0000\r\n", (NOW, "now")),
        (b"Received: by b; 99 Foo 2026\r\n", (NOW, "now")),
        (b"Received: by b; \xff\x00\r\n", (NOW, "now")),
        (b"Received: by b\r\n", (NOW, "now")),
        (b"", (NOW, "now")),
    ],
)
def test_without_internaldate_the_topmost_received_field_counts(head: bytes, expected: tuple[datetime, str]) -> None:
    """Else now: a field without a date, one of the future, one of the body is none."""
    assert arrival(_mail(head), NOW) == expected


def test_internaldate_counts_as_it_is() -> None:
    """In whatever zone; a server's clock may be some hours ahead, but what arrives next year has not arrived yet."""
    told = datetime(2026, 3, 12, 9, tzinfo=timezone(timedelta(hours=8)))
    assert arrival(_mail(b"", told), NOW) == (told, "")
    assert arrival(_mail(b"", NOW + timedelta(hours=9)), NOW) == (NOW + timedelta(hours=9), "")
    assert arrival(_mail(b"", NOW + timedelta(days=300)), NOW) == (NOW, "now")
