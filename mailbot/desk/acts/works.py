"""What takes long, and what only tells: items and their labels, a file on trial, export, backup, the trail's proof."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mailbot.desk.acts.act import Act
from mailbot.desk.acts.labels import PHASE, TRACK, stage_of
from mailbot.desk.acts.parts import Deed, Done, Effect, Field, tracks
from mailbot.desk.acts.submissions import RECEIPT
from mailbot.errors import Permanent
from mailbot.evaluation.evaluator import Job
from mailbot.ledger import disputes, events, submissions
from mailbot.operations import backup as backups
from mailbot.operations.doctor import checks, host
from mailbot.operations.doctor.finding import Level
from mailbot.operations.export import Export
from mailbot.operations.proof import audit
from scoring.scores import items

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailbot.ledger.disputes import DisputeRow
    from mailbot.ledger.submissions import SubmissionRow
    from scoring.labels.truth import Truth

T = TypeVar("T")

MOST_ITEMS = 200
"""So many items are listed; the rest are counted."""

KEPT = "Labels are shown then. That you looked is entered in the audit trail."


# --- a file on trial -------------------------------------------------------------------------
def _try(deed: Deed) -> Effect:
    """Check and score a file as its mail would be, in a child; nothing is entered."""
    upload, track, stage = deed.ask.files["file"], deed.get("track"), stage_of(deed)
    if track not in deed.service.challenge.tracks:
        message = f"there is no track {track}"
        raise Permanent(message)
    job = Job(name=upload.name, data=upload.data, hint=track, stage=stage.key)
    found = deed.service.evaluator.start(job).result().evaluation
    if not found.ok:
        told = [[one.code, one.message] for one in found.problems]
        return Effect(says=[f"{upload.name} would be refused."], headings=("Problem", "What the team reads"), rows=told)
    says = [f"{upload.name} would be accepted on {found.track}. Its score by the active labels is {found.score:.4f}."]
    own = deed.service.challenge.tracks.get(found.track or track)
    measures = own.measures if own else ()
    rows = [[one.title, f"{found.metrics[one.key]:.{one.decimals}f}"] for one in measures if one.key in found.metrics]
    return Effect(says=[*says, "Nothing is entered, and nobody is told."], headings=("Measure", "Value"), rows=rows)


def _never(_: Deed) -> Done:
    message = "this only tells something"
    raise Permanent(message)


# --- items and their labels ------------------------------------------------------------------
def _truth(deed: Deed, track: str) -> Truth:
    truth = deed.service.labels.of_stage(stage_of(deed).key).public.get(track)
    if truth is None:
        message = f"there is no track {track}"
        raise Permanent(message)
    return truth


def _statistics_look(deed: Deed) -> Effect:
    _truth(deed, deed.get("track"))
    return Effect(says=["It lists the items that nine of ten submissions get wrong, or that nobody answers.", KEPT])


def _statistics(deed: Deed) -> Done:
    service, track = deed.service, deed.get("track")
    of = service.ranking.considered(service.clock(), stage_of(deed))
    found = of.answered(track)
    listed = sorted(filter(items.doubtful, found), key=lambda one: (-one.common, *items.worst_first(one)))
    _looked(deed, track)
    labels = items.labels(of.truths[track])
    rows = [
        [str(one.item), one.column, labels[one.item, one.column], "–" if one.wrong is None else f"{one.wrong:.0%}",
         f"{one.unanswered:.0%}", one.commonest, f"{one.common:.0%}"]
        for one in listed[:MOST_ITEMS]
    ]  # fmt: skip
    says = [f"{track}: {len(listed)} of {len(found)} answers are nearly always wrong."]
    says += [f"The first {MOST_ITEMS} are listed."] if len(listed) > MOST_ITEMS else []
    headings = ("Item", "Column", "Label", "Wrong", "No answer", "Commonest answer", "Its share")
    says += ["Where nearly all give the same other answer, the label may be wrong: these come first."] if rows else []
    offers = [(name, label, {"track": track, "phase": deed.get("phase")}) for name, label in NEXT]
    return Done(says=says, href="/labels", headings=headings, rows=rows, offers=offers)


def _looked(deed: Deed, subject: str) -> None:
    with deed.service.ledger.write("labels-shown") as tx:
        events.append(tx, kind="labels-shown", subject=subject, now=deed.service.clock(), why=deed.why)


def _accepted(deed: Deed) -> SubmissionRow:
    with deed.service.ledger.read() as tx:
        row = next(iter(submissions.listing(tx, submission_id=deed.id("receipt", "S"))), None)
    if row is None or row.track is None or row.score is None:
        message = f"{deed.get('receipt')} has no score"
        raise Permanent(message)
    return row


def _wanted(deed: Deed) -> Sequence[str]:
    """Return the ids of the items that are asked for; none stands for all."""
    return deed.get("items").replace(",", " ").split()


def _items_look(deed: Deed) -> Effect:
    row = _accepted(deed)
    says = f"It lists the answers of {row.receipt} of {row.team} that are not the label."
    if wanted := _wanted(deed):
        says = f"It lists what {row.receipt} of {row.team} answers to {len(wanted)} item(s), and the labels."
    return Effect(says=[says, KEPT])


def _items(deed: Deed) -> Done:
    row = _accepted(deed)
    stage = deed.service.challenge.stage_of(row.phase)
    truth = deed.service.labels.of_stage(stage.key).public[row.track or ""]
    laid = deed.service.columns.laid(truth, [row.id]).get(row.id)
    if laid is None:
        message = f"what {row.receipt} predicts is no longer kept; `mailbot rescore` keeps it again"
        raise Permanent(message)
    _looked(deed, row.receipt)
    given, labels, wanted = items.shown(truth, laid), items.labels(truth), _wanted(deed)
    if gone := set(wanted) - {str(item) for item, _ in labels}:
        message = f"there is no item {', '.join(sorted(gone))}"
        raise Permanent(message)
    answers = [[str(item), column, given[item, column], label] for (item, column), label in labels.items()]
    differ = [one for one in answers if one[2] != one[3]]
    says = [f"{row.receipt}: {len(differ)} of {len(labels)} answers are not the label."]
    listed = [one for one in answers if one[0] in wanted] if wanted else differ
    says += [f"The first {MOST_ITEMS} are listed; ask for others by their ids."] if len(listed) > MOST_ITEMS else []
    headings = ("Item", "Column", "Answer", "Label")
    is_open = any(one.verdict is None for one in _disputes(deed, row))
    offers = [("rule", "Rule on the dispute", {"receipt": row.receipt})] if is_open else []
    return Done(
        says=says, href=f"/submissions/{row.receipt}", headings=headings, rows=listed[:MOST_ITEMS], offers=offers
    )


def _disputes(deed: Deed, row: SubmissionRow) -> Sequence[DisputeRow]:
    with deed.service.ledger.read() as tx:
        return disputes.of_submission(tx, row.id)


# --- long work -------------------------------------------------------------------------------
def _folder(deed: Deed) -> Path:
    folder = Path(deed.get("folder"))
    if not folder.is_absolute():
        message = "write the whole path of the folder, as /srv/backup/mailbot"
        raise Permanent(message)
    return folder


def _backup_look(deed: Deed) -> Effect:
    folder = _folder(deed)
    says = [f"Ledger, mails and labels' versions are copied to {folder} on mailbot's host, with a manifest."]
    return Effect(says=[*says, "Into a backup that already exists only what is new is copied."])


def _backup(deed: Deed) -> Done:
    folder = _folder(deed)
    count = _written(folder, lambda: backups.back_up(deed.service.ledger, deed.service.config.state, folder))
    return Done(says=[f"{count} files in {folder}."], href="/log")


def _export_look(deed: Deed) -> Effect:
    folder = _folder(deed)
    says = [f"The whole contest is written to {folder} on mailbot's host, as files that need no mailbot."]
    return Effect(says=[*says, "No address and no label is in it."])


def _export(deed: Deed) -> Done:
    folder = _folder(deed)
    told = _written(folder, Export(service=deed.service, folder=folder).write)
    missing: Sequence[str] = told["missing"]
    says = [f"Exported to {folder}."] + ([f"{len(missing)} file(s) are gone: {', '.join(missing)}"] if missing else [])
    return Done(says=says, href="/log")


def _written(folder: Path, work: Callable[[], T]) -> T:
    """Do work that writes to a folder. Raises Permanent when it cannot."""
    try:
        return work()
    except OSError as error:
        message = f"{folder} cannot be written ({error.strerror})"
        raise Permanent(message) from error


def _verify_look(_: Deed) -> Effect:
    return Effect(says=["The ledger, the files and the published boards are compared with the audit trail."])


def _verify(deed: Deed) -> Done:
    config = deed.service.config
    with audit.opened(config) as ledger:
        report = audit.verify(config, ledger)
    says = ["The audit trail is NOT intact." if report.faults else "The audit trail is intact."]
    says += [f"{part.name}: {part.seen}" for part in report.parts] + [fault.what for fault in report.faults]
    return Done(says=[*says, f"Its head: {report.checked.head}"], href="/log")


def _check_up_look(_: Deed) -> Effect:
    says = ["Ledger, audit trail, daemon, roster, labels, boards and sandbox are checked, as by `mailbot doctor`."]
    return Effect(says=[*says, "Nobody logs in anywhere, and no mail is sent."])


def _check_up(deed: Deed) -> Done:
    service = deed.service
    found = [*host.disk(service.config), *host.folders(service.config), *checks.examine(service, online=False)]
    wrong = sorted((one for one in found if one.level is not Level.GREEN), key=lambda one: one.level is not Level.RED)
    rows = [[one.part, one.level, one.detail, one.fix] for one in wrong]
    says = [f"{len(found)} checks, {len(wrong)} of them worth a look."]
    return Done(says=says, href="/", headings=("Part", "State", "What is found", "How to fix it"), rows=rows)


ITEMS = Field(name="items", label="Items", needed=False, help="Their ids, as 7, 12. Without: the first that are wrong.")

NEXT = (("add-labels", "Correct the labels"), ("void-items", "Withdraw items"))
"""What may follow a look at the items that nearly all get wrong."""

FOLDER = Field(name="folder", label="Folder on mailbot's host", help="The whole path, as /srv/backup/mailbot.")

HARMLESS = "It changes nothing in the contest."

ACTS = (
    Act(
        name="try-file", home="/submissions", title="Check and score a file",
        look=_try, carry_out=_never, reason="", only_tells=True,
        fields=[Field(name="track", label="Track", kind="choice", choices=tracks), PHASE,
                Field(name="file", label="A result file", kind="file")],
    ),
    Act(
        name="item-statistics", home="/labels", title="Items nearly all get wrong",
        look=_statistics_look, carry_out=_statistics,
        fields=[TRACK, PHASE], back=HARMLESS,
    ),
    Act(
        name="submission-items", title="A submission item by item", look=_items_look, carry_out=_items,
        fields=[RECEIPT, ITEMS], back=HARMLESS,
    ),
    Act(
        name="backup", home="/log", title="Back up",
        look=_backup_look, carry_out=_backup, fields=[FOLDER], reason="", is_long=True,
        back="Delete the folder.",
    ),
    Act(
        name="export", home="/log", title="Export the contest",
        look=_export_look, carry_out=_export, fields=[FOLDER], reason="",
        is_long=True, back="Delete the folder.",
    ),
    Act(
        name="check-up", title="Check everything", look=_check_up_look, carry_out=_check_up, reason="", is_long=True,
        back=HARMLESS,
    ),
    Act(
        name="verify", home="/log", title="Verify the audit trail",
        look=_verify_look, carry_out=_verify, reason="", is_long=True,
        back=HARMLESS,
    ),
)  # fmt: skip
