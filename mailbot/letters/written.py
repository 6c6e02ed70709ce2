"""Letters that an organizer has written by command: an announcement, the awards, a disqualification.

Each is a draft first, to be shown and edited; what was written to a team once is not written again.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.board.build import one_line
from mailbot.board.page.awards import honours
from mailbot.ledger import events, outbox, rulings, teams
from mailbot.letters import letter as letters
from mailbot.mail.languages import language_of, words
from mailbot.mail.templates import environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from mailbot.board.model import Board
    from mailbot.board.page.rules import Awards
    from mailbot.config.challenge import Challenge
    from mailbot.ledger import Tx
    from mailbot.model import Team

ANNOUNCEMENT, AWARD, DISQUALIFIED, WELCOME = "announcement", "award", "disqualified", "welcome"
"""The kinds of these mails in the outbox."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A letter to one team that is not queued yet."""

    kind: str
    team: Team
    recipient: str
    language: str
    #: What stands behind our tag in the subject.
    title: str
    #: Without the foot.
    text: str
    #: For whom and on what occasion; "" where a letter of other words is another one.
    occasion: str = ""
    #: Of an award the phase, where phases have boards of their own.
    phase: str = ""
    #: Whether the team had another of its kind before, that no longer holds.
    replaces: bool = False

    @property
    def key(self) -> str:
        """For whom and with what words, or on what occasion; the ledger takes it once."""
        if self.occasion:
            return self.occasion
        said = hashlib.sha256(f"{self.title}\n{self.text}".encode()).hexdigest()[:32]
        return f"{self.kind} {said} {self.team.id}"

    def edited(self, title: str, text: str) -> Written:
        """Return the letter with words of the organizer's."""
        return replace(self, title=title, text=text, language=language_of(text))


@dataclass(frozen=True, kw_only=True)
class Drafts:
    """What would be written, and who would get nothing, a sentence each."""

    letters: Sequence[Written]
    left_out: Sequence[str] = ()


def announcement(tx: Tx, to: Sequence[str] | None, title: str, text: str) -> Drafts:
    """Draft a letter to teams by name, or (None) to all that want letters and are not disqualified.

    Raises Permanent for a name that no team has.
    """
    everyone, out = teams.everyone(tx), rulings.disqualified_teams(tx)
    if to is None:
        wanted = [team for team in everyone if team.letters and team.id not in out]
        left_out = [f"{team.name}: disqualified" for team in everyone if team.id in out]
        left_out += [f"{team.name}: its letters are off" for team in everyone if not (team.letters or team.id in out)]
    else:
        named = (teams.registered(tx, name) for name in to)
        wanted, left_out = list({team.id: team for team in named}.values()), []
    drafts = [_draft(tx, ANNOUNCEMENT, team, title=title, text=text, language=language_of(text)) for team in wanted]
    return _new(tx, drafts, [*left_out, *_unreachable(wanted, drafts)])


def disqualification(tx: Tx, challenge: Challenge, name: str, why: str) -> Drafts:
    """Draft the letter to a team that is disqualified. Raises Permanent when there is no such team."""
    team = teams.registered(tx, name)
    language = letters.languages(tx)(team)
    context = {"team": team.name, "why": why, "challenge": challenge}
    text = environment(language).get_template("letters/disqualified.txt.j2").render(context)
    title = words(language).gettext("Your team was disqualified")
    draft = _draft(tx, DISQUALIFIED, team, title=title, text=text, language=language)
    if draft is None:
        return Drafts(letters=[], left_out=_unreachable([team], [draft]))
    entries = _entries(tx, DISQUALIFIED, team)
    ended = max(
        (each.id for each in events.listing(tx, kind="team-reinstated", subjects=teams.every_name(tx, team))), default=0
    )
    if team.id in rulings.disqualified_teams(tx) and entries and entries[-1] > ended:
        return Drafts(letters=[], left_out=[f"{team.name}: it was told already"])
    return Drafts(letters=[replace(draft, occasion=f"{DISQUALIFIED} {team.id}:{len(entries) + 1}")])


