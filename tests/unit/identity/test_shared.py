"""An inbox that people share: whose mails are for mailbot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.ledger import outbox
from mailbot.mail.head import Head
from tests.unit.services import ADA, Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_for_mailbot(tmp_path: Path) -> None:
    """Teams, plus addresses, registrations, the tag, keys, our own and answers to ours; nothing else."""
    with served(tmp_path, Clock()) as service:
        take(service, submission())
        with service.ledger.read() as tx:
            (reply,) = outbox.listing(tx)
        heads = {
            1: Head(senders=(ADA,)),
            2: Head(senders=(ADA.replace("@", "+x@"),)),
            3: Head(senders=("new@x.org",), subject="Re: [SIQA  submission] Owls"),
            4: Head(senders=("new@x.org",), subject="回复: [SIQA 报名] Owls"),
            5: Head(senders=("new@x.org",), has_key=True),
            6: Head(senders=("submissions@siqa.example",)),
            7: Head(senders=("new@x.org",), answers=(reply.message_id,)),
            8: Head(is_own=True),
            10: Head(senders=("friend@home.example",), subject="Your SIQA submission, dinner?"),
            11: Head(senders=("mailer-daemon@x.org",), answers=("<mailbot.0@x.org>",)),
            12: Head(),
        }
        assert service.fetch.wanted(heads) == set(range(1, 9))
