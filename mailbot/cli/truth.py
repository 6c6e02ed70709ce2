"""truth: the versions of the labels, and which one scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import (
    AsJson,
    ConfigFile,
    act_as_organizer,
    begun,
    emit,
    load_config,
    rfc3339,
    said,
    set_up_journal,
    short,
)
from mailbot.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailbot.ledger.truths import TruthRow
    from mailbot.service import Service
    from scoring.ids import Id
    from scoring.model import Track
    from scoring.truth import Truth

truth = typer.Typer(help="Labels: correct them, withdraw items, see what changed.", no_args_is_help=True)

SHOWN = 16
"""Digits of a truth's SHA-256 that are shown, as in a score's signature."""

Why = Annotated[
    str, typer.Option(help="The reason, in a sentence; it is told to teams and kept for good.", callback=said)
]
OfTrack = Annotated[
    str | None, typer.Option("--track", help="The track; needed where more than one of several could be meant.")
]


@truth.command("add")
def add(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The corrected label file.")],
    why: Why,
    track: OfTrack = None,
    config: ConfigFile = None,
) -> None:
    """Take corrected labels into force. Old scores are kept; `mailbot rescore` computes the new ones."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from scoring.truth import TruthError  # noqa: PLC0415  # not for --help

    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        try:
            data = file.read_bytes()
            name = _track(wired, track, lambda each: _is_label_file(data, wired.challenge.tracks[each], file.name))
            made = wired.labels.keep(data, wired.challenge.tracks[name], file.name)
        except OSError as error:
            message = f"{file} cannot be read ({error.strerror})"
            raise Permanent(message) from error
        except TruthError as error:
            raise Permanent(
                "\n".join([f"{file} cannot be used:", *(f"  - {p.message}" for p in error.problems)])
            ) from error
        _take(wired, made, why)


@truth.command("void")
def void(
    context: typer.Context,
    items: Annotated[list[str], typer.Argument(metavar="ID...", help="The items to be withdrawn from scoring.")],
    why: Why,
    track: OfTrack = None,
    config: ConfigFile = None,
) -> None:
    """Withdraw items from scoring: files hold them as before, no score counts them."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from scoring.restrict import without  # noqa: PLC0415  # not for --help
    from scoring.truth import TruthError  # noqa: PLC0415  # not for --help

    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        whole = wired.labels.whole
        present = whole[_track(wired, track, lambda each: _has_all(whole[each], items))]
        try:
            made = without(present, _ids(present, items))
        except TruthError as error:
            raise Permanent(str(error)) from error
        _take(wired, made, why)


@truth.command("use")
def use(
    context: typer.Context,
    version: Annotated[str, typer.Argument(metavar="HASH", help="Its SHA-256, or the first digits of it.")],
    why: Why,
    track: OfTrack = None,
    config: ConfigFile = None,
) -> None:
    """Go back to an earlier version of the labels."""
    from mailbot import flow  # noqa: PLC0415  # not for --help

    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        _take(wired, wired.labels.version(_version(wired, version, track)), why)


@truth.command("list")
def list_truths(context: typer.Context, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List every version that was in force, and why."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from mailbot.ledger import truths  # noqa: PLC0415  # not for --help

    set_up_journal(quiet=True)
    loaded = begun(load_config(context, config))
    with flow.opened(loaded) as wired, wired.ledger.read() as tx:
        present, known = truths.present(tx), {(row.track, row.sha256): row for row in truths.listing(tx)}
        last = {choice.track: choice.id for choice in truths.choices(tx)}
        rows = [
            {
                "since": rfc3339(choice.chosen_at, loaded.challenge.zone),
                "track": choice.track,
                "truth": choice.truth,
                "items": known[choice.track, choice.truth].n,
                "in_force": choice.id == last[choice.track] and choice.truth == present[choice.track],
                "why": choice.why,
            }
            for choice in truths.choices(tx)
        ]
    columns = {"since": short, "track": None, "truth": _short, "items": None, "in_force": _mark, "why": None}
    emit(rows, as_json=as_json, columns=columns, title="Labels")


@truth.command("diff")
def diff(
    context: typer.Context,
    old: Annotated[str | None, typer.Argument(metavar="OLD", help="A version; default: the one before NEW.")] = None,
    new: Annotated[str | None, typer.Argument(metavar="NEW", help="A version; default: the present one.")] = None,
    track: OfTrack = None,
    values: Annotated[bool, typer.Option("--values", help="Show the labels too, old and new.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show which items differ between two versions of the labels."""
    from mailbot import flow  # noqa: PLC0415  # not for --help

    set_up_journal(quiet=True)
    with flow.opened(begun(load_config(context, config))) as wired:
        before, after = _two(wired, old, new, track)
        rows = list(_differences(before, after, values=values))
    shown = ("item", "what", "old", "new") if values else ("item", "what")
    title = f"{before.track.title}: {before.sha256[:SHOWN]} to {after.sha256[:SHOWN]}"
    emit(rows, as_json=as_json, columns=dict.fromkeys(shown), title=title)


