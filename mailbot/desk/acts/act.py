"""An act of an organizer: it says what it would do and which mails it would send, then it is done.

Every act is made of two functions, as the commands are: one that looks and writes nothing, and one that does it.
What is done is what was seen: when the effect is another one meanwhile, it is shown anew and nothing is done.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mailbot.config.address import names_somebody
from mailbot.desk.desk import acting
from mailbot.desk.jobs import Ended
from mailbot.desk.page import Ask, Goto, Missing, Page, Screen
from mailbot.errors import Permanent
from mailbot.identity import confirmation
from mailbot.letters import written
from mailbot.mail import teamkey
from mailbot.operations.letters import would_write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mailbot.config.challenge import Challenge
    from mailbot.desk.desk import Desk, Upload
    from mailbot.ledger import Tx
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.letters.written import Written
    from mailbot.mail.envelope import Outgoing
    from mailbot.service import Service

LONGEST_REASON = 500

OF_CONFIRMING = frozenset({"proposal", "step", "seen"})
"""What a form may hold that confirms a proposal; all else is as it was proposed."""


OWN_SCREENS = {"mail": "/mails/", "receipt": "/submissions/", "reply": "/letters/"}
"""Where what a form names is shown, by the name of its field."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """What a form asks for."""

    name: str
    label: str
    #: ``text``, ``area``, ``choice``, ``check``, ``file``, ``instant`` or ``fixed``, which the act was called with.
    kind: str = "text"
    help: str = ""
    needed: bool = True
    #: Whether nothing is chosen beforehand, as a slip would hit somebody else.
    is_open: bool = False
    #: Values and what they are called, of a ``choice``.
    choices: Callable[[Ask], Sequence[tuple[str, str]]] = lambda _: ()


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail that the act would send."""

    to: str
    subject: str
    text: str

    @classmethod
    def queued(cls, row: OutgoingRow | Outgoing) -> Letter:
        """Read one out of the outbox, without codes and keys: who only looks could write as a team."""
        message = message_from_bytes(row.message, policy=policy.default)
        part = message.get_body(("plain",))
        text = part.get_content().replace("\r\n", "\n") if part else ""
        return cls(to=row.recipient, subject=without_secrets(str(message["Subject"])), text=without_secrets(text))

    @classmethod
    def drafted(cls, challenge: Challenge, draft: Written) -> Letter:
        """Read a draft, with the foot that it gets."""
        return cls(to=draft.recipient, subject=draft.title, text=written.whole(challenge, draft))


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What an act would do."""

    #: A sentence each.
    says: Sequence[str]
    letters: Sequence[Letter] = ()
    #: Further rows that show it, as the ranks that change: headings and cells.
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    #: What else has to be agreed to, by the name of a box: a file with other items.
    agree: Mapping[str, str] = field(default_factory=dict)
    #: A letter that can be edited: its subject and text.
    draft: tuple[str, str] | None = None

    @property
    def digest(self) -> str:
        """Tell one effect from another."""
        seen = (*self.says, *(f"{one.to} {one.subject}" for one in self.letters), *map("|".join, self.rows))
        return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:32]


def without_secrets(text: str) -> str:
    """Return a text that goes to a team, or came from one, without the codes and keys in it."""
    return teamkey.masked(confirmation.masked(text))


def number(text: str, letter: str) -> int:
    """Read an id that was typed, as ``S-000012``, ``s-12`` or ``12``. Raises Permanent."""
    found = re.fullmatch(r"0*([0-9]{1,18})", text.upper().removeprefix(f"{letter}-"))
    if found is None:
        message = f"{text!r} is not an id; it looks like {letter}-000012"
        raise Permanent(message)
    return int(found[1])


def tracks(ask: Ask) -> Sequence[tuple[str, str]]:
    """Return the tracks, to choose from."""
    return [(name, name) for name in ask.desk.config.tracks]


@dataclass(frozen=True, kw_only=True)
class Deed:
    """An act in hand: what was asked, and the parts to do it with."""

    ask: Ask
    service: Service
    why: str
    #: Takes how much of a long act is done, and of how much.
    told: Callable[[int, int], None] = lambda _done, _total: None

    def get(self, name: str) -> str:
        """Return what the form holds under a name."""
        return self.ask.get(name)

    def id(self, name: str, letter: str) -> int:
        """Return the number of an id in the form. Raises Permanent."""
        return number(self.get(name), letter)

    def drafted(self, drafts: Sequence[Written]) -> list[Letter]:
        """Return drafts as their readers will see them."""
        return [Letter.drafted(self.service.challenge, one) for one in drafts]

    def would_write(self, act: Callable[[Tx], object]) -> list[Letter]:
        """Return the mails that an act would queue; it is undone."""
        return [Letter.queued(row) for row in would_write(self.service.ledger, act)]


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done, and where to go from there."""

    says: Sequence[str]
    href: str
    #: A table of what was asked for.
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


