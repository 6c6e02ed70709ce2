"""Attacks on who a mail is from, and on who is on which team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.attacks.model import Attack, note

if TYPE_CHECKING:
    from tests.hostile.attacks.model import Ground

BY_MAIL = {"registration": {"by_mail": True}}
MALLORY = "mallory@evil.example"


def answered(ground: Ground, sender: str) -> str:
    """Answer the last question that was put to an address, with its code, as that address; return what came of it."""
    asked = [mail for mail in ground.sent() if mail.to == sender][-1]
    return ground.take(note(ground, sender, f"Re: {asked.subject}", "confirm\n"))


def registered(ground: Ground) -> set[str]:
    """Return the names on the roster."""
    return {name for (name,) in ground.rows("SELECT name FROM teams")}


def _names(ground: Ground) -> str:
    """Register teams that look like another, or like the organizers."""
    before = registered(ground)
    taken: list[str] = []
    for number, name in enumerate(("Pixel\ufe0f Peepers", "Pi\u034fxel Peepers", "SIQA", "The organizers")):
        sender = f"m{number}@evil{number}.example"
        if ground.take(note(ground, sender, f"[SIQA Registration] {name}")) == "held":
            answered(ground, sender)
        taken += sorted(registered(ground) - before - set(taken))
    return ", ".join(map(repr, taken))


ATTACKS = (Attack(name="names-nobody-can-tell-apart", play=_names, config=BY_MAIL),)
