"""score and rescore."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import AsJson, ConfigFile, act_as_organizer, emit, load_config, set_up_journal, two
from mailbot.errors import ConfigError, Permanent

if TYPE_CHECKING:
    from scoring.truth import Truth

REFUSED = 1


def score(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Result file, also as .gz or .zip.")],
    track: Annotated[str, typer.Option(help="siqa-s or siqa-u.")],
    labels: Annotated[Path | None, typer.Option(help="Label file; default: the track's in the config.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Score a file against labels: no mail, no ledger. Exit code 0 accepted, 1 refused, 2 called wrongly."""
    from scoring.evaluate import evaluate_packed  # noqa: PLC0415  # not for --help
    from scoring.report import as_json as report_json  # noqa: PLC0415  # not for --help
    from scoring.report import as_text  # noqa: PLC0415  # not for --help

    truth = _truth(context, track, labels, config)
    try:
        data = file.read_bytes()
    except OSError as error:
        message = f"{file} cannot be read ({error.strerror})"
        raise Permanent(message) from error
    evaluation = evaluate_packed(data, truth, name=file.name)
    typer.echo(json.dumps(report_json(evaluation), ensure_ascii=False, indent=2) if as_json else as_text(evaluation))
    raise typer.Exit(0 if evaluation.ok else REFUSED)


def _truth(context: typer.Context, track: str, labels: Path | None, config: Path | None) -> Truth:
    """Load the labels of a track: the file named, or the config's. Raises ConfigError."""
    from mailbot import challenge  # noqa: PLC0415  # not for --help

    if labels is not None:
        return challenge.load_truths({track: labels}, {track: challenge.track_of(track)})[track]
    loaded = load_config(context, config)
    if track not in loaded.tracks:
        message = f"--track {track}: the config has {', '.join(loaded.tracks)}"
        raise ConfigError(message)
    section = loaded.tracks[track]
    return challenge.load_truths({track: section.labels}, {track: challenge.track_of(track, section.declared)})[track]


def rescore(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    submission: Annotated[str | None, typer.Option(metavar="S-000012", help="Only this submission.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would change.")] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Score accepted submissions by the present labels and formulas; old scores are kept."""
    from mailbot import rescore as again  # noqa: PLC0415  # not for --help
    from mailbot import service  # noqa: PLC0415  # not for --help
    from mailbot.cli.lists import number  # noqa: PLC0415  # not for --help

    act_as_organizer()
    set_up_journal(quiet=True)
    with service.opened(load_config(context, config)) as wired:
        rows = again.wanted(wired, track=track, submission_id=number(submission, "S") if submission else None)
        done = [
            {
                "receipt": one.row.receipt,
                "team": one.row.team,
                "track": one.row.track,
                "before": one.row.score,
                "after": one.evaluation.score,
                "changed": one.changed,
            }
            for one in again.rescore(wired, rows, dry_run=dry_run)
        ]
    columns = {"receipt": None, "team": None, "track": None, "before": two, "after": two, "changed": None}
    emit(done, as_json=as_json, columns=columns, title="Would be rescored" if dry_run else "Rescored")
