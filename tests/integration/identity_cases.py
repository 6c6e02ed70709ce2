"""A mailbot between a real exim4 and a real Dovecot that asks who sent each mail; the teams' signatures; a forger."""

from __future__ import annotations

import base64
import email
import smtplib
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP, default
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailbot.identity import keys as identity_secret
from mailbot.ledger import Ledger, mails, outbox, teams
from mailbot.mail import open as opening
from mailbot.mail import teamkey
from mailbot.mail.open import Reach
from tests.integration.bot import wait
from tests.servers.dns import Nameserver
from tests.servers.process import LOOPBACK
from tests.unit.services import ADA, BEFORE, CARL, Clock, served, submission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.service import Service
    from mailbot.transport.imap.mailbox import Mailbox as Connection
    from tests.servers.dovecot import Mailbox
    from tests.servers.exim import Exim

__all__ = ["ADA", "BRIT", "CARL", "EVE", "MX", "STRICT", "SUB", "US", "World", "mail", "signed", "world"]

US = "submissions@siqa.example"
EVE = "eve@evil.example"
BRIT = "bea@team.co.uk"
SUB = "cy@cs.peepers.example"
MX = "mx.siqa.example"

STRICT = ("key", "dmarc", "dkim", "confirmed")
FIELDS = ("from", "to", "cc", "subject", "date", "message-id", "mime-version", "content-type")

SHORT_KEY = """-----BEGIN RSA PRIVATE KEY-----
MIIBzAIBAAJhAKtae9OZx0zJXeyhAU6pVjasnq/DEyTT/lt9jL/w4WiW51RmV87K
YGOfZ6FhZKL/wUpp9lqbnW0754F62f9G6jcEGawYn+SZLt8QhduVYWINRsugq3G9
f5Ifxekce4af1wIDAQABAmEAgmVI9a2ATJ6wKvIa3JFgWhriZz47wzrPxS+1fBsC
bWTohQGcsHCxCR607cn/m0qjvRfLCMBrDK4l8O6W4Do85+kVDVH1tfs4nccocKP/
mMoMeUlT2o5wZ8t5xemMITQBAjEA4iqdv8s69jrsloex8gPQ1k3L8CiXZAqQLKlp
1Fa+UL6BSFcOKTX7iMI+B/IEhiZhAjEAwfTk9mmew2t9WGf823xGyOeY7r2B7ptb
d9hVztbnvref9lJ/x1Oio6CKgCcrTgE3AjB99CHaOEJj8rjjtDpjf8CEONtEqjZ1
nnRgixDHEm/248F4GhNm3AtzREnrftsKIsECMQCsVaOHSquVaZGzFpp2jsL6ScX6
AwpK72FjaCY+JXc+XzvTitQcULTG/KNzYNo6chsCMQDLtCWkS6zx8B3UuOL4etZN
a5JWBjvDKu0jVos9VcFWUWoIGaNhytgdGMAU4fQp5lc=
-----END RSA PRIVATE KEY-----
"""
"""768 bits, made for these tests and used for nothing else: no library makes one so short any more."""


