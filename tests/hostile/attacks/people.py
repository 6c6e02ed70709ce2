"""Attacks on who a mail is from, and on who is on which team."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from tests.hostile.attacks.model import ADA, CARL, CHAIR, Attack, note
from tests.integration.identity_cases import MX, WORTHLESS, mail, signed, topped
from tests.unit.services import submission

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
    alike = (
        "Pixel\ufe0f Peepers",
        "Pi\u034fxel Peepers",
        "Pixel-Peepers",
        "Pixel Peepers.",
        "Pixel Peepers\u2020",
        "Pixel~Peepers",
        "Pixel|Peepers\ufffc",
        "\u1d18ixel Peepers\u2122",
    )
    own = ("SIQA", "The organizers", "S.I.Q.A.", "SIQA 2026", "0rganizers")
    for number, name in enumerate((*alike, *own)):
        sender = f"m{number}@evil{number}.example"
        if ground.take(note(ground, sender, f"[SIQA Registration] {name}")) == "held":
            answered(ground, sender)
        taken += sorted(registered(ground) - before - set(taken))
    return ", ".join(map(repr, taken))


def _on_team(ground: Ground, address: str) -> bool:
    """Whether an address is on a team now."""
    return bool(ground.rows(f"SELECT id FROM addresses WHERE address = '{address}' AND left_at IS NULL"))  # noqa: S608  # constants of this module


def _rewritten(raw: bytes) -> dict[str, bytes]:
    """Return ways to write a signed mail anew so that its signature still holds."""
    last = re.search(rb"([A-Za-z0-9+/])(=*)\r\n(?=[!-9;-~]+:)", raw)  # where the signature, on top, ends
    assert last is not None
    spare = raw[: last.start(1)] + _spare(last[1], len(last[2])) + raw[last.end(1) :]
    bogus = b"DKIM-Signature: v=1; a=rsa-sha256; d=peepers.example; s=s1; h=from; bh=AAAA; b=AAAA\r\n"
    return {
        "as it was": b"Received: from relay by mx; Sun, 29 Nov 2026 09:00:00 +0000\r\n" + raw,
        "with spare bits set": spare,
        "with a bogus signature on top": bogus + raw,
        "with ten of them": b"".join(bogus.replace(b"AAAA", b"AA%02d" % n) for n in range(10)) + raw,
        "with junk behind the signature": raw[: last.end(2)] + b"=AAAA" + raw[last.end(2) :],
    }


def _spare(letter: bytes, padding: int) -> bytes:
    """Return another last letter of base64 that stands for the same bytes."""
    place = LETTERS.index(letter)
    return LETTERS[place ^ 1 : (place ^ 1) + 1] if padding else letter


def _replayed_command(ground: Ground, *top: str) -> str:
    """Send, as a former member can, the leader's old `members add` again, written anew."""
    add = topped(signed(note(ground, ADA, f"members add {MALLORY}", Message_ID="<add@x>")), *top)
    ground.take(add)
    if (joined := [mail for mail in ground.sent() if mail.to == MALLORY]) and not _on_team(ground, MALLORY):
        ground.take(note(ground, MALLORY, f"Re: {joined[-1].subject}", "confirm\n"))
    ground.take(topped(signed(note(ground, ADA, f"members remove {MALLORY}", Message_ID="<remove@x>")), *top))
    told = len(ground.sent())
    for how, again in _rewritten(add).items():
        ground.take(again)
        if _on_team(ground, MALLORY):
            return f"back on the team, by the mail {how}"
    back = [mail.to for mail in ground.sent()[told:] if mail.to == MALLORY]
    return "asked to join once more" if back else ""


