"""score and rescore."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import AsJson, ConfigFile, act_as_organizer, emit, load_config, set_up_journal, two
from mailbot.errors import ConfigError, Permanent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.board.rank_changes import Change
    from mailbot.config.schema import Config
    from scoring.model import Track
    from scoring.truth import Truth


REFUSED = 1


def score(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Result file, also as .gz or .zip.")],
    track: Annotated[
        str, typer.Option(help="A track of the config, siqa-s, siqa-u, or a .toml file that declares one.")
    ],
    labels: Annotated[
        Path | None,
        typer.Option(help="Label file; default: the labels in force, before a ledger is begun the config's."),
    ] = None,
    reference: Annotated[bool, typer.Option("--reference", help="Compute the measures with scipy.stats.")] = False,
    bootstrap: Annotated[
        int | None,
        typer.Option(metavar="B", min=1, max=100_000, help="Also take the interval from B resamples."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the resamples.")] = 0,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Score a file against labels: no mail, no record. Exit code 0 accepted, 1 refused, 2 called wrongly."""
    from scoring import single  # noqa: PLC0415  # not for --help

    truth = _truth(context, track, labels, config)
    try:
        data = file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read ({error.strerror})"
        raise Permanent(message) from error
    found = single.single(data, truth, name=file.name, by_reference=reference, draws=bootstrap, seed=seed)
    if as_json:
        typer.echo(json.dumps(single.as_json(found), ensure_ascii=False, indent=2))
    else:
        typer.echo(single.as_text(found))
    raise typer.Exit(0 if found.evaluation.ok else REFUSED)


def _truth(context: typer.Context, track: str, labels: Path | None, config: Path | None) -> Truth:
    """Load the labels of a track: the file named, those in force, or the config's. Raises ConfigError."""
    from mailbot.evaluation.labels import load_truths  # noqa: PLC0415  # not for --help

    made, loaded = _track(context, track, config, alone=labels is not None)
    path = labels or (loaded.tracks[track].labels if loaded else None)
    if path is None:
        message = f"--track {track}: --labels is missing; it names the label file"
        raise ConfigError(message)
    truth = load_truths({made.name: path}, {made.name: made})[made.name]
    return truth if labels or loaded is None else _in_force(loaded, path, truth)


def _in_force(config: Config, path: Path, truth: Truth) -> Truth:
    """Return the labels that the ledger says are in force; those of the config where there is no ledger yet."""
    from mailbot.evaluation.labels import Given, Labels  # noqa: PLC0415  # not for --help
    from mailbot.ledger import Ledger, is_there  # noqa: PLC0415  # not for --help

    if not is_there(config.ledger):
        return truth
    ledger = Ledger(config.ledger)
    try:
        labels = Labels(ledger, config.state, {truth.track.name: Given(path=path, truth=truth)})
        labels.refresh()
        return labels[truth.track.name]
    finally:
        ledger.close()


def _track(context: typer.Context, track: str, config: Path | None, *, alone: bool) -> tuple[Track, Config | None]:
    """Return a track and the config that it is of; ``alone``, one that is known by name needs no config."""
    from mailbot.config import challenge, tracks  # noqa: PLC0415  # not for --help
    from scoring.declare import track_in  # noqa: PLC0415  # not for --help

    if track.endswith(".toml"):
        try:
            return track_in(Path(track)), None
        except (OSError, ValueError) as error:
            message = f"--track {track}: {error}"
            raise ConfigError(message) from error
    if alone and track in tracks.SIQA:
        return challenge.track_of(track), None
    loaded = load_config(context, config)
    if track not in loaded.tracks:
        message = f"--track {track}: the config has {', '.join(loaded.tracks)}"
        raise ConfigError(message)
    return challenge.track_of(track, loaded.tracks[track].declared), loaded


def rescore(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    submission: Annotated[str | None, typer.Option(metavar="S-000012", help="Only this submission.")] = None,
    tell: Annotated[bool, typer.Option("--tell", help="Write to each team whose score that counts changed.")] = False,
    silent: Annotated[bool, typer.Option("--silent", help="Write to nobody; this is the default.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would change.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Score accepted submissions by the present labels and formulas; old scores are kept.

    Shows every place that changes. It may be broken off: the next run goes on where it stood.
    """
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from mailbot.cli.common import number  # noqa: PLC0415  # not for --help
    from mailbot.operations import rescore as again  # noqa: PLC0415  # not for --help

    if tell and silent:
        message = "say --tell or --silent, not both"
        raise Permanent(message)
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        wanted = again.aims(wired, track=track, submission_id=number(submission, "S") if submission else None)
        count = len({row.id for aim in wanted for row in aim.rows})
        if dry_run:
            changes, told = again.preview(wired, wanted), 0
        else:
            _carry_out(again.rescore(wired, wanted), sum(len(aim.rows) for aim in wanted))
            changes, told = again.changes(wired), again.tell(wired, track=track) if tell else 0
    rows = [_shown(change) for change in changes]
    if as_json:
        typer.echo(json.dumps({"submissions": count, "told": told, "changes": rows}, ensure_ascii=False, indent=2))
        return
    emit(rows, as_json=False, columns=CHANGES, title="Would change" if dry_run else "Changed")
    typer.echo(f"{count} submission(s) {'would be' if dry_run else 'were'} scored, {told} team(s) told.")


CHANGES = {
    "table": None,
    "team": None,
    "rank_before": None,
    "rank_after": None,
    "score_before": two,
    "score_after": two,
}


def _shown(change: Change) -> dict[str, object]:
    (rank_before, rank_after), (score_before, score_after) = change.ranks, change.scores
    return {
        "table": change.table,
        "team": change.team,
        "rank_before": rank_before,
        "rank_after": rank_after,
        "score_before": score_before,
        "score_after": score_after,
    }


def _carry_out(steps: Iterator[int], total: int) -> None:
    """Take the steps, with a bar for who watches a terminal. Interrupted, say what is done."""
    from rich.console import Console  # noqa: PLC0415  # not for --help
    from rich.progress import Progress  # noqa: PLC0415  # not for --help

    done = 0
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Scoring", total=total)
        try:
            for step in steps:
                done += step
                progress.update(task, completed=done)
        except KeyboardInterrupt:
            typer.echo(f"Interrupted: {done} of {total} are scored; run it again to go on.", err=True)
            raise typer.Exit(REFUSED) from None


def ids(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    config: ConfigFile = None,
) -> None:
    """Print the ids of the items, sorted: no label, and nothing of their order. The teams' checker takes them."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from scoring.idfile import write_ids  # noqa: PLC0415  # not for --help

    loaded = load_config(context, config)
    if track is not None and track not in loaded.tracks:
        message = f"--track {track}: the config has {', '.join(loaded.tracks)}"
        raise ConfigError(message)
    set_up_journal(quiet=True)
    with flow.opened(loaded, enter=False) as wired:
        wired.labels.refresh()
        found = {name: wired.labels.whole[name].ids for name in loaded.tracks if track in (None, name)}
    typer.echo(write_ids(found), nl=False)
