"""The stage that assesses how certain the sender of a mail is: by ledger, DNS, and signatures checked in a child."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.identity import align, level
from mailbot.identity.level import Proof
from mailbot.identity.lookup import NoAnswer
from mailbot.ledger import observations, teams
from mailbot.mail import dkim, tasks, teamkey
from mailbot.model import AuthLevel, Verdict
from mailbot.system.sandbox import ChildDied

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mailbot.identity.identify import Identity
    from mailbot.identity.lookup import Lookup
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.teams import KeyRow
    from mailbot.mail.dkim import Checked
    from mailbot.mail.model import Claims, Mail, Signature
    from mailbot.model import Team
    from mailbot.system.sandbox import Sandbox, Task

TRIES = 3
"""So often a mail is put off because the DNS gives no answer; then its signatures prove nothing."""

REWRITTEN = "a group or list rewrote the From field"

FOREIGN_KEY = "it carries another team's key"


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """A verdict on its way: what was proven so far, and signatures that a child verifies."""

    proofs: Sequence[Proof]
    require: Sequence[AuthLevel]
    task: Task[tuple[Checked, ...]] | None = None
    #: What the signatures of the sender's domain say, verified or not.
    claimed: Sequence[Signature] = ()
    settled: Verdict | None = None

    def result(self) -> Verdict:
        """Wait for it."""
        if self.settled:
            return self.settled
        return level.weigh([*self.proofs, *([_proof(self.task, self.claimed)] if self.task else [])], self.require)


@dataclass(frozen=True, kw_only=True)
class Assessor:
    """Assesses how certain the sender of a mail is."""

    ledger: Ledger
    sandbox: Sandbox
    lookup: Lookup
    secret: bytes
    require: Sequence[AuthLevel]
    #: Our addresses, canonical.
    own: frozenset[str]

    def holder(self, tx: Tx, claims: Claims) -> Team | None:
        """Return the one team whose present key a mail carries."""
        found = {row.team_id for row in self._keys(tx, claims) if not row.ended}
        return teams.with_id(tx, found.pop()) if len(found) == 1 else None

    def begin(self, row: MailRow, mail: Mail, identity: Identity, raw: bytes) -> Assessment:
        """Begin to assess a mail of a team, from one address. Raises Temporary when the DNS gives no answer."""
        team = identity.team
        if team is None:
            raise ValueError("only a team's mail is assessed")
        if row.auth is AuthLevel.CONFIRMED:
            return self._settled(Verdict(level=AuthLevel.CONFIRMED, why=row.auth_why or ""))
        if identity.rewritten:
            return Assessment(proofs=[Proof(level=AuthLevel.NONE, holds=False, why=REWRITTEN)], require=self.require)
        claims, sender = mail.claims, mail.senders[0]
        found, distrusted = self._known(claims)
        if any(each.team_id != team.id for each in found):
            return self._settled(Verdict(why=FOREIGN_KEY, enough=False))
        proofs = [_of_key(claims, found), level.dmarc(claims, sender, own=self.own, distrusted=distrusted)]
        wanted = level.of_domain(claims, sender.rpartition("@")[2])
        if not self._needs_dkim(proofs):
            return Assessment(proofs=[_marked(proof, wanted) for proof in proofs], require=self.require)
        asked = self._asked(row, sender, wanted) if claims.from_fields == 1 else "there is more than one From field"
        if isinstance(asked, str):
            proofs.append(Proof(level=AuthLevel.DKIM, holds=False, why=asked))
            return Assessment(proofs=proofs, require=self.require)
        task = self.sandbox.submit(tasks.verify, raw, asked)
        return Assessment(proofs=proofs, require=self.require, task=task, claimed=wanted)

    def _known(self, claims: Claims) -> tuple[Sequence[KeyRow], frozenset[str]]:
        """Return whose keys a mail carries, and which servers' results count for nothing; most mails claim neither."""
        if not claims.keys and claims.vouched is None:
            return (), frozenset()
        with self.ledger.read() as tx:
            return self._keys(tx, claims), observations.distrusted_authservs(tx)

    def _settled(self, verdict: Verdict) -> Assessment:
        return Assessment(proofs=(), require=self.require, settled=verdict)

    def _keys(self, tx: Tx, claims: Claims) -> list[KeyRow]:
        return teams.find_keys(tx, [teamkey.hashed(self.secret, each) for each in claims.keys])

    def _needs_dkim(self, proofs: Sequence[Proof]) -> bool:
        """Whether signatures could still change what counts: else nobody asks the DNS."""
        proven = [proof.level for proof in proofs if proof.holds]
        before = next((n for n, each in enumerate(self.require) if each in proven), len(self.require))
        return AuthLevel.DKIM in self.require[:before]

    def _asked(self, row: MailRow, sender: str, wanted: Sequence[Signature]) -> dkim.Asked | str:
        """Return what the child is to verify, with the keys; or why there is nothing to verify."""
        usable = [signature for signature in wanted if not signature.fault]
        if not usable:
            return next((s.fault for s in wanted), "no signature of the sender's domain")
        author = sender.rpartition("@")[2]
        try:
            names = [n for s in usable if s.domain != author for each in (author, s.domain) for n in align.walk(each)]
            records = self.lookup.policies(dict.fromkeys(names))
            aligned = [s for s in usable if align.aligned(author, s.domain, records)]
            published = self.lookup.texts(dict.fromkeys(s.key_name for s in aligned))
        except NoAnswer as error:
            if row.attempts < TRIES and AuthLevel.NONE not in self.require:
                raise
            return str(error)
        if not aligned:
            return "the DMARC record of the sender's domain asks for a signature of its own"
        if not published:
            return "the signature's key is not published"
        return dkim.Asked(sender=sender, own=self.own, keys=published)


