"""Record the result files of a mail: decision, quota, score, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mailbot.evaluation.columns import Predictions
from mailbot.intake.answers import Answered, Counting
from mailbot.intake.files import rules
from mailbot.ledger import quota, standings, submissions
from mailbot.ledger.scores import Version
from mailbot.ledger.standings import Deciding
from mailbot.mail.subject import method_of
from mailbot.model import Id, Rule, Status
from mailbot.system import journal
from scoring.model import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from mailbot.config.calendar import Allowance, Phase
    from mailbot.config.challenge import Challenge
    from mailbot.config.stages import Stage
    from mailbot.evaluation.columns import Columns
    from mailbot.evaluation.evaluator import Evaluator
    from mailbot.evaluation.feedback import ScoreFeedback
    from mailbot.evaluation.labels import Labels
    from mailbot.intake.case import Case
    from mailbot.ledger import Tx
    from mailbot.model import Judged, Team
    from scoring.labels.truth import Truth
    from scoring.model import Evaluation

_BY_QUOTA = {Status.ACCEPTED, Status.OVER_QUOTA}


@dataclass(frozen=True, kw_only=True)
class Submissions:
    """Records the result files of mails."""

    challenge: Challenge
    labels: Labels
    columns: Columns
    evaluator: Evaluator
    feedback: ScoreFeedback
    clock: Callable[[], datetime]

    def prepared(self, case: Case, files: Sequence[Judged]) -> Sequence[Judged]:
        """Return a mail's files with what children compute for their record; to be called before the transaction."""
        team = case.identity.team
        if team is None or case.command:
            return files
        return [
            self.feedback.prepared(team, phase, self._with_final(each, phase)) if phase and each.evaluation.ok else each
            for each, phase in zip(files, case.phases, strict=True)
        ]

    def _with_final(self, file: Judged, phase: Phase) -> Judged:
        return replace(file, final=self.deciding(file.evaluation, file.values, phase, known=file.final))

    def deciding(
        self, evaluation: Evaluation, values: Mapping[str, bytes], phase: Phase, *, known: Evaluation | None
    ) -> Evaluation | None:
        """Return what decides in the end of a file with a score, where its phase has a split.

        It is what is ``known``, or a child computes it.
        """
        final = self._final(phase.name)[str(evaluation.track)]
        return known or (self.evaluator.kept(values, final) if final.sha256 != evaluation.truth else None)

    def are_current(self, tx: Tx, files: Sequence[Judged]) -> bool:
        """Whether the files were evaluated by the labels that the ledger calls present."""
        return not files or self.labels.are_present(tx)

    def add(self, tx: Tx, case: Case, team: Team, ordinal: int, file: Judged) -> Answered:
        """Enter one file of a mail, ``ordinal`` counted from 1; return what is told of it."""
        evaluation, arrived_at = file.evaluation, case.row.arrived_at
        phase, settled = case.phases[ordinal - 1], case.settled(ordinal)
        is_new = settled is not None and settled.status is not Status.REPEATED
        allowance, again = self._before(tx, case, team, phase, file, is_new=is_new)
        used, its_quota = 0, self.challenge.quota
        if allowance:
            used, its_quota = allowance.used, replace(its_quota, per_week=allowance.per_week)
        status = rules.status(evaluation, is_open=phase is not None, used=used, quota=its_quota)
        if settled and {status, settled.status} <= _BY_QUOTA:
            status = settled.status
        if phase and again:
            return Answered(
                receipt=submissions.receipt(again), status=Status.REPEATED, file=self._told(file, phase),
                phase=phase.name, method=evaluation.method or "", allowance=allowance,
            )  # fmt: skip
        accepted = phase is not None and status is Status.ACCEPTED
        told = self.feedback.of(phase, file) if phase and accepted else None
        method = evaluation.method or method_of(case.opened.mail.subject, team.name)
        submission_id = submissions.add(
            tx,
            file,
            mail_id=case.row.id,
            ordinal=ordinal,
            team_id=team.id,
            method=method,
            phase=phase.name if phase else None,
            status=status,
            arrived_at=arrived_at,
        )
        if status is Status.ACCEPTED:
            name = phase.name if phase else None
            self.enter_scores(tx, submission_id, evaluation, file.values, phase=name, last=file.final, is_new=True)
            allowance = self._with_one_more(allowance, phase)
        receipt = submissions.receipt(submission_id)
        return Answered(
            receipt=receipt, status=status, file=self._told(file, phase), method=method, allowance=allowance, told=told,
            phase=phase.name if phase else None,
        )  # fmt: skip

    def _before(
        self, tx: Tx, case: Case, team: Team, phase: Phase | None, file: Judged, *, is_new: bool
    ) -> tuple[Allowance | None, int | None]:
        """Return what the team may still have accepted, and the accepted submission of the week that a file repeats.

        It may repeat it in the same form or another; one that ``is_new`` repeats none.
        """
        track, at = file.evaluation.track, case.row.arrived_at
        if track is None:
            return None, None
        rules, phases = self.challenge.quota_of(phase), self.challenge.counted_in(phase)
        if phase is None or is_new or not file.evaluation.ok:
            return quota.allowance(tx, rules, team_id=team.id, track=track, at=at, phases=phases), None
        return quota.before(tx, rules, file, team_id=team.id, phase=phase.name, at=at, phases=phases)

    def _with_one_more(self, allowance: Allowance | None, phase: Phase | None) -> Allowance | None:
        """Return what is left when one more was accepted in a phase."""
        phases = self.challenge.counted_in(phase)
        counts = phases is None or (phase is not None and phase.name in phases)
        return replace(allowance, used=allowance.used + 1) if allowance and counts else allowance

    def with_counting(self, tx: Tx, team: Team, answered: Sequence[Answered]) -> list[Answered]:
        """Add what counts for the team on each track, when all files of a mail are entered."""
        places = dict.fromkeys((one.file.evaluation.track, self.challenge.stage_of(one.phase)) for one in answered)
        found = {(track, stage): counting_on(tx, self.challenge, team, track, stage) for track, stage in places}
        return [
            replace(one, counting=found[one.file.evaluation.track, self.challenge.stage_of(one.phase)])
            for one in answered
        ]

    def keep(self, answered: Iterable[Answered]) -> None:
        """Keep what the accepted files predict. It can be made anew from the spool, so trouble here costs no mail."""
        found: dict[str, tuple[Truth, list[Predictions]]] = {}
        for one in answered:
            track = one.file.evaluation.track
            truth = self.challenge.truths_of(self.challenge.stage_of(one.phase))[track] if track else None
            owned = truth is not None and truth.track.own is not None  # it is scored again from its file
            if one.status is Status.ACCEPTED and truth and not owned and truth.sha256 == one.file.evaluation.truth:
                number = Id.SUBMISSION.number(one.receipt)
                new = Predictions(submission_id=number, sha256=one.file.sha256, values=one.file.values)
                found.setdefault(truth.sha256, (truth, []))[1].append(new)
        for truth, predictions in found.values():
            try:
                self.columns.put(truth, predictions)
            except OSError as error:
                receipts = [Id.SUBMISSION.of(each.submission_id) for each in predictions]
                journal.trouble("columns-not-kept", receipts=receipts, why=error.strerror)

    def enter_scores(
        self,
        tx: Tx,
        submission_id: int,
        evaluation: Evaluation,
        values: Mapping[str, bytes],
        *,
        phase: str | None,
        last: Evaluation | None = None,
        is_new: bool = False,
    ) -> None:
        """Enter the score that replies and weekly boards use, and with a split the one that decides in the end.

        That is ``last``, unless the labels were changed since. A submission that ``is_new`` has no score.
        """
        final = self._final(phase)[str(evaluation.track)]
        if final.sha256 != evaluation.truth:
            deciding = last if last and last.truth == final.sha256 else self.evaluator.kept(values, final)
            submissions.add_score(tx, submission_id, deciding, self.clock(), is_new=is_new)
        submissions.add_score(tx, submission_id, evaluation, self.clock(), is_new=is_new)

    def _final(self, phase: str | None) -> Mapping[str, Truth]:
        """Return the labels that decide in the end in the stage of a phase."""
        return self.labels.of_stage(self.challenge.stage_of(phase).key).final

    def _told(self, file: Judged, phase: Phase | None) -> Judged:
        """Return a file as its reply tells of it: without interval where a secret split is behind it."""
        evaluation = file.evaluation
        finals = self._final(phase.name) if phase else self.labels.final
        if evaluation.track is None or finals[evaluation.track].sha256 == evaluation.truth:
            return file
        return replace(file, evaluation=replace(evaluation, interval=None))


def counting_on(tx: Tx, challenge: Challenge, team: Team, track: str | None, stage: Stage) -> Counting | None:
    """Return what counts on a stage's board; None where scores decide that and some phase does not tell them."""
    rule = challenge.standing_of(stage)
    hidden = any(phase.feedback is not Policy.FULL for phase in challenge.phases)
    if track is None or (hidden and rule is not Rule.LATEST):
        return None
    described = challenge.tracks[track]
    truth = challenge.truths_of(stage)[track]
    by = Version(track=track, truth=truth.sha256, scorer=described.scorer, within=stage.within)
    deciding = Deciding(rule=rule, by=by, shown=by, higher_is_better=described.higher_is_better)
    found = standings.counting(tx, deciding, team.id)
    if not found:
        return Counting(receipt=None)
    first, before = found[0], found[-1]
    counting = Counting(receipt=submissions.receipt(first.id), selected=first.selected)
    loses = before.score - first.score if described.higher_is_better else first.score - before.score
    if rule is Rule.LATEST and not hidden and round(loses, challenge.board.decimals) > 0:
        return replace(counting, better=submissions.receipt(before.id), better_score=before.score)
    return counting
