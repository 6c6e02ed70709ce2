"""Carry out the command of a team, inside the transaction that records its mail.

The acts are not entered in the audit trail one by one: the entry of the command stands for them, and a rebuild, which
handles the mail again, does them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config.calendar import DAY, phase_at
from mailbot.identity import level, roster
from mailbot.intake.answers import Done, Fault, Listed
from mailbot.intake.commands import Command, Word
from mailbot.intake.files.submissions import counting_on
from mailbot.ledger import events, quota, rulings, scores, submissions, teams
from mailbot.ledger.guard import budgets
from mailbot.model import MOST_SELECTED, AuthLevel, Exclusion, Status
from scoring.model import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailbot.board.ranking import Ranking
    from mailbot.config.challenge import Challenge
    from mailbot.intake.answers import Counting
    from mailbot.intake.disputes import Disputes
    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.model import Judged, Team, Verdict


SHOWN = 20
"""So many of a team's submissions, the latest, are listed by ``status``."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A command with what it needs."""

    command: Command
    #: The instant of the mail's record, at which a rebuild carries it out again.
    now: datetime
    #: For ``check``: the files of the mail, checked.
    files: Sequence[Judged] = ()
    #: For ``dispute``: the file that it is about.
    evidence: bytes | None = None
    #: How sure it is that the team sent it.
    verdict: Verdict | None = None

    @property
    def is_proven(self) -> bool:
        """Whether something proves that the team sent it: then what others sent in its name uses up nothing."""
        return self.verdict is not None and self.verdict.level is not AuthLevel.NONE


