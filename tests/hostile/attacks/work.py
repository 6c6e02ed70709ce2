"""Attacks that have mailbot or its organizers work for nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.hostile.attacks.labels import probe
from tests.hostile.attacks.model import ADA, CARL, CHAIR, Attack, carrying, note
from tests.integration.identity_cases import signed
from tests.unit.services import submission

if TYPE_CHECKING:
    from tests.hostile.attacks.model import Ground

MIB = 2**20


def _unproven_dispute(ground: Ground) -> str:
    """Dispute a team's score by a mail that proves nothing."""
    ground.take(submission("Disputed", To=ground.us))
    ground.take(note(ground, ADA, "dispute S-1: no", Message_ID="<forged@x>"))
    return "" if not _to_chair(ground) else "the organizers were written to"


def _large_dispute(ground: Ground) -> str:
    """Dispute a file of 3 MB, packed to little: it is not mailed to each organizer."""
    ground.take(carrying(ground, ADA, "siqa-s", ("s.json", probe(item=1) + b" " * (3 * MIB)), Message_ID="<big@x>"))
    ground.take(signed(note(ground, ADA, "dispute S-1: no", Message_ID="<dispute@x>")))
    sizes = _to_chair(ground)
    return "" if sizes and max(sizes) < MIB else f"mails of {sizes} bytes to an organizer"


def _strange_dispute(ground: Ground) -> str:
    """Dispute what is another team's, and what was never accepted."""
    ground.take(submission("Carls", sender=CARL, To=ground.us))
    bad = json.dumps({"track": "S", "predictions": [{"id": 1, "perception": 1, "knowledge": 1}]}).encode()
    ground.take(carrying(ground, ADA, "siqa-s", ("s.json", bad), Message_ID="<bad@x>"))
    for receipt in ("S-1", "S-2"):
        ground.take(signed(note(ground, ADA, f"dispute {receipt}: no", Message_ID=f"<{receipt}@x>")))
    return "" if not _to_chair(ground) else "the organizers were written to"


def _many_disputes(ground: Ground) -> str:
    """Dispute five scores in a day."""
    for number in range(5):
        ground.take(submission(f"N{number}", To=ground.us, tilt=number / 10))
    for number in range(1, 6):
        ground.take(signed(note(ground, ADA, f"dispute S-{number}: no", Message_ID=f"<many{number}@x>")))
    written = len(_to_chair(ground))
    return "" if written == 3 else f"{written} mails to an organizer"  # as many as a day


def _to_chair(ground: Ground) -> list[int]:
    """Return the sizes of the mails about disputes to the organizer."""
    return [mail.size for mail in ground.sent() if mail.to == CHAIR and "disputed" in mail.subject]


def _many_checks(ground: Ground) -> str:
    """Have 24 files checked in a day, eight in a mail."""
    told = 0
    for mail in range(3):
        files = [(f"{mail}-{item}.json", probe(item=item, perception=2.0 + mail)) for item in range(1, 9)]
        ground.take(carrying(ground, ADA, "check", *files, Message_ID=f"<check{mail}@x>"))
        told += ground.sent()[-1].text.count(".json | ")
    ((kept,),) = ground.rows("SELECT count(*) FROM checks") if told else ((0,),)
    return "" if told == kept == 16 else f"{told} files told of, {kept} recorded"  # two mails' files


def _checks_in_its_name(ground: Ground) -> str:
    """Have files checked in a team's name until no more are; then the team has one checked, and proves it."""
    for mail in range(5):
        files = [(f"{mail}-{item}.json", probe(item=item, perception=2.0 + mail)) for item in range(1, 5)]
        ground.take(carrying(ground, ADA, "check", *files, Message_ID=f"<forged{mail}@x>"))
    ground.take(signed(carrying(ground, ADA, "check", ("own.json", probe(item=1)), Message_ID="<own@x>")))
    return "" if "own.json | " in ground.sent()[-1].text else "the team's own file is not checked"


PLENTY = {"quota": {"per_week": 20}}
KNOWN = {"identity": {"require": ["dkim", "none"]}}

ATTACKS = (
    Attack(name="dispute-that-nothing-proves", play=_unproven_dispute),
    Attack(name="dispute-of-a-large-file", play=_large_dispute),
    Attack(name="dispute-of-what-is-not-ones-own", play=_strange_dispute),
    Attack(name="disputes-without-end", play=_many_disputes, config=PLENTY),
    Attack(name="checks-without-end", play=_many_checks),
    Attack(name="checks-used-up-in-a-teams-name", play=_checks_in_its_name, config=KNOWN),
)
