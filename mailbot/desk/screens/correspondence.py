"""Today, the mails, our own mails, and the log."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from mailbot.daemon.status import look
from mailbot.desk import live
from mailbot.desk.acts.parts import Letter
from mailbot.desk.jobs import State
from mailbot.desk.page import Ask, Frame, Goto, Missing, Page, Screen, without_secrets
from mailbot.errors import MailbotError
from mailbot.identity import confirmation
from mailbot.ledger import disputes, events, mails, outbox, submissions, teams
from mailbot.ledger.streams.newest import event_page, given_up, mail_page, outbox_page, waiting_mails
from mailbot.mail import tasks as mail_tasks
from mailbot.model import Id, MailState, Outcome, ReplyState
from mailbot.operations import trace
from mailbot.transport.alerts import SUBJECTS
from mailbot.transport.spool import Spool
from scoring.text import printable
from scoring.trail.rows import ROWS

if TYPE_CHECKING:
    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.open import Opened

SOON = timedelta(days=14)

LISTED = 10

WAITING = (Outcome.HELD, Outcome.UNKNOWN_SENDER)


def _names(tx: Tx) -> dict[int, str]:
    return {team.id: team.name for team in teams.everyone(tx)}


def subject_of(row: MailRow) -> str:
    """Return a mail's subject without the codes in it."""
    return printable(confirmation.masked(row.subject or ""), 120)


# --- today -----------------------------------------------------------------------------------
def today(ask: Ask) -> Page:
    """Show what is wrong, what waits for a decision, what comes next, and the last mails."""
    with ask.desk.read() as tx:
        mark = live.mark(tx)  # first: what changes after it is told
        status = look(tx, ask.desk.config, now=ask.desk.clock(), complete=ask.desk.complete)
        waiting = {str(outcome): waiting_mails(tx, outcome, LISTED) for outcome in WAITING}
        aside = waiting_mails(tx, MailState.SET_ASIDE, LISTED)
        opened = disputes.waiting(tx)[:LISTED]
        unsent = given_up(tx, LISTED)
        names = _names(tx)
    ill = [(SUBJECTS.get(part.part, part.part), part) for part in status.parts if not part.ok]
    context = {"status": status, "waiting": waiting, "aside": aside, "disputes": opened, "given_up": unsent}
    context |= {"proposals": ask.desk.proposals.listing()}
    context |= {"jobs": [one for one in ask.desk.jobs.listing()[:LISTED] if one.state is State.RUNNING]}
    context |= {
        "mark": mark,
        "ill": ill,
        "names": names,
        "subject_of": subject_of,
        "loops": status.pulse.get("loops", {}),
    }
    return Page(template="today.html.j2", title="Today", context=context)


# --- mails -----------------------------------------------------------------------------------
def stream(ask: Ask) -> Page:
    """List the mails, newest first, filtered."""
    with ask.desk.read() as tx:
        names = _names(tx)
        page = mail_page(tx, ask.wanted(tx))
    choices = [*Outcome, MailState.SPOOLED, MailState.WORKING, MailState.SET_ASIDE]
    context = {"page": page, "names": names, "given": ask.given, "subject_of": subject_of, "choices": choices}
    return Page(template="mails.html.j2", title="Mails", context=context | {"tracks": list(ask.desk.config.tracks)})


def mail(ask: Ask) -> Page:
    """Show one mail: who sent it, its text, its files, our answers, and its whole life."""
    number = ask.id(Id.MAIL, "mail")
    with ask.desk.read() as tx:
        row = mails.get(tx, number)
        if row is None:
            raise Missing(ask.path["mail"])
        team = teams.find(tx, row.team_id) if row.team_id else None
        found = submissions.listing(tx, mail_id=number)
        answers = [(one, Letter.queued(one)) for one in outbox.of_mail(tx, number)]
        life = trace.of_mail(tx, number, ask.desk.clock())
        failed = mails.trace(tx, number)
    opened, why, is_rich = _opened(ask, row)
    context: dict[str, Any] = {
        "row": row,
        "team": team,
        "submissions": found,
        "answers": answers,
        "life": life,
        "failed": failed,
    }
    context |= {"opened": opened, "unread": why, "subject": subject_of(row), "is_rich": is_rich}
    return Page(template="mail.html.j2", title=row.name, context=context)


