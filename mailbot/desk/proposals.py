"""Acts that two people do: one proposes, another confirms. ``desk.two`` in the config says which.

It keeps a slip of one person from becoming final. It does not bind whoever has a shell on the host, or lets himself in
under a second name; the audit trail names both people, and who was let in by whom.
"""

from __future__ import annotations

import json
import re
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.ledger import events
from mailbot.model import name_key
from mailbot.system import safefile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mailbot.desk.door import Person
    from mailbot.service import Service

NAME = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """An act that waits for a second person."""

    name: str
    act: str
    title: str
    by: str
    at: datetime
    #: What its form holds.
    given: Mapping[str, str]

    @property
    def why(self) -> str:
        """The reason that was given."""
        return self.given.get("why", "")


class Proposals:
    """The proposals of a state folder."""

    def __init__(self, state: Path) -> None:
        """Keep the files below the state folder."""
        self._folder = state / "desk" / "proposals"
        safefile.private_folder(self._folder)

    def propose(self, service: Service, person: Person, act: str, title: str, given: Mapping[str, str]) -> Proposal:
        """Keep a proposal, and enter it in the audit trail."""
        made = Proposal(
            name=secrets.token_hex(8), act=act, title=title, by=person.name, at=service.clock(), given=dict(given)
        )
        self._keep(made)
        self._enter(service, "act-proposed", made)
        return made

    @contextmanager
    def confirmed(self, service: Service, person: Person, name: str) -> Iterator[None]:
        """Use a proposal up by what is done within, by somebody else than made it; what fails leaves it as it was.

        Without a name there is none. Raises Permanent.
        """
        if not name:
            yield
            return
        made = self._waiting(name)
        if name_key(made.by) == name_key(person.name):
            message = f"{made.by} proposed it: another person confirms it"
            raise Permanent(message)
        self._take(made)
        try:
            self._enter(service, "act-confirmed", made)
            yield
        except BaseException:
            self._keep(made)
            raise

    def _keep(self, made: Proposal) -> None:
        safefile.replace(self._folder / made.name, json.dumps({**vars(made), "at": made.at.isoformat()}).encode())

    def decline(self, service: Service, name: str, why: str) -> Proposal:
        """Drop a proposal. Raises Permanent when it is there no more."""
        made = self._waiting(name)
        self._take(made)
        self._enter(service, "act-declined", made, declined=why)
        return made

    def _waiting(self, name: str) -> Proposal:
        if made := self.find(name):
            return made
        raise Permanent("that proposal was confirmed or declined already")

    def find(self, name: str) -> Proposal | None:
        """Return a proposal; None when there is none of this name."""
        if not NAME.fullmatch(name):
            return None
        kept = safefile.noted(self._folder / name) or {}
        try:
            return Proposal(**{**kept, "at": datetime.fromisoformat(kept["at"])})
        except (KeyError, TypeError, ValueError):  # gone, or damaged
            return None

    def listing(self) -> list[Proposal]:
        """Return the proposals, the oldest first."""
        found = [self.find(file.name) for file in self._folder.glob("[0-9a-f]*")]
        return sorted((one for one in found if one), key=lambda one: one.at)

    def _take(self, made: Proposal) -> None:
        """Delete a proposal; of two who try, one does. Raises Permanent for the other."""
        try:
            (self._folder / made.name).unlink()
        except FileNotFoundError as error:
            message = "that proposal was confirmed or declined already"
            raise Permanent(message) from error

    @staticmethod
    def _enter(service: Service, kind: str, made: Proposal, **detail: str) -> None:
        told = {"by": made.by, "why": made.why} | detail
        with service.ledger.write("proposal") as tx:
            events.append(tx, kind=kind, subject=made.act, now=service.clock(), **told)
