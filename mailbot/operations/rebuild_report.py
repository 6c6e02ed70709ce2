"""Report what a rebuilt ledger has otherwise than the audit trail says. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailbot.ledger.events import Told


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What came of a rebuild."""

    #: Entries of the trail, mails, submissions, and mails that were ``not_in_the_trail``.
    counts: dict[str, int]
    #: What came out otherwise than the trail says, a sentence each.
    differences: list[str]


def differences(kind: str, subject: str, said: Mapping[str, Any], made: Sequence[Told]) -> list[str]:
    """Hold an entry of the trail to those that carrying it out anew would have written; one sentence each.

    Only what decides is compared: a mail's outcome, each file's status and the score that was told, a board's bytes.
    What an older version did not write down is no difference.
    """
    if kind not in _COMPARED:
        return []
    found = [one.detail for one in made if (one.kind, one.subject) == (kind, subject)]
    return _COMPARED[kind](subject, said, found[-1]) if found else [f"{subject}: it could not be done again ({kind})"]


def _of_mail(subject: str, said: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    if said["outcome"] != made["outcome"]:
        return [f"{subject}: it was {said['outcome']}, it is {made['outcome']} now"]
    was, now = ({one["receipt"]: one for one in each["submissions"]} for each in (said, made))
    told = []
    for receipt in sorted({*was, *now}):
        before, after = (_shown(each.get(receipt)) for each in (was, now))
        if not _alike(was.get(receipt), now.get(receipt)):
            told.append(f"{receipt}: it was {before}, it is {after} now")
    return told


def _alike(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    if one is None or other is None or one["status"] != other["status"]:
        return False
    first, second = one["score"], other["score"]
    return first == second if None in {first, second} else math.isclose(first, second, rel_tol=1e-9)


def _shown(one: Mapping[str, Any] | None) -> str:
    if one is None:
        return "not there"
    return str(one["status"]) if one["score"] is None else f"{one['status']} with {one['score']}"


def _of_board(_subject: str, said: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    same = said.get("sha256") in {None, made["sha256"]}
    return [] if same else [f"the board of {said['as_of']}: it is not the one that was published, byte for byte"]


_COMPARED = {"mail-recorded": _of_mail, "board-published": _of_board}
