"""What can be changed about teams."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from mailbot.config.calendar import shown
from mailbot.desk.acts.act import Act
from mailbot.desk.acts.mails import team_names
from mailbot.desk.acts.parts import HEADINGS, Deed, Done, Effect, Field, moved, tracks
from mailbot.errors import Permanent
from mailbot.identity import keys, roster
from mailbot.ledger import held, rulings, teams
from mailbot.letters import written
from mailbot.mail import teamkey
from mailbot.model import Exclusion, Id
from mailbot.operations import teams as changes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailbot.letters.written import Drafts
    from mailbot.model import Team
    from mailbot.operations.teams import Plan

TEAM = Field(name="team", label="Team", kind="fixed")


def _team(deed: Deed) -> Team:
    with deed.service.ledger.read() as tx:
        return teams.registered(tx, deed.get("team"))


def _done(says: str, name: str, deed: Deed) -> Done:
    with deed.service.ledger.read() as tx:
        team = teams.with_name(tx, name)
    return Done(says=[says], href=f"/teams/T-{team.id:06d}" if team else "/teams")


def _plan_look(deed: Deed, plan: Callable[[Deed], Plan]) -> Effect:
    return Effect(says=[*plan(deed).says, "No mail is sent."])


def _plan_done(deed: Deed, plan: Callable[[Deed], Plan]) -> Done:
    found = plan(deed)
    with deed.service.ledger.write("roster-change") as tx:
        changes.carry_out(tx, deed.service.config, found, deed.why, deed.service.clock())
    return _done("Done.", found.other or found.team, deed)


def _removal(deed: Deed) -> Plan:
    with deed.service.ledger.read() as tx:
        return changes.removal(tx, deed.get("team"), deed.get("address"))


def _leader(deed: Deed) -> Plan:
    with deed.service.ledger.read() as tx:
        return changes.leader(tx, deed.get("team"), deed.get("address"))


def _rename(deed: Deed) -> Plan:
    with deed.service.ledger.read() as tx:
        return changes.rename(tx, deed.service.config, deed.get("team"), deed.get("name"))


def _merge_look(deed: Deed) -> Effect:
    found = changes.preview(deed.service, deed.get("team"), deed.get("into"))
    return Effect(says=[*found.says, "No mail is sent."], headings=HEADINGS, rows=moved(found.changes))


def _merge(deed: Deed) -> Done:
    with deed.service.ledger.write("roster-change") as tx:
        found = changes.merge(deed.service, tx, deed.get("team"), deed.get("into"), why=deed.why)
    done = _done("Done.", deed.get("into"), deed)
    return Done(says=[*done.says, *found.says], href=done.href, headings=HEADINGS, rows=moved(found.changes))


def _add_look(deed: Deed) -> Effect:
    entry = _entry(deed)
    known = [one for one in entry.addresses if _is_known(deed, one)]
    with deed.service.ledger.read() as tx:
        is_new = teams.with_name(tx, entry.name) is None
    says = [f"{entry.name} is a new team; {entry.addresses[0]} leads it."] if is_new else []
    says += [f"{entry.name} gets {', '.join(entry.addresses)}."]
    says += [f"Known already: {', '.join(known)}"] if known else []
    since = roster.waiting_since(deed.service.config, deed.service.clock())
    with deed.service.ledger.read() as tx:
        waiting = held.waiting_of(tx, entry.addresses, since=since) if since else ()
    names = ", ".join(Id.MAIL.of(each) for each in waiting)
    told = f"{len(waiting)} mail(s) of these addresses wait, and are handled and answered then: {names}."
    return Effect(says=[*says, told if waiting else "No mail is sent."])


def _entry(deed: Deed) -> roster.Entry:
    try:
        return roster.entry(deed.get("team"), deed.get("addresses").replace(",", " ").split())
    except ValueError as error:
        raise Permanent(str(error)) from error


def _is_known(deed: Deed, address: str) -> bool:
    with deed.service.ledger.read() as tx:
        return bool(teams.by_address(tx, [address]))


def _add(deed: Deed) -> Done:
    service, entry, now = deed.service, _entry(deed), deed.service.clock()
    with service.ledger.write("roster") as tx:
        terms = roster.by_hand(service.config, now)
        told = roster.enter(tx, [entry], now, state=service.config.state, terms=terms, why=deed.why)
    if told:
        raise Permanent("; ".join(told))
    return _done(f"{entry.name} is on the roster.", entry.name, deed)


def _key_look(deed: Deed) -> Effect:
    team = _team(deed)
    with deed.service.ledger.read() as tx:
        since = teams.key_holders(tx).get(team.id)
    says = [f"{team.name} gets a new key, shown once; the old one is invalid. No mail is sent."]
    says += [f"Its present one was made {shown(since, deed.service.challenge.zone)}."] if since else []
    return Effect(says=says)


def _key(deed: Deed) -> Done:
    randomness = secrets.token_bytes(teamkey.BYTES)
    with deed.service.ledger.write("team-key") as tx:
        now = deed.service.clock()
        team, text = keys.new_key(tx, deed.get("team"), secret=deed.service.secret, randomness=randomness, now=now)
    local, _, domain = deed.service.challenge.address.rpartition("@")
    says = [f"The key of {team.name}, shown this once: {text}", f"The team writes to {local}+{text}@{domain},"]
    return Done(says=[*says, f"or puts [key {text}] into the subject."], href=f"/teams/T-{team.id:06d}")


def _grant_look(deed: Deed) -> Effect:
    team, more, service = _team(deed), _more(deed), deed.service
    with service.ledger.read() as tx:
        phase = changes.only_in(tx, service.challenge, team.name, service.clock())
        has = changes.has(tx, service.challenge, team.name, deed.get("track"), service.clock())
    says = [f"{team.name} may have {more} submission(s) more on {deed.get('track')} this week. No mail is sent."]
    says += [f"{team.name} has {has.left} left of {has.per_week} this week."]
    return Effect(says=[*says, f"It counts in phase {phase}, and in no other phase of this week."] if phase else says)


def _more(deed: Deed) -> int:
    text = deed.get("more")
    if not text.isdecimal() or not 1 <= int(text) <= 100:  # noqa: PLR2004  # as the command
        message = "how many more: 1 to 100"
        raise Permanent(message)
    if deed.get("track") not in deed.service.challenge.tracks:
        message = f"there is no track {deed.get('track')}"
        raise Permanent(message)
    return int(text)


def _grant(deed: Deed) -> Done:
    service, more = deed.service, _more(deed)
    asked, track = deed.get("team"), deed.get("track")
    with service.ledger.write("grant") as tx:
        team, has = changes.grant(tx, service.challenge, asked, track, more=more, why=deed.why, now=service.clock())
    return _done(f"{team.name} has {has.left} left of {has.per_week} this week.", team.name, deed)


def _drafts(deed: Deed) -> Drafts:
    with deed.service.ledger.read() as tx:
        return written.disqualification(tx, deed.service.challenge, deed.get("team"), deed.why)


def _edited(deed: Deed) -> Sequence[written.Written]:
    """Return the letter as it stands in the form, where it is to be sent."""
    if not deed.get("tell"):
        return ()
    title, text = deed.get("draft-subject"), deed.get("draft-text")
    return [one.edited(title, text) if title and text else one for one in _drafts(deed).letters]


def _now(deed: Deed) -> list[str]:
    """Say how a team is excluded that is excluded already: of two organizers the second learns of the first."""
    with deed.service.ledger.read() as tx:
        kind = rulings.excluded_teams(tx).get(_team(deed).id)
    return [f"It is {kind} already."] if kind else []


def _disqualify_look(deed: Deed) -> Effect:
    team, found = _team(deed), _edited(deed)
    says = [f"{team.name} is disqualified: the next board leaves it out. Its mails are still answered.", *_now(deed)]
    draft = (found[0].title, found[0].text.strip()) if found else None
    says += [] if found else ["No mail is sent."]
    rows = _moves_out(deed, Exclusion.DISQUALIFIED)
    return Effect(says=says, letters=deed.drafted(found), draft=draft, headings=HEADINGS, rows=rows)


def _moves_out(deed: Deed, kind: Exclusion) -> list[list[str]]:
    """Return how places change when a team is left out."""
    return deed.moves(lambda tx: rulings.exclude_team(tx, deed.get("team"), kind, deed.why, deed.service.clock()))


def _disqualify(deed: Deed) -> Done:
    service, found = deed.service, _edited(deed)
    with service.ledger.write("disqualify") as tx:
        name = rulings.exclude_team(tx, deed.get("team"), Exclusion.DISQUALIFIED, deed.why, service.clock())
        told = written.queue(tx, service.challenge, found, service.clock()) if found else 0
    return _done(f"{name} is disqualified. {told} letter(s) queued.", name, deed)


def _hide_look(deed: Deed) -> Effect:
    says = [f"{_team(deed).name} is hidden from the board while you look into it. No mail is sent.", *_now(deed)]
    return Effect(says=says, headings=HEADINGS, rows=_moves_out(deed, Exclusion.HIDDEN))


def _hide(deed: Deed) -> Done:
    with deed.service.ledger.write("ruling") as tx:
        name = rulings.exclude_team(tx, deed.get("team"), Exclusion.HIDDEN, deed.why, deed.service.clock())
    return _done(f"{name} is hidden.", name, deed)


def _reinstate_look(deed: Deed) -> Effect:
    says = [f"{_team(deed).name} counts again, from the next board on. A letter that was sent is not taken back."]
    rows = deed.moves(lambda tx: rulings.reinstate_team(tx, deed.get("team"), deed.why, deed.service.clock()))
    return Effect(says=says, headings=HEADINGS, rows=rows)


def _reinstate(deed: Deed) -> Done:
    with deed.service.ledger.write("ruling") as tx:
        name = rulings.reinstate_team(tx, deed.get("team"), deed.why, deed.service.clock())
    offers = [("announce", "Write to the team", {"to": name})]
    return replace(_done(f"{name} counts again.", name, deed), offers=offers)


def _planned(name: str, title: str, plan: Callable[[Deed], Plan], *fields: Field, inverse: str = "") -> Act:
    return Act(
        name=name, title=title, home="/teams", fields=[TEAM, *fields], inverse=inverse,
        look=partial(_plan_look, plan=plan), carry_out=partial(_plan_done, plan=plan),
    )  # fmt: skip


ADDRESS = Field(name="address", label="Address of the team")

ACTS = (
    Act(
        name="add-team", home="/teams", title="Add a team, or addresses to one", look=_add_look, carry_out=_add,
        inverse="remove-address",
        fields=[
            Field(name="team", label="Team"),
            Field(name="addresses", label="Addresses", kind="area", help="The leader's first."),
        ],
    ),
    _planned("remove-address", "Remove an address from a team", _removal, ADDRESS, inverse="add-team"),
    _planned("set-leader", "Make an address the team's leader", _leader, ADDRESS, inverse="set-leader"),
    _planned("rename-team", "Rename a team", _rename, Field(name="name", label="New name"), inverse="rename-team"),
    Act(
        name="merge-teams", home="/teams", title="Merge a team into another", look=_merge_look, carry_out=_merge,
        back="A merger cannot be undone; only a backup made before has both teams.",
        fields=[
            TEAM, Field(name="into", label="The team that stays", kind="choice", choices=team_names, is_open=True)
        ],
    ),
    Act(
        name="team-key", home="/teams", title="Make a team a new key",
        fields=[TEAM], look=_key_look, carry_out=_key, reason="",
        back="An invalid key cannot be restored; make another one.",
    ),
    Act(
        name="grant", home="/teams", title="Grant submissions", look=_grant_look, carry_out=_grant,
        back="A grant cannot be undone; it ends with the week.",
        fields=[
            TEAM, Field(name="track", label="Track", kind="choice", choices=tracks),
            Field(name="more", label="How many more this week"),
        ],
    ),
    Act(
        name="disqualify-team", home="/teams", title="Disqualify a team", look=_disqualify_look, carry_out=_disqualify,
        inverse="reinstate-team", back="A letter that was sent stays sent.",
        reason="It is kept permanently, and is in the letter.",
        fields=[TEAM, Field(name="tell", label="Write to the team", kind="check", needed=False)],
    ),
    Act(
        name="hide-team", home="/teams", title="Hide a team", fields=[TEAM], look=_hide_look, carry_out=_hide,
        inverse="reinstate-team",
    ),
    Act(
        name="reinstate-team", home="/teams", title="Reinstate a team",
        fields=[TEAM], look=_reinstate_look, carry_out=_reinstate,
        inverse="hide-team",
    ),
)  # fmt: skip
