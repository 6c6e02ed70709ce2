"""Verify a score: recalculate it from the spooled mail, with our kernels and with the reference.

The reference is scipy.stats and plain Python (:mod:`scoring.reference`), so that nobody has to believe our code.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.evaluation.evaluator import Job
from mailbot.ledger import scores, submissions, truths
from scoring.report import DIGITS, Signature

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mailbot.ledger.scores import ScoreRow
    from mailbot.ledger.submissions import SubmissionRow
    from mailbot.mail.open import Candidate
    from mailbot.service import Service
    from scoring.labels.truth import Truth
    from scoring.model import Evaluation

CLOSE = 1e-9
"""Two computations of a figure agree within this share of it; in between lie orders of summing, never a label."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A score of the ledger, and what it is when computed once more."""

    score: ScoreRow
    #: Whether it is by the labels and the formula in force.
    present: bool
    kernels: Evaluation | None = None
    reference: Evaluation | None = None
    #: Why it could not be computed; "" when it was.
    obstacle: str = ""

    @property
    def differences(self) -> tuple[str, ...]:
        """What does not agree with the ledger, one sentence each."""
        found = {"our kernels": self.kernels, "the reference": self.reference}
        return tuple(line for name, one in found.items() if one for line in _differences(self.score, name, one))

    @property
    def agrees(self) -> bool:
        """Whether it was computed, and everything agrees."""
        return not self.obstacle and not self.differences


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What was found of a submission."""

    row: SubmissionRow
    #: Each of its scores, the newest first.
    checked: Sequence[Checked]

    @property
    def ok(self) -> bool:
        """Whether all that was computed agrees, the newest score among it."""
        computed = [one for one in self.checked if not one.obstacle]
        return bool(self.checked) and not self.checked[0].obstacle and all(one.agrees for one in computed)


def verify(service: Service, submission_id: int) -> Verdict:
    """Compute every score of a submission once more. Raises Permanent for one without scores, or without its file."""
    service.labels.refresh()
    with service.ledger.read() as tx:
        row = next(iter(submissions.listing(tx, submission_id=submission_id)), None)
        found = scores.of_submission(tx, submission_id)
    if row is None or not found:
        what = "there is no such submission" if row is None else f"it has no score: {row.status}"
        message = f"{submissions.receipt(submission_id)} cannot be verified: {what}"
        raise Permanent(message)
    candidate = service.files.candidate(row)
    return Verdict(row=row, checked=[_checked(service, candidate, score) for score in reversed(found)])


def signature_of(score: ScoreRow) -> Signature:
    """Return the signature that a reply prints with a score."""
    return Signature(
        scorer=score.scorer, truth=score.truth[:DIGITS], n=score.n, version=score.version or "before-signatures"
    )


def quoted(signature: Signature, found: Sequence[Checked]) -> tuple[Checked, tuple[str, ...]]:
    """Return the score that a quoted signature is of, or the nearest, and what does not agree, one sentence each."""

    def wrong(one: Checked) -> tuple[str, ...]:
        ours = signature_of(one.score)
        fields = (("scorer", "formula"), ("truth", "labels"), ("n", "items"), ("seed", "seed"), ("version", "mailbot"))
        pairs = [(word, getattr(signature, field), getattr(ours, field)) for field, word in fields]
        return tuple(f"{word}: quoted {said}, the ledger has {known}" for word, said, known in pairs if said != known)

    nearest = min(found, key=lambda one: len(wrong(one)))
    return nearest, wrong(nearest)


def _checked(service: Service, candidate: Candidate, score: ScoreRow) -> Checked:
    """Compute one score once more, or say why that cannot be done."""
    track = service.challenge.tracks.get(score.track)
    loaded = [service.labels.of_stage(stage.key) for stage in service.challenge.stages]
    both = (truths for each in loaded for truths in (each.public, each.final))
    in_force = {truths[score.track].sha256 for truths in both if score.track in truths}
    present = track is not None and track.scorer == score.scorer and score.truth in in_force
    other = track is None or (track.scorer != score.scorer and not track.own)
    if track is None or other:
        now = f"the config's is {track.scorer} now" if track else f"the config no longer has the track {score.track}"
        return Checked(score=score, present=present, obstacle=f"its formula is {score.scorer}; {now}")
    try:
        truth = _truth(service, score)
        truth = service.labels.scorers.as_named(truth, score.scorer) if track.own else truth
    except Permanent as error:
        return Checked(score=score, present=present, obstacle=f"its labels are no longer here: {error}")
    ours, theirs = service.evaluator.twice(Job(name=candidate.name, data=candidate.data), truth)
    return Checked(score=score, present=present, kernels=ours, reference=theirs)


def _truth(service: Service, score: ScoreRow) -> Truth:
    """Load the labels of a score. Raises Permanent when they are not kept."""
    with service.ledger.read() as tx:
        row = truths.get(tx, score.track, score.truth)
    if row is None:
        message = f"the ledger does not know the labels {score.truth[:DIGITS]}"
        raise Permanent(message)
    return service.labels.version(row)


def _differences(score: ScoreRow, name: str, found: Evaluation) -> list[str]:
    if found.score is None:
        return [f"{name} cannot score the file: {', '.join(problem.code for problem in found.problems)}"]
    pairs = {"score": (score.value, found.score), "items": (score.n, found.n)}
    known: Mapping[str, float] = score.metrics
    pairs |= {key: (known.get(key, math.nan), value) for key, value in found.metrics.items()}
    return [
        f"{key}: the ledger has {said!r}, {name} give{'s' if name.startswith('the') else ''} {value!r}"
        for key, (said, value) in pairs.items()
        if not math.isclose(said, value, rel_tol=CLOSE, abs_tol=CLOSE)
    ]
