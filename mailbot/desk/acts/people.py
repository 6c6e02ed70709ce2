"""Who takes part: a roster from a file, a team that is forgotten, an answer by hand, and who may use the desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.desk.acts.act import Act
from mailbot.desk.acts.mails import MAIL, mail_of
from mailbot.desk.acts.parts import Deed, Done, Effect, Field
from mailbot.desk.acts.teams import TEAM
from mailbot.desk.door import VALID, Role
from mailbot.errors import Permanent
from mailbot.identity import roster
from mailbot.ledger import held, teams
from mailbot.letters import written
from mailbot.mail.languages import language_of
from mailbot.model import Id, name_key
from mailbot.operations import forget as forgetting
from mailbot.system import lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.desk.page import Ask
    from mailbot.identity.roster import Roster
    from mailbot.ledger import Tx

MOST_ROWS = 200


# --- a roster from a file --------------------------------------------------------------------
def _read(deed: Deed) -> Roster:
    headings = {name: deed.get(name) for name in ("team", "address") if deed.get(name)}
    read = roster.read_csv(deed.ask.files["file"].data, headings)
    if not read.entries:
        told = "; ".join(read.mistakes).partition("; --columns")[0]
        message = f"{deed.ask.files['file'].name}: no team in it. {told}. Name its headings below."
        raise Permanent(message)
    return read


def _import_look(deed: Deed) -> Effect:
    read, service = _read(deed), deed.service
    since = roster.waiting_since(service.config, service.clock())
    with service.ledger.read() as tx:
        known = {name_key(team.name): set(team.addresses) for team in teams.everyone(tx)}
        everyone = [address for one in read.entries for address in one.addresses]
        waiting = held.waiting_of(tx, everyone, since=since) if since else ()
    rows = []
    for one in read.entries:
        its = known.get(name_key(one.name))
        fresh = [address for address in one.addresses if address not in (its or ())]
        what = "new team" if its is None else f"{len(fresh)} new address(es)" if fresh else "known already"
        rows.append([one.name, ", ".join(one.addresses), what])
    rows += [["–", mistake, "not taken"] for mistake in read.mistakes]
    says = [f"{len(read.entries)} team(s) in the file, {len(read.mistakes)} row(s) cannot be taken.", *read.notes]
    says += [f"The first {MOST_ROWS} rows are shown."] if len(rows) > MOST_ROWS else []
    names = ", ".join(Id.MAIL.of(each) for each in waiting)
    says += [f"{len(waiting)} mail(s) of these addresses wait, and are handled and answered then: {names}."
             if waiting else "No mail is sent."]  # fmt: skip
    return Effect(says=says, headings=("Team", "Addresses", "What happens"), rows=rows[:MOST_ROWS])


def _import(deed: Deed) -> Done:
    read, service, now = _read(deed), deed.service, deed.service.clock()
    with service.ledger.write("roster") as tx:
        terms = roster.by_hand(service.config, now)
        wrong = roster.enter(tx, read.entries, now, state=service.config.state, terms=terms, why=deed.why)
    says = [f"{len(read.entries) - len(wrong)} team(s) are on the roster from this file."]
    return Done(says=says + [f"Not taken: {each}" for each in (*read.mistakes, *wrong)], href="/teams")


# --- a team is forgotten ---------------------------------------------------------------------
def _forget_look(deed: Deed) -> Effect:
    with deed.service.ledger.read() as tx:
        team = teams.registered(tx, deed.get("team"))
        known = teams.ever(tx, team.id)
    says = [f"The addresses, mails and texts of {team.name} are erased permanently; a pseudonym keeps its scores."]
    says += [f"{len(known)} address(es) are erased. What is in the mailbox, in backups and exports is left to you."]
    if lock.is_held(deed.service.config.state):
        says += ["mailbot runs: stop it before this is carried out, and start it again then."]
    return Effect(says=says)


def _forget(deed: Deed) -> Done:
    with lock.held(deed.service.config.state):
        done = forgetting.forget(deed.service, deed.get("team"), deed.why)
    says = [f"It is {done.pseudonym} now: {done.mails} mail(s) dropped, {done.boards} board(s) renamed."]
    says += [f"In the mailbox, delete the mails from and to {', '.join(done.addresses) or 'it'}."]
    says += [f"Look at {', '.join(done.doubtful)}, which stay: each may be about it."] if done.doubtful else []
    return Done(says=[*says, "Make a new backup and delete older ones.", *done.copies], href="/teams")


# --- an answer by hand -----------------------------------------------------------------------
def _answer(deed: Deed, tx: Tx) -> written.Written:
    row = mail_of(deed, tx)
    team = teams.find(tx, row.team_id) if row.team_id else None
    if team is None:
        message = f"{row.name} does not belong to a team: give it to a team first"
        raise Permanent(message)
    dead = teams.bouncing(tx)
    own = row.sender if row.sender in team.addresses and row.sender not in dead else None
    recipient = own or teams.recipient(team, dead)
    if recipient is None:
        message = f"no address of {team.name} takes mail"
        raise Permanent(message)
    text = deed.get("text")
    return written.Written(
        kind=written.ANNOUNCEMENT, team=team, recipient=recipient, language=language_of(text),
        title=f"{deed.get('subject')} ({row.name})", text=text,
    )  # fmt: skip


def _answer_look(deed: Deed) -> Effect:
    with deed.service.ledger.read() as tx:
        draft = _answer(deed, tx)
    return Effect(says=[f"{draft.recipient} of {draft.team.name} gets one mail."], letters=deed.drafted([draft]))


def _answer_done(deed: Deed) -> Done:
    with deed.service.ledger.write("answered-by-hand") as tx:
        draft = _answer(deed, tx)
        if not written.queue(tx, deed.service.challenge, [draft], deed.service.clock(), title=draft.title):
            message = "it has this very answer already"
            raise Permanent(message)
    return Done(says=["It is queued; a running mailbot sends it at once."], href=f"/mails/{deed.get('mail')}")


# --- who may use the desk --------------------------------------------------------------------
def _role(deed: Deed) -> Role:
    return Role.READER if deed.get("role") == Role.READER else Role.ORGANIZER


def _invite_look(deed: Deed) -> Effect:
    minutes = int(VALID.total_seconds() // 60)
    may = "look at everything, and change nothing" if _role(deed) is Role.READER else "do everything that you can do"
    says = [f"{deed.get('name')} may {may}. The link is shown next: it lets in once, within {minutes} minutes."]
    return Effect(says=[*says, "No mail is sent: hand it over yourself."])


def _invite(deed: Deed) -> Done:
    name = deed.get("name")
    key = deed.ask.desk.let_in(deed.service.ledger, name, _role(deed))
    home = deed.ask.home
    says = [f"For {name}: {home}/login?key={key}", "It lets in once, within 15 minutes. It works on mailbot's host."]
    port = home.rpartition(":")[2]
    says += [f"From another machine, first: ssh -L {port}:127.0.0.1:{port} HOST"] if port.isdecimal() else []
    return Done(says=says, href="/people")


def _inside(ask: Ask) -> Sequence[tuple[str, str]]:
    return [(name, name) for name in dict.fromkeys(one.name for one in ask.desk.door.inside())]


def _show_out_look(deed: Deed) -> Effect:
    name = deed.get("name")
    ended = [one for one in deed.ask.desk.door.inside() if name_key(one.name) == name_key(name)]
    says = [f"{len(ended)} session(s) or login link(s) of {name} end at once. What they did stays."]
    return Effect(says=[*says, "No mail is sent."])


def _show_out(deed: Deed) -> Done:
    name = deed.get("name")
    ended = deed.ask.desk.show_out(deed.service.ledger, name)
    return Done(says=[f"{ended} session(s) or login link(s) of {name} are ended."], href="/people")


def _decline_look(deed: Deed) -> Effect:
    made = deed.ask.desk.proposals.find(deed.get("which"))
    if made is None:
        message = "that proposal was confirmed or declined already"
        raise Permanent(message)
    return Effect(says=[f"“{made.title}”, which {made.by} proposed, is not done."])


def _decline(deed: Deed) -> Done:
    made = deed.ask.desk.proposals.decline(deed.service, deed.get("which"), deed.why)
    return Done(says=[f"“{made.title}” is declined."], href="/")


ACTS = (
    Act(
        name="import-teams", home="/teams", title="Import teams",
        look=_import_look, carry_out=_import, inverse="remove-address",
        fields=[
            Field(name="file", label="The roster, as CSV", kind="file", help="Any separator; UTF-8, UTF-16, GB18030."),
            Field(name="team", label="Heading of the teams' names", needed=False, help="If it is not “team”."),
            Field(name="address", label="Heading of the addresses", needed=False, help="If it is not “address”."),
        ],
    ),
    Act(
        name="forget-team", home="/teams", title="Forget a team",
        look=_forget_look, carry_out=_forget, fields=[TEAM], two="forget",
        reason="It is kept permanently: name nobody.",
    ),
    Act(
        name="answer-mail", title="Answer a mail by hand", look=_answer_look, carry_out=_answer_done, reason="",
        fields=[MAIL, Field(name="subject", label="Subject"), Field(name="text", label="Text", kind="area")],
    ),
    Act(
        name="invite", home="/people", title="Let somebody in", look=_invite_look, carry_out=_invite, reason="",
        inverse="show-out", back="The link ends after 15 minutes, a session after twelve idle hours.",
        fields=[
            Field(name="name", label="Name", help="As the audit trail shall call them; no address."),
            Field(
                name="role", label="May", kind="choice",
                choices=lambda _: [(Role.ORGANIZER, "do everything"), (Role.READER, "only look")],
            ),
        ],
    ),
    Act(
        name="show-out", home="/people", title="Show somebody out", look=_show_out_look, carry_out=_show_out, reason="",
        fields=[Field(name="name", label="Name", kind="choice", choices=_inside, is_open=True)], inverse="invite",
    ),
    Act(
        name="decline", title="Decline a proposal", look=_decline_look, carry_out=_decline,
        fields=[Field(name="which", label="Proposal", kind="fixed")], back="It can be proposed again.",
    ),
)  # fmt: skip
