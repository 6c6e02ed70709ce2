"""Who sent a mail: a table of cases, each with the level that it got, what became of the mail, and why.

Signatures are real (dkimpy), keys are published in a zone of a nameserver on loopback, and each mail is brought by SMTP
to a real exim4, delivered to a real Dovecot, fetched by IMAP, and handled to its record. Unless a case says otherwise,
a mail must prove who sent it: identity.require is key, dmarc, dkim, confirmed.
``tests/integration/test_identity_on_the_wire.py`` has some of them by command and with real children.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.identity.confirmation import approve
from mailbot.ledger import events, mails, observations, submissions
from mailbot.mail import teamkey
from mailbot.mail.languages import CHINESE, reason_in
from mailbot.model import Outcome
from tests.integration.identity_cases import (
    ADA,
    BRIT,
    CARL,
    EVE,
    FIELDS,
    MX,
    SUB,
    US,
    WORTHLESS,
    World,
    mail,
    note,
    signed,
    topped,
    world,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mailbot.ledger.mails import MailRow
    from tests.servers.dovecot import Mailbox
    from tests.servers.exim import Exim

HELD, SCORED, KNOWN, STRANGER = Outcome.HELD, Outcome.SCORED, Outcome.KNOWN, Outcome.UNKNOWN_SENDER
COMMAND = Outcome.COMMAND
HOLDS = "a signature of the sender's domain holds"
NOTHING = "the signature proves nothing: "
VOUCHED = f"{MX} vouches for the sender"
UNSIGNED = "no signature of the sender's domain"
KEY = "the team's key"
FOREIGN = "it carries another team's key"
PASSED = "dmarc=pass header.from=peepers.example"


@dataclass(frozen=True)
class Case:
    """One row."""

    #: What is sent.
    what: str
    #: The mail, or what is done with several; the row of the mail that the case is about comes back.
    play: Callable[[World], bytes | MailRow]
    level: str | None
    outcome: Outcome
    #: Why the mail has its level, or, where nobody asked, its reason.
    why: str
    config: dict[str, Any] = field(default_factory=dict)


def _results(*fields: str, **more: str) -> Callable[[World], bytes]:
    """Return a play of one mail with these Authentication-Results, the first one topmost."""
    return lambda _: topped(mail(**more), *(f"Authentication-Results: {value}" for value in fields))


def _altered(old: bytes, new: bytes, **sign: Any) -> Callable[[World], bytes]:  # noqa: ANN401  # arguments of signed()
    """Return a play of one signed mail that somebody alters on the way."""

    def play(_: World) -> bytes:
        raw = signed(mail(), **sign)
        assert old in raw
        return raw.replace(old, new)

    return play


def _worthless(what: str) -> Callable[[World], bytes]:
    """Return a play of one mail whose signature proves nothing of it."""
    return lambda _: WORTHLESS[what](US)


def _signed(sender: str = ADA, domain: str = "peepers.example", **sign: Any) -> Callable[[World], bytes]:  # noqa: ANN401  # as above
    """Return a play of one signed mail."""
    return lambda _: signed(mail(sender), domain, **sign)


def _zoned(play: Callable[[World], bytes], **records: list[str]) -> Callable[[World], bytes]:
    """Return a play before which names get these records; ``__`` stands for a dot and ``dmarc`` for its name."""

    def zoned(world: World) -> bytes:
        world.dns.records |= {name.replace("__", "."): texts for name, texts in records.items()}
        return play(world)

    return zoned


def _replay(world: World) -> bytes:
    raw = signed(mail())
    assert world.send(raw).outcome is SCORED
    return topped(raw, "Received: from relay.evil.example by mx; Thu, 12 Mar 2026 09:00:00 +0000")


def _replay_with_another_id(world: World) -> bytes:
    raw = signed(mail(), fields=[name for name in FIELDS if name != "message-id"])
    assert world.send(raw).outcome is SCORED
    return raw.replace(b"<PeepNet@x.org>", b"<another@x.org>")


def _replay_of_a_vouched(world: World) -> bytes:
    raw = topped(signed(mail()), f"Authentication-Results: {MX}; {PASSED}")
    assert world.send(raw).outcome is SCORED
    return raw.replace(b"Message-ID: <PeepNet@x.org>", b"Message-ID:  <PeepNet@x.org>")


def _dns_fails_for_a_while(world: World) -> MailRow:
    world.dns.failing.add("s1._domainkey.peepers.example")
    number = world.drop(signed(mail()))
    assert world.row(number).state == "spooled"
    world.dns.failing.clear()
    world.clock.forward(minutes=2)
    world.work()
    return world.row(number)


def _dns_fails_for_good(world: World) -> MailRow:
    world.dns.failing.add("s1._domainkey.peepers.example")
    number = world.drop(signed(mail()))
    for _ in range(3):
        world.clock.forward(minutes=5)
        world.work()
    return world.row(number)


def _caught(world: World) -> bytes:
    with world.service.ledger.write("check") as tx:
        observations.note_authserv(tx, MX, forged=True, now=world.clock())
    return topped(mail(), f"Authentication-Results: {MX}; {PASSED}")


def _plus(world: World, sender: str = ADA, owner: str = ADA) -> bytes:
    return mail(sender, to=f"submissions+{world.keys[owner]}@siqa.example")


def _in_subject(world: World, form: str = "[key {}]", *, owner: str = ADA, sender: str = ADA) -> bytes:
    text = form.format(world.keys[owner])
    return mail(sender, Subject=f"[SIQA Submission] Pixel Peepers - Net {text}")


def _both_keys(world: World) -> bytes:
    return mail(Subject=f"{world.keys[ADA]} {world.keys[CARL]}")


def _old_key(world: World) -> bytes:
    before = _plus(world)
    world.new_key(ADA)
    return before


def _after_rotation(world: World) -> bytes:
    world.new_key(ADA)
    return _plus(world)


def _another_teams_old_key(world: World) -> bytes:
    old = world.keys[CARL]
    world.new_key(CARL)
    return mail(Subject=f"[key {old}]")


def _held_then(world: World, *answers: Callable[[World], bytes]) -> MailRow:
    """Send a mail that is held, answer, and return what became of it."""
    held = world.send(mail())
    assert held.outcome is HELD
    for answer in answers:
        world.send(answer(world))
    return world.row(held.id)


def _answered(text: str = "confirm", **fields: str) -> Callable[[World], MailRow]:
    return lambda world: _held_then(world, lambda world: world.answer(text, **fields))


def _expired(world: World) -> MailRow:
    held = world.send(mail())
    world.clock.forward(hours=72)
    assert world.send(world.answer()).reason == "the code has expired"
    return world.row(held.id)


def _just_in_time(world: World) -> MailRow:
    held = world.send(mail())
    world.clock.forward(hours=72, minutes=-3)
    world.send(world.answer())
    return world.row(held.id)


def _used_twice(world: World) -> MailRow:
    _held_then(world, World.answer)
    return world.send(world.answer("confirm\n\nOnce more."))


def _of_another_mail(world: World) -> MailRow:
    world.send(mail())
    code = str(world.question()["Subject"])
    second = world.send(mail(method="Second"))
    answer = note(ADA, f"Re: {code.replace('M-000001', 'M-000002')}", "confirm")
    assert world.send(answer).reason == "the code is not the one of that mail"
    return world.row(second.id)


def _code_of(other: str) -> Callable[[World], MailRow]:
    """Return a play where somebody else sends the right code back."""

    def play(world: World) -> MailRow:
        held = world.send(mail())
        world.send(world.answer(sender=other))
        return world.row(held.id)

    return play


def _approved(world: World) -> MailRow:
    held = world.send(mail())
    with world.service.ledger.write("approve") as tx:
        assert approve(tx, held.id, why="they called", now=world.clock())
        assert not approve(tx, held.id, why="they called again", now=world.clock())
    world.work()
    return world.row(held.id)


def _answer_to_an_approved(world: World) -> MailRow:
    _approved(world)
    return world.send(world.answer())


def _answer_with_a_file(world: World) -> MailRow:
    held = world.send(mail())
    asked = world.question()
    world.send(mail(method="Again", Subject=f"Re: confirm {asked['Subject'].partition('? ')[2]}"))
    return world.row(held.id)


def _wrong_code_with_a_file(_: World) -> bytes:
    return mail(Subject=f"confirm [M-000001 {'0' * 32}]")


def _command() -> bytes:
    return note(ADA, "withdraw S-1", "", Date="Thu, 12 Mar 2026 08:00:00 +0000", Message_ID="<command@x.org>")


NONE_TOO = {"require": ("key", "dmarc", "dkim", "none")}

CASES = [
    # --- nothing, or somebody else's name ---
    Case("unsigned", lambda _: mail(), "none", HELD, UNSIGNED),
    Case("unsigned, where none is enough", lambda _: mail(), "none", SCORED, UNSIGNED, NONE_TOO),
    Case("unsigned, where the key alone counts", lambda _: mail(), "none", HELD, "", {"require": ("key",)}),
    Case("a command, unsigned, where none is enough", lambda _: _command(), "none", HELD, UNSIGNED, NONE_TOO),
    Case("a command, signed, where none is enough", lambda _: signed(_command()), "dkim", COMMAND, HOLDS, NONE_TOO),
    Case(
        "forged From, signed by the forger's domain",
        _worthless("forged From, signed by the forger's domain"),
        "none",
        HELD,
        UNSIGNED,
    ),
    Case(
        "forged From, signed with the forger's key",
        _worthless("forged From, signed with the forger's key"),
        "none",
        HELD,
        NOTHING + "it does not match the mail",
    ),
    Case("two From fields", _worthless("two From fields"), None, STRANGER, "2 From addresses"),
    Case(
        "two From fields, the forger's below",
        _worthless("two From fields, the forger's below"),
        None,
        STRANGER,
        "2 From addresses",
    ),
    Case(
        "the same From twice",
        _worthless("the same From twice"),
        "none",
        HELD,
        "there is more than one From field",
    ),
    Case("two addresses in one From", lambda _: mail(f"{ADA}, {EVE}"), None, STRANGER, "2 From addresses"),
    Case(
        "an address as display name",
        lambda _: mail(f'"{ADA}" <{EVE}>'),
        None,
        STRANGER,
        "the sender is not on the roster",
    ),
    Case(
        "an address as display name, without quotes",
        lambda _: mail().replace(b"From: " + ADA.encode(), f"From: {ADA} <{EVE}>".encode()),
        None,
        STRANGER,
        "2 From addresses",
    ),
    Case(
        "an address as encoded display name",
        lambda _: mail().replace(
            b"From: " + ADA.encode(), f"From: =?utf-8?q?ada=40peepers=2Eexample?= <{EVE}>".encode()
        ),
        None,
        STRANGER,
        "the sender is not on the roster",
    ),
    Case(
        "an address in a comment",
        lambda _: mail().replace(b"From: " + ADA.encode(), f"From: {EVE} ({ADA})".encode()),
        None,
        STRANGER,
        "the sender is not on the roster",
    ),
    Case(
        "Sender and Reply-To of a team",
        lambda _: mail(EVE, Sender=ADA, Reply_To=ADA),
        None,
        STRANGER,
        "the sender is not on the roster",
    ),
    # --- DKIM ---
    Case("signed", _signed(), "dkim", SCORED, HOLDS),
    Case("signed, simple/simple", _signed(form=("simple", "simple")), "dkim", SCORED, HOLDS),
    Case("signed, relaxed/simple", _signed(form=("relaxed", "simple")), "dkim", SCORED, HOLDS),
    Case("signed by a subdomain", _signed(domain="mail.peepers.example"), "dkim", SCORED, HOLDS),
    Case("From a subdomain, signed by the organisation", _signed(SUB), "dkim", SCORED, HOLDS),
    Case("signed, the domain in capitals", _signed(domain="PEEPERS.example"), "dkim", SCORED, HOLDS),
    Case(
        "second signature aligned",
        lambda _: signed(signed(mail()), "evil.example", owner="forger"),
        "dkim",
        SCORED,
        HOLDS,
    ),
    Case(
        "first aligned signature broken, second holds",
        lambda _: signed(signed(mail()), owner="forger"),
        "dkim",
        SCORED,
        HOLDS,
    ),
    Case("the aligned one is the eleventh", _worthless("the aligned one is the eleventh"), "none", HELD, UNSIGNED),
    Case("body altered", _worthless("body altered"), "none", HELD, NOTHING + "the body was altered"),
    Case("subject altered", _altered(b"- PeepNet", b"- EvilNet"), "none", HELD, NOTHING + "it does not match the mail"),
    Case(
        "content type altered",
        _altered(b"multipart/mixed", b"multipart/parallel"),
        "none",
        HELD,
        NOTHING + "it does not match the mail",
    ),
    Case(
        "a second Subject on top",
        _worthless("a second Subject on top"),
        "none",
        HELD,
        NOTHING + "its Subject is there twice",
    ),
    Case(
        "something appended behind l=",
        _worthless("something appended behind l="),
        "none",
        HELD,
        "it leaves the end of the mail unsigned (l=)",
    ),
    Case(
        "l=, nothing appended",
        _worthless("l=, nothing appended"),
        "none",
        HELD,
        "it leaves the end of the mail unsigned (l=)",
    ),
    Case(
        "Subject not signed",
        _signed(fields=("from", "to", "date")),
        "none",
        HELD,
        NOTHING + "its Subject is not signed",
    ),
    Case(
        "To not signed",
        _signed(fields=("from", "subject", "date")),
        "none",
        HELD,
        NOTHING + "it is not signed as written to us",
    ),
    Case(
        "signed for somebody else, sent on to us",
        _worthless("signed for somebody else, sent on to us"),
        "none",
        HELD,
        NOTHING + "it is not signed as written to us",
    ),
    Case(
        "our address in a signed Cc", lambda _: signed(mail(to="bob@elsewhere.example", Cc=US)), "dkim", SCORED, HOLDS
    ),
    Case(
        "a second To with our address",
        lambda _: topped(signed(mail(to="bob@elsewhere.example")), f"To: {US}"),
        "none",
        HELD,
        NOTHING + "it is not signed as written to us",
    ),
    Case("replayed", _replay, "dkim", KNOWN, HOLDS),
    Case("replayed under another Message-ID", _replay_with_another_id, "dkim", KNOWN, HOLDS),
    Case("expired (x=)", _worthless("expired (x=)"), "none", HELD, NOTHING + "it has expired"),
    Case(
        "dated in the future (t=)",
        _worthless("dated in the future (t=)"),
        "none",
        HELD,
        NOTHING + "it is dated in the future",
    ),
    Case("signed with SHA-1", _signed(algorithm="rsa-sha1"), "none", HELD, "its algorithm is not safe any more"),
    Case(
        "signed with 768 bits",
        _signed(selector="short", owner="short"),
        "none",
        HELD,
        NOTHING + "its key is shorter than 1024 bits",
    ),
    Case(
        "the user of another domain (i=)",
        _signed(i="@evil.example"),
        "none",
        HELD,
        NOTHING + "it names a user of another domain",
    ),
    Case("key not published", _signed(selector="s2"), "none", HELD, "the signature's key is not published"),
    Case(
        "key revoked",
        _zoned(_signed(), s1___domainkey__peepers__example=["v=DKIM1; p="]),
        "none",
        HELD,
        NOTHING + "it does not match the mail",
    ),
    Case(
        "key not to be read",
        _zoned(_signed(), s1___domainkey__peepers__example=["v=DKIM1; p=%%%"]),
        "none",
        HELD,
        NOTHING + "it does not match the mail",
    ),
    Case(
        "two records for one key",
        _zoned(_signed(), s1___domainkey__peepers__example=["v=DKIM1; p=x", "v=DKIM1; p=y"]),
        "none",
        HELD,
        "the signature's key is not published",
    ),
    Case("signed by a public suffix", _signed(BRIT, "co.uk", owner="forger"), "none", HELD, UNSIGNED),
    Case("signed below a public suffix", _signed(BRIT, "team.co.uk"), "dkim", SCORED, HOLDS),
    Case("signed by a neighbour below it", _signed(BRIT, "rival.co.uk", owner="forger"), "none", HELD, UNSIGNED),
    Case(
        "signed by a domain that ends alike",
        _signed(domain="notpeepers.example", owner="forger"),
        "none",
        HELD,
        UNSIGNED,
    ),
    Case(
        "adkim=s, signed by a subdomain",
        _zoned(_signed(domain="mail.peepers.example"), _dmarc__peepers__example=["v=DMARC1; p=reject; adkim=s"]),
        "none",
        HELD,
        "the DMARC record of the sender's domain asks for a signature of its own",
    ),
    Case(
        "adkim=s, signed by the domain",
        _zoned(_signed(), _dmarc__peepers__example=["v=DMARC1; p=reject; adkim=s"]),
        "dkim",
        SCORED,
        HOLDS,
    ),
    Case(
        "psd=y above two neighbours",
        _zoned(_signed(SUB, "mail.peepers.example"), _dmarc__peepers__example=["v=DMARC1; psd=y"]),
        "none",
        HELD,
        "the DMARC record of the sender's domain asks for a signature of its own",
    ),
    Case("the DNS fails for a while", _dns_fails_for_a_while, "dkim", SCORED, HOLDS),
    Case("the DNS fails for good", _dns_fails_for_good, "none", HELD, "the DNS gives no answer (NoNameservers)"),
    Case(
        "no DNS at all, where none is enough",
        _signed(),
        "none",
        SCORED,
        "the DNS gives no answer (LifetimeTimeout)",
        NONE_TOO | {"nameservers": ["127.0.0.1:9"], "dns_seconds": 0.2},
    ),
    # --- Authentication-Results ---
    Case("vouched for by our server", _results(f"{MX}; {PASSED}"), "dmarc", SCORED, VOUCHED),
    Case(
        "dmarc=fail",
        _results(f"{MX}; dmarc=fail header.from=peepers.example"),
        "none",
        HELD,
        f"{MX} says dmarc=fail; {UNSIGNED}",
    ),
    Case(
        "dmarc=none",
        _results(f"{MX}; dmarc=none header.from=peepers.example"),
        "none",
        HELD,
        f"{MX} says dmarc=none; {UNSIGNED}",
    ),
    Case(
        "dmarc=temperror",
        _results(f"{MX}; dmarc=temperror header.from=peepers.example"),
        "none",
        HELD,
        f"{MX} says dmarc=temperror; {UNSIGNED}",
    ),
    Case(
        "spf=softfail, no word of DMARC",
        _results(f"{MX}; spf=softfail smtp.mailfrom=peepers.example"),
        "none",
        HELD,
        f"{MX} says dmarc=nothing; {UNSIGNED}",
    ),
    Case(
        "dmarc=fail, but a signature holds here",
        lambda _: topped(signed(mail()), f"Authentication-Results: {MX}; dmarc=fail header.from=peepers.example"),
        "dkim",
        SCORED,
        HOLDS,
    ),
    Case("vouched for by a server that we do not know", _results(f"mx.evil.example; {PASSED}"), "none", HELD, UNSIGNED),
    Case("by one whose name begins alike", _results(f"{MX}.evil.example; {PASSED}"), "none", HELD, UNSIGNED),
    Case(
        "forged below ours",
        _results(f"{MX}; dmarc=fail header.from=peepers.example", f"{MX}; {PASSED}"),
        "none",
        HELD,
        f"{MX} says dmarc=fail; {UNSIGNED}",
    ),
    Case(
        "forged above ours by a server that we do not know",
        _results(f"mx.evil.example; {PASSED}", f"{MX}; dmarc=fail header.from=peepers.example"),
        "none",
        HELD,
        f"{MX} says dmarc=fail; {UNSIGNED}",
    ),
    Case(
        "quoted in a local part",
        _results(f'{MX}; dmarc=fail header.from=peepers.example; spf=pass smtp.mailfrom="; {PASSED}; x"@evil.example'),
        "none",
        HELD,
        f"{MX} says dmarc=fail; {UNSIGNED}",
    ),
    Case(
        "quoted in a comment",
        _results(f"{MX}; dmarc=fail (; {PASSED}) header.from=peepers.example"),
        "none",
        HELD,
        f"{MX} says dmarc=fail; {UNSIGNED}",
    ),
    Case(
        "quoted in the text",
        lambda _: mail().replace(b"Our file.", f"Authentication-Results: {MX}; {PASSED}".encode()),
        "none",
        HELD,
        UNSIGNED,
    ),
    Case(
        "for another From",
        _results(f"{MX}; dmarc=pass header.from=evil.example"),
        "none",
        HELD,
        f"{MX} vouches for another From; {UNSIGNED}",
    ),
    Case(
        "for no From at all", _results(f"{MX}; dmarc=pass"), "none", HELD, f"{MX} vouches for another From; {UNSIGNED}"
    ),
    Case(
        "as ARC-Authentication-Results",
        lambda _: topped(mail(), f"ARC-Authentication-Results: i=1; {MX}; {PASSED}"),
        "none",
        HELD,
        UNSIGNED,
    ),
    Case(
        "vouched for, but written to somebody else",
        _results(f"{MX}; {PASSED}", to="bob@elsewhere.example"),
        "none",
        HELD,
        f"our address is neither in To nor in Cc; {UNSIGNED}",
    ),
    Case(
        "by a server that was caught",
        _caught,
        "none",
        HELD,
        f"{MX} lets forged results through, as `doctor --check-auth` saw; {UNSIGNED}",
    ),
    Case(
        "by a provider without a name, on top",
        _results(f"spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=peepers.example; {PASSED} action=none"),
        "dmarc",
        SCORED,
        "the mail provider vouches for the sender",
        {"authserv_ids": [""]},
    ),
    Case(
        "without a name, below",
        _results("mx.relay.example; spf=fail smtp.mailfrom=evil.example", PASSED),
        "none",
        HELD,
        UNSIGNED,
        {"authserv_ids": [""]},
    ),
    Case("vouched for and replayed", _replay_of_a_vouched, "dmarc", KNOWN, VOUCHED),
    # --- team keys ---
    Case("key in a plus address", _plus, "key", SCORED, KEY),
    Case("key in the subject", _in_subject, "key", SCORED, KEY),
    Case(
        "key in the subject, bare and in capitals",
        lambda world: _in_subject(world, "{}").replace(world.keys[ADA].encode(), world.keys[ADA].upper().encode()),
        "key",
        SCORED,
        KEY,
    ),
    Case(
        "key in Delivered-To alone",
        lambda world: topped(mail(), f"Delivered-To: submissions+{world.keys[ADA]}@siqa.example"),
        "key",
        SCORED,
        KEY,
    ),
    Case(
        "key, from an address that is not on the roster",
        lambda world: _plus(world, "ada@home.example"),
        "key",
        SCORED,
        KEY,
    ),
    Case(
        "key, and a signature that does not hold",
        lambda world: signed(_plus(world), owner="forger"),
        "key",
        SCORED,
        KEY,
    ),
    Case(
        "key, where signatures come first",
        lambda world: signed(_plus(world)),
        "dkim",
        SCORED,
        HOLDS,
        {"require": ("dkim", "key")},
    ),
    Case("key, where only signatures count", _plus, "key", HELD, KEY, {"require": ("dkim",)}),
    Case("another team's key", lambda world: _plus(world, owner=CARL), "none", HELD, FOREIGN),
    Case("another team's key, signed", lambda world: signed(_plus(world, owner=CARL)), "none", HELD, FOREIGN),
    Case(
        "another team's key, where none is enough",
        lambda world: _plus(world, owner=CARL),
        "none",
        HELD,
        FOREIGN,
        NONE_TOO,
    ),
    Case("another team's old key", _another_teams_old_key, "none", HELD, FOREIGN),
    Case("the own and another team's key", _both_keys, "none", HELD, FOREIGN),
    Case("a key that was replaced", _old_key, "none", HELD, f"its key was replaced by a newer one; {UNSIGNED}"),
    Case("the key that replaced it", _after_rotation, "key", SCORED, KEY),
    Case(
        "a made-up key",
        lambda _: mail(Subject=f"[key {teamkey.made(b'0123456789abcdef')}]"),
        "none",
        HELD,
        f"its key is no team's; {UNSIGNED}",
    ),
    Case(
        "a stranger with a made-up key",
        lambda _: mail(EVE, Subject=f"[key {teamkey.made(b'0123456789abcdef')}]"),
        None,
        STRANGER,
        "the sender is not on the roster",
    ),
    Case(
        "two From addresses with the right key",
        lambda world: topped(_plus(world), f"From: {EVE}"),
        None,
        STRANGER,
        "2 From addresses",
    ),
    # --- hold and confirm ---
    Case("confirmed", _answered(), "confirmed", SCORED, "the team said so"),
    Case("confirmed in Chinese", _answered("确认"), "confirmed", SCORED, "the team said so"),
    Case("confirmed from another address of the team", _answered(sender=SUB), "confirmed", SCORED, "the team said so"),
    Case("confirmed with the file once more", _answer_with_a_file, "confirmed", SCORED, "the team said so"),
    Case("confirmed just in time", _just_in_time, "confirmed", SCORED, "the team said so"),
    Case("confirmed too late", _expired, "none", HELD, UNSIGNED),
    Case(
        "confirmed twice",
        _used_twice,
        None,
        Outcome.NOT_CONFIRMED,
        "that mail was taken already; its receipt: S-000001",
    ),
    Case("the code of another mail", _of_another_mail, "none", HELD, UNSIGNED),
    Case("the right code from another team", _code_of(CARL), "none", HELD, UNSIGNED),
    Case("the right code from a stranger", _code_of(EVE), "none", HELD, UNSIGNED),
    Case("a wrong code on a mail with a file", _wrong_code_with_a_file, "none", HELD, UNSIGNED),
    Case(
        "the word without the code",
        lambda world: _held_then(world, lambda _: note(ADA, "Re: Is this mail yours?", "confirm")),
        "none",
        HELD,
        UNSIGNED,
    ),
    Case("the code without the word", _answered("What is this?"), "none", HELD, UNSIGNED),
    Case(
        "the word below the quotation",
        _answered("> Is this mail yours?\nconfirm"),
        "confirmed",
        SCORED,
        "the team said so",
    ),
    Case(
        "out of office, as RFC 3834 has it", _answered("confirm", Auto_Submitted="auto-replied"), "none", HELD, UNSIGNED
    ),
    Case(
        "out of office by its subject",
        _answered("confirm", Subject="Automatic reply: Is this mail yours?"),
        "none",
        HELD,
        UNSIGNED,
    ),
    Case(
        "out of office that says nothing of itself", _answered("I am on holiday until Monday."), "none", HELD, UNSIGNED
    ),
    Case("approved by an organizer", _approved, "confirmed", SCORED, "an organizer said so"),
    Case(
        "approved, and then confirmed",
        _answer_to_an_approved,
        None,
        Outcome.NOT_CONFIRMED,
        "that mail was taken already; its receipt: S-000001",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_case(case: Case, tmp_path: Path, exim: Exim, mailbox: Mailbox) -> None:
    """The mail gets its level and its outcome, for the reason given; what is held is not scored."""
    with world(tmp_path, exim, mailbox, **case.config) as there:
        played = case.play(there)
        row = there.send(played) if isinstance(played, bytes) else played
        assert (row.auth, row.outcome) == (case.level, case.outcome), row
        assert (row.auth_why if case.level else row.reason) == case.why
        _hold_to_the_rules(there)
    told = case.outcome is not STRANGER  # nobody is told of a stranger
    assert not told or re.findall("[a-z]+ [a-z]+", reason_in(CHINESE, case.why)) == []


def _hold_to_the_rules(there: World) -> None:
    """Only what is sure enough is scored; no key is kept or shown, and no code but in the question itself."""
    questions = [row for row in there.outbox() if row.kind == "confirm"]
    codes = [str(found[1]) for row in questions if (found := re.search(r"([0-9a-f]{32})\]", row.subject))]
    with there.service.ledger.read() as tx:
        trail = " ".join(entry.detail + entry.subject for entry in events.since(tx, 0))
        counted = {row.mail_id for row in submissions.listing(tx)}
        told = [repr(row) for row in mails.listing(tx)]
    written = [row.message.decode() + row.subject for row in there.outbox() if row.kind != "confirm"]
    for secret in (*there.keys.values(), *codes):
        assert not [text for text in (trail, *told, *written) if secret in text.lower()]
    for number in counted:
        assert there.row(number).outcome is SCORED
        assert there.row(number).auth in there.service.config.identity.require


def test_the_table_is_long_enough() -> None:
    """At least forty cases, each with a name of its own."""
    assert len({case.what for case in CASES}) == len(CASES) >= 40