def awards(tx: Tx, challenge: Challenge, board: Board, given: Awards) -> Drafts:
    """Draft the letters to the teams that the final results honour, the best first."""
    found, known = honours(board, given), {one_line(team.name): team for team in teams.everyone(tx)}
    places: dict[str, list[tuple[str, str, str]]] = {name: [] for name in found.invited}
    for table, its in found.tracks:
        for one in its:
            places.setdefault(one.row.team, []).append((one.place, table.title, one.score))
    drafts, language = [], letters.languages(tx)
    honoured = sorted(((known[name], its) for name, its in places.items() if name in known), key=lambda one: not one[1])
    for team, won in honoured:
        own = language(team)
        context = {"team": team.name, "places": won, "is_invited": one_line(team.name) in found.invited}
        phase = words(own).gettext("%(phase)s phase") % {"phase": board.phase}
        context["of"] = f"{challenge.name} ({phase})" if board.phase else challenge.name
        text = environment(own).get_template("letters/award.txt.j2").render(context, challenge=challenge)
        title = words(own).gettext("Congratulations: the final results")
        draft = _draft(tx, AWARD, team, title=title, text=text, language=own)
        drafts.append(replace(draft, phase=board.phase) if draft else None)
    left_out = _unreachable([team for team, _ in honoured], drafts)
    left_out += [
        f"{name}: an award was announced to it, and it has none now; `mailbot announce FILE --to` writes to it"
        for name, team in known.items()
        if name not in places and _entries(tx, AWARD, team, board.phase)
    ]
    return _new(tx, [_in_turn(tx, one) if one else None for one in drafts], left_out)


def whole(challenge: Challenge, letter: Written) -> str:
    """Return a letter with its foot, as its reader sees it."""
    template = environment(letter.language).get_template("letters/written.txt.j2")
    return template.render(text=letter.text.strip(), replaces=letter.replaces, challenge=challenge)


def queue(tx: Tx, challenge: Challenge, drafts: Sequence[Written], now: datetime, **detail: str) -> int:
    """Queue letters, and enter it in the audit trail with the ``detail``; return how many.

    Those that somebody else has queued since they were drafted are left out.
    """
    drafts = [one for one in drafts if not outbox.has(tx, one.key)]
    for one in drafts:
        letters.queue(
            tx, challenge, whole(challenge, one), team_id=one.team.id, recipient=one.recipient, language=one.language,
            title=one.title, kind=one.kind, key=one.key, now=now,
        )  # fmt: skip
    for kind, phase in dict.fromkeys((one.kind, one.phase) for one in drafts):
        told = sorted(one.team.name for one in drafts if (one.kind, one.phase) == (kind, phase))
        of = {"phase": phase} if phase else {}
        events.append(tx, kind="letters-written", subject=kind, now=now, teams=told, **of, **detail)
    return len(drafts)


def _draft(tx: Tx, kind: str, team: Team, *, title: str, text: str, language: str) -> Written | None:
    """Return a letter; None when no address of the team takes mail."""
    recipient = teams.recipient(team, teams.bouncing(tx))
    if recipient is None:
        return None
    return Written(kind=kind, team=team, recipient=recipient, language=language, title=title, text=text)


def _unreachable(wanted: Sequence[Team], drafts: Sequence[Written | None]) -> list[str]:
    return [
        f"{team.name}: no address of it takes mail" for team, one in zip(wanted, drafts, strict=True) if one is None
    ]


def _in_turn(tx: Tx, one: Written) -> Written:
    """Give a letter the occasion of the team's last of its kind where that one may say the same, else the next one.

    Results that change and change back are told again. The trail counts the letters, as it outlives the ledger.
    """
    number = len(_entries(tx, one.kind, one.team, one.phase))
    last, following = (one.key if each <= 1 else f"{one.key}:{each}" for each in (number, number + 1))
    is_told = number and (outbox.has(tx, last) or outbox.occasion(last) in events.sent(tx))
    return replace(one, occasion=last if is_told else following, replaces=bool(number) and not is_told)


def _entries(tx: Tx, kind: str, team: Team, phase: str = "") -> list[int]:
    """Return the ids of the entries that a letter of a kind, and about a phase, was written to a team."""
    found = events.listing(tx, kind="letters-written", subjects={kind})
    names = teams.every_name(tx, team) if found else set()
    told = ((entry.id, json.loads(entry.detail)) for entry in found)
    return [each for each, one in told if one.get("phase", "") == phase and not names.isdisjoint(one["teams"])]


def _new(tx: Tx, drafts: Iterable[Written | None], left_out: Sequence[str]) -> Drafts:
    """Leave out what was written before; a letter that was sent is known by the trail too, after a rebuild."""
    sent, drafted = events.sent(tx), [one for one in drafts if one]
    told = {one.key for one in drafted if outbox.has(tx, one.key) or outbox.occasion(one.key) in sent}
    again = [f"{one.team.name}: it got this letter already" for one in drafted if one.key in told]
    return Drafts(letters=[one for one in drafted if one.key not in told], left_out=[*left_out, *again])
