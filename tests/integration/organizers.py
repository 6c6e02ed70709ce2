"""Organizers in their browsers, and a contest for them: the daemon between Dovecot and exim4, and its desk."""

from __future__ import annotations

import email
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from mailbot.desk.door import Role
from mailbot.ledger import events
from tests.command import mailbot
from tests.integration.bot import wait

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playwright.sync_api import Browser, BrowserContext, Locator, Page

    from mailbot.desk.desk import Desk
    from tests.integration.bot import Bot, Running
    from tests.servers.dovecot import Mailbox


@dataclass
class Seat:
    """Somebody's browser, logged in, and what it complained of."""

    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)

    @classmethod
    def take(cls, chromium: Browser, desk: Desk, address: str, name: str = "Ada", role: Role = Role.ORGANIZER) -> Seat:
        """Follow a login link as a person does."""
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        seat = cls(context=context, page=context.new_page())
        seat.page.on("console", lambda message: seat.errors.append(message.text))
        seat.page.on("pageerror", lambda error: seat.errors.append(str(error)))
        log_in(seat.page, f"{address}/login?key={desk.door.invite(name, role)}")
        return seat


# --- what a person does on a page ------------------------------------------------------------
def log_in(page: Page, link: str) -> None:
    """Follow a login link, and say that it is oneself."""
    page.goto(link)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def follow(page: Page, link: Locator) -> None:
    """Follow a link until its page is there whole: what is looked for next is not of the one before."""
    link.wait_for()
    with page.expect_navigation():
        link.click()


def go(page: Page, *names: str) -> None:
    """Follow links by what is written on them."""
    for name in names:
        follow(page, page.get_by_role("link", name=name, exact=True).first)


def press(page: Page, button: Locator) -> None:
    """Press a button of a form, until its answer has taken the place of what was there."""
    page.locator("#main").evaluate("one => one.setAttribute('data-before', '')")
    button.click()
    page.locator("#main:not([data-before])").wait_for()


def look(page: Page, **fields: str) -> str:
    """Fill a form in by its labels, and let it say what it would do; return that."""
    for name, value in fields.items():
        control = page.get_by_label(name.replace("_", " "))
        kind = control.evaluate("one => one.tagName == 'INPUT' ? one.type : one.tagName")
        if kind == "SELECT":
            control.select_option(value)
        elif kind == "checkbox":
            control.check()
        else:
            control.fill(value)
    press(page, page.get_by_role("button", name="Show what it does"))
    expect(page.get_by_role("heading", name="What it does")).to_be_visible()
    return page.locator("section.effect").inner_text()


def do(page: Page) -> str:
    """Confirm what was seen; return what was done."""
    press(page, page.locator("button.go"))
    done = page.get_by_role("status")
    expect(done).to_be_visible()
    return done.inner_text()


# --- the contest -----------------------------------------------------------------------------
PEEPERS, OWLS = "Pixel Peepers", "Owls"

WRONG_LABEL = 5
"""The item whose label is wrong: every team answers it alike, and otherwise than the label file."""

NOW = datetime.now(UTC).replace(microsecond=0)

PHASES = {
    "first": (NOW - timedelta(days=30), NOW - timedelta(hours=3)),
    "second": (NOW - timedelta(hours=1), NOW + timedelta(days=5)),
}


@dataclass
class Contest:
    """The contest, its mailboxes, its daemon and its desk."""

    bot: Bot
    running: Running
    desk: Desk
    address: str
    mailbox: Mailbox
    peepers: Mailbox
    owls: Mailbox
    stranger: Mailbox

    def mail(self, sender: Mailbox, subject: str, *, wrong: Sequence[int] = (), file: bool = True) -> bytes:
        """Write a mail, with a file whose answers are the labels but for a few."""
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"], message["Subject"] = sender.user, self.mailbox.user, subject
        message["Message-ID"] = f"<{abs(hash((sender.user, subject)))}@client.example>"
        message.set_content("Please.")
        if file:
            rows = json.loads((self.bot.folder / "labels" / "answer-u.json").read_text())
            own = [row | {"answer": "C" if row["id"] in {*wrong, WRONG_LABEL} else row["answer"]} for row in rows]
            data = json.dumps({"method": subject, "track": "U", "predictions": own}).encode()
            message.add_attachment(data, maintype="application", subtype="json", filename="u.json")
        return message.as_bytes()

    def ask(self, sender: Mailbox, subject: str, *, wrong: Sequence[int] = (), file: bool = True) -> None:
        """Let somebody write a mail."""
        self.mailbox.deliver(self.mail(sender, subject, wrong=wrong, file=file), sender=sender.user)

    def got(self, reader: Mailbox, *words: str) -> EmailMessage:
        """Wait until somebody has a mail whose subject and text hold these words."""

        def found() -> EmailMessage | None:
            mails = [email.message_from_bytes(raw, policy=default) for raw in reversed(reader.messages())]
            return next((one for one in mails if all(word in told(one) for word in words)), None)

        return wait(found, self.running.path)

    def submission(self, method: str) -> Mapping[str, Any]:
        """Wait for the submission of a method."""
        return wait(lambda: next((row for row in self.bot.rows("submissions") if row["method"] == method), None))

    def status(self) -> dict[str, Any]:
        """Return what `mailbot status --json` says."""
        found: dict[str, Any] = mailbot("status", "--json", folder=self.bot.folder).json
        return found

    def trail(self, kind: str) -> tuple[str, dict[str, Any]]:
        """Return who did an act of this kind last, and its details."""
        with self.desk.read() as tx:
            entry = next(one for one in reversed(events.listing(tx)) if one.kind == kind)
        return entry.actor, json.loads(entry.detail)


def told(message: EmailMessage) -> str:
    """Return subject and text of a mail, without its line breaks."""
    part = message.get_body(("plain",))
    return " ".join(f"{message['Subject']} {part.get_content() if part else ''}".split())


def write_config(bot: Bot) -> None:
    """Add what the tasks need: a second track, two phases with a gap, and two people for final results."""
    path = bot.folder / "config.toml"
    more = ['[tracks.siqa-u]\nlabels = "labels/answer-u.json"\n[quota]\nper_week = 50\n[desk]\ntwo = ["final"]\n']
    for name, (opens, closes) in PHASES.items():
        more += [f'[[phases]]\nname = "{name}"\nopens = {opens.isoformat()}\ncloses = {closes.isoformat()}\n']
    path.write_text(path.read_text().replace('extra_folders = ["Junk"]', "") + "\n" + "".join(more))
