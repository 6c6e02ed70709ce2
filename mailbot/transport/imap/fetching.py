"""Mails and their sizes: what one mail's answer lacks, or gets wrong, costs that mail and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailbot.mail.model import Fetched, Stamp
from mailbot.system import journal
from mailbot.transport.imap import answers
from mailbot.transport.imap.trouble import LOST, is_about_us, translated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK = 100
"""At most so many UIDs are named in one command."""

PARTIAL = 65536
"""Bytes fetched of a mail that is too large to be fetched whole."""

# The client is imapclient's, which ships no types.


def chunks(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Cut UIDs into as many as one command names."""
    for start in range(0, len(uids), CHUNK):
        yield uids[start : start + CHUNK]


def stamps(client: Any, uids: Sequence[int]) -> dict[int, Stamp]:  # noqa: ANN401
    """Return size and arrival of each of the mails that is there, as far as the server tells them."""
    found: dict[int, Stamp] = {}
    for chunk in chunks(uids):
        with translated("sizes"):
            told = _ask(client, chunk, ["RFC822.SIZE", "INTERNALDATE"])
        found |= {uid: Stamp(size=answers.size(data), arrived_at=answers.arrival(data)) for uid, data in told.items()}
    return found


def sizes(client: Any, uids: Sequence[int]) -> dict[int, int]:  # noqa: ANN401
    """Return RFC822.SIZE of each of the mails that is there, where the server tells it."""
    found: dict[int, int] = {}
    for chunk in chunks(uids):
        with translated("sizes"):
            answer = _ask(client, chunk, ["RFC822.SIZE"])
        told = {uid: answers.size(data) for uid, data in answer.items()}
        found |= {uid: size for uid, size in told.items() if size is not None}
    return found


def whole(client: Any, uids: Sequence[int]) -> Iterator[Fetched]:  # noqa: ANN401
    """Yield mails whole; a body that is shorter than the server says is asked for once more.

    What comes twice alike may be all there is, where sizes are estimated; what is evidently a part is left out.
    """
    item, key = "BODY.PEEK[]", b"BODY[]"
    for mail, told in _mails(client, uids, item, key):
        if not answers.is_short(mail.raw, told):
            yield mail
            continue
        for again, told_again in _mails(client, [mail.uid], item, key):
            is_lacking = answers.is_cut if again.raw == mail.raw else answers.is_short
            if is_lacking(again.raw, told_again):
                journal.trouble("mail-cut", uid=mail.uid, bytes=len(again.raw), of=told_again)
            else:
                yield again


def beginnings(client: Any, uids: Sequence[int]) -> Iterator[Fetched]:  # noqa: ANN401
    """Yield the first PARTIAL bytes of mails."""
    for mail, told in _mails(client, uids, f"BODY.PEEK[]<0.{PARTIAL}>", b"BODY[]<0>"):
        if not answers.is_short(mail.raw, min(told or 0, PARTIAL)):
            yield mail


def _mails(client: Any, uids: Sequence[int], item: str, key: bytes) -> Iterator[tuple[Fetched, int | None]]:  # noqa: ANN401
    """Yield mails, each with the size that the server tells."""
    for chunk in chunks(uids):
        with translated("fetch"):
            answer = _ask(client, chunk, [item, "INTERNALDATE", "RFC822.SIZE"])
        for uid in chunk:
            data = answer.get(uid, {})
            raw, told = data.get(key), answers.size(data)
            if isinstance(raw, bytes):
                size = len(raw) if told is None else told
                yield Fetched(uid=uid, arrived_at=answers.arrival(data), size=size, raw=raw), told


def _ask(client: Any, uids: Sequence[int], items: Sequence[str]) -> dict[int, dict[bytes, Any]]:  # noqa: ANN401
    """Fetch; when the answer is refused, lacks a mail or cannot be used, ask for one mail after another.

    Of a single mail the first item is asked for alone then: a date that cannot be read must not hide the body.
    """
    try:
        found = dict(client.fetch(uids, items))
    except LOST:
        raise
    except Exception as error:  # the driver raises whatever an odd answer leads to
        if is_about_us(error):
            raise
        if len(uids) == 1:
            return _ask(client, uids, items[:1]) if len(items) > 1 else {}
        found = {}
    if len(uids) == 1 or found.keys() >= set(uids):
        return found
    return {uid: data for one in uids for uid, data in _ask(client, [one], items).items()}
