"""What can be done about labels, and the rescore that follows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.desk.acts.act import Act
from mailbot.desk.acts.parts import HEADINGS, Deed, Done, Effect, Field, Letter, moved, tracks
from mailbot.errors import Permanent
from mailbot.evaluation import scorer_versions
from mailbot.operations import acceptance, letters, truths
from mailbot.operations import rescore as rescoring
from scoring.labels.changes import summary
from scoring.labels.truth import TruthError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.config.stages import Stage
    from mailbot.desk.page import Ask
    from mailbot.operations.truths import Effect as OfLabels


def _stages(ask: Ask) -> Sequence[tuple[str, str]]:
    return [(stage.name, stage.name or "the contest") for stage in ask.desk.config.stages]


TRACK = Field(name="track", label="Track", kind="choice", choices=tracks)
PHASE = Field(name="phase", label="Phase", kind="choice", choices=_stages, needed=False)


def stage_of(deed: Deed) -> Stage:
    """Return the stage that the form names, else the present one. Raises ConfigError."""
    return deed.service.config.stage_named(deed.get("phase") or None, deed.service.clock())


# --- labels ----------------------------------------------------------------------------------
def _effect_of_labels(deed: Deed, kind: str) -> OfLabels:
    service, stage, track = deed.service, stage_of(deed), deed.get("track")
    if kind == "add":
        upload = deed.ask.files["file"]
        try:
            made = service.labels.keep(upload.data, service.challenge.tracks[track], upload.name)
        except TruthError as error:
            told = "; ".join(problem.message for problem in error.problems)
            message = f"{upload.name} cannot be used: {told}"
            raise Permanent(message) from error
    elif kind == "void":
        made = truths.without_items(service, deed.get("items").replace(",", " ").split(), track, stage)
    else:
        made = truths.earlier(service, deed.get("version"), track)
    return truths.effect(service, made, stage)


def _labels_look(deed: Deed, kind: str) -> Effect:
    found = _effect_of_labels(deed, kind)
    says = [f"{found.made.track.title}, what differs: {'; '.join(summary(found.found)) or 'no item differs'}."]
    if found.places is None:
        says += [f"Submissions so far cannot be rescored by them: {found.obstacle}."]
    else:
        says += [f"{'At once' if found.at_once else 'After a rescore'} {found.rank_moves} rank(s) change."]
        says += [f"If you tell them then, {found.letters} team(s) get a letter."]
    if waiting := len(acceptance.refused_by_labels(deed.service, found.made.track.name)):
        says += [f"{waiting} file(s) that were refused for their items are tried again, and their teams told."]
    wait = (
        "the older ones and the board follow at once."
        if found.at_once
        else "the older ones and the board wait for a rescore."
    )
    says += [f"New submissions are scored by them at once; {wait}"]
    agree = (
        {"agree-items": "The file has other items than the active labels, and that is meant"}
        if found.other_items and kind == "add"
        else {}
    )
    agree |= (
        {"agree-many": "More than 5 % of the answers differ, and that is meant"} if found.many and kind == "add" else {}
    )
    return Effect(says=says, headings=HEADINGS, rows=moved(found.places or ()), agree=agree)


def _labels(deed: Deed, kind: str) -> Done:
    service, found = deed.service, _effect_of_labels(deed, kind)
    made = found.made
    due = scorer_versions.put_in_force(
        service.labels, service.ledger, made, deed.why, service.clock(), stage=found.stage.key
    )
    says = [f"{made.track.title}: {made.sha256[:12]} is active, {made.n} items ({found.before.n} before)."]
    says += [f"{due} mail(s) that waited for the scorer are scored now."] if due else []
    taken = acceptance.take_up(service, made.track.name, deed.why)
    says += [f"{', '.join(taken)}: accepted now, as of their arrival; their teams are told."] if taken else []
    return Done(says=[*says, "Next: rescore."], href="/act/rescore", label="Rescore")


def _rescore_look(deed: Deed) -> Effect:
    wanted = rescoring.plan(deed.service)
    changes = rescoring.preview(deed.service, wanted)
    found = letters.look_rescored(deed.service, wanted) if deed.get("tell") else []
    told = [one.recipient for one in found]
    moves = sum(one.ranks[0] != one.ranks[1] for one in changes)
    says = [f"{wanted.submissions} submission(s) would be scored. {moves} rank(s) change."]
    says += (
        [f"{len(told)} letter(s) go out: {', '.join(told) or 'to nobody'}."]
        if deed.get("tell")
        else ["No mail is sent."]
    )
    return Effect(says=says, letters=[Letter.queued(row) for row in found], headings=HEADINGS, rows=moved(changes))


def _rescore(deed: Deed) -> Done:
    wanted = rescoring.plan(deed.service)
    scored = 0
    for chunk in rescoring.rescore(deed.service, wanted):
        scored += chunk
        deed.told(scored, wanted.submissions)
    told = letters.tell_rescored(deed.service, stage=wanted.stage) if deed.get("tell") else 0
    return Done(says=[f"{scored} score(s) computed, {told} team(s) told.", "Old scores are kept."], href="/board")


WHOLE = "With every item, also those that stay: the file that the config names, corrected."

TOLD = "Teams get it, and it is kept permanently."

ACTS = (
    Act(
        name="add-labels", home="/labels", title="Correct the labels", reason=TOLD, inverse="use-labels",
        fields=[TRACK, PHASE, Field(name="file", label="The corrected label file", kind="file", help=WHOLE)],
        look=lambda deed: _labels_look(deed, "add"), carry_out=lambda deed: _labels(deed, "add"),
    ),
    Act(
        name="void-items", home="/labels", title="Withdraw items from scoring", reason=TOLD, inverse="use-labels",
        fields=[TRACK, PHASE, Field(name="items", label="Ids of the items", kind="area")],
        look=lambda deed: _labels_look(deed, "void"), carry_out=lambda deed: _labels(deed, "void"),
    ),
    Act(
        name="use-labels", home="/labels", title="Go back to earlier labels", reason=TOLD, inverse="use-labels",
        fields=[TRACK, PHASE, Field(name="version", label="Version", help="The first digits of its SHA-256.")],
        look=lambda deed: _labels_look(deed, "use"), carry_out=lambda deed: _labels(deed, "use"),
    ),
    Act(
        name="rescore", home="/labels", title="Rescore",
        reason="", look=_rescore_look, carry_out=_rescore, is_long=True,
        back="Going back to the earlier labels and rescoring brings the earlier scores back.",
        fields=[Field(name="tell", label="Write to each team whose score changes", kind="check", needed=False)],
    ),
)  # fmt: skip