def _replayed_file(ground: Ground) -> str:
    """Send a team's signed file again, written anew, after the team handed in another."""
    first = signed(submission("First", To=ground.us, tilt=0.5, Date=DATE))
    ground.take(first)
    ground.take(signed(submission("Second", To=ground.us, Date=DATE)))
    for how, again in _rewritten(first).items():
        ground.take(again)
        ((count,),) = ground.rows("SELECT count(*) FROM submissions WHERE status = 'accepted'")
        if count > 2:  # the two that the team handed in
            return f"a submission, by the mail {how}"
    return ""


def _stale_command(ground: Ground) -> str:
    """Send a signed command that was kept for four days and never reached us before."""
    ground.take(submission("Kept", To=ground.us))
    then = str(int(time.time()) - 4 * 86_400)
    ground.take(signed(note(ground, ADA, "withdraw S-1", Message_ID="<kept@x>"), t=then))
    return "a submission withdrawn" if ground.rows("SELECT id FROM exclusions") else ""


def _one_command_twice(ground: Ground) -> str:
    """Sign a command twice: the same Message-ID under another signature is the same command."""
    command = note(ground, ADA, "members add bea@peepers.example", Message_ID="<once@x>")
    ground.take(signed(command))
    again = ground.take(signed(command, t=str(int(time.time()) - 60)))
    return "" if again == "known" else f"it is {again}"


def _forged_switches(ground: Ground) -> str:
    """Switch a team's letters off, and change its language, by mails that prove nothing."""
    for text in ("letters off", "language zh"):
        ground.take(note(ground, ADA, text, Message_ID=f"<{text[:3]}@x>"))
    ((letters, language),) = ground.rows("SELECT letters, language FROM teams WHERE name = 'Pixel Peepers'")
    return "" if letters and language is None else f"letters {letters}, language {language}"


VICTIM = "prof@uni.example"


def _squatting(ground: Ground) -> str:
    """Register a team that names other people, and hope that their files count for it."""
    text = f"{VICTIM}\nstudent@uni.example\n{ADA}\n"
    ground.take(note(ground, MALLORY, "[SIQA Registration] Mallory", text, Message_ID="<squat@x>"))
    answered(ground, MALLORY)
    if "Mallory" not in registered(ground):
        return "nothing: the registration itself failed"
    if _on_team(ground, VICTIM):
        return f"{VICTIM} is on the team, and was not asked"
    ground.take(submission("Mine", sender=VICTIM, To=ground.us))
    return "a submission" if ground.rows("SELECT id FROM submissions") else ""


def _flooding(ground: Ground) -> str:
    """Name one victim, written in nine ways, on twelve teams whose names are the attacker's words."""
    ways = [f"prof+{n}@uni.example" for n in range(5)] + ["p.rof@uni.example", "pro.f@uni.example", VICTIM]
    for number in range(12):
        sender = f"m{number}@evil{number}.example"
        name = f"BUY PILLS {number}"
        ground.take(note(ground, sender, f"[SIQA Registration] {name}", "\n".join(ways), Message_ID=f"<f{number}@x>"))
        answered(ground, sender)
    got = [mail for mail in ground.sent() if mail.to in ways]
    if any("PILLS" in mail.subject for mail in got):
        return f"{len(got)} mails to one mailbox, with the attacker's words in their subjects"
    return "" if len(got) == 1 else f"{len(got)} mails to one mailbox"


def _joins_and_leaves(ground: Ground) -> str:
    """Join by somebody else's code, or once more after having left; have a member leave by a forged mail."""
    ground.take(signed(note(ground, ADA, "members add bea@peepers.example", Message_ID="<bea@x>")))
    asked = next(mail for mail in ground.sent() if mail.to == "bea@peepers.example")
    ground.take(note(ground, MALLORY, f"Re: {asked.subject}", "confirm\n", Message_ID="<stolen@x>"))
    if _on_team(ground, MALLORY):
        return "a stranger joined"
    answered(ground, "bea@peepers.example")
    ground.take(note(ground, "bea@peepers.example", "leave", Message_ID="<forged-leave@x>"))
    if not _on_team(ground, "bea@peepers.example"):
        return "nobody joined, or a forged mail had a member leave"
    ground.take(signed(note(ground, "bea@peepers.example", "leave", Message_ID="<leave@x>")))
    if _on_team(ground, "bea@peepers.example"):
        return "a member cannot leave"
    ground.take(note(ground, "bea@peepers.example", f"Re: {asked.subject}", "confirm\n", Message_ID="<again@x>"))
    return "back by the old code" if _on_team(ground, "bea@peepers.example") else ""


