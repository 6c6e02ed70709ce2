"""The active labels: the version of each track that the ledger calls present, loaded and kept up to date.

Label files are kept by their SHA-256 under ``truths/`` in the state folder, so that an old score can always be computed
again. The ledger knows their names, never a label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mailbot.config.calendar import now as present_instant
from mailbot.config.stages import FIRST, ONLY, stage_at
from mailbot.errors import Permanent
from mailbot.evaluation.label_files import Loaded, given_files, parted, split_of
from mailbot.evaluation.scorers import FOLDER, Scorers, with_source
from mailbot.ledger import events, truths
from mailbot.ledger.truths import TruthRow
from mailbot.model import Source
from mailbot.system import safefile
from scoring.labels import changes, restrict
from scoring.labels.truth import TruthError, load_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.config.stages import Stage
    from mailbot.evaluation.label_files import Given, Split
    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.truths import Choice
    from scoring.labels.truth import Truth
    from scoring.model import Track


class Labels(Mapping[str, "Truth"]):
    """The truths that replies and weekly boards use, by track; :meth:`refresh` follows the ledger and the clock.

    As a mapping they are those of the present stage; :meth:`of_stage` has those of any. The labels of a coming stage
    are loaded and checked from the start, in this process alone.
    """

    def __init__(
        self,
        ledger: Ledger,
        state: Path,
        given: Mapping[str, Mapping[str, Given]],
        split: Split | None = None,
        *,
        stages: Sequence[Stage] = ONLY,
        clock: Callable[[], datetime] = present_instant,
        scorers: Scorers | None = None,
    ) -> None:
        """Begin with the label files that the config names, by the key of the stage and by track."""
        #: The scorers of one's own that are in force.
        self.scorers = scorers or Scorers(state)
        self._ledger, self._state, self._given, self._split = ledger, state, given, split
        self._stages, self._clock = stages, clock
        #: Id of the last choice that the truths follow; 0 before the first.
        self._choice, self._stage = 0, stage_at(stages, clock()).key
        self._loaded = self._followed({})
        #: Called whenever other truths came into force: whoever holds copies of them takes new ones.
        self.changed: Callable[[], None] = lambda: None

    @classmethod
    def of(
        cls,
        config: Config,
        tracks: Mapping[str, Track],
        ledger: Ledger,
        clock: Callable[[], datetime] = present_instant,
    ) -> Labels:
        """Begin with the config's label files and split. Raises ConfigError with the problems of all of them."""
        given, split = given_files(config, tracks), split_of(config.state, config.split.public)
        scorers = Scorers.of(config)
        return cls(ledger, config.state, given, split, stages=config.stages, clock=clock, scorers=scorers)

    def __getitem__(self, track: str) -> Truth:
        """Return a track's truth for replies and weekly boards."""
        return self._loaded[self._stage].public[track]

    def __iter__(self) -> Iterator[str]:
        """Go through the tracks."""
        return iter(self._loaded[self._stage].public)

    def __len__(self) -> int:
        """Count the tracks."""
        return len(self._loaded[self._stage].public)

    @property
    def stage(self) -> str:
        """The key of the present stage."""
        return self._stage

    def of_stage(self, key: str) -> Loaded:
        """Return the present truths of a stage, by its key."""
        return self._loaded[key]

    def with_items_of(self, truth: Truth) -> Truth:
        """Return the present truth, whole, that has the items of a version of its track."""
        return self.of_stage(self.stage_with(truth)).whole[truth.track.name]

    def stage_with(self, truth: Truth) -> str:
        """Return the key of the stage whose items a version of labels has: the present one, if several have."""
        track, items = truth.track.name, set(truth.ids)
        keys = (self._stage, *self._loaded)
        return next((key for key in keys if set(self._loaded[key].whole[track].ids) == items), self._stage)

    @property
    def whole(self) -> Mapping[str, Truth]:
        """The present truths, whether split or not."""
        return self._loaded[self._stage].whole

    @property
    def final(self) -> Mapping[str, Truth]:
        """The truths that decide in the end: the private part of each, where there is a split."""
        return self._loaded[self._stage].final

    def refresh(self) -> bool:
        """Load what the ledger calls present now, and turn to the stage of now; tell whether anything changed."""
        stage = stage_at(self._stages, self._clock()).key
        with self._ledger.read() as tx:
            choice = truths.last_choice(tx)
            if (choice, stage) == (self._choice, self._stage):
                return False
            present = {each.key: truths.present(tx, each.key) for each in self._stages}
            rows = {(row.track, row.sha256): row for row in truths.listing(tx)}
            scorers = truths.scorers(tx)
        if choice != self._choice:
            self.scorers.follow({track: each for track, each in scorers.items() if track in self.scorers.given})
            self._loaded = self._followed({key: self._versions(chosen, rows) for key, chosen in present.items()})
        self._choice, self._stage = choice, stage
        self.changed()
        return True

    def are_present(self, tx: Tx) -> bool:
        """Whether the truths loaded are still those that the ledger calls present."""
        return truths.last_choice(tx) == self._choice

    def version(self, row: TruthRow) -> Truth:
        """Load any version from its kept label file. Raises Permanent when the file is not there or is another."""
        whole = self.scorers.applied(self._load(row.track, row.file))
        return whole if row.positions is None else restrict.only(whole, [whole.ids[place] for place in row.positions])

    def history(self, track: str, stage: str | None = None) -> list[tuple[Choice, str]]:
        """Return the choices of a track, oldest first, each with the SHA-256 of what replies and boards used from then.

        Those of a stage, by its key, and of the stages whose labels it goes on with; None: the present one. Raises
        Permanent as :meth:`version` does, where there is a split.
        """
        key = self._source(track, self._stage if stage is None else stage)
        with self._ledger.read() as tx:
            chosen = [choice for choice in truths.choices(tx) if choice.track == track and choice.stage == key]
            rows = {row.sha256: row for row in truths.listing(tx) if row.track == track}
        if self._split is None:
            return [(choice, choice.truth) for choice in chosen]
        parts = {each: self._parted({track: self.version(rows[each])}) for each in {c.truth for c in chosen}}
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
        """Make the label files of the config the present truths of tracks that have none yet, in each stage.

        From then on labels change by :meth:`choose` alone; a file that changes in the config's place is not used, see
        :meth:`not_taken`.
        """
        self.scorers.keep_given()
        with self._ledger.write("choose-truth") as tx:
            for key, given in self._given.items():
                present, scorers = truths.present(tx, key), truths.scorers(tx)
                for track, one in given.items():
                    if track not in present or (one.truth.track.own and track not in scorers):
                        kept = self.keep(one.path.read_bytes(), one.truth.track, one.path.name)
                        kept = self.scorers.applied(kept)
                        _choose(tx, kept, Source.CONFIG, "the label file that the config names", now, stage=key)
        self._follow(now)

    def not_taken(self) -> Iterator[str]:
        """Yield a sentence for each label file of the config that never was a present truth, so nothing uses it."""
        with self._ledger.read() as tx:
            choices = truths.choices(tx)
        taken = {(choice.stage, choice.track, choice.truth) for choice in choices}
        yield from self.scorers.not_taken({(choice.track, choice.scorer or "") for choice in choices})
        for stage, given in self._given.items():
            for track, one in given.items():
                if (stage, track, one.truth.sha256) not in taken:
                    found = changes.changes(self._loaded[stage].whole[track], one.truth)
                    told = "; ".join(changes.summary(found)) or "written otherwise"
                    yield f"{one.key}: {one.path} is not the file that scores ({told})"

    def parts_of(self, truth: Truth) -> tuple[Truth, Truth]:
        """Return what replies would use of a whole truth, and what would decide in the end. Raises ConfigError."""
        parted, track = self._parted({truth.track.name: truth}), truth.track.name
        return parted.public[track], parted.final[track]

    def enter(self, tx: Tx, truth: Truth, now: datetime) -> None:
        """Enter a version in the ledger, so that scores can name it."""
        _add(tx, truth, now)

    def choose(self, truth: Truth, why: str, now: datetime, *, stage: str | None = None) -> None:
        """Make a truth the present one of its track in a stage (None: the present one); its file is kept already.

        Raises ConfigError where a split leaves too few of its items, and changes nothing then.
        """
        self._parted({truth.track.name: truth})
        key = self._stage if stage is None else stage
        with self._ledger.write("choose-truth") as tx:
            _choose(tx, truth, Source.ORGANIZER, why, now, stage=self._source(truth.track.name, key))
        self._follow(now)

    def choose_again(self, track: str, detail: Mapping[str, Any], now: datetime) -> None:
        """Carry out a choice that the audit trail tells of, when the ledger is made anew."""
        truth = self.version(TruthRow(**detail["version"], track=track, added_at=now))
        if scorer := detail.get("scorer"):
            truth = with_source(truth, self.scorers.load(track, scorer))
        with self._ledger.write("rebuild") as tx:
            _choose(tx, truth, Source(detail["source"]), detail["why"], now, stage=detail.get("stage", FIRST))
        self._follow(now)

    def _follow(self, now: datetime) -> None:
        """Load what is present, and enter the parts of a split in the ledger, so that scores can name them."""
        self.refresh()
        if self._split:
            with self._ledger.write("enter-truths") as tx:
                for loaded in self._loaded.values():
                    for truth in (*loaded.public.values(), *loaded.final.values()):
                        _add(tx, truth, now)

    def _followed(self, chosen: Mapping[str, Mapping[str, Truth]]) -> dict[str, Loaded]:
        """Return the truths of each stage: those chosen, else the config's, else those of the stage before."""
        found: dict[str, Loaded] = {}
        whole: Mapping[str, Truth] = {}
        for stage in self._stages:
            given = {track: one.truth for track, one in self._given.get(stage.key, {}).items()}
            whole = {**whole, **given, **chosen.get(stage.key, {})}
            found[stage.key] = self._parted({track: self.scorers.applied(truth) for track, truth in whole.items()})
        return found

    def _source(self, track: str, stage: str) -> str:
        """Return the key of the stage whose labels a stage uses for a track: its own, or one before it."""
        keys = [each.key for each in self._stages]
        earlier = reversed(keys[: keys.index(stage) + 1])
        return next((key for key in earlier if track in self._given.get(key, {})), FIRST)

    def _versions(self, chosen: Mapping[str, str], rows: Mapping[tuple[str, str], TruthRow]) -> dict[str, Truth]:
        """Load the versions chosen, of the tracks that the config names."""
        return {track: self.version(rows[track, each]) for track, each in chosen.items() if track in self._given[FIRST]}

    def _parted(self, whole: Mapping[str, Truth]) -> Loaded:
        if self._split is None:
            return Loaded(whole=whole, public=whole, final=whole)
        parts = {track: parted(track, truth, self._split) for track, truth in whole.items()}
        return Loaded(
            whole=whole,
            public={track: part.public for track, part in parts.items()},
            final={track: part.private for track, part in parts.items()},
        )

    def _load(self, track: str, sha256: str) -> Truth:
        path = self._state / FOLDER / sha256
        of_track = [given[track].truth for given in self._given.values() if track in given]
        same = [truth for truth in of_track if truth.sha256 == sha256]
        if same and not path.exists():
            return same[0]
        try:
            truth = load_truth(path.read_bytes(), of_track[0].track, path.name)
        except (OSError, TruthError) as error:
            message = f"the labels {sha256[:16]} of {track} cannot be loaded: put their file back as {path}"
            raise Permanent(message) from error
        if truth.sha256 != sha256:
            message = f"{path} was changed: its SHA-256 is {truth.sha256[:16]} now; put the file back as it was"
            raise Permanent(message)
        return truth


def _choose(tx: Tx, truth: Truth, source: Source, why: str, now: datetime, *, stage: str) -> None:
    """Make a truth the present one of its track in a stage, in the ledger and the audit trail."""
    track = truth.track.name
    _add(tx, truth, now)
    scorer = truth.track.own.sha256 if truth.track.own else None
    truths.choose(tx, track=track, truth=truth.sha256, source=source, why=why, now=now, stage=stage, scorer=scorer)
    version = {"sha256": truth.sha256, "n": truth.n, "whole": truth.whole, "positions": truth.scored}
    of_stage = {key: said for key, said in (("stage", stage), ("scorer", scorer)) if said}
    events.append(tx, kind="truth-chosen", subject=track, now=now, version=version, source=source, why=why, **of_stage)


def _add(tx: Tx, truth: Truth, now: datetime) -> None:
    track, places = truth.track.name, truth.scored
    truths.add(tx, sha256=truth.sha256, track=track, n=truth.n, now=now, whole=truth.whole, positions=places)
