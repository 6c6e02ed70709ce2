"""score and rescore."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailbot.cli.common import AsJson, ConfigFile, act_as_organizer, emit, load_config, set_up_journal, two
from mailbot.errors import ConfigError, Permanent

if TYPE_CHECKING:
    from scoring.model import Track
    from scoring.truth import Truth

REFUSED = 1


def score(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Result file, also as .gz or .zip.")],
    track: Annotated[
        str, typer.Option(help="A track of the config, siqa-s, siqa-u, or a .toml file that declares one.")
    ],
    labels: Annotated[Path | None, typer.Option(help="Label file; default: the track's in the config.")] = None,
    reference: Annotated[bool, typer.Option("--reference", help="Compute the measures with scipy.stats.")] = False,
    bootstrap: Annotated[
        int | None,
        typer.Option(metavar="B", min=1, max=100_000, help="Also take the interval from B resamples."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the resamples.")] = 0,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Score a file against labels: no mail, no ledger. Exit code 0 accepted, 1 refused, 2 called wrongly."""
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
    """Load the labels of a track: the file named, or the config's. Raises ConfigError."""
    from mailbot import challenge  # noqa: PLC0415  # not for --help

    made, usual = _track(context, track, config, alone=labels is not None)
    path = labels or usual
    if path is None:
        message = f"--track {track}: --labels is missing; it names the label file"
        raise ConfigError(message)
    return challenge.load_truths({made.name: path}, {made.name: made})[made.name]


def _track(context: typer.Context, track: str, config: Path | None, *, alone: bool) -> tuple[Track, Path | None]:
    """Return a track and its label file in the config; ``alone``, one that is known by name needs no config."""
    from mailbot import challenge, tracks  # noqa: PLC0415  # not for --help
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
    section = loaded.tracks[track]
    return challenge.track_of(track, section.declared), section.labels


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
