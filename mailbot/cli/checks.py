"""verify, similar and simulate-attack: how far scores can be trusted."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from mailbot import flow
from mailbot.cli.common import (
    INCOMPLETE,
    AsJson,
    ConfigFile,
    OfPhase,
    act_as_organizer,
    begun,
    emit,
    load_config,
    number,
    rfc3339,
    set_up_journal,
)
from mailbot.errors import ConfigError, Permanent
from mailbot.evaluation.similarity import series
from mailbot.ledger import similarities
from mailbot.operations import attacks
from mailbot.operations import verify as verification
from scoring.fairness.similarity import Kind
from scoring.report import parse
from scoring.scores.items import NEARLY_ALL, doubtful, worst_first
from scoring.text import escaped, inert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mailbot.operations.attacks import Outcome, Plan
    from mailbot.operations.verify import Checked
    from mailbot.service import Service
    from scoring.labels.truth import Truth

FEWEST_MAILS, MOST_MAILS = 2, 10_000


def verify(
    context: typer.Context,
    submission: Annotated[str, typer.Argument(metavar="S-000012", help="The receipt.")],
    signature: Annotated[str | None, typer.Option(metavar="LINE", help="A signature that a team quotes.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Recalculate a submission's scores, with our code and with scipy. Exit code 1 when anything disagrees."""
    said = parse(signature) if signature is not None else None
    if signature is not None and said is None:
        message = f"{signature!r} is not a signature; one is like: siqa-s/1 truth=9f2c41d03a7be512 n=1050 mailbot=0.1.0"
        raise Permanent(message)
    set_up_journal(quiet=True)
    with flow.opened(begun(load_config(context, config)), enter=False) as wired:
        verdict = verification.verify(wired, number(submission, "S"))
        zone = wired.config.challenge.zone
    quote = verification.quoted(said, verdict.checked) if said else None
    ok = verdict.ok and (quote is None or (quote[0].agrees and not quote[1]))
    told = {
        "receipt": verdict.row.receipt,
        "team": verdict.row.team,
        "track": verdict.row.track,
        "file_sha256": verdict.row.sha256,
        "ok": ok,
        "scores": [_checked(one, rfc3339(one.score.scored_at, zone)) for one in verdict.checked],
        "signature": None if quote is None else {"agrees": not quote[1], "differences": list(quote[1])},
    }
    shown = json.dumps(told, ensure_ascii=False, indent=2) if as_json else "\n".join(_told(told))
    typer.echo(escaped(shown) if as_json else inert(shown))
    raise typer.Exit(0 if ok else INCOMPLETE)


def _checked(one: Checked, scored_at: str | None) -> dict[str, Any]:
    """Return a score that was recalculated, for programs."""
    return {
        "signature": str(verification.signature_of(one.score)),
        "present": one.present,
        "scored_at": scored_at,
        "ledger": one.score.value,
        "kernels": one.kernels and one.kernels.score,
        "reference": one.reference and one.reference.score,
        "agrees": None if one.obstacle else one.agrees,
        "differences": list(one.differences),
        "obstacle": one.obstacle or None,
    }


