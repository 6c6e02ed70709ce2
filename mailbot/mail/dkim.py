"""DKIM signatures (RFC 6376), read and verified by dkimpy in a child that has no network: the keys are handed to it.

The library is loaded by the functions that need it: it takes 17 MB, and the daemon itself verifies nothing.
"""

from __future__ import annotations

import base64
import hashlib
import re
from calendar import timegm
from collections.abc import Mapping  # noqa: TC003  # read when a record crosses the sandbox's wall
from dataclasses import dataclass
from email.utils import parsedate_tz
from typing import TYPE_CHECKING, Any

from mailbot.config.address import canonical
from mailbot.mail.mime.addresses import addresses
from mailbot.mail.mime.text import text_of
from mailbot.mail.model import Signature

if TYPE_CHECKING:
    from collections.abc import Sequence

    Fields = Sequence[tuple[bytes, bytes]]

MOST = 10
"""Signatures of one mail that are looked at, from the top."""

LENGTH = 4096
"""Bytes of a field that is read."""

KEY_BITS = 1024
"""RSA keys shorter than that are refused (RFC 8301, section 3.2)."""

SIGNATURE = b"dkim-signature"

LONGEST_FIELD = 8192
"""Bytes of a To or Cc field that are read."""

LONGEST_DATE = 100
"""Bytes of a Date field that are read."""

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")  # rsa-sha1 must not be taken any more (RFC 8301, section 3.1)
_NAME = re.compile(rb"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})")
_WANTED = (b"from", b"subject")
_RECIPIENTS = (b"to", b"cc")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What came of verifying a signature."""

    signature: Signature
    #: Why it proves nothing; "" when it holds.
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a mail's signatures are held to."""

    #: The one address in From, lower case.
    sender: str
    #: Our addresses, canonical: the mail must have been signed as written to one of them.
    own: frozenset[str]
    #: Texts of the public keys, by the names they are published under; only these signatures are tried.
    keys: Mapping[str, str]


def read(fields: Fields) -> tuple[Signature, ...]:
    """Read the DKIM-Signature fields of a header, the topmost first; one that breaks the grammar is left out."""
    values = [value for name, value in fields if name == SIGNATURE]
    found = (_signature(value, fields) for value in values[:MOST])
    return tuple(signature for signature in found if signature)


def verify(raw: bytes, asked: Asked) -> tuple[Checked, ...]:
    """Verify those signatures of a mail whose keys are given. Runs in a child; whatever the bytes are, it returns."""
    dkim = _library()
    try:
        mail = dkim.DKIM(raw, minkey=KEY_BITS)
    except (dkim.DKIMException, IndexError) as error:  # IndexError: the first line of the mail is a folded one
        return (Checked(signature=Signature(domain="", selector=""), fault=f"unreadable: {type(error).__name__}"),)
    fields = [(name.lower(), value) for name, value in mail.headers]
    values = [value for name, value in fields if name == SIGNATURE]
    tried = []
    for place, value in enumerate(values[:MOST]):
        signature = _signature(value, fields)
        if signature and not signature.fault and signature.key_name in asked.keys:
            fault = _covering_fault(mail, _tags(value), asked) or _fault(mail, place, asked.keys[signature.key_name])
            tried.append(Checked(signature=signature, fault=fault))
    return tuple(tried)


def _signature(value: bytes, fields: Fields) -> Signature | None:
    """Read one field of a header."""
    tags = _tags(value)
    domain, selector = tags.get(b"d", b""), tags.get(b"s", b"")
    if not _NAME.fullmatch(domain) or not _NAME.fullmatch(selector):
        return None
    fault = ""
    if b"l" in tags:
        fault = "it leaves the end of the mail unsigned (l=)"
    elif tags.get(b"a", b"").lower() not in _ALGORITHMS:
        fault = "its algorithm is not safe any more"
    signed = _signed_fields(tags, fields)
    return Signature(
        domain=_name(domain),
        selector=_name(selector),
        fault=fault,
        marks=_marks(tags, signed),
        signed_at=_signed_at(tags, signed),
        written_to=_written_to(tags, [name for name, _ in signed], fields),
    )


def _written_to(tags: Mapping[bytes, bytes], signed: Sequence[bytes], fields: Fields) -> tuple[str, ...]:
    """Return the addresses that a mail was signed as written to; none where not all that matters was signed.

    Of several fields of one name the last is signed and the first one is read: nobody can say which is the sender's.
    """
    there = [name for name, _ in fields]
    whole = {name for name in signed if there.count(name) == 1}
    if b"l" in tags or not whole.issuperset(_WANTED):
        return ()
    said = [value[:LONGEST_FIELD] for name, value in fields if name in _RECIPIENTS and name in whole]
    return addresses(map(text_of, said))


def _signed_fields(tags: Mapping[bytes, bytes], fields: Fields) -> list[tuple[bytes, bytes]]:
    """Return the fields that a signature is over: of several of one name the lowest first (RFC 6376, section 5.4.2)."""
    left: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        left.setdefault(name, []).append(value)
    names = [name.strip().lower() for name in tags.get(b"h", b"").split(b":")]
    return [(name, b" ".join(left[name].pop().split())) for name in names if left.get(name)]


