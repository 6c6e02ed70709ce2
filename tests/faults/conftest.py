"""What the tests of faults share: a mailbot beside a scripted server, or behind a wire that can be cut."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tests.integration.bot import Bot, submission
from tests.integration.conftest import TEAM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.servers.smtp_sink import SmtpSink

ADDRESS = "submissions@siqa.example"

MakeBot: TypeAlias = Callable[..., Bot]
"""Makes a mailbot from the keys of its [imap], of which ``port`` must be given."""


@pytest.fixture
def make_bot(tmp_path: Path, smtp_sink: SmtpSink) -> MakeBot:
    """Give a maker of mailbots that read in clear from a port of this machine, impatiently, and answer to the sink."""

    def make(**imap: object) -> Bot:
        address = str(imap.pop("address", ADDRESS))
        patience: dict[str, object] = {"security": "none", "timeout_seconds": 2, "poll_seconds": 1}
        smtp: dict[str, object] = {"port": smtp_sink.port, "security": "none"}
        return Bot.make(tmp_path / "bot", address=address, team=TEAM, imap=patience | imap, smtp=smtp)

    return make


def mail(method: str) -> bytes:
    """Return a team's mail with a good file."""
    return submission(TEAM, ADDRESS, method=method)