def _told(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines for people."""
    yield f"{told['receipt']} of {told['team']} on {told['track']}, file {told['file_sha256']}"
    for one in told["scores"]:
        yield f"\n{one['signature']}"
        by = "current" if one["present"] else "by older labels or another formula"
        yield f"  scored at            {one['scored_at']}, {by}"
        yield f"  the ledger           {one['ledger']:.10f}"
        if one["obstacle"]:
            yield f"  cannot be computed again: {one['obstacle']}"
            continue
        own = "+" in one["signature"].split()[0]  # a scorer of one's own has no second hand
        names = ("its own scorer", "and once more") if own else ("our kernels", "scipy, plain Python")
        for name, key in zip(names, ("kernels", "reference"), strict=True):
            yield f"  {name:<20} " + ("none" if one[key] is None else f"{one[key]:.10f}")
        yield "  Score and measures agree to nine digits." if one["agrees"] else "  IT DOES NOT AGREE:"
        yield from (f"    {line}" for line in one["differences"])
    if quote := told["signature"]:
        yield "\nThe signature quoted is a score's." if quote["agrees"] else "\nThe signature quoted is NO score's:"
        yield from (f"  {line}" for line in quote["differences"])


def items(
    context: typer.Context,
    track: Annotated[str | None, typer.Option("--track", help="Only this track.")] = None,
    share: Annotated[
        float, typer.Option("--share", min=0.0, max=1.0, help="List items that at least this share got wrong.")
    ] = NEARLY_ALL,
    phase: OfPhase = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List the items that nearly all teams get wrong, and those that nobody answers. For organizers alone.

    The submissions that count now are looked at. The label of such an item may be wrong; `mailbot truth` corrects it.
    """
    set_up_journal(quiet=True)
    with flow.opened(begun(load_config(context, config))) as wired:
        of = wired.ranking.considered(wired.clock(), wired.config.stage_named(phase, wired.clock()))
        _verify_track(track, wired)
        found = [(name, one) for name in of.truths if track in {None, name} for one in of.answered(name)]
    listed = sorted(((name, one) for name, one in found if doubtful(one, share)), key=lambda each: worst_first(each[1]))
    told = [{"track": name} | asdict(one) for name, one in listed]
    percent = "{:.0%}".format
    columns: dict[str, Callable[[Any], str] | None] = {"track": None, "item": str, "column": None}
    columns |= {"wrong": percent, "unanswered": percent, "commonest": None, "common": percent, "submissions": None}
    emit(told, as_json=as_json, columns=columns, title="Items that nearly all get wrong, or nobody answers")


def similar(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List submissions of different teams that look alike. This proves nothing, and nothing is refused for it."""
    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        _verify_track(track, wired)
        rows = [row for name in ([track] if track else list(wired.labels)) for row in _pairs(wired, name)]
    columns = {"track": None, "kind": None, "value": "{:.4g}".format, "series": str, "outlying": "{:.1f}".format}
    columns |= dict.fromkeys(("first", "team", "second", "other_team"))
    emit(rows, as_json=as_json, columns=columns, title="Alike")


def _pairs(wired: Service, track: str) -> list[dict[str, object]]:
    """Compare all submissions of a track, and return every pair that was ever found alike."""
    outlying = {(pair.first, pair.second): pair.outlying for pair in wired.similar.all_pairs(track)}
    zone = wired.config.challenge.zone
    with wired.ledger.read() as tx:
        found = similarities.listing(tx, track=track)
    size = series([(row.first_id, row.second_id) for row in found if row.kind == Kind.FEW])
    return [
        {
            "track": row.track,
            "kind": row.kind,
            "value": row.value,
            "series": size.get(row.second_id) if row.kind == Kind.FEW else None,
            "outlying": outlying.get((row.first_id, row.second_id)),
            "first": row.first,
            "team": row.first_team,
            "second": row.second,
            "other_team": row.second_team,
            "found_at": rfc3339(row.found_at, zone),
        }
        for row in found
    ]


def _verify_track(track: str | None, wired: Service) -> None:
    """Raise Permanent for a track that the config does not have."""
    if track is not None and track not in wired.labels:
        message = f"there is no track {track}; the config has {', '.join(wired.labels)}"
        raise Permanent(message)


def simulate_attack(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="What replies tell: full, rounded, ladder or receipt; may be repeated. Default: as in the phases."
        ),
    ] = None,
    split: Annotated[
        float | None,
        typer.Option(metavar="SHARE", min=0.0, max=1.0, help="Share of the items that replies are based on; 1: all."),
    ] = None,
    mails: Annotated[str, typer.Option(metavar="N,N,...", help="Numbers of mails.")] = "10,30,100,300",
    repeats: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="Runs to take the mean of.")] = 10,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Seed of the labels and of the runs.")] = 0,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Simulate score probing against made-up labels: how many points a number of mails would gain."""
    loaded = load_config(context, config)
    plan = attacks.Plan(
        mails=_numbers(mails),
        policies=attacks.policies(loaded, policy),
        share=loaded.split.public if split is None else split,
        repeats=repeats,
        seed=seed,
    )
    found = [one for truth in attacks.made_up_labels(loaded, track, seed) for one in _played(truth, plan)]
    rows = [_outcome(one) for one in found]
    columns: dict[str, Callable[[Any], str] | None] = dict.fromkeys(("track", "attack", "policy", "on", "items"))
    title = f"Points gained by so many mails, mean of {repeats} runs on made-up labels, seed {seed}"
    shown = rows if as_json else [row | row["gains"] for row in rows]
    emit(shown, as_json=as_json, columns=columns | {str(n): _signed for n in plan.mails}, title=title)


def _numbers(text: str) -> list[int]:
    """Read numbers of mails. Raises ConfigError."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and FEWEST_MAILS <= int(word) <= MOST_MAILS for word in words):
        message = f"--mails {text}: write numbers from {FEWEST_MAILS} to {MOST_MAILS:,}, as 10,30,100,300"
        raise ConfigError(message)
    return sorted({int(word) for word in words})


def _played(truth: Truth, plan: Plan) -> list[Outcome]:
    """Play the attacks on a track, with a progress bar on a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(truth.track.title, total=attacks.mails_to_play(truth, plan))
        return attacks.play(truth, plan, lambda count: progress.advance(task, count))


def _outcome(one: Outcome) -> dict[str, Any]:
    """Return what an attack gains, for programs."""
    return {
        "track": one.track,
        "attack": str(one.attack),
        "policy": str(one.policy),
        "on": one.on,
        "items": one.items,
        "gains": {str(mails): points for mails, points in one.gains.items()},
    }


def _signed(value: float) -> str:
    return f"{value:+.1f}"
