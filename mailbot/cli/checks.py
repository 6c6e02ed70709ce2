"""simulate-attack and verify: what scores are worth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailbot.cli.common import AsJson, ConfigFile, act_as_organizer, begun, emit, load_config, rfc3339, set_up_journal
from mailbot.errors import ConfigError, Permanent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mailbot.config.schema import Config
    from mailbot.operations.verify import Checked
    from mailbot.service import Service
    from scoring.attack import Gain
    from scoring.model import Policy
    from scoring.truth import Truth


MOST_MAILS = 10_000

DISAGREES = 1


def simulate_attack(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="What replies tell: full, rounded, ladder or receipt; may be repeated. Default: the phases'."
        ),
    ] = None,
    split: Annotated[
        float | None,
        typer.Option(metavar="SHARE", min=0.0, max=1.0, help="Share of the items behind the replies; 1: all."),
    ] = None,
    mails: Annotated[str, typer.Option(metavar="N,N,...", help="Numbers of mails.")] = "10,30,100,300",
    repeats: Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="Runs to take the mean of.")] = 10,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of the labels and of the runs.")] = 0,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Play attacks against made-up labels of the tracks' size: what mails would gain under a policy."""
    loaded = load_config(context, config)
    share = loaded.split.public if split is None else split
    counts, policies = _numbers(mails), _policies(loaded, policy)
    rows = []
    for truth in _made_up(loaded, track, seed):
        rows += _simulated(truth, policies, share=share, mails=counts, repeats=repeats, seed=seed)
    columns: dict[str, Callable[[Any], str] | None] = dict.fromkeys(("track", "attack", "policy", "on", "items"))
    title = f"Points gained by so many mails, mean of {repeats} runs on made-up labels, seed {seed}"
    shown = rows if as_json else [row | row["gains"] for row in rows]
    emit(shown, as_json=as_json, columns=columns | {str(n): _signed for n in counts}, title=title)


def _signed(value: float) -> str:
    return f"{value:+.1f}"


def _numbers(text: str) -> list[int]:
    """Read numbers of mails. Raises ConfigError."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and 2 <= int(word) <= MOST_MAILS for word in words):  # noqa: PLR2004  # two to compare
        message = f"--mails {text}: write numbers from 2 to {MOST_MAILS:,}, as 10,30,100,300"
        raise ConfigError(message)
    return sorted({int(word) for word in words})


def _policies(config: Config, names: Sequence[str] | None) -> dict[Policy, float]:
    """Return the policies named, or those of the phases, each with its step of rounding. Raises ConfigError."""
    from scoring.model import Policy  # noqa: PLC0415  # not for --help

    if unknown := [name for name in names or () if name not in {*Policy}]:
        message = f"--policy {unknown[0]}: it is one of {', '.join(Policy)}"
        raise ConfigError(message)
    steps = {phase.feedback: phase.rounding for phase in config.calendar}
    return {Policy(name): steps.get(Policy(name), 1.0) for name in names or steps}


def _made_up(config: Config, track: str | None, seed: int) -> Iterator[Truth]:
    """Yield made-up labels of the size of each track's own. Raises ConfigError."""
    from mailbot.config import challenge  # noqa: PLC0415  # not for --help
    from mailbot.evaluation import labels  # noqa: PLC0415  # not for --help
    from scoring.attack import made_up  # noqa: PLC0415  # not for --help

    tracks = challenge.tracks_of(config)
    if track is not None and track not in tracks:
        message = f"--track {track}: the config has {', '.join(tracks)}"
        raise ConfigError(message)
    for name, truth in labels.given_truths(config, tracks).items():
        if track in (None, name):
            yield made_up(truth, seed)


def _simulated(
    truth: Truth, policies: Mapping[Policy, float], *, share: float, mails: Sequence[int], repeats: int, seed: int
) -> list[dict[str, Any]]:
    """Play every attack that a track is open to under each policy; return a row for each part of the items."""
    from rich.console import Console  # noqa: PLC0415  # not for --help
    from rich.progress import Progress  # noqa: PLC0415  # not for --help

    from scoring.attack import attacks_on, simulate  # noqa: PLC0415  # not for --help
    from scoring.split import split  # noqa: PLC0415  # not for --help
    from scoring.truth import TruthError  # noqa: PLC0415  # not for --help

    attacks = attacks_on(truth.track)
    try:
        parts = split(truth, f"made up {seed}", share) if 0.0 < share < 1.0 else None
    except TruthError as error:
        message = f"--split {share:g}: {truth.track.name} has too few items to be split: {error}"
        raise ConfigError(message) from error
    named = {"public": parts.public, "private": parts.private} if parts else {"all": truth}
    rows = []
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        total = len(attacks) * len(policies) * sum(mails) * repeats
        task = progress.add_task(truth.track.title, total=total)
        for attack in attacks:
            for policy, resolution in policies.items():
                gains = simulate(
                    truth,
                    policy,
                    attack=attack,
                    split=parts,
                    mails=mails,
                    runs=repeats,
                    seed=seed,
                    resolution=resolution,
                    done=lambda count: progress.advance(task, count),
                )
                told = {"track": truth.track.name, "attack": str(attack), "policy": str(policy)}
                rows += [told | row for row in _rows(gains, named)]
    return rows


