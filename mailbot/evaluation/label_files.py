"""Label files as the config names them, and the secret split of their items: read, checked, never shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mailbot.config.stages import FIRST
from mailbot.errors import ConfigError
from mailbot.system import safefile
from scoring.labels.split import split
from scoring.labels.truth import TruthError, read_truth_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.config.stages import Stage
    from scoring.labels.split import Split as Parts
    from scoring.labels.truth import Truth
    from scoring.model import Track
    from scoring.rows.ids import Id

_Key = TypeVar("_Key", str, tuple[str, str])

SECRET = "split.secret"  # noqa: S105  # the name of the file, not what it holds
"""Where the secret of the split is kept, below the state folder."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A label file that the config names."""

    path: Path
    truth: Truth
    #: The key of the config that names it.
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Split:
    """How items are parted in secret."""

    #: The share of the items that replies and weekly boards use.
    public: float
    secret: str


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The present truths of a stage, by track."""

    whole: Mapping[str, Truth]
    #: What replies and weekly boards use: all items, or the public part of a split.
    public: Mapping[str, Truth]
    #: What decides in the end: all items, or the private part.
    final: Mapping[str, Truth]


def parted(track: str, truth: Truth, how: Split) -> Parts:
    """Part a truth. Raises ConfigError when a part is too small to score by."""
    try:
        return split(truth, how.secret, how.public)
    except TruthError as error:
        message = f"split.public: {how.public:g} of the {len(truth.positions)} items of {track} leaves a part too small"
        fix = "set split.public nearer to 0.5, or leave it out: then replies and boards use all items"
        raise ConfigError(f"{message}: {error}", fix=fix) from error


def secret_of(state: Path) -> str:
    """Return the secret of the split; it is made when there is none yet."""
    return safefile.secret(state / SECRET)


def split_of(state: Path, public: float) -> Split | None:
    """Return how items are parted when ``public`` of them feed replies and weekly boards; None when all do."""
    return Split(public=public, secret=secret_of(state)) if public < 1 else None


def given_truths(config: Config, tracks: Mapping[str, Track]) -> dict[str, Truth]:
    """Load the label files that the config names for its tracks. Raises ConfigError with the problems of all."""
    return {track: one.truth for track, one in given_files(config, tracks)[FIRST].items()}


def given_files(config: Config, tracks: Mapping[str, Track]) -> dict[str, dict[str, Given]]:
    """Load the label files that the config names, by stage and track; those of coming phases are checked as well.

    Raises ConfigError with the problems of all of them.
    """
    named = {
        (stage.key, track): (track, path, _key_of(stage, track))
        for stage in config.stages
        for track, path in stage.labels.items()
    }
    truths = _loaded(named, tracks)
    _verify_carried(config.stages, truths)
    return {
        stage.key: {
            track: Given(path=path, truth=truths[stage.key, track], key=_key_of(stage, track))
            for track, path in stage.labels.items()
        }
        for stage in config.stages
    }


def _key_of(stage: Stage, track: str) -> str:
    """Return the key of the config that names a label file."""
    return f"phases.{stage.key}.labels.{track}" if stage.key else f"tracks.{track}.labels"


def _verify_carried(stages: Sequence[Stage], truths: Mapping[tuple[str, str], Truth]) -> None:
    """Raise ConfigError where files of an earlier phase are to count, and labels have other items than these have."""
    items: dict[str, set[Id]] = {}
    for stage in stages:
        own = {track: set(truths[stage.key, track].ids) for track in stage.labels}
        for track in own if stage.carries else ():
            if own[track] != items[track]:
                message = f"phases.{stage.key}.carry_over: the labels of {track} have other items than those before"
                raise ConfigError(message, fix="leave carry_over out: files with other items cannot be scored by them")
        items |= own


def load_truths(labels: Mapping[str, Path], tracks: Mapping[str, Track]) -> dict[str, Truth]:
    """Read the label file of each track. Raises ConfigError with the problems of all of them."""
    return _loaded({name: (name, path, f"tracks.{name}.labels") for name, path in labels.items()}, tracks)


def _loaded(named: Mapping[_Key, tuple[str, Path, str]], tracks: Mapping[str, Track]) -> dict[_Key, Truth]:
    """Read label files, each of a track and named by a key of the config."""
    truths: dict[_Key, Truth] = {}
    mistakes: list[str] = []
    for each, (track, path, key) in named.items():
        try:
            truths[each] = read_truth_file(path, tracks[track])
        except (OSError, TruthError) as error:
            told = (
                [p.message for p in error.problems]
                if isinstance(error, TruthError)
                else [error.strerror or "unreadable"]
            )
            mistakes += [f"  - {key}: {path}: {line}" for line in told]
    if mistakes:
        fix = "fix these label files, or name others in the config"
        raise ConfigError("\n".join(["The label files cannot be used:", *mistakes]), fix=fix)
    return truths