def _bare_confirm(ground: Ground) -> str:
    """Confirm a team that is still to confirm itself by the bare word, as anybody can write it, or a made-up code."""
    said = ("confirm", "确认", "\uff43onfirm", "confirmed!", f"confirm [M-000001 {'0' * 32}]", "CONFIRM Pixel Peepers")
    for number, word in enumerate(said):
        ground.take(note(ground, ADA, word, Message_ID=f"<bare{number}@x>"))
        ground.take(note(ground, ADA, "Re: x", f"{word}\n", Message_ID=f"<bare-too{number}@x>"))
    ((since,),) = ground.rows("SELECT unconfirmed_since FROM teams WHERE name = 'Pixel Peepers'")
    return "" if since else "the team is confirmed"


def _sybil(ground: Ground) -> str:
    """Register a dozen teams of one domain and its subdomains, each to probe the labels."""
    for number in range(12):
        sender = f"m{number}@sub{number % 3}.evil.example" if number % 2 else f"m{number}@evil.example"
        if ground.take(note(ground, sender, f"[SIQA Registration] Net{number}", Message_ID=f"<s{number}@x>")) == "held":
            answered(ground, sender)
    count = len([name for name in registered(ground) if name.startswith("Net")])
    return "" if 0 < count <= 5 else f"{count} teams of one domain"  # registration.per_domain


def _unapproved(ground: Ground) -> str:
    """Register and confirm, twice, where an organizer approves new teams; then hand a file in, and ask for commands."""
    ground.take(note(ground, MALLORY, "[SIQA Registration] Mallory", Message_ID="<register@x>"))
    for _again in range(2):
        answered(ground, MALLORY)
    ground.take(note(ground, MALLORY, "mails approve M-1", Message_ID="<approve@x>"))
    outcome = ground.take(submission("Mine", sender=MALLORY, To=ground.us))
    if "Mallory" in registered(ground) or ground.rows("SELECT id FROM submissions"):
        return f"a team, though nobody approved it; its file is {outcome}"
    told = [mail.to for mail in ground.sent() if mail.to == CHAIR and "approve" in mail.text]
    return "" if len(told) == 1 else f"{len(told)} mails to the organizer about it"


def _worthless(ground: Ground) -> str:
    """Send files in a team's name whose signatures hold for something else: l=, x=, a second From, several of them."""
    counted = []
    for what, made in WORTHLESS.items():
        outcome = ground.take(made(ground.us))
        counted += [f"{what}: {outcome}"] if outcome not in {"held", "unknown-sender"} else []
    if ground.rows("SELECT id FROM submissions"):
        counted.append("a submission")
    honest = ground.take(signed(mail(to=ground.us, method="Honest")))
    return ", ".join(counted) if honest == "scored" else f"nothing: the team's own mail is {honest}"


def _borrowed_signature(ground: Ground) -> str:
    """Put the signature of a team's mail that is still on its way on a mail of another team's; then the first comes."""
    honest = signed(submission("First", To=ground.us, Date=DATE))
    letters = re.search(rb"\bb=([A-Za-z0-9+/=\s]+?)\r\n(?=[!-9;-~]+:)", honest)
    assert letters is not None
    form = b"DKIM-Signature: v=1; a=rsa-sha256; d=muenster.example; s=s1; h=from:to:subject; bh=AAAA; b=%b\r\n"
    vouched = f"Authentication-Results: {MX}; dmarc=pass header.from=muenster.example"
    ground.take(topped(form % letters[1] + note(ground, CARL, "status", Message_ID="<own@x>"), vouched))
    outcome = ground.take(honest)
    return "" if outcome == "scored" else f"the team's own mail is {outcome}"