def _rows(gains: Sequence[Gain], parts: Mapping[str, Truth]) -> Iterator[dict[str, Any]]:
    """Yield one row for the items behind the replies, and one for those that decide where they are others."""
    for (name, truth), hidden in zip(parts.items(), (False, True), strict=False):
        points = {str(gain.mails): gain.hidden if hidden else gain.shown for gain in gains}
        yield {"on": name, "items": truth.n, "gains": points}


def verify(
    context: typer.Context,
    submission: Annotated[str, typer.Argument(metavar="S-000012", help="The receipt.")],
    signature: Annotated[str | None, typer.Option(metavar="LINE", help="A signature that a team quotes.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Compute a submission's scores once more, by our kernels and by scipy. Exit code 0 when all agrees, else 1."""
    from mailbot import flow  # noqa: PLC0415  # not for --help
    from mailbot.cli.common import number  # noqa: PLC0415  # not for --help
    from mailbot.operations import verify  # noqa: PLC0415  # not for --help
    from scoring.signature import parse  # noqa: PLC0415  # not for --help

    said = parse(signature) if signature is not None else None
    if signature is not None and said is None:
        message = f"{signature!r} is no signature; one is like: siqa-s/1 truth=9f2c41d03a7be512 n=1050 mailbot=0.1.0"
        raise Permanent(message)
    set_up_journal(quiet=True)
    with flow.opened(begun(load_config(context, config)), enter=False) as wired:
        verdict = verify.verify(wired, number(submission, "S"))
        zone = wired.config.challenge.zone
    quote = verify.quoted(said, verdict.checked) if said else None
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
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2) if as_json else "\n".join(_told(told)))
    raise typer.Exit(0 if ok else DISAGREES)


def _checked(one: Checked, scored_at: str | None) -> dict[str, Any]:
    from mailbot.operations.verify import signature_of  # noqa: PLC0415  # not for --help

    return {
        "signature": str(signature_of(one.score)),
        "present": one.present,
        "scored_at": scored_at,
        "ledger": one.score.value,
        "kernels": one.kernels and one.kernels.score,
        "reference": one.reference and one.reference.score,
        "agrees": None if one.hindrance else one.agrees,
        "differences": list(one.differences),
        "hindrance": one.hindrance or None,
    }


def _told(told: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines for people."""
    yield f"{told['receipt']} of {told['team']} on {told['track']}, file {told['file_sha256']}"
    for one in told["scores"]:
        yield f"\n{one['signature']}"
        by = "in force" if one["present"] else "by older labels or another formula"
        yield f"  scored at            {one['scored_at']}, {by}"
        yield f"  the ledger           {one['ledger']:.10f}"
        if one["hindrance"]:
            yield f"  cannot be computed again: {one['hindrance']}"
            continue
        for name, key in (("our kernels", "kernels"), ("scipy, plain Python", "reference")):
            yield f"  {name:<20} " + ("none" if one[key] is None else f"{one[key]:.10f}")
        yield "  Score and measures agree to nine digits." if one["agrees"] else "  IT DOES NOT AGREE:"
        yield from (f"    {line}" for line in one["differences"])
    if quote := told["signature"]:
        yield "\nThe signature quoted is a score's." if quote["agrees"] else "\nThe signature quoted is NO score's:"
        yield from (f"  {line}" for line in quote["differences"])


def alike(
    context: typer.Context,
    track: Annotated[str | None, typer.Option(help="Only this track.")] = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """List submissions of different teams that look alike. It proves nothing, and nothing is refused for it."""
    from mailbot import flow  # noqa: PLC0415  # not for --help

    act_as_organizer()
    set_up_journal(quiet=True)
    with flow.opened(load_config(context, config)) as wired:
        if track is not None and track not in wired.labels:
            message = f"there is no track {track}; the config has {', '.join(wired.labels)}"
            raise Permanent(message)
        rows = [row for name in ([track] if track else list(wired.labels)) for row in _pairs(wired, name)]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    columns = {"track": None, "kind": None, "value": "{:.4g}".format, "outlying": "{:.1f}".format}
    emit(rows, as_json=False, columns=columns | dict.fromkeys(("first", "team", "second", "other_team")), title="Alike")


def _pairs(wired: Service, track: str) -> list[dict[str, object]]:
    """Compare all, and return all that was ever found."""
    from mailbot.ledger import similarities  # noqa: PLC0415  # not for --help

    outlying = {(pair.first, pair.second): pair.outlying for pair in wired.similar.all_pairs(track)}
    zone = wired.config.challenge.zone
    with wired.ledger.read() as tx:
        found = similarities.listing(tx, track=track)
    return [
        {
            "track": row.track,
            "kind": row.kind,
            "value": row.value,
            "outlying": outlying.get((row.first_id, row.second_id)),
            "first": row.first,
            "team": row.first_team,
            "second": row.second,
            "other_team": row.second_team,
            "found_at": rfc3339(row.found_at, zone),
        }
        for row in found
    ]
