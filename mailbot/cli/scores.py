"""score, rescore, ids: files and submissions scored by the labels, and the items that these have."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from mailbot import flow
from mailbot.cli.common import (
    INCOMPLETE,
    AsJson,
    ConfigFile,
    OfPhase,
    Yes,
    act_as_organizer,
    ask,
    emit,
    load_config,
    number,
    set_up_journal,
    show_mails,
    two,
)
from mailbot.config import calendar, challenge, tracks
from mailbot.errors import ConfigError, Permanent
from mailbot.evaluation.label_files import load_truths
from mailbot.operations import letters, result_file, truths
from mailbot.operations import rescore as rescoring
from scoring import single
from scoring.declaration.declare import track_in
from scoring.rows.ids import write_ids
from scoring.text import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.board.rank_changes import Change
    from mailbot.config.schema import Config
    from mailbot.operations.rescore import Plan
    from scoring.labels.truth import Truth
    from scoring.model import Track

CHANGES = {
    "table": None,
    "team": None,
    "rank_before": None,
    "rank_after": None,
    "score_before": two,
    "score_after": two,
}
"""The columns of a listing of what rescoring changes."""


def score(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Result file, also as .gz or .zip.")],
    track: Annotated[
        str | None,
        typer.Option(
            help="A track of the config, siqa-s, siqa-u, or a .toml file that declares one; default: the only one."
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(help="Label file; default: the active labels, or the config's when there is no ledger yet."),
    ] = None,
    reference: Annotated[bool, typer.Option("--reference", help="Calculate the metrics with scipy.stats.")] = False,
    bootstrap: Annotated[
        int | None,
        typer.Option(metavar="B", min=1, max=100_000, help="Also estimate the confidence interval from B resamples."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the resamples.")] = 0,
    phase: OfPhase = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Score a file without a mail; nothing is recorded. Exit code 0 accepted, 1 refused, 2 called wrongly."""
    truth, loaded = _truth(context, track or _only_track(context, config), labels, config, phase)
    try:
        data = file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read ({error.strerror})"
        raise Permanent(message) from error
    limits = loaded.limits if loaded else None
    found = result_file.scored(file.name, data, truth, limits, by_reference=reference, draws=bootstrap, seed=seed)
    if as_json:
        typer.echo(escaped(json.dumps(single.as_json(found), ensure_ascii=False, indent=2)))
    else:
        typer.echo(single.as_text(found))
    raise typer.Exit(0 if found.evaluation.ok else INCOMPLETE)


def _only_track(context: typer.Context, config: Path | None) -> str:
    """Return the track of a config that has one. Raises ConfigError."""
    tracks = list(load_config(context, config).tracks)
    if len(tracks) == 1:
        return tracks[0]
    message = f"--track is missing: the config has {', '.join(tracks)}"
    raise ConfigError(message)


def _truth(
    context: typer.Context, track: str, labels: Path | None, config: Path | None, phase: str | None
) -> tuple[Truth, Config | None]:
    """Load the labels of a track: the file named, the active ones, or the config's; and the config, if one was needed.

    Raises ConfigError.
    """
    made, loaded = _track(context, track, config, alone=labels is not None)
    if loaded is None:
        if labels is None:
            message = f"--track {track}: --labels is missing; it names the label file"
            raise ConfigError(message)
        return load_truths({made.name: labels}, {made.name: made})[made.name], None
    if labels and not made.own:
        return load_truths({made.name: labels}, {made.name: made})[made.name], loaded
    active = truths.in_force(loaded, made, loaded.stage_named(phase, calendar.now()))
    return load_truths({made.name: labels}, {made.name: active.track})[made.name] if labels else active, loaded


def _track(context: typer.Context, track: str, config: Path | None, *, alone: bool) -> tuple[Track, Config | None]:
    """Return a track and the config that has it; ``alone``, a track that mailbot knows by name needs no config."""
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
    tell: Annotated[bool, typer.Option("--tell", help="Write to each team whose score is not as it was told.")] = False,
    silent: Annotated[bool, typer.Option("--silent", help="Write to no team; this is the default.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing; show what would change.")] = False,
    yes: Yes = False,
    phase: OfPhase = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Recalculate the scores of accepted submissions with the current labels and formulas; old ones are kept.

    Shows every rank that changes. If interrupted, run the same command again to continue. With --tell it asks first:
    a letter cannot be undone.

    Undo: `mailbot truth use`, then `mailbot rescore`; a letter has none.
    """
    if tell and silent:
        message = "say --tell or --silent, not both"
        raise Permanent(message)
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        stage = wired.config.stage_named(phase, wired.clock()) if phase else None
        only = number(submission, "S") if submission else None
        wanted = rescoring.plan(wired, track=track, submission_id=only, stage=stage)
        if dry_run:
            changes, told = rescoring.preview(wired, wanted), 0
        else:
            if tell:
                mails = letters.look_rescored(wired, wanted, track=track)
                show_mails(mails, err=as_json)
                ask(f"Rescore, and send {len(mails)} letter(s)?", yes=yes, for_good=bool(mails))
            _carry_out(rescoring.rescore(wired, wanted), wanted.steps)
            changes = rescoring.changes(wired, wanted)
            told = letters.tell_rescored(wired, track=track, stage=wanted.stage) if tell else 0
        is_final = rescoring.is_final(wired, wanted.stage)
    rows = [shown(change) for change in changes]
    if as_json:
        report = {"submissions": wanted.submissions, "told": told, "changes": rows}
        typer.echo(escaped(json.dumps(report, ensure_ascii=False, indent=2)))
        return
    if rows:
        emit(rows, as_json=False, columns=CHANGES, title="Would change" if dry_run else "Changed")
    else:
        typer.echo("No place on the board changes by it.")
    _say_rest(wanted, told, dry_run=dry_run, is_final=is_final)


def _say_rest(wanted: Plan, told: int, *, dry_run: bool, is_final: bool) -> None:
    """Say whose board it is, how many were scored and told, and that final results stay as they were published."""
    if wanted.stage.name:
        typer.echo(f"Board of the {wanted.stage.name} phase.")
    typer.echo(f"{wanted.submissions} submission(s) {'would be' if dry_run else 'were'} scored, {told} team(s) told.")
    if is_final and wanted.submissions:
        of = f" --phase {shlex.quote(wanted.stage.name)}" if wanted.stage.name else ""
        typer.echo(f"The final results stay as published; `mailbot publish --final{of}` publishes them again.")


def shown(change: Change) -> dict[str, object]:
    """Return a change of the board, for programs."""
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
    """Score step by step, with a progress bar on a terminal. If interrupted, say how much is done."""
    done = 0
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Scoring", total=total)
        try:
            for step in steps:
                done += step
                progress.update(task, completed=done)
        except KeyboardInterrupt:
            typer.echo(f"Interrupted: {done} of {total} are scored; run it again to go on.", err=True)
            raise typer.Exit(INCOMPLETE) from None


def ids(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    phase: OfPhase = None,
    config: ConfigFile = None,
) -> None:
    """Print the ids of the items for the teams' checker: sorted, and without labels."""
    loaded = load_config(context, config)
    if track is not None and track not in loaded.tracks:
        message = f"--track {track}: the config has {', '.join(loaded.tracks)}"
        raise ConfigError(message)
    set_up_journal(quiet=True)
    with flow.opened(loaded, enter=False) as wired:
        wired.labels.refresh()
        whole = wired.labels.of_stage(loaded.stage_named(phase, wired.clock()).key).whole
        found = {name: whole[name].ids for name in loaded.tracks if track in (None, name)}
    typer.echo(write_ids(found), nl=False)
