"""Tell teams that their score was recalculated: the one they were told last, the one they have now, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.ledger import events, outbox, scores, submissions, teams
from mailbot.ledger.standings import candidates, first
from mailbot.letters import letter as letters
from mailbot.letters.told import last_told
from mailbot.mail.languages import shown_in, words
from mailbot.mail.templates import environment
from mailbot.model import Id
from scoring.model import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mailbot.board.model import Board, Row
    from mailbot.config.challenge import Challenge
    from mailbot.config.stages import Stage
    from mailbot.evaluation.labels import Labels
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.scores import Entered, Version
    from mailbot.ledger.standings import Candidate
    from mailbot.model import Team

KIND = "rescored"
"""The kind of these mails in the outbox."""


@dataclass(frozen=True, kw_only=True)
class News:
    """A team whose score is another one than it was told last."""

    team: Team
    #: One address of it.
    recipient: str
    #: The letter's key.
    key: str
    #: What counted by the scores that it was told last.
    old: str
    told: Entered
    #: What counts now; its place on the board.
    now: Row


@dataclass(frozen=True, kw_only=True)
class RescoredLetters:
    """Writes these letters for one challenge."""

    challenge: Challenge
    ledger: Ledger
    labels: Labels
    clock: Callable[[], datetime]

    def look(self, tx: Tx, board: Board, version: Version, stage: Stage) -> list[News]:
        """Return the teams on a stage's board to be told, by the scores of a version on its track.

        Whoever wants no letters, or has no address that takes mail, is left out; so is a team that has a submission
        without such a score, as nobody knows yet which one counts.
        """
        its = candidates(tx, version)
        active = {truth for _, truth in self.labels.history(version.track, stage.key)} | {version.truth}
        told = last_told(tx, version, stage, its, active=active, decimals=self.challenge.board.decimals)
        before = self._before(its, told, version, stage)
        scored = scores.scored(tx, version, its)
        unsettled = {one.team_id for one in its.values() if one.id not in scored}
        known = {team.id: team for team in teams.everyone(tx) if team.letters and team.id not in unsettled}
        bouncing, rows = teams.bouncing(tx), (t.rows for t in board.tables if t.key == version.track)
        found = []
        for row in (row for table in rows for row in table if row.receipt):
            team = known.get(its[submissions.id_of(row.receipt)].team_id)
            address, old = (teams.recipient(team, bouncing), before.get(team.id)) if team else (None, None)
            if team and address and old and round(told[old].value, self.challenge.board.decimals) != row.score:
                base = f"{KIND}:{version.truth}:{version.scorer}:{team.id}"
                key = letters.another_key(tx, KIND, team.id, base)
                old_name = Id.SUBMISSION.of(old)
                found.append(News(team=team, recipient=address, key=key, old=old_name, told=told[old], now=row))
        return found

    def _before(
        self, its: Mapping[int, Candidate], told: Mapping[int, Entered], version: Version, stage: Stage
    ) -> dict[int, int]:
        """Return the submission that counts by the scores that teams were told last, by team."""
        better, rule = self.challenge.tracks[version.track].higher_is_better, self.challenge.standing_of(stage)
        by_team: dict[int, list[tuple[Candidate, float]]] = {}
        for number, score in told.items():
            by_team.setdefault(its[number].team_id, []).append((its[number], score.value))
        counts = {team: first(own, rule, higher_is_better=better) for team, own in by_team.items()}
        return {team: one.id for team, one in counts.items() if one}

    def queue(self, tx: Tx, version: Version, news: Sequence[tuple[News, str]]) -> set[int]:
        """Queue letters, each with its reasons, and enter it in the audit trail; return the teams' ids.

        A letter that somebody queued meanwhile is not queued again.
        """
        new = [each for each in news if not outbox.has(tx, each[0].key)]
        now, language = self.clock(), letters.languages(tx)
        for one, why in new:
            own = language(one.team)
            letters.queue(
                tx, self.challenge, self._text(tx, version, one, why, own), team_id=one.team.id,
                recipient=one.recipient, language=own, title=words(own).gettext("Your score was recalculated"),
                kind=KIND, key=one.key, now=now,
            )  # fmt: skip
        if new:
            told = {one.now.receipt: one.now.score for one, _ in new}
            events.append(tx, kind="rescore-told", subject=version.track, now=now, truth=version.truth, told=told)
        return {one.team.id for one, _ in new}

    def _shows_scores(self, tx: Tx, receipt: str) -> bool:
        """Tell whether replies to the submission that counts may show a score: only then may a letter about it."""
        phases = {phase.name: phase.feedback for phase in self.challenge.phases}
        rows = submissions.listing(tx, submission_id=submissions.id_of(receipt))
        return any(phases.get(row.phase or "") is Policy.FULL for row in rows)

    def _next_board(self, tx: Tx, stage: Stage) -> datetime | None:
        """Return when a stage has its next board; None for one that is over, or whose final results are out."""
        now = self.clock()
        over = events.finished(tx, before=now, phase=stage.name)
        return None if over else self.challenge.next_board_with(stage.phases[0] if stage.name else None, now)

    def _text(self, tx: Tx, version: Version, news: News, why: str, language: str) -> str:
        stage = next(each for each in self.challenge.stages if each.within == version.within)
        at, zone = self._next_board(tx, stage), self.challenge.zone
        title = self.challenge.tracks[version.track].title
        phase = words(language).gettext("%(phase)s phase") % {"phase": stage.name}
        context = {
            "team": news.team.name,
            "old": news.old,
            "new": news.now.receipt,
            "told": news.told.value,
            "now": news.now.score,
            "shows": self._shows_scores(tx, news.now.receipt),
            "title": f"{title} ({phase})" if stage.name else title,
            "why": why,
            "decimals": self.challenge.board.decimals,
            "next_board": shown_in(language, at, zone) if at else "",
            "challenge": self.challenge,
            "truth": self.labels.of_stage(stage.key).whole[version.track].sha256,
        }
        return environment(language).get_template("letters/rescored.txt.j2").render(context)
