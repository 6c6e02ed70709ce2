"""What a reply lists of a file, line by line: the same in its text and its HTML. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mailbot.model import Status
from scoring.report import signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.intake.answers import Answered
    from mailbot.intake.wording import Wording

_TELLS_QUOTA = {Status.ACCEPTED, Status.REFUSED, Status.REPEATED}


class Line(NamedTuple):
    """What stands behind a label."""

    label: str
    text: str
    #: Whether it is to be compared letter by letter, as a hash.
    is_exact: bool = False


def lines(one: Answered, wording: Wording, *, arrived: str, identity: str) -> list[Line]:
    """Return what is listed of a file; ``identity`` says how sure it is who sent it, "" where nobody asked."""
    found = [*_about(one, wording, arrived, identity)]
    if one.status is Status.ACCEPTED:
        found = [*_score(one, wording), *found]
        if one.is_whole and (signed := signature(one.file.evaluation)):
            found.append(Line(wording.catalogue.gettext("Signed"), str(signed), is_exact=True))
    return found


def _score(one: Answered, wording: Wording) -> Iterator[Line]:
    """Yield what belongs to the score, as far as it may be told."""
    say, evaluation = wording.catalogue.gettext, one.file.evaluation
    if one.score is not None and (formula := wording.formula(evaluation.track)):
        yield Line(say("Formula"), formula)
    if interval := wording.interval(one):
        yield Line(say("95 %% interval") % (), interval)
    if one.is_whole:
        rules = next(track for track in wording.challenge.board.tracks if track.name == evaluation.track)
        for heading in rules.headings:
            if heading.key in evaluation.metrics:
                yield Line(heading.title, f"{evaluation.metrics[heading.key]:.{heading.decimals}f}")


def _about(one: Answered, wording: Wording, arrived: str, identity: str) -> Iterator[Line]:
    """Yield what the file is, when it came, from whom, and what it leaves of the quota."""
    say, quota = wording.catalogue.gettext, one.allowance
    size = say("%(size)s bytes") % {"size": f"{one.file.size:,}"}
    yield Line(say("File"), f"{one.file.file_name or say('(no name)')} ({size})")
    yield Line("SHA-256", one.file.sha256, is_exact=True)
    if one.method:
        yield Line(say("Method"), one.method)
    yield Line(say("Arrived"), arrived)
    if one.phase and len(wording.challenge.stages) > 1:
        yield Line(say("Phase"), one.phase)
    if identity:
        yield Line(say("Identity"), identity)
    if quota and one.status in _TELLS_QUOTA:
        used = {"used": quota.used, "all": quota.per_week, "track": wording.title(one.file.evaluation.track)}
        yield Line(say("Quota"), say("%(used)s of %(all)s used this week on %(track)s") % used)
        if quota.left:
            left = {"left": quota.left, "at": wording.when(quota.renews_at)}
            yield Line(say("Left"), say("%(left)s more before %(at)s") % left)
        else:
            yield Line(say("Next allowed"), wording.when(quota.renews_at))
