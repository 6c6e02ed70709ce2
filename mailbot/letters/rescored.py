"""Tell teams that their score was computed anew: what it was, what it is, and why. Once for each team and truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.board.build import one_line
from mailbot.config.calendar import next_after
from mailbot.ledger import events, outbox, scores, submissions, teams
from mailbot.letters import letter as letters
from mailbot.mail import envelope
from mailbot.mail.languages import TAGS, shown_in, words
from mailbot.mail.templates import environment
from mailbot.operations import rescore
from scoring.model import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.ledger import Tx
    from mailbot.ledger.scores import Version
    from mailbot.operations.rescore import Change
    from mailbot.service import Service

KIND = "rescored"
"""The kind of these mails in the outbox."""


@dataclass(frozen=True, kw_only=True)
class _Letter:
    """A mail to a team."""

    team_id: int
    address: str
    #: The same for the same team and version, so that it is written once.
    key: str
    language: str
    text: str


def tell(service: Service, *, track: str | None = None) -> int:
    """Queue a mail to each team whose standing has another score by the present version; return how many are new.

    Whoever was told of this version before, wants no letters, or has no address that takes mail is passed over.
    """
    changed = [each for each in rescore.changes(service) if None not in each.scores]
    before, told = rescore.versions_before(service), 0
    for name, version in service.ranking.versions.items():
        own = [each for each in changed if each.table == name and each.scores[0] != each.scores[1]]
        if own and track in {None, name} and before[name] != version:
            why = " / ".join(rescore.reasons(service, before[name]))
            told += _tell_all(service, version, _rescored(service, before[name], own), why)
    return told


def _rescored(service: Service, before: Version, changed: Sequence[Change]) -> list[Change]:
    """Leave out teams whose submission that counts came after the change: its own reply told its score."""
    numbers = {each.team: int(each.after.receipt.removeprefix("S-")) for each in changed if each.after}
    with service.ledger.read() as tx:
        known = scores.scored(tx, before, set(numbers.values()))
    return [each for each in changed if numbers[each.team] in known]


def _tell_all(service: Service, version: Version, changed: Sequence[Change], why: str) -> int:
    """Queue the mails of one track, and enter it in the audit trail."""
    with service.ledger.write("tell") as tx:
        bouncing, language = teams.bouncing(tx), letters.languages(tx)
        known = {one_line(team.name): team for team in teams.everyone(tx) if team.letters}
        count = 0
        for change in changed:
            team = known.get(change.team)
            address = next((each for each in team.addresses if each not in bouncing), None) if team else None
            key = f"{KIND}:{version.truth}:{version.scorer}:{team.id}" if team else ""
            if team and address and not outbox.has(tx, key):
                shows, own = _shows_scores(service, tx, change), language(team)
                text = _text(service, version, change, why=why, shows=shows, language=own)
                _queue(service, tx, _Letter(team_id=team.id, address=address, key=key, language=own, text=text))
                count += 1
        if count:
            now = service.clock()
            events.append(tx, kind="rescore-told", subject=version.track, now=now, truth=version.truth, count=count)
    return count


def _shows_scores(service: Service, tx: Tx, change: Change) -> bool:
    """Tell whether replies to the submission that counts may show a score: only then may a letter about it."""
    number = int(change.after.receipt.removeprefix("S-")) if change.after else 0
    phases = {phase.name: phase.feedback for phase in service.challenge.phases}
    return any(phases.get(row.phase or "") is Policy.FULL for row in submissions.listing(tx, submission_id=number))


def _text(service: Service, version: Version, change: Change, *, why: str, shows: bool, language: str) -> str:
    config, zone = service.config, service.config.challenge.zone
    context = {
        "change": change,
        "shows": shows,
        "title": service.challenge.tracks[version.track].title,
        "why": why,
        "decimals": service.challenge.board.decimals,
        "next_board": shown_in(language, next_after(config.board.publish_at, zone, service.clock()), zone),
        "challenge": service.challenge,
        "truth": service.labels.whole[version.track].sha256,
    }
    return environment(language).get_template("letters/rescored.txt.j2").render(context)


def _queue(service: Service, tx: Tx, letter: _Letter) -> None:
    now, title = service.clock(), words(letter.language).gettext("Your score was computed anew")
    subject = f"[{service.challenge.short_name}] {title}"
    message = envelope.begin(service.challenge, recipient=letter.address, subject=subject, key=letter.key, now=now)
    message.set_content(letter.text, cte="quoted-printable")
    envelope.let_leave(message, service.challenge, TAGS[letter.language])
    outbox.add(
        tx,
        kind=KIND,
        recipient=letter.address,
        subject=subject,
        message_id=message["Message-ID"],
        message=message.as_bytes(),
        team_id=letter.team_id,
        key=letter.key,
        now=now,
    )
