"""Attacks on what mailbot writes: forged bounces, and limits used up by forged mails."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.hostile.attacks.model import ADA, CARL, Attack, carrying, note
from tests.hostile.attacks.people import BY_MAIL

if TYPE_CHECKING:
    from tests.hostile.attacks.model import Ground

REPORT = """From: MAILER-DAEMON@evil.example
To: {us}
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; x

Final-Recipient: rfc822; x
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: {failed}
References: {thread}

--b--
"""


def _report(ground: Ground, failed: str, *thread: str) -> bytes:
    """Forge a delivery report about a mail of mailbot's."""
    text = REPORT.format(us=ground.us, failed=failed, thread=" ".join(thread) or "<x@x>")
    return text.replace("\n", "\r\n").encode()


def _bouncing(ground: Ground) -> str:
    """Return the addresses that mailbot writes to no more."""
    return ", ".join(address for (address,) in ground.rows("SELECT address FROM addresses WHERE bouncing_since"))


def _forged_bounces(ground: Ground) -> str:
    """Report mails as failed whose Message-IDs are computed from what made the reply: the mail, which we wrote."""
    domain = ground.us.rpartition("@")[2]
    for sender in (ADA, CARL):
        ground.take(note(ground, sender, "A question?", "When is the deadline?"))
    for number, sha256 in ground.rows("SELECT id, sha256 FROM mails"):
        for key in (f"{sha256}M-{number:06d}", f"{sha256}M-{number:06d} confirm", f"ask {number}"):
            digest = hashlib.sha256(key.encode()).hexdigest()[:32]
            ground.take(_report(ground, f"<mailbot.{digest}@{domain}>"))
    return _bouncing(ground)


def _bounces_by_thread(ground: Ground) -> str:
    """Report a mail of our own as failed, and name in its References what mailbot wrote to a team."""
    ground.take(note(ground, ADA, "A question?", "When is the deadline?"))
    ids = [message_id for (message_id,) in ground.rows("SELECT message_id FROM outbox")]
    ground.take(_report(ground, "<mine@evil.example>", *ids))
    for told in ids:
        for form in (f"X-Message-ID: {told}", f"Subject: Message-ID: {told}", f"In-Reply-To:\n Message-ID: {told}"):
            ground.take(_report(ground, f"<mine@evil.example>\n{form}"))
    return _bouncing(ground)


def _written(ground: Ground, kind: str) -> bool:
    """Tell whether a mail of ours of a kind is written about the last mail."""
    found = ground.rows("SELECT kind FROM outbox WHERE mail_id = (SELECT max(id) FROM mails)")
    return (kind,) in found


def _silence_by_registrations(ground: Ground) -> str:
    """Register from many addresses of the team's own provider; then the team submits."""
    domain = ADA.rpartition("@")[2]
    for number in range(70):
        ground.take(note(ground, f"x{number}@{domain}", f"[SIQA Registration] N{number}"))
    ground.take(carrying(ground, ADA, "[SIQA Submission] x - y", ("s.json", b"{}0")))
    at_once = ground.rows("SELECT recipient FROM outbox WHERE due_at = created_at AND kind = 'reply'")
    return "" if (ADA,) in at_once else "the team's receipt is not written, or waits"


def _silence_in_its_name(ground: Ground) -> str:
    """Send refused files in a team's name until its limits are used up; then the team submits."""
    for number in range(12):
        ground.take(carrying(ground, ADA, f"x{number}", ("a.json", b"{}%d" % number)))
    ground.take(carrying(ground, ADA, "[SIQA Submission] x - y", ("s.json", b"[]")))
    return "" if _written(ground, "reply") else "the team's receipt is not written"


def _unasked(ground: Ground) -> str:
    """Have a team asked about forged files until its hour is used up; then the team's own file is held."""
    for number in range(5):
        ground.take(carrying(ground, ADA, f"x{number}", ("a.json", b"{}%d" % number)))
    ground.take(carrying(ground, ADA, "[SIQA Submission] x - y", ("s.json", b"[]")))
    return "" if _written(ground, "confirm") else "the team is never asked about its own file"


ASKED = {"identity": {"require": ["key", "dmarc", "dkim", "confirmed"]}}

ATTACKS = (
    Attack(name="silence-by-registrations-at-a-teams-provider", play=_silence_by_registrations, config=BY_MAIL),
    Attack(name="silence-by-files-in-a-teams-name", play=_silence_in_its_name),
    Attack(name="unasked-because-of-forged-files", play=_unasked, config=ASKED),
    Attack(name="forged-bounces-of-computed-message-ids", play=_forged_bounces),
    Attack(name="bounces-that-name-a-mail-in-references", play=_bounces_by_thread),
)