def _of_key(claims: Claims, found: Sequence[KeyRow]) -> Proof:
    """Return what the keys of a mail prove; none of them is another team's."""
    if not claims.keys:
        return Proof(level=AuthLevel.KEY, holds=False, why="")
    if any(not row.ended for row in found):
        return Proof(level=AuthLevel.KEY, holds=True, why="the team's key")
    why = "its key was replaced by a newer one" if found else "its key is no team's"
    return Proof(level=AuthLevel.KEY, holds=False, why=why)


def _marked(proof: Proof, claimed: Sequence[Signature]) -> Proof:
    """Mark what a server vouched for by all signatures of the sender's domain: what is sent once more bears one too.

    Which of them is genuine the server knows, not we; the oldest says when it was signed.
    """
    if proof.level is not AuthLevel.DMARC or not claimed:
        return proof
    return replace(proof, marks=_all_marks(claimed), signed_at=min(each.signed_at for each in claimed))


def _all_marks(signatures: Iterable[Signature]) -> tuple[str, ...]:
    """Return the marks of all of them, each once."""
    return tuple(dict.fromkeys(mark for each in signatures for mark in each.marks))


def _proof(task: Task[tuple[Checked, ...]], claimed: Sequence[Signature]) -> Proof:
    """Wait for the signatures: one that holds is enough, and one that does not proves nothing against the mail.

    The mail is marked by all that hold, and by all that others may find to hold.
    """
    try:
        checked = task.result()
    except ChildDied:
        return Proof(level=AuthLevel.DKIM, holds=False, why="the signature could not be verified within its limits")
    holding = [each.signature for each in checked if not each.fault]
    if holding:
        why = "a signature of the sender's domain holds"
        marks, signed_at = _all_marks([*holding, *claimed]), min(each.signed_at for each in holding)
        return Proof(level=AuthLevel.DKIM, holds=True, why=why, marks=marks, signed_at=signed_at)
    why = next((f"the signature proves nothing: {each.fault}" for each in checked), "no signature could be read")
    return Proof(level=AuthLevel.DKIM, holds=False, why=why)