def _take(wired: Service, made: Truth, why: str) -> None:
    """Bring a truth into force, and say what comes next."""
    name = made.track.name
    before = wired.labels.whole[name]
    if made.sha256 == before.sha256:
        message = f"these labels are in force for {name} already: nothing to do"
        raise Permanent(message)
    wired.labels.choose(made, why, wired.clock())
    typer.echo(f"{made.track.title}: {made.sha256[:SHOWN]} is in force, {made.n} items ({before.n} before).")
    typer.echo("New submissions are scored by it from now on. Older ones, and the board, wait for `mailbot rescore`;")
    typer.echo("`mailbot rescore --dry-run` shows first what that would change.")


def _track(wired: Service, asked: str | None, fits: Callable[[str], bool]) -> str:
    """Return the track asked for; unless one is, the only one there is, or the only one that fits."""
    tracks = wired.challenge.tracks
    if asked is not None and asked in tracks:
        return asked
    fitting = [each for each in tracks if len(tracks) == 1 or fits(each)] if asked is None else []
    if len(fitting) == 1:
        return fitting[0]
    message = f"--track: name one of {', '.join(tracks)}"
    raise Permanent(message)


def _is_label_file(data: bytes, track: Track, name: str) -> bool:
    """Tell whether a file can be labels of a track."""
    from scoring.truth import TruthError, load_truth  # noqa: PLC0415  # not for --help

    try:
        load_truth(data, track, name)
    except TruthError:
        return False
    return True


def _has_all(present: Truth, items: list[str]) -> bool:
    """Tell whether labels have all of these items."""
    return set(items) <= {str(each) for each in present.ids}


def _ids(present: Truth, items: list[str]) -> list[Id]:
    """Read ids as the labels have them: whole numbers, or words."""
    numbers = isinstance(present.ids[0], int)
    wrong = [item for item in items if numbers and not item.isdecimal()]
    if wrong:
        message = f"{', '.join(wrong)}: the ids of {present.track.title} are whole numbers"
        raise Permanent(message)
    return [int(item) if numbers else item for item in items]


def _version(wired: Service, text: str, track: str | None) -> TruthRow:
    """Find the version whose SHA-256 begins so."""
    from mailbot.ledger import truths  # noqa: PLC0415  # not for --help

    with wired.ledger.read() as tx:
        rows = [row for row in truths.listing(tx) if row.sha256.startswith(text.lower())]
    found = [row for row in rows if track is None or row.track == track]
    if len(found) != 1:
        message = f"{text!r} names {len(found)} versions; `mailbot truth list` shows them"
        raise Permanent(message)
    return found[0]


def _two(wired: Service, old: str | None, new: str | None, track: str | None) -> tuple[Truth, Truth]:
    """Find the two versions to compare: as named, or the last two that were in force."""
    from mailbot.ledger import truths  # noqa: PLC0415  # not for --help

    if old and new:
        return wired.labels.version(_version(wired, old, track)), wired.labels.version(_version(wired, new, track))
    name = _track(wired, track, lambda each: len(wired.labels.history(each)) > 1)
    after = wired.labels.whole[name]
    if old:
        return wired.labels.version(_version(wired, old, name)), after
    with wired.ledger.read() as tx:
        earlier = [c.truth for c in truths.choices(tx) if c.track == name and c.truth != after.sha256]
    if not earlier:
        message = f"{name} has had no other labels yet"
        raise Permanent(message)
    return wired.labels.version(_version(wired, earlier[-1], name)), after


def _differences(before: Truth, after: Truth, *, values: bool) -> list[dict[str, object]]:
    from scoring.changes import changes, labels_of  # noqa: PLC0415  # not for --help

    found = changes(before, after)
    rows: list[dict[str, object]] = [
        {"item": item, "what": what}
        for what, items in (
            ("new", found.new),
            ("gone", found.gone),
            ("withdrawn", found.withdrawn),
            ("scored again", found.restored),
        )
        for item in items
    ]
    for column, items in found.changed.items():
        for item in items:
            both = {"old": labels_of(before, item)[column], "new": labels_of(after, item)[column]} if values else {}
            rows.append({"item": item, "what": column, **both})
    return rows


def _short(sha256: str) -> str:
    return sha256[:SHOWN]


def _mark(present: object) -> str:
    return "yes" if present else ""