@dataclass(frozen=True, kw_only=True)
class Executor:
    """Carries out the commands that teams mail."""

    challenge: Challenge
    disputes: Disputes
    ranking: Ranking

    def evidence(self, team: Team | None, command: Command | None) -> bytes | None:
        """Return the file that a dispute is about; to be called before the transaction."""
        return self.disputes.evidence(team, command) if team and command and command.word is Word.DISPUTE else None

    def execute(self, tx: Tx, mail: MailRow, team: Team, asked: Asked) -> Done:
        """Do what a team asks, enter it in the audit trail, and return what to tell."""
        command = asked.command
        with events.muted():
            done = self._done(tx, mail, team, asked)
        receipts = [submissions.receipt(number) for number in command.submissions]
        detail = {"receipts": receipts, "fault": done.fault, "files": [file.sha256 for file in done.files]}
        events.append(tx, kind="command", subject=mail.name, now=asked.now, team=team.name, word=command.word, **detail)
        return done

    def _done(self, tx: Tx, mail: MailRow, team: Team, asked: Asked) -> Done:
        command = asked.command
        if level.is_stale(asked.verdict, mail.arrived_at):
            return Done(command=command, fault=Fault.STALE)
        if (faulty := self._faulty(tx, team, command)) is not None:
            return faulty
        if command.word is Word.STATUS:
            return self._status(tx, mail, team, command)
        if command.word is Word.CHECK:
            return self._check(tx, mail, team, asked)
        self._act(tx, mail, team, asked)
        counting = self._counting(tx, team, command) if command.word is Word.WITHDRAW else {}
        receipts = [submissions.receipt(number) for number in command.submissions]
        return Done(command=command, receipts=receipts, counting=counting)

    def _check(self, tx: Tx, mail: MailRow, team: Team, asked: Asked) -> Done:
        """Tell what was found in the files, and count them; more than are left of the day are not told of at all."""
        command, files = asked.command, asked.files
        if not files:
            return Done(command=command, fault=Fault.NO_FILE)
        used = budgets.count_checks(tx, team_id=team.id, since=mail.arrived_at - DAY, proven=asked.is_proven)
        if used + len(files) > self.challenge.quota.checks_per_day:
            return Done(command=command, fault=Fault.CHECKS)
        checked = [file.sha256 for file in files]
        budgets.add_checks(tx, mail_id=mail.id, team_id=team.id, files=checked, arrived_at=mail.arrived_at)
        return Done(command=command, files=files)

    def _act(self, tx: Tx, mail: MailRow, team: Team, asked: Asked) -> None:
        """Change what the command is to change."""
        command, now = asked.command, asked.now
        if command.word is Word.WITHDRAW:
            for number in command.submissions:
                rulings.exclude(tx, number, Exclusion.WITHDRAWN, "the team asked for it", now)
        elif command.word is Word.SELECT:
            rulings.select(tx, command.submissions, now, self.challenge.stages)
        elif command.word is Word.LETTERS:
            roster.switch_letters(tx, team.name, wanted=command.wanted, now=now)
        elif command.word is Word.LANGUAGE:
            teams.want_language(tx, team.id, command.language)
        elif command.word is Word.DISPUTE:
            self.disputes.open(tx, mail, team, command, asked.evidence, now=now)

    def _counting(self, tx: Tx, team: Team, command: Command) -> dict[str, Counting | None]:
        """Return what counts on each track of what was withdrawn."""
        rows = submissions.with_ids(tx, command.submissions)
        places = {row.track: self.challenge.stage_of(row.phase) for row in rows if row.track}
        return {track: counting_on(tx, self.challenge, team, track, stage) for track, stage in places.items()}

    def _faulty(self, tx: Tx, team: Team, command: Command) -> Done | None:
        """Return why a command cannot be carried out, for the first submission that it cannot be."""
        rows = {row.id: row for row in submissions.with_ids(tx, command.submissions)}
        for number in command.submissions:
            row = rows.get(number)
            fault = self._fault(tx, team, command, row) if row else Fault.NOT_YOURS
            if fault:
                return Done(command=command, fault=fault, about=submissions.receipt(number))
        places = [(row.track, self.challenge.stage_of(row.phase).key) for row in rows.values()]
        if command.word is Word.SELECT and any(places.count(place) > MOST_SELECTED for place in places):
            return Done(command=command, fault=Fault.TOO_MANY)
        return None

    def _fault(self, tx: Tx, team: Team, command: Command, row: SubmissionRow) -> Fault | None:
        """Return why a command cannot be carried out on a submission."""
        if command.word is Word.DISPUTE:
            return self.disputes.fault(tx, team, row)
        if row.team_id != team.id:
            return Fault.NOT_YOURS
        if row.status is not Status.ACCEPTED:
            return Fault.NOT_ACCEPTED
        ruled, _ = rulings.of(tx, team_id=row.team_id, submission_id=row.id)
        return Fault.EXCLUDED if ruled in set(Exclusion) else None

    def _status(self, tx: Tx, mail: MailRow, team: Team, command: Command) -> Done:
        rows = submissions.of_team(tx, team.id)[::-1]
        told = self._told(tx, rows[:SHOWN])
        at, own = mail.arrived_at, self.challenge.of_team(quota.extensions(tx, team.name))
        phase = phase_at(own.phases, at)
        rules, counted = self.challenge.quota_of(phase), self.challenge.counted_in(phase)
        return Done(
            command=command,
            listed=[
                Listed(
                    row=row,
                    score=told.get(row.receipt),
                    ruling=rulings.of(tx, team_id=team.id, submission_id=row.id)[0],
                )
                for row in rows[:SHOWN]
            ],
            earlier=max(0, len(rows) - SHOWN),
            allowances={
                track: quota.allowance(tx, rules, team_id=team.id, track=track, at=at, phases=counted)
                for track in self.challenge.tracks
            },
            phase=phase,
        )

    def _told(self, tx: Tx, rows: Sequence[SubmissionRow]) -> dict[str, float | None]:
        """Return what may be told of scores, by receipt.

        Where the phase's policy tells all of it, that is the score by the labels in force, once there is one; else what
        the reply told then. Never another score that the ledger has, as that by the private part of a split.
        """
        found = events.told(tx, {row.mail_id for row in rows})
        whole = {phase.name for phase in self.challenge.phases if phase.feedback is Policy.FULL}
        for stage in self.challenge.stages:
            for track, version in self.ranking.versions_in(stage).items():
                of_stage = (row for row in rows if row.track == track and self.challenge.stage_of(row.phase) == stage)
                own = {row.id: row.receipt for row in of_stage if row.phase in whole}
                found |= {own[number]: value for number, value in scores.values(tx, version, set(own)).items()}
        return found