@dataclass(frozen=True, kw_only=True)
class Act:
    """Something that an organizer can do."""

    name: str
    title: str
    fields: Sequence[Field] = ()
    look: Callable[[Deed], Effect]
    carry_out: Callable[[Deed], Done]
    #: The act that takes it back, "" where there is none: then that is said before.
    inverse: str = ""
    #: What to say of taking it back where no act does.
    back: str = ""
    #: Whether a reason is asked for, and who reads it.
    reason: str = "It is kept permanently."
    #: Its word in ``desk.two``; "" where one person is always enough.
    two: str = ""
    #: Whether it takes so long that it goes on by itself.
    is_long: bool = False
    #: The screen to go back to when nothing is done, where the form names nothing that has one.
    home: str = "/"
    #: Whether it only tells something, and changes nothing.
    only_tells: bool = False

    @cached_property
    def screen(self) -> Screen:
        """The form."""
        return Screen(path=f"/act/{self.name}", look=self._form)

    def _form(self, ask: Ask) -> Page:
        return self._page(self._proposed(ask), effect=None)

    def _proposed(self, ask: Ask) -> Ask:
        """Return what is asked for with the fields of the proposal that it confirms, where it confirms one."""
        if not (name := ask.get("proposal")):
            return ask
        made = ask.desk.proposals.find(name)
        if made is None or made.act != self.name:
            raise Missing(name)
        mine = {key: value for key, value in ask.given.items() if key in OF_CONFIRMING or key.startswith("agree-")}
        return replace(ask, given={**made.given, **mine, "by": made.by})

    def posted(self, ask: Ask) -> Page | Goto:
        """Show the effect; carry it out where it is the one that was seen. Raises a MailbotError."""
        ask = self._proposed(ask)
        ask = replace(ask, files=_kept(ask, self.fields))
        missing = [one.label for one in self.fields if one.needed and not (ask.get(one.name) or one.name in ask.files)]
        why = _reason(ask.get("why")) if self.reason else ""
        if missing or (self.reason and not why):
            return self._page(ask, effect=None, missing=[*missing, *(["Reason"] if self.reason and not why else [])])
        with ask.desk.opened() as service:
            deed = Deed(ask=ask, service=service, why=why)
            effect = self.look(deed)
            agreed = all(ask.get(name) for name in effect.agree)
            wanted, seen = ask.get("step") == "do" and not self.only_tells, ask.get("seen") == effect.digest
            if not (wanted and seen and agreed):
                return self._page(ask, effect=effect, changed=wanted and not seen)
            if ask.get("proposal"):
                ask.desk.proposals.confirm(service, ask.person, ask.get("proposal"))
            elif self.wants_two(ask.desk):
                return self._propose(deed)
            if not self.is_long:
                done = self.carry_out(deed)
                shown = {"done": done, "act": self, "back": _back(ask), "waits": False}
                return Page(template="done.html.j2", title=self.title, context=shown)
        return Goto(href=f"/jobs/{ask.desk.jobs.begin(ask.person, self.name, self.title, self._long(ask, why)).name}")

    def wants_two(self, desk: Desk) -> bool:
        """Whether one person proposes it and another confirms."""
        return bool(self.two) and self.two in desk.config.desk.two

    def _propose(self, deed: Deed) -> Page:
        ask = deed.ask
        given = {one.name: ask.get(one.name) for one in self.fields if ask.get(one.name)} | {"why": deed.why}
        made = ask.desk.proposals.propose(deed.service, ask.person, self.name, self.title, given)
        says = ["Nothing is done yet: another person confirms it (Today)."]
        done = Done(says=says, href=f"/act/{self.name}?proposal={made.name}")
        return Page(template="done.html.j2", title=self.title, context={"done": done, "act": self, "waits": True})

    def _long(self, ask: Ask, why: str) -> Callable[[Callable[[int, int], None]], Ended]:
        """Return the work of a long act, with parts of its own, as its person."""

        def work(told: Callable[[int, int], None]) -> Ended:
            with acting(ask.person), ask.desk.opened_apart() as service:
                done = self.carry_out(Deed(ask=ask, service=service, why=why, told=told))
            return Ended(says=done.says, href=done.href)

        return work

    def _page(self, ask: Ask, *, effect: Effect | None, missing: Sequence[str] = (), changed: bool = False) -> Page:
        choices = {one.name: one.choices(ask) for one in self.fields if one.kind == "choice"}
        shown: dict[str, Any] = {"act": self, "given": ask.given, "files": ask.files, "choices": choices}
        shown |= {"effect": effect, "missing": missing, "changed": changed, "two": self.wants_two(ask.desk)}
        own = (place + quote(ask.get(name)) for name, place in OWN_SCREENS.items() if ask.get(name))
        shown["home"] = next(own, self.home)
        return Page(template="act.html.j2", title=self.title, context=shown)


def _back(ask: Ask) -> dict[str, str]:
    """Return what an act's form holds that the act which takes it back wants too."""
    return {name: ask.get(name) for name in ("mail", "receipt", "team", "track", "phase", "date") if ask.get(name)}


def _reason(text: str) -> str:
    """Return a reason. Raises Permanent for an address: the audit trail is kept permanently."""
    if len(text) > LONGEST_REASON:
        message = f"a reason has at most {LONGEST_REASON} characters"
        raise Permanent(message)
    if names_somebody(text):
        message = "name no address in the reason: it is kept permanently"
        raise Permanent(message)
    return text


def _kept(ask: Ask, fields: Sequence[Field]) -> dict[str, Upload]:
    """Return the files of a form: those that came with it, and those that came with the one before."""
    files = dict(ask.files)
    uploads, session = ask.desk.uploads, ask.person.csrf
    for upload in files.values():
        uploads.keep(session, upload)
    for one in fields:
        if one.kind == "file" and one.name not in files:
            found = uploads.find(session, ask.get(f"{one.name}-sha256"))
            files |= {one.name: found} if found else {}
    return files
