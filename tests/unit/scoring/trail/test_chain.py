"""The chain of the audit trail, and what was printed of its ends."""

from __future__ import annotations

import dataclasses

import pytest

from scoring.trail import chain
from scoring.trail.chain import Entry, Mark

SECRET = bytes(range(32))


def entries(count: int = 5) -> list[Entry]:
    """Return a chain that holds."""
    found: list[Entry] = []
    for number in range(1, count + 1):
        before = found[-1].hash if found else chain.GENESIS
        at = f"2026-03-12T08:00:{number:02d}.000000+00:00"
        entry = Entry(id=number, at=at, actor="mailbot", kind="health", subject="mailbox", detail="{}", hash="")
        found.append(dataclasses.replace(entry, hash=chain.hash_of(before, entry)))
    return found


def test_a_whole_chain_holds() -> None:
    """So does an empty one."""
    assert chain.broken(entries()) is None
    assert chain.broken([]) is None


@pytest.mark.parametrize("field", ["at", "actor", "kind", "subject", "detail", "hash"])
def test_any_change_breaks_it_there(field: str) -> None:
    """The first entry that does not follow is named."""
    found = entries()
    found[2] = dataclasses.replace(found[2], **{field: "x"})  # type: ignore[arg-type]  # all of these are texts
    broken = chain.broken(found)
    assert broken is not None
    assert broken.entry == 3


def test_ids_go_up() -> None:
    """An entry that stands twice, or before its time, is named."""
    found = entries()
    assert chain.broken([*found, found[-1]]) is not None


def test_a_signature_depends_on_secret_and_entry() -> None:
    """Nobody without the secret can write one."""
    one, other = entries(2)
    assert chain.signed(SECRET, one.hash) != chain.signed(SECRET[::-1], one.hash)
    assert chain.signed(SECRET, one.hash) != chain.signed(SECRET, other.hash)
    assert chain.signed(SECRET, one.hash) == chain.signed(SECRET, one.hash)


def test_marks_are_read_out_of_any_text() -> None:
    """A receipt's line, quoted or not, and a board's rule; a file's own hash is none."""
    digest = "3f" * 32
    text = f"SHA-256: {digest}\n> Audit trail: 57-{digest}\n57-{digest}x 1-{digest}a\nends, at this board, in {digest}."
    assert chain.marks(text) == [Mark(entry=57, hash=digest), Mark(entry=None, hash=digest)]
    assert str(chain.marks(text)[0]) == f"57-{digest}"


def test_what_was_seen_must_be_there() -> None:
    """An end that no entry has: the trail was changed before it, or cut off."""
    found = entries()
    whole = [("R-1", Mark(entry=3, hash=found[2].hash)), ("board", Mark(entry=None, hash=found[4].hash))]
    assert chain.unknown(found, [*whole, ("empty", Mark(entry=0, hash=chain.GENESIS))]) == []
    (cut,) = chain.unknown(found[:2], whole[:1])
    assert (cut.entry, cut.what) == (3, "R-1 names entry 3, and the trail ends at 2: its end was cut off")
    (changed,) = chain.unknown(found, [("R-1", Mark(entry=3, hash=found[3].hash))])
    assert "saw another trail" in changed.what
    (board,) = chain.unknown(found[:4], whole[1:])
    assert "no entry has" in board.what


@pytest.mark.parametrize("line", [{}, {"id": "1"}, {"id": 1, "at": 2}])
def test_what_is_no_entry_is_refused(line: dict[str, object]) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match="not an entry"):
        chain.read_entry(line)


def test_a_detail_that_is_no_json_tells_nothing() -> None:
    """The chain shows that somebody put it there."""
    assert dataclasses.replace(entries(1)[0], detail="x").told == {}
    assert dataclasses.replace(entries(1)[0], detail="[]").told == {}
