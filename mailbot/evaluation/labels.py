"""The active labels: the version of each track that the ledger calls present, loaded and kept up to date.

Label files are kept by their SHA-256 under ``truths/`` in the state folder, so that an old score can always be computed
again. The ledger knows their names, never a label.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mailbot.errors import ConfigError, Permanent
from mailbot.ledger import events, truths
from mailbot.ledger.truths import TruthRow
from mailbot.model import Source
from mailbot.system import safefile
from scoring import changes, restrict
from scoring.split import split
from scoring.truth import TruthError, load_truth, read_truth_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from mailbot.config.schema import Config
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.truths import Choice
    from scoring.model import Track
    from scoring.split import Split as Parts
    from scoring.truth import Truth


FOLDER = "truths"
"""Where label files are kept, below the state folder."""

SECRET = "split.secret"  # noqa: S105  # the name of the file, not what it holds
"""Where the secret of the split is kept, below the state folder."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A label file that the config names."""

    path: Path
    truth: Truth


@dataclass(frozen=True, kw_only=True)
class Split:
    """How items are parted in secret."""

    #: The share of the items that replies and weekly boards use.
    public: float
    secret: str


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The present truths by track, as one choice of the ledger left them."""

    #: Id of the last choice that these follow; 0 before the first.
    choice: int
    whole: Mapping[str, Truth]
    #: What replies and weekly boards use: all items, or the public part of a split.
    public: Mapping[str, Truth]
    #: What decides in the end: all items, or the private part.
    final: Mapping[str, Truth]


class Labels(Mapping[str, "Truth"]):
    """The truths that replies and weekly boards use, by track; :meth:`refresh` follows the ledger."""

    def __init__(self, ledger: Ledger, state: Path, given: Mapping[str, Given], split: Split | None = None) -> None:
        """Begin with the label files that the config names."""
        self._ledger, self._state, self._given, self._split = ledger, state, given, split
        self._loaded = self._parted({track: one.truth for track, one in given.items()}, choice=0)
        #: Called whenever other truths came into force: whoever holds copies of them takes new ones.
        self.changed: Callable[[], None] = lambda: None

    @classmethod
    def of(cls, config: Config, tracks: Mapping[str, Track], ledger: Ledger) -> Labels:
        """Begin with the config's label files and split. Raises ConfigError with the problems of all of them."""
        truths = given_truths(config, tracks)
        given = {name: Given(path=config.tracks[name].labels, truth=truth) for name, truth in truths.items()}
        return cls(ledger, config.state, given, split_of(config.state, config.split.public))

    def __getitem__(self, track: str) -> Truth:
        """Return a track's truth for replies and weekly boards."""
        return self._loaded.public[track]

    def __iter__(self) -> Iterator[str]:
        """Go through the tracks."""
        return iter(self._loaded.public)

    def __len__(self) -> int:
        """Count the tracks."""
        return len(self._loaded.public)

    @property
    def whole(self) -> Mapping[str, Truth]:
        """The present truths, whether split or not."""
        return self._loaded.whole

    @property
    def final(self) -> Mapping[str, Truth]:
        """The truths that decide in the end: the private part of each, where there is a split."""
        return self._loaded.final

    def refresh(self) -> bool:
        """Load what the ledger calls present now; tell whether it had changed."""
        with self._ledger.read() as tx:
            choice = truths.last_choice(tx)
            if choice == self._loaded.choice:
                return False
            present = truths.present(tx)
            rows = [row for row in truths.listing(tx) if present.get(row.track) == row.sha256]
        chosen = {row.track: self.version(row) for row in rows if row.track in self._given}
        self._loaded = self._parted(
            {track: chosen.get(track, one.truth) for track, one in self._given.items()}, choice=choice
        )
        self.changed()
        return True

    def are_present(self, tx: Tx) -> bool:
        """Whether the truths loaded are still those that the ledger calls present."""
        return truths.last_choice(tx) == self._loaded.choice

    def version(self, row: TruthRow) -> Truth:
        """Load any version from its kept label file. Raises Permanent when the file is not there or is another."""
        whole = self._load(row.track, row.file)
        return whole if row.positions is None else restrict.only(whole, [whole.ids[place] for place in row.positions])

    def history(self, track: str) -> list[tuple[Choice, str]]:
        """Return the choices of a track, oldest first, each with the SHA-256 of what replies and boards used from then.

        Raises Permanent as :meth:`version` does, where there is a split.
        """
        with self._ledger.read() as tx:
            chosen = [choice for choice in truths.choices(tx) if choice.track == track]
            rows = {row.sha256: row for row in truths.listing(tx) if row.track == track}
        if self._split is None:
            return [(choice, choice.truth) for choice in chosen]
        parts = {each: self._parted({track: self.version(rows[each])}, choice=0) for each in {c.truth for c in chosen}}
        return [(choice, parts[choice.truth].public[track].sha256) for choice in chosen]

    def keep(self, data: bytes, track: Track, name: str = "") -> Truth:
        """Keep a label file and return its truth. Raises TruthError with all its problems, and keeps nothing then."""
        truth = load_truth(data, track, name)
        path = self._state / FOLDER / truth.sha256
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            safefile.replace(path, data)
            path.chmod(0o600)
        return truth

    def take_config(self, now: datetime) -> None:
        """Make the label files of the config the present truths of tracks that have none yet.

        From then on labels change by :meth:`choose` alone; a file that changes in the config's place is not used, see
        :meth:`not_taken`.
        """
        with self._ledger.write("choose-truth") as tx:
            present = truths.present(tx)
            for track, one in self._given.items():
                if track not in present:
                    kept = self.keep(one.path.read_bytes(), one.truth.track, one.path.name)
                    _choose(tx, kept, Source.CONFIG, "the label file that the config names", now)
        self._follow(now)

    def not_taken(self) -> Iterator[str]:
        """Yield a sentence for each label file of the config that never was a present truth, so nothing uses it."""
        with self._ledger.read() as tx:
            taken = {(choice.track, choice.truth) for choice in truths.choices(tx)}
        for track, one in self._given.items():
            if (track, one.truth.sha256) not in taken:
                told = "; ".join(changes.summary(changes.changes(self.whole[track], one.truth)))
                yield f"tracks.{track}.labels: {one.path} is not the file that scores ({told or 'written otherwise'})"

    def parts_of(self, truth: Truth) -> tuple[Truth, Truth]:
        """Return what replies would use of a whole truth, and what would decide in the end. Raises ConfigError."""
        parted, track = self._parted({truth.track.name: truth}, choice=0), truth.track.name
        return parted.public[track], parted.final[track]

    def enter(self, tx: Tx, truth: Truth, now: datetime) -> None:
        """Enter a version in the ledger, so that scores can name it."""
        _add(tx, truth, now)

    def choose(self, truth: Truth, why: str, now: datetime) -> None:
        """Make a truth the present one of its track; its label file is kept already.

        Raises ConfigError where a split leaves too few of its items, and changes nothing then.
        """
        self._parted({truth.track.name: truth}, choice=0)
        with self._ledger.write("choose-truth") as tx:
            _choose(tx, truth, Source.ORGANIZER, why, now)
        self._follow(now)

    def choose_again(self, track: str, detail: Mapping[str, Any], now: datetime) -> None:
        """Carry out a choice that the audit trail tells of, when the ledger is made anew."""
        truth = self.version(TruthRow(**detail["version"], track=track, added_at=now))
        with self._ledger.write("rebuild") as tx:
            _choose(tx, truth, Source(detail["source"]), detail["why"], now)
        self._follow(now)

    def _follow(self, now: datetime) -> None:
        """Load what is present, and enter the parts of a split in the ledger, so that scores can name them."""
        self.refresh()
        if self._split:
            with self._ledger.write("enter-truths") as tx:
                for truth in (*self._loaded.public.values(), *self._loaded.final.values()):
                    _add(tx, truth, now)

    def _parted(self, whole: Mapping[str, Truth], *, choice: int) -> Loaded:
        if self._split is None:
            return Loaded(choice=choice, whole=whole, public=whole, final=whole)
        parts = {track: _split(track, truth, self._split) for track, truth in whole.items()}
        return Loaded(
            choice=choice,
            whole=whole,
            public={track: part.public for track, part in parts.items()},
            final={track: part.private for track, part in parts.items()},
        )

    def _load(self, track: str, sha256: str) -> Truth:
        path = self._state / FOLDER / sha256
        given = self._given[track]
        if not path.exists() and given.truth.sha256 == sha256:
            return given.truth
        try:
            truth = load_truth(path.read_bytes(), given.truth.track, path.name)
        except (OSError, TruthError) as error:
            message = f"the labels {sha256[:16]} of {track} cannot be loaded: put their file back as {path}"
            raise Permanent(message) from error
        if truth.sha256 != sha256:
            message = f"{path} was changed: its SHA-256 is {truth.sha256[:16]} now; put the file back as it was"
            raise Permanent(message)
        return truth


