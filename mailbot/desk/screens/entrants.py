"""Teams, their submissions, and what they dispute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailbot.config.challenge import quota_at, tracks_of
from mailbot.desk.page import Ask, Download, Missing, Page, Screen
from mailbot.desk.screens.correspondence import subject_of
from mailbot.ledger import disputes, events, quota, rulings, scores, similarities, submissions, teams
from mailbot.ledger.streams.newest import Wanted, mail_page, outbox_page, submission_page
from mailbot.model import Id, Status
from scoring.scores import items

if TYPE_CHECKING:
    from mailbot.ledger import Tx
    from mailbot.model import Team

LISTED = 10

MOST_ITEMS = 200
"""Of two submissions, so many answers that differ are listed; the rest are counted."""

CLOSED = 100
"""Of so many disputes that were opened last, those are listed too on which somebody has ruled."""


def roster(ask: Ask) -> Page:
    """List the teams: addresses, which of them take no mail, who is excluded."""
    with ask.desk.read() as tx:
        found, dead, excluded, holders = (
            teams.everyone(tx), teams.bouncing(tx), rulings.excluded_teams(tx), teams.key_holders(tx),
        )  # fmt: skip
    words = ask.get("words").casefold()
    shown = [one for one in found if words in one.name.casefold() or any(words in each for each in one.addresses)]
    context = {
        "teams": shown,
        "dead": dead,
        "excluded": excluded,
        "holders": holders,
        "given": ask.given,
        "all": len(found),
    }
    return Page(template="teams.html.j2", title="Teams", context=context)


def team(ask: Ask) -> Page:
    """Show one team: its addresses, quota, submissions, mails and letters, and what was decided about it."""
    with ask.desk.read() as tx:
        found = teams.find(tx, ask.id(Id.TEAM, "team"))
        if found is None:
            raise Missing(ask.path["team"])
        wanted = Wanted(team_id=found.id, rows=LISTED)
        context: dict[str, Any] = {
            "team": found,
            "dead": teams.bouncing(tx),
            "excluded": rulings.excluded_teams(tx).get(found.id),
            "key_since": teams.key_holders(tx).get(found.id),
            "quota": _quota(ask, tx, found),
            "submissions": submission_page(tx, wanted),
            "mails": mail_page(tx, wanted),
            "letters": outbox_page(tx, wanted),
            "subject_of": subject_of,
            "decided": list(reversed(events.about(tx, [found.name])))[:LISTED],
        }
    return Page(template="team.html.j2", title=found.name, context=context)


def _quota(ask: Ask, tx: Tx, found: Team) -> dict[str, Any]:
    """Return what a team has left this week, by track."""
    now = ask.desk.clock()
    rule, counted = quota_at(ask.desk.config, now)
    return {
        name: quota.allowance(tx, rule, team_id=found.id, track=name, at=now, phases=counted)
        for name in ask.desk.config.tracks
    }


def listing(ask: Ask) -> Page:
    """List the submissions, newest first, filtered."""
    with ask.desk.read() as tx:
        names = [one.name for one in teams.everyone(tx)]
        page = submission_page(tx, ask.wanted(tx))
        decided = {row.id: rulings.of(tx, team_id=row.team_id, submission_id=row.id)[0] for row in page.rows}
    context = {"page": page, "names": names, "given": ask.given, "decided": decided}
    context |= {
        "choices": [one for one in Status if one is not Status.REPEATED],
        "tracks": list(ask.desk.config.tracks),
    }
    return Page(template="submissions.html.j2", title="Submissions", context=context)


def submission(ask: Ask) -> Page:
    """Show one submission: its file, problems, scores by labels, what was told, and what looks like it."""
    number = ask.id(Id.SUBMISSION, "receipt")
    with ask.desk.read() as tx:
        row = next(iter(submissions.listing(tx, submission_id=number)), None)
        if row is None:
            raise Missing(ask.path["receipt"])
        kind, why = rulings.of(tx, team_id=row.team_id, submission_id=row.id)
        context: dict[str, Any] = {
            "row": row, "ruling": kind, "why": why,
            "scores": scores.of_submission(tx, row.id),
            "told": events.told(tx, [row.mail_id]).get(row.receipt),
            "alike": similarities.listing(tx, submission_id=number),
            "dispute": next(iter(disputes.of_submission(tx, number)[::-1]), None),
        }  # fmt: skip
    track = tracks_of(ask.desk.config).get(row.track or "")
    context["measures"] = [
        (each.title, f"{row.metrics[each.key]:.{each.decimals}f}")
        for each in (track.measures if track else ())
        if each.key in row.metrics
    ]
    return Page(template="submission.html.j2", title=row.receipt, context=context)


def beside(ask: Ask) -> Page:
    """Show a submission beside another one: facts, measures, and the answers that differ; no label is shown."""
    with ask.desk.opened() as service:
        with service.ledger.read() as tx:
            rows = [next(iter(submissions.listing(tx, submission_id=ask.id(Id.SUBMISSION, name))), None)
                    for name in ("receipt", "other")]  # fmt: skip
        one, other = rows
        if one is None or other is None or one.track is None or one.track != other.track:
            raise Missing(f"{ask.path['receipt']} {ask.path['other']}")
        truth = service.labels.of_stage(service.challenge.stage_of(one.phase).key).public[one.track]
        laid = service.columns.laid(truth, [one.id, other.id])
    kept = {one.id, other.id} <= set(laid)
    first, second = (items.shown(truth, laid[row.id]) if kept else {} for row in (one, other))
    differ = [(key, first[key], second[key]) for key in first if first[key] != second[key]]
    context = {"one": one, "other": other, "kept": kept, "answers": len(first), "differing": len(differ)}
    context |= {"differ": differ[:MOST_ITEMS], "measures": tracks_of(ask.desk.config)[one.track].measures}
    return Page(template="beside.html.j2", title=f"{one.receipt}, {other.receipt}", context=context)


def submitted_file(ask: Ask) -> Download:
    """Hand out the file of a submission, as it came."""
    number = ask.id(Id.SUBMISSION, "receipt")
    with ask.desk.opened() as service:
        with service.ledger.read() as tx:
            row = next(iter(submissions.listing(tx, submission_id=number)), None)
        data = service.files.find(row) if row else None
    if row is None or data is None:
        raise Missing(ask.path["receipt"])
    return Download(name=row.file_name, data=data)


def disputed(ask: Ask) -> Page:
    """List the disputes: open ones first, then the last that were ruled on."""
    with ask.desk.read() as tx:
        found = [*disputes.waiting(tx), *(row for row in disputes.latest(tx, CLOSED) if row.verdict is not None)]
    return Page(template="disputes.html.j2", title="Disputes", context={"disputes": found})


SCREENS = (
    Screen(path="/teams", look=roster),
    Screen(path="/teams/{team}", look=team),
    Screen(path="/submissions", look=listing),
    Screen(path="/submissions/{receipt}", look=submission),
    Screen(path="/submissions/{receipt}/file", look=submitted_file),
    Screen(path="/submissions/{receipt}/with/{other}", look=beside),
    Screen(path="/disputes", look=disputed),
)