def _sent_on(ground: Ground) -> str:
    """Send a team's signed letter to somebody else on to us, with fields of one's own that no signature covers."""
    ground.take(signed(submission("Kept", To=ground.us)))
    to_bob = {"To": "bob@list.example", "Message_ID": "<bob@x>"}
    letter = signed(note(ground, ADA, "Our paper", "See you.\n", **to_bob))
    bare = signed(note(ground, ADA, "Our paper", "withdraw S-1\n", **to_bob), fields=("from", "date"))
    cut = signed(note(ground, ADA, "withdraw S-1", "", To=ground.us, Message_ID="<cut@x>"), whole=False)
    ours, asks = f"To: {ground.us}", "Subject: withdraw S-1"
    forms = {
        "another subject and recipient on top": topped(letter, VOUCHED, ours, asks),
        "one recipient more": topped(bare, VOUCHED, f"Cc: {ground.us}"),
        "a recipient that is not signed": topped(bare.replace(b"bob@list.example", ground.us.encode()), VOUCHED),
        "a text that is longer": topped(cut + b"and more\r\n", VOUCHED),
        "the server of another domain": topped(letter, f"{VOUCHED}; spf=pass smtp.mailfrom=evil.example", ours, asks),
    }
    for how, raw in forms.items():
        outcome = ground.take(raw)
        if outcome != "held" or ground.rows("SELECT id FROM exclusions"):
            return f"{outcome}, with {how}"
    own = f"{VOUCHED}; spf=pass smtp.mailfrom=bounces.peepers.example"
    honest = ground.take(topped(note(ground, ADA, "withdraw S-1", Message_ID="<own@x>"), own))
    return "" if honest == "command" else f"nothing: the team's own mail is {honest}"


DATE = "Sun, 29 Nov 2026 08:00:00 +0000"

LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

VOUCHED = f"Authentication-Results: {MX}; dmarc=pass header.from=peepers.example"

PROVEN: dict[str, dict[str, object]] = {"identity": {"require": ["key", "dmarc", "dkim", "confirmed"]}}

ATTACKS = (
    Attack(name="names-nobody-can-tell-apart", play=_names, config=BY_MAIL),
    Attack(name="squat-registration", play=_squatting, config=BY_MAIL),
    Attack(name="victim-flooded-by-registrations", play=_flooding, config=BY_MAIL),
    Attack(name="sybil-teams-of-one-domain", play=_sybil, config=BY_MAIL),
    Attack(
        name="registration-that-nobody-approved",
        play=_unapproved,
        config={"registration": {"by_mail": True, "approve": True}},
    ),
    Attack(name="membership-by-a-strange-code", play=_joins_and_leaves, config=PROVEN),
    Attack(name="forged-bare-confirm", play=_bare_confirm, config={"registration": {"confirm": True}}),
    Attack(name="replay-of-a-signed-command", play=_replayed_command, config=PROVEN),
    Attack(name="replay-of-a-vouched-command", play=lambda ground: _replayed_command(ground, VOUCHED), config=PROVEN),
    Attack(name="replay-of-a-signed-file", play=_replayed_file, config=PROVEN | {"quota": {"per_week": 20}}),
    Attack(name="signature-of-anothers-mail-on-ones-own", play=_borrowed_signature, config=PROVEN),
    Attack(name="signed-letter-to-somebody-else-sent-on", play=_sent_on, config=PROVEN),
    Attack(name="command-signed-four-days-ago", play=_stale_command, config={}),
    Attack(name="signatures-that-hold-for-something-else", play=_worthless, config=PROVEN),
    Attack(name="forged-letters-off-and-language", play=_forged_switches),
    Attack(name="command-twice-for-its-message-id", play=_one_command_twice, config=PROVEN),
)