def _marks(tags: Mapping[bytes, bytes], signed: Fields) -> tuple[str, ...]:
    """Return the hashes by which what was signed is known again, however it is written.

    One is of the signature's bytes, one of its letters, as ledgers of the first version have it. Where it is over all
    that matters, one is of what was signed, which nobody can change; a signature can be written in several ways.
    """
    written = b"".join(tags.get(b"b", b"").split())
    made = [b"signature\0" + _decoded(written), written]
    if {name for name, _ in signed}.issuperset(_WANTED):
        own = (tags.get(b"d", b"").lower(), tags.get(b"t", b""), _decoded(tags.get(b"bh", b"")))
        made.append(b"\0".join([b"content", *own, *(part for field in signed for part in field)]))
    return tuple(hashlib.sha256(each).hexdigest() for each in made)


def _decoded(text: bytes) -> bytes:
    """Decode base64, whatever else stands in it; neither spare bits nor what follows the end make a difference."""
    letters = _NOT_BASE64.sub(b"", text.partition(b"=")[0])
    whole = letters[: len(letters) - (len(letters) % 4 == 1)]
    return base64.b64decode(whole + b"=" * (-len(whole) % 4))


def _signed_at(tags: Mapping[bytes, bytes], signed: Fields) -> int:
    """Return when a mail was signed, in seconds since 1970: by t=, else by a signed Date; 0 without either."""
    if re.fullmatch(rb"\d{1,12}", tags.get(b"t", b"")):
        return int(tags[b"t"])
    said = next((value for name, value in signed if name == b"date"), b"")
    parsed = parsedate_tz(said[:LONGEST_DATE].decode("ascii", "replace"))
    try:
        return max(0, timegm(parsed[:9]) - (parsed[9] or 0)) if parsed else 0
    except (ValueError, OverflowError):
        return 0


def _name(value: bytes) -> str:
    return value.decode("ascii").lower().rstrip(".")


def _tags(value: bytes) -> dict[bytes, bytes]:
    """Return the tags of a field; none when it breaks the grammar or is too long."""
    util = _library().util
    try:
        return dict(util.parse_tag_value(value)) if value.strip() and len(value) <= LENGTH else {}
    except util.InvalidTagValueList:
        return {}


def _covering_fault(mail: Any, tags: Mapping[bytes, bytes], asked: Asked) -> str:  # noqa: ANN401  # dkimpy has no types
    """Say what that matters is not signed, "" when all is.

    A signed mail can be sent on to anybody, so it must have been signed as written to us, and by the sender we see.
    """
    signed = {name.strip().lower() for name in tags.get(b"h", b"").split(b":")}
    for name in _WANTED:
        if name not in signed:
            return f"its {name.decode('ascii').title()} is not signed"
        if sum(found.lower() == name for found, _ in mail.headers) != 1:
            return f"its {name.decode('ascii').title()} is there twice"  # the last is signed, the first one read
    if _addresses(mail, b"from") != [(asked.sender,)]:
        return "its From field can be read in two ways"
    to = [found for name in _RECIPIENTS if name in signed and len(found := _addresses(mail, name)) == 1]
    if not any(canonical(address) in asked.own for found in to for address in found[0]):
        return "it is not signed as written to us"
    return ""


def _addresses(mail: Any, name: bytes) -> list[tuple[str, ...]]:  # noqa: ANN401  # dkimpy has no types
    """Return the addresses of each field of that name, as dkimpy took the header apart."""
    values = [value for found, value in mail.headers if found.lower() == name]
    return [addresses([text_of(b" ".join(value.split()))]) for value in values]


def _fault(mail: Any, place: int, key: str) -> str:  # noqa: ANN401  # dkimpy has no types
    """Verify one signature; return why it does not hold, "" when it does."""
    if len(key) > LENGTH:
        return "its key is too long"
    try:
        holds = mail.verify(idx=place, dnsfunc=lambda *_, **__: key.encode("ascii", "replace"))
    except Exception as error:  # noqa: BLE001  # whatever a hostile signature or key makes dkimpy raise: it proves nothing
        return _WORDS.get(_kind(error), "it cannot be verified")
    return "" if holds else "it does not match the mail"


def _kind(error: Exception) -> str:
    """Return the beginning of what dkimpy says, which tells its errors apart; never the mail's own bytes."""
    said = str(error)
    return next((start for start in _WORDS if said.startswith(start)), "")


_WORDS = {
    "body hash mismatch": "the body was altered",
    "x= value is past": "it has expired",
    "t= value is in the future": "it is dated in the future",
    "public key too small": f"its key is shorter than {KEY_BITS} bits",
    "i= domain is not": "it names a user of another domain",
}


def _library() -> Any:  # noqa: ANN401  # dkimpy has no types
    """Return dkimpy."""
    import dkim.util  # noqa: PLC0415  # see the top

    return dkim
