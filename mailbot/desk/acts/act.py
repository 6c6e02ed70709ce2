"""An act of an organizer: it says what it would do and which mails it would send, then it is done.

Every act is made of two functions, as the commands are: one that looks and writes nothing, and one that does it.
What is done is what was seen: when the effect is another one meanwhile, it is shown anew and nothing is done.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mailbot.config.address import names_somebody
from mailbot.desk.acts.about import about
from mailbot.desk.acts.parts import Deed, Done, Effect, Field
from mailbot.desk.desk import acting
from mailbot.desk.jobs import Ended
from mailbot.desk.page import Ask, Goto, Missing, Page, Screen
from mailbot.errors import MailbotError, Permanent
from mailbot.model import name_key
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailbot.desk.desk import Desk, Upload

LONGEST_REASON = 500

EFFECT_CHANGED = "The effect has changed meanwhile: look again."

FORM_CHANGED = "You changed the form: this is what it does now."

OF_EARLIER = "This form is from an earlier session, or too old. Nothing was done: look at it again."

OF_CONFIRMING = frozenset({"proposal", "step", "seen", "asked"})
"""What a form may hold that confirms a proposal; all else is as it was proposed."""


OWN_SCREENS = {"mail": "/mails/", "receipt": "/submissions/", "reply": "/letters/"}
"""Where what a form names is shown, by the name of its field."""


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
    #: What that act is called; the table of all acts fills it in.
    undo: str = ""
    #: What else to say of taking it back: how, where no act does, and what stays.
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

    def _form(self, ask: Ask) -> Page | Goto:
        """Show the form; where it asks for nothing, what the act would do, at once."""
        if ask.get("proposal") or not (self.fields or self.reason):
            return self.posted(replace(ask, given={**ask.given, "step": "look"}))
        return self._page(ask)

    def stale(self, ask: Ask) -> Page:
        """Show a form of an earlier session again, with what was typed and the token of this one; nothing is done."""
        return self._page(self._proposed(ask), notes=[OF_EARLIER], status=403)

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
        """Show the effect; carry it out where it is the one that was seen. What cannot be is said above the form."""
        ask = self._proposed(ask)
        ask = replace(ask, files=_kept(ask, self.fields))
        try:
            return self._answered(ask)
        except MailbotError as error:
            return self._page(ask, trouble=str(error), status=409)

    def _answered(self, ask: Ask) -> Page | Goto:
        _verify_choices(ask, self.fields)
        missing = [one.label for one in self.fields if one.needed and not (ask.get(one.name) or one.name in ask.files)]
        why = _reason(ask.get("why")) if self.reason else ""
        if missing or (self.reason and not why):
            return self._page(ask, missing=[*missing, *(["Reason"] if self.reason and not why else [])])
        with ask.desk.opened(acts=ask.get("step") == "do") as service:
            deed = Deed(ask=ask, service=service, why=why)
            effect = self.look(deed)
            agreed = all(ask.get(name) for name in effect.agree)
            wanted, seen = ask.get("step") == "do" and not self.only_tells, ask.get("seen") == effect.digest
            if not (wanted and seen and agreed):
                is_own = ask.get("asked") != self._asked(ask)
                changed = [FORM_CHANGED if is_own else EFFECT_CHANGED] if wanted and not seen else []
                return self._page(ask, effect=effect, notes=changed)
            if self.wants_two(ask.desk) and not ask.get("proposal"):
                return self._propose(deed)
            if not self.is_long:
                with ask.desk.proposals.confirmed(service, ask.person, ask.get("proposal")):
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
            return Ended(says=done.says, href=done.href, headings=done.headings, rows=done.rows)

        return work

    def _asked(self, ask: Ask) -> str:
        """Tell what is asked for from what was asked before."""
        names = [*(one.name for one in self.fields), "why", "draft-subject", "draft-text"]
        given = [*(f"{name}={ask.get(name)}" for name in names), *(one.sha256 for one in ask.files.values())]
        return hashlib.sha256("\n".join(given).encode()).hexdigest()[:32]

    def _page(
        self, ask: Ask, *, effect: Effect | None = None, missing: Sequence[str] = (), notes: Sequence[str] = (),
        trouble: str = "", status: int = 200,
    ) -> Page:  # fmt: skip
        choices = {one.name: one.choices(ask) for one in self.fields if one.kind == "choice"}
        shown: dict[str, Any] = {"act": self, "given": ask.given, "files": ask.files, "choices": choices}
        shown |= {"effect": effect, "missing": missing, "notes": notes, "trouble": trouble}
        shown |= {"two": self.wants_two(ask.desk), "asked": self._asked(ask), "about": about(ask)}
        shown["is_mine"] = bool(ask.get("proposal")) and name_key(ask.get("by")) == name_key(ask.person.name)
        own = {name: place + quote(ask.get(name)) for name, place in OWN_SCREENS.items() if ask.get(name)}
        shown |= {"own": own, "home": next(iter(own.values()), self.home)}
        return Page(template="act.html.j2", title=self.title, context=shown, status=status)


def _verify_choices(ask: Ask, fields: Sequence[Field]) -> None:
    """Raise Permanent for what none of the choices is: a form may be an old one, or made by hand."""
    for one in fields:
        value = ask.get(one.name)
        if one.kind == "choice" and value and value not in {str(key) for key, _ in one.choices(ask)}:
            message = f"{printable(value)} is not to be chosen as “{one.label}”: load the page again"
            raise Permanent(message)


def _back(ask: Ask) -> dict[str, str]:
    """Return what an act's form holds that the act which takes it back wants too."""
    names = ("mail", "receipt", "team", "track", "phase", "date", "name")
    return {name: ask.get(name) for name in names if ask.get(name)}


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
