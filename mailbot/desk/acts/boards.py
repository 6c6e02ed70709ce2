"""What can be done about boards, dates and letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.board import withdrawal
from mailbot.board.page.awards import honours
from mailbot.board.page.rules import Awards
from mailbot.board.rank_changes import compared
from mailbot.config.calendar import shown, typed
from mailbot.desk.acts.act import Act
from mailbot.desk.acts.labels import PHASE, TOLD, stage_of
from mailbot.desk.acts.parts import HEADINGS, Deed, Done, Effect, Field, Letter, moved
from mailbot.errors import Permanent
from mailbot.ledger import teams
from mailbot.letters import written
from mailbot.operations import deadlines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.config.stages import Stage
    from mailbot.desk.page import Ask
    from mailbot.letters.written import Drafts, Written
    from mailbot.operations.deadlines import Move

EVERYBODY = "all"


# --- boards ----------------------------------------------------------------------------------
def _winners(deed: Deed, stage: Stage) -> Sequence[Written]:
    service = deed.service
    made = service.weekly.board(service.clock(), final=True, stage=stage)
    with service.ledger.read() as tx:
        return written.awards(tx, service.challenge, made, Awards(**service.config.awards.model_dump())).letters


def _publish_look(deed: Deed) -> Effect:
    service, stage = deed.service, stage_of(deed)
    made = service.weekly.board(service.clock(), stage=stage)
    past = [one for one in service.publisher.published() if not one.withdrawn and one.phase == made.phase]
    changes = compared(past[-1], made) if past else []
    since = f"since the one of {shown(past[-1].as_of, service.challenge.zone)}" if past else "it is the first"
    says = [f"A board of this moment is published: {len(changes)} place(s) differ, {since}."]
    letters = service.letter_queue.about(made, "preview", due_at=None) if deed.get("letters") else ()
    says += [f"{len(letters)} letter(s) with the team's standing go out."] if letters else ["No letter is sent."]
    would = [Letter.queued(one.outgoing) for one in letters]
    return Effect(says=says, letters=would, headings=HEADINGS, rows=moved(changes))


def _publish(deed: Deed) -> Done:
    service = deed.service
    service.weekly.publish(as_of=service.clock(), letters=bool(deed.get("letters")), stage=stage_of(deed))
    if deed.get("letters"):
        service.letter_queue.step()
    return Done(says=[f"Published in {service.config.published}.", *_sheet(deed)], href="/board")


def _final_look(deed: Deed) -> Effect:
    service, stage = deed.service, stage_of(deed)
    own = [phase for phase in service.challenge.phases if service.challenge.stage_of(phase.name) == stage]
    why = service.weekly.too_early(own)
    made = service.weekly.board(service.clock(), final=True, stage=stage)
    found = honours(made, Awards(**service.config.awards.model_dump()))
    rows = [[table.title, one.row.team, one.place, one.score] for table, its in found.tracks for one in its]
    says = ["The final results are published, and the page names the awards."]
    agree = {"agree-early": f"Publish nevertheless: {why}"} if why else {}
    drafts = _winners(deed, stage) if deed.get("winners") else ()
    headings = ("Table", "Team", "Place", "Score")
    return Effect(says=says, letters=deed.drafted(drafts), agree=agree, headings=headings, rows=rows)


def _final(deed: Deed) -> Done:
    service, stage = deed.service, stage_of(deed)
    drafts = _winners(deed, stage) if deed.get("winners") else ()
    service.weekly.publish(as_of=service.clock(), final=True, stage=stage)
    with service.ledger.write("winners") as tx:
        told = written.queue(tx, service.challenge, drafts, service.clock()) if drafts else 0
    return Done(
        says=["The final results are published.", f"{told} letter(s) to winners queued.", *_sheet(deed)], href="/board"
    )


def _withdraw_look(deed: Deed) -> Effect:
    service = deed.service
    found = withdrawal.look(service.ledger, deed.get("date"))
    then = (
        f"the board of {shown(found.then.as_of, service.challenge.zone)}"
        if found.then
        else "no team, because no board is left"
    )
    of = shown(found.board.as_of, service.challenge.zone)
    says = [f"The board of {of} is marked as withdrawn, and teams are shown why."]
    says += [f"Front page, feed and sheet show {then}."]
    says += [f"{len(found.waiting)} letters about it that wait are not sent; {found.sent} were sent."]
    return Effect(says=says)


def _withdraw(deed: Deed) -> Done:
    service = deed.service
    withdrawal.carry_out(service.ledger, withdrawal.look(service.ledger, deed.get("date")), deed.why, service.clock())
    told = [] if service.publisher.rebuild() else ["The command after publishing failed; see the journal."]
    offers = [("announce", "Write to teams", {"to": EVERYBODY})]
    return Done(says=["It is withdrawn.", *told, *_sheet(deed)], href="/board", offers=offers)


def _sheet(deed: Deed) -> list[str]:
    """Bring the Google Sheet up to date, and say what came of it; nothing where there is none."""
    sheet = deed.service.sheet()
    error = sheet.attempt() if sheet else None
    return [f"The Google Sheet is behind: {error}; a running mailbot tries again."] if error else []


# --- dates and letters -----------------------------------------------------------------------
def _move(deed: Deed) -> Move:
    try:
        until = typed(deed.get("until"), deed.service.challenge.zone)
    except ValueError as error:
        message = "write the new end as 2026-04-27T12:00, in the challenge's time zone"
        raise Permanent(message) from error
    team = deed.get("team")
    return deadlines.look(deed.service, deed.get("phase"), until, team=None if team in {"", EVERYBODY} else team)


def _extend_look(deed: Deed) -> Effect:
    found, zone = _move(deed), deed.service.challenge.zone
    was = shown(found.phase.closes or deed.service.clock(), zone)
    until = shown(found.extension.until, zone)
    says = [f"Phase {found.phase.name} closes {was}; for {found.extension.team or 'all teams'} it closes {until} then."]
    says += [found.warning] if found.warning else []
    says += ["What was refused as late before is accepted apart (Submissions)."]
    told = deadlines.letters(deed.service, found, deed.why) if deed.get("tell") else []
    says += [f"{len(told)} letter(s) go out." if deed.get("tell") else "No mail is sent."]
    return Effect(says=says, letters=[Letter.queued(row) for row in told])


def _extend(deed: Deed) -> Done:
    told = deadlines.carry_out(deed.service, _move(deed), deed.why, tell=bool(deed.get("tell")))
    if deed.get("team") in {"", EVERYBODY}:
        with deed.ask.desk.opened() as service:  # with the new date
            service.publisher.refresh()
    return Done(says=[f"Moved; {told} letter(s) queued. A running mailbot follows at once."], href="/dates")


def _announcement(deed: Deed) -> Drafts:
    to = None if deed.get("to") == EVERYBODY else [deed.get("to")]
    with deed.service.ledger.read() as tx:
        return written.announcement(tx, to, deed.get("subject"), deed.get("text"))


def _announce_look(deed: Deed) -> Effect:
    drafts = _announcement(deed)
    says = [f"{len(drafts.letters)} letter(s) go out, each once.", *drafts.left_out]
    return Effect(says=says, letters=deed.drafted(drafts.letters))


def _announce(deed: Deed) -> Done:
    drafts = _announcement(deed)
    with deed.service.ledger.write("announce") as tx:
        told = written.queue(
            tx, deed.service.challenge, drafts.letters, deed.service.clock(), title=deed.get("subject")
        )
    return Done(says=[f"{told} letter(s) queued."], href="/letters")


def _recipients(ask: Ask) -> Sequence[tuple[str, str]]:
    with ask.desk.read() as tx:
        return [(EVERYBODY, "All teams"), *((team.name, team.name) for team in teams.everyone(tx))]


def _with_end(ask: Ask) -> Sequence[tuple[str, str]]:
    return [(phase.name, phase.name) for phase in ask.desk.config.calendar if phase.closes]


STAYS = "Letters that were sent stay sent."

ACTS = (
    Act(
        name="publish", home="/board", title="Publish the board now", reason="", look=_publish_look, carry_out=_publish,
        fields=[PHASE, Field(name="letters", label="Write to each team where it stands", kind="check", needed=False)],
        inverse="withdraw-board", back=STAYS,
    ),
    Act(
        name="publish-final", home="/board", title="Publish the final results",
        reason="", look=_final_look, carry_out=_final,
        two="final",
        fields=[PHASE, Field(name="winners", label="Write to the teams that are honoured", kind="check", needed=False)],
        inverse="withdraw-board", back=STAYS,
    ),
    Act(
        name="withdraw-board", home="/board", title="Withdraw a published board", reason=TOLD, look=_withdraw_look,
        carry_out=_withdraw, fields=[Field(name="date", label="Its date", kind="fixed")],
    ),
    Act(
        name="extend", home="/dates", title="Move a deadline",
        reason=TOLD, look=_extend_look, carry_out=_extend, inverse="extend",
        fields=[
            Field(name="phase", label="Phase", kind="choice", choices=_with_end),
            Field(name="team", label="For", kind="choice", choices=_recipients),
            Field(name="until", label="New end", kind="instant", help="In the challenge's time zone:"),
            Field(name="tell", label="Write to those concerned", kind="check", needed=False),
        ],
    ),
    Act(
        name="announce", home="/letters", title="Write to teams", reason="", look=_announce_look, carry_out=_announce,
        fields=[
            Field(name="to", label="To", kind="choice", choices=_recipients),
            Field(name="subject", label="Subject"), Field(name="text", label="Text", kind="area"),
        ],
    ),
)  # fmt: skip