@cache
def pem(owner: str) -> bytes:
    """Return the private key of an owner: 2048 bits, but for the one called "short"."""
    if owner == "short":
        return SHORT_KEY.encode()
    made = rsa.generate_private_key(65537, 2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


@cache
def record(owner: str) -> str:
    """Return the TXT record that publishes an owner's key."""
    public = serialization.load_pem_private_key(pem(owner), None).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der = public.public_bytes(serialization.Encoding.DER, form)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


class _Signer(dkim.DKIM):  # type: ignore[misc]  # dkimpy has no types
    """Signs with tags that dkimpy itself does not write."""

    tags: dict[str, str]

    def gen_header(self, fields: list[tuple[bytes, bytes]], *rest: Any, **more: Any) -> bytes:  # noqa: ANN401  # as dkimpy calls it
        """Put the tags in front of the signature."""
        kept = [item for item in fields if item[0].decode() not in self.tags]
        more_tags = [(name.encode(), value.encode()) for name, value in self.tags.items()]
        made: bytes = super().gen_header([*kept[:-1], *more_tags, kept[-1]], *rest, **more)
        return made


def signed(
    raw: bytes,
    domain: str = "peepers.example",
    *,
    selector: str = "s1",
    owner: str = "honest",
    fields: Sequence[str] = FIELDS,
    algorithm: str = "rsa-sha256",
    form: tuple[str, str] = ("relaxed", "relaxed"),
    whole: bool = True,
    **tags: str,
) -> bytes:
    """Return a mail with a real signature on top; without ``whole`` it says how much of the body it covers (l=)."""
    signer = _Signer(raw, signature_algorithm=algorithm.encode())
    signer.tags = tags
    there = {name.lower().decode() for name, _ in signer.headers}
    header: bytes = signer.sign(
        selector.encode(),
        domain.encode(),
        pem(owner),
        canonicalize=tuple(part.encode() for part in form),
        include_headers=[name.encode() for name in fields if name in there],
        length=not whole,
    )
    return header + raw


def mail(sender: str = ADA, *, method: str = "PeepNet", to: str = US, **fields: str) -> bytes:
    """Return a mail with a good file, from a sender, to us; ``fields`` are set or replaced, ``_`` stands for ``-``."""
    more = {name.replace("_", "-"): value for name, value in fields.items()}
    given = {"To": to, "Date": "Thu, 12 Mar 2026 08:00:00 +0000"} | more
    return submission(method, sender=sender, tilt=0.0, **given)


def note(sender: str, subject: str, text: str, **fields: str) -> bytes:
    """Return a mail without a file."""
    made = EmailMessage(policy=SMTP)
    for name, value in {"From": sender, "To": US, "Subject": subject, **fields}.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def topped(raw: bytes, *fields: str) -> bytes:
    """Put fields on top of a mail, the first one topmost, as each server on the way does."""
    return "".join(f"{field}\r\n" for field in fields).encode() + raw


def _piled(forged: int, to: str) -> bytes:
    """Return a signed mail with so many of the forger's signatures on top."""
    raw = mail(to=to)
    return signed(raw, "evil.example", owner="forger").removesuffix(raw) * forged + signed(raw)


WORTHLESS: dict[str, Callable[[str], bytes]] = {
    "forged From, signed by the forger's domain": lambda to: signed(mail(to=to), "evil.example", owner="forger"),
    "forged From, signed with the forger's key": lambda to: signed(mail(to=to), owner="forger"),
    "two From fields": lambda to: topped(signed(mail(to=to)), f"From: {EVE}"),
    "two From fields, the forger's below": lambda to: topped(mail(EVE, to=to), f"From: {ADA}"),
    "the same From twice": lambda to: topped(signed(mail(to=to)), f"From: {ADA}"),
    "the aligned one is the eleventh": lambda to: _piled(10, to),
    "body altered": lambda to: signed(mail(to=to)).replace(b"Our file.", b"Your file."),
    "a second Subject on top": lambda to: topped(
        signed(mail(to=to)), "Subject: [SIQA Submission] Pixel Peepers - Evil"
    ),
    "something appended behind l=": lambda to: signed(mail(to=to), whole=False) + b"--x\r\nEvil.\r\n",
    "l=, nothing appended": lambda to: signed(mail(to=to), whole=False),
    "signed for somebody else, sent on to us": lambda to: topped(
        signed(mail(to="bob@elsewhere.example")), f"Delivered-To: {to}"
    ),
    "expired (x=)": lambda to: signed(mail(to=to), t="1700000000", x="1700003600"),
    "dated in the future (t=)": lambda to: signed(mail(to=to), t="4000000000"),
}
"""Mails to an address that seem to be signed by a team, and whose signatures prove nothing of them."""


@dataclass
class World:
    """All of it, for one case."""

    service: Service
    clock: Clock
    dns: Nameserver
    #: What brings mails, whose they become, and the connection that mailbot fetches them over.
    exim: Exim
    mailbox: Mailbox
    connection: Connection
    #: The present key of each team, by its first address.
    keys: dict[str, str]

    def send(self, raw: bytes) -> MailRow:
        """Have a mail arrive and handle all that is due; return its row."""
        return self.row(self.drop(raw))

    def drop(self, raw: bytes) -> int:
        """Bring a mail by SMTP, a minute after the one before, fetch it by IMAP, and handle all that is due.

        The sender of the envelope is always the forger: nothing may follow from it.
        """
        self.clock.forward(minutes=1)
        with smtplib.SMTP(LOOPBACK, self.exim.port) as client:
            client.sendmail(EVE, [self.mailbox.user], raw)
        wait(lambda: self.service.fetch.take_new(self.connection))
        self.work()
        with self.service.ledger.read() as tx:
            return max(row.id for row in mails.listing(tx))

    def work(self) -> None:
        """Handle all that is due."""
        while self.service.intake.step():
            pass

    def row(self, number: int) -> MailRow:
        """Return what the ledger says of a mail at present."""
        with self.service.ledger.read() as tx:
            found = mails.get(tx, number)
        assert found is not None
        return found

    def outbox(self) -> list[OutgoingRow]:
        """Return what was written so far."""
        with self.service.ledger.read() as tx:
            return outbox.listing(tx)

    def question(self) -> EmailMessage:
        """Return the last question, as the team gets it."""
        asked = [row for row in self.outbox() if row.kind == "confirm"]
        return email.message_from_bytes(asked[-1].message, policy=default)

    def answer(self, text: str = "confirm\n\n> Is this mail yours?", *, sender: str = ADA, **fields: str) -> bytes:
        """Return an answer to the last question."""
        asked = self.question()
        given = {"In_Reply_To": asked["Message-ID"], "Subject": f"Re: {asked['Subject']}"} | fields
        return note(sender, given.pop("Subject"), text, **given)

    def new_key(self, address: str = ADA) -> str:
        """Give the team of an address a new key; the old one is invalid."""
        state, made = self.service.config.state, f"{address}{len(self.keys)}{self.keys.get(address)}".encode()
        with self.service.ledger.write("team-key") as tx:
            team = teams.by_address(tx, [address])[address]
            given = identity_secret.new_key(
                tx,
                team.name,
                secret=identity_secret.of(state, self.service.ledger),
                randomness=(made * teamkey.BYTES)[-teamkey.BYTES :],
                now=self.clock(),
            )
        assert given is not None
        self.keys[address] = given[1]
        return given[1]


@cache
def _empty_ledger() -> bytes:
    """Return a ledger with all its tables and nothing in them: to make one takes as long as a case."""
    with TemporaryDirectory() as folder:
        ledger = Ledger(f"sqlite:///{folder}/ledger.db")
        ledger.migrate()
        ledger.copy_to(Path(folder) / "copy.db")
        ledger.close()
        return (Path(folder) / "copy.db").read_bytes()


ZONE = {
    "s1._domainkey.peepers.example": "honest",
    "s1._domainkey.mail.peepers.example": "honest",
    "s1._domainkey.muenster.example": "honest",
    "s1._domainkey.team.co.uk": "honest",
    "s1._domainkey.co.uk": "forger",
    "s1._domainkey.rival.co.uk": "forger",
    "s1._domainkey.evil.example": "forger",
    "s1._domainkey.notpeepers.example": "forger",
    "short._domainkey.peepers.example": "short",
}
"""Whose key is published under which name."""


@contextmanager
def world(folder: Path, exim: Exim, mailbox: Mailbox, **config: Any) -> Iterator[World]:  # noqa: ANN401  # any TOML
    """Open a mailbot with four addresses on its roster and a nameserver of its own; ``config`` goes into [identity]."""
    clock = Clock(datetime.now(UTC))
    (folder / "password").write_text(mailbox.server.password)
    imap = {
        "host": LOOPBACK,
        "port": mailbox.server.imaps_port,
        "since": BEFORE,
        "user": mailbox.user,
        "password_file": "password",
        "ca_file": str(mailbox.server.certificates.ca),
    }
    (folder / "state").mkdir()
    (folder / "state" / "ledger.db").write_bytes(_empty_ledger())
    with Nameserver() as dns:
        dns.records |= {name: [record(owner)] for name, owner in ZONE.items()}
        identity = {"require": STRICT, "authserv_ids": [MX], "nameservers": [dns.address], "dns_seconds": 1} | config
        with (
            served(folder, clock, identity=identity, imap=imap, quota={"per_week": 20}) as service,
            closing(service.mailbox()) as connection,
        ):
            opening.hold(Reach(authserv_ids=frozenset(service.config.identity.authserv_ids)))
            with service.ledger.write("teams") as tx:
                teams.add(tx, "Pixel Peepers", [SUB], clock())
                teams.add(tx, "British Eyes", [BRIT], clock())
            made = World(
                service=service, clock=clock, dns=dns, exim=exim, mailbox=mailbox, connection=connection, keys={}
            )
            made.new_key(ADA)
            made.new_key(CARL)
            try:
                yield made
            finally:
                opening.hold(Reach())