def _split(track: str, truth: Truth, how: Split) -> Parts:
    """Part a truth. Raises ConfigError when a part is too small to score by."""
    try:
        return split(truth, how.secret, how.public)
    except TruthError as error:
        message = f"split.public: {how.public:g} of the {len(truth.positions)} items of {track} leaves a part too small"
        mend = "set split.public nearer to 0.5, or leave it out: then replies and boards use all items"
        raise ConfigError(f"{message}: {error}", mend=mend) from error


def _choose(tx: Tx, truth: Truth, source: Source, why: str, now: datetime) -> None:
    """Make a truth the present one of its track, in the ledger and the audit trail."""
    track = truth.track.name
    _add(tx, truth, now)
    truths.choose(tx, track=track, truth=truth.sha256, source=source, why=why, now=now)
    version = {"sha256": truth.sha256, "n": truth.n, "whole": truth.whole, "positions": truth.scored}
    events.append(tx, kind="truth-chosen", subject=track, now=now, version=version, source=source, why=why)


def _add(tx: Tx, truth: Truth, now: datetime) -> None:
    track, places = truth.track.name, truth.scored
    truths.add(tx, sha256=truth.sha256, track=track, n=truth.n, now=now, whole=truth.whole, positions=places)


def secret_of(state: Path) -> str:
    """Return the secret of the split; it is made when there is none yet."""
    return safefile.secret(state / SECRET)


def split_of(state: Path, public: float) -> Split | None:
    """Return how items are parted when ``public`` of them feed replies and weekly boards; None when all do."""
    return Split(public=public, secret=secret_of(state)) if public < 1 else None


def given_truths(config: Config, tracks: Mapping[str, Track]) -> dict[str, Truth]:
    """Load the label files that the config names. Raises ConfigError with the problems of all of them."""
    return load_truths({name: section.labels for name, section in config.tracks.items()}, tracks)


def load_truths(labels: Mapping[str, Path], tracks: Mapping[str, Track]) -> dict[str, Truth]:
    """Read the label file of each track. Raises ConfigError with the problems of all of them."""
    truths, mistakes = {}, []
    for name, path in labels.items():
        try:
            truths[name] = read_truth_file(path, tracks[name])
        except (OSError, TruthError) as error:
            told = (
                [p.message for p in error.problems]
                if isinstance(error, TruthError)
                else [error.strerror or "unreadable"]
            )
            mistakes += [f"  - tracks.{name}.labels: {path}: {line}" for line in told]
    if mistakes:
        mend = "mend these label files, or name others in the config"
        raise ConfigError("\n".join(["The label files cannot be used:", *mistakes]), mend=mend)
    return truths