def _opened(ask: Ask, row: MailRow) -> tuple[Opened | None, str, bool]:
    """Open a mail as the daemon does, in a child, else say why not; and whether it may have a text in HTML."""
    try:
        raw = Spool(ask.desk.config.state / "spool").get(row.sha256)
        opened = ask.desk.reader().submit(mail_tasks.open_mail, raw, row.size).result()
        shown = replace(opened.mail, text=without_secrets(opened.mail.text))
        return replace(opened, mail=shown), "", b"text/html" in raw.lower()
    except MailbotError as error:
        return None, str(error), False


MAIL_POLICY = "default-src 'none'; style-src 'self'; sandbox allow-same-origin; frame-ancestors 'self'"
"""Of a mail's HTML: of our style sheet's type alone, which is given to pages of this origin. No script runs there."""


HEAD = '<!doctype html><meta charset="utf-8"><title>{}</title><link rel="stylesheet" href="/static/desk.css">'


def html(ask: Ask) -> Frame:
    """Show a mail's HTML in a frame: its text and layout; no script, picture, link or style of the sender's is left."""
    number = ask.id(Id.MAIL, "mail")
    with ask.desk.read() as tx:
        row = mails.get(tx, number)
    if row is None:
        raise Missing(ask.path["mail"])
    raw = Spool(ask.desk.config.state / "spool").get(row.sha256)
    shown = without_secrets(ask.desk.reader().submit(mail_tasks.rich, raw).result())
    title = subject_of(row) or row.name
    head = HEAD.format(escape(title))
    return Frame(html=f"{head}<main>{shown}</main>", policy=MAIL_POLICY)


def job(ask: Ask) -> Page:
    """Show how far a long act is."""
    found = ask.desk.jobs.find(ask.path["job"])
    if found is None:
        raise Missing(ask.path["job"])
    return Page(template="job.html.j2", title=found.title, context={"job": found})


# --- letters ---------------------------------------------------------------------------------
def letters(ask: Ask) -> Page:
    """List our own mails, newest first, filtered."""
    with ask.desk.read() as tx:
        names = _names(tx)
        page = outbox_page(tx, ask.wanted(tx))
        waiting = outbox.waiting(tx)
    context = {"page": page, "names": names, "given": ask.given, "choices": list(ReplyState), "waiting": waiting}
    return Page(template="letters.html.j2", title="Letters", context=context)


def letter(ask: Ask) -> Page:
    """Show one of our mails as its reader sees it."""
    with ask.desk.read() as tx:
        row = next(iter(outbox.listing(tx, ask.id(Id.REPLY, "reply"))), None)
        if row is None:
            raise Missing(ask.path["reply"])
        life = trace.of_reply(tx, row.id, ask.desk.clock())
    context = {"row": row, "letter": Letter.queued(row), "life": life}
    return Page(template="letter.html.j2", title=row.name, context=context)


# --- log -------------------------------------------------------------------------------------
def log(ask: Ask) -> Page:
    """List the audit trail, newest first, by person, kind and subject."""
    with ask.desk.read() as tx:
        page, kinds = event_page(tx, ask.wanted(tx)), sorted(events.KINDS)
    told = {
        entry.id: trace.plain({name: value for name, value in json.loads(entry.detail).items() if name != ROWS})
        for entry in page.rows
    }
    context = {"page": page, "kinds": kinds, "given": ask.given, "told": told}
    return Page(template="log.html.j2", title="Log", context=context)


# --- who is in, and where something is -------------------------------------------------------
def people(ask: Ask) -> Page:
    """List who is logged in."""
    return Page(template="people.html.j2", title="People", context={"inside": ask.desk.door.inside()})


PLACES = {"M": "/mails/", "S": "/submissions/", "R": "/letters/"}
"""Where what an id names is shown."""


def find(ask: Ask) -> Page | Goto:
    """Go to what an id or a team's name names; else list the mails with these words."""
    asked = ask.get("words")
    named = re.fullmatch(r"([MSR])-?0*(\d{1,18})", asked.upper())
    if named:
        return Goto(href=f"{PLACES[named[1]]}{Id(named[1]).of(int(named[2]))}")
    with ask.desk.read() as tx:
        team = teams.with_name(tx, asked) if asked else None
    return Goto(href=f"/teams/{Id.TEAM.of(team.id)}") if team else stream(ask)


SCREENS = (
    Screen(path="/", look=today),
    Screen(path="/mails", look=stream),
    Screen(path="/mails/{mail}", look=mail),
    Screen(path="/mails/{mail}/html", look=html),
    Screen(path="/jobs/{job}", look=job),
    Screen(path="/letters", look=letters),
    Screen(path="/letters/{reply}", look=letter),
    Screen(path="/log", look=log),
    Screen(path="/people", look=people),
    Screen(path="/find", look=find),
)
