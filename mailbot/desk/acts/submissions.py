"""What can be decided about submissions, and about the disputes that teams open about them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mailbot.desk.acts.about import of_submission
from mailbot.desk.acts.act import Act
from mailbot.desk.acts.parts import HEADINGS, Deed, Done, Effect, Field, number
from mailbot.errors import Permanent
from mailbot.ledger import rulings, submissions
from mailbot.ledger.submissions import SubmissionRow, receipt
from mailbot.model import Exclusion, Ruling
from mailbot.operations import acceptance

if TYPE_CHECKING:
    from mailbot.ledger import Tx

RECEIPT = Field(name="receipt", label="Submission", kind="fixed")

NEXT = "The next board leaves it out. Boards published before stay."


def _row(deed: Deed) -> SubmissionRow:
    with deed.service.ledger.read() as tx:
        row = next(iter(submissions.listing(tx, submission_id=deed.id("receipt", "S"))), None)
    if row is None:
        message = f"there is no submission {deed.get('receipt')}"
        raise Permanent(message)
    return row


def _done(deed: Deed, says: str) -> Done:
    return Done(says=[says], href=f"/submissions/{receipt(deed.id('receipt', 'S'))}")


def _accept_look(deed: Deed) -> Effect:
    found = acceptance.look(deed.service, deed.id("receipt", "S"))

    def enter(tx: Tx) -> None:
        acceptance.enter(deed.service, tx, found, deed.why)

    says = [f"It would be accepted in phase {found.phase.name}, as of its arrival."]
    says += [f"Its score would be {found.evaluated.evaluation.score:.4f}. Its team gets one letter with the reason."]
    rows = deed.moves(enter)
    says += [] if rows else ["No place on the board changes: what stands for the team stays."]
    return Effect(says=says, letters=deed.would_write(enter), headings=HEADINGS, rows=rows)


def _accept(deed: Deed) -> Done:
    found = acceptance.look(deed.service, deed.id("receipt", "S"))
    acceptance.carry_out(deed.service, found, deed.why)
    return _done(deed, f"{found.row.receipt} is accepted. {acceptance.shown_by(deed.service, found)}")


def _exclude_look(deed: Deed, kind: Exclusion) -> Effect:
    with deed.service.ledger.read() as tx:
        row = rulings.accepted(tx, deed.id("receipt", "S"))
        had, why = rulings.of(tx, team_id=row.team_id, submission_id=row.id)
    rows = deed.moves(lambda tx: rulings.exclude(tx, row.id, kind, deed.why, deed.service.clock()))
    says = [f"It is {kind}. {NEXT} No mail is sent.", *([f"It is {had} already, because: {why}"] if why else [])]
    return Effect(says=says, headings=HEADINGS, rows=rows)


def _exclude(deed: Deed, kind: Exclusion) -> Done:
    with deed.service.ledger.write("ruling") as tx:
        row = rulings.exclude(tx, deed.id("receipt", "S"), kind, deed.why, deed.service.clock())
    return _done(deed, f"{row.receipt} ({row.team}) is {kind}.")


def _reinstate_look(deed: Deed) -> Effect:
    row = _row(deed)
    with deed.service.ledger.read() as tx:
        kind, why = rulings.of(tx, team_id=row.team_id, submission_id=row.id)
    if kind is None or kind == "selected":
        message = f"{row.receipt} is not excluded"
        raise Permanent(message)
    says = [f"It is {kind} now, because: {why}", "It counts again, from the next board on."]
    rows = deed.moves(lambda tx: rulings.reinstate(tx, row.id, deed.why, deed.service.clock()))
    return Effect(says=says, headings=HEADINGS, rows=rows)


def _reinstate(deed: Deed) -> Done:
    with deed.service.ledger.write("ruling") as tx:
        row = rulings.reinstate(tx, deed.id("receipt", "S"), deed.why, deed.service.clock())
    return _done(deed, f"{row.receipt} of {row.team} counts again.")


def _wanted(deed: Deed) -> list[int]:
    words = deed.get("receipts").replace(",", " ").split()
    if not words:
        message = "write receipts, as S-7 S-9"
        raise Permanent(message)
    return [number(word, "S") for word in words]


def _select_look(deed: Deed) -> Effect:
    with deed.service.ledger.read() as tx:
        rows = [rulings.accepted(tx, number) for number in _wanted(deed)]
    rule = deed.service.config.board.standing
    says = [of_submission(row) for row in rows]
    says += [f"They take the place of what {rows[0].team} selected before. The board's rule is “{rule}”."]
    return Effect(says=says)


def _select(deed: Deed) -> Done:
    with deed.service.ledger.write("ruling") as tx:
        rows = rulings.select(tx, _wanted(deed), deed.service.clock(), deed.service.config.stages)
    return Done(says=[f"Selected of {rows[0].team}: {', '.join(row.receipt for row in rows)}."], href="/submissions")


def _verdict(deed: Deed) -> Ruling:
    try:
        return Ruling(deed.get("verdict"))
    except ValueError as error:
        message = "say whether the team is right"
        raise Permanent(message) from error


def _rule_look(deed: Deed) -> Effect:
    number, verdict = deed.id("receipt", "S"), _verdict(deed)
    found = deed.would_write(lambda tx: deed.service.disputes.rule(tx, number, verdict, deed.why))
    says = [f"The dispute about {receipt(number)} is closed as {verdict}, and the team is answered."]
    says += ["Labels are corrected apart (Labels)."] if verdict is Ruling.ACCEPTED else []
    return Effect(says=says, letters=found)


def _rule(deed: Deed) -> Done:
    with deed.service.ledger.write("ruling") as tx:
        row = deed.service.disputes.rule(tx, deed.id("receipt", "S"), _verdict(deed), deed.why)
    return Done(
        says=[f"The dispute about {row.receipt} is {row.verdict or 'closed'}; {row.team} is told."], href="/disputes"
    )


ACTS = (
    Act(
        name="accept", title="Accept a submission", fields=[RECEIPT], look=_accept_look, carry_out=_accept,
        inverse="hide-submission", reason="The team gets it, and it is kept permanently.",
    ),
    Act(
        name="hide-submission", title="Hide a submission", fields=[RECEIPT], inverse="reinstate-submission",
        look=partial(_exclude_look, kind=Exclusion.HIDDEN), carry_out=partial(_exclude, kind=Exclusion.HIDDEN),
    ),
    Act(
        name="disqualify-submission", title="Disqualify a submission", fields=[RECEIPT], inverse="reinstate-submission",
        look=partial(_exclude_look, kind=Exclusion.DISQUALIFIED),
        carry_out=partial(_exclude, kind=Exclusion.DISQUALIFIED),
    ),
    Act(
        name="reinstate-submission", title="Reinstate a submission", fields=[RECEIPT], look=_reinstate_look,
        carry_out=_reinstate, inverse="hide-submission",
    ),
    Act(
        name="select", home="/submissions", title="Select submissions",
        look=_select_look, carry_out=_select, reason="", inverse="select",
        fields=[Field(name="receipts", label="Receipts of one team", help="As S-7 S-9.")],
    ),
    Act(
        name="rule", title="Rule on a dispute", look=_rule_look, carry_out=_rule,
        reason="The team gets it, and it is kept permanently.",
        fields=[
            RECEIPT,
            Field(
                name="verdict", label="Verdict", kind="choice", is_open=True,
                choices=lambda _: [(Ruling.ACCEPTED, "The team is right"), (Ruling.REJECTED, "The score stays")],
            ),
        ],
    ),
)  # fmt: skip
