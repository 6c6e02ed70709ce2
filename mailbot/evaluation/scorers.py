"""Scorers of one's own: which version is in force for each track, kept by its SHA-256 beside the label files."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from mailbot.errors import ConfigError, Permanent
from mailbot.system import safefile
from scoring.declaration.owned import DIGITS, with_scorer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from mailbot.config.schema import Config
    from scoring.labels.truth import Truth
    from scoring.model import Track


FOLDER = "truths"
"""Where label files and scorers are kept, below the state folder: what a score is by, each under its SHA-256."""

AWAITING = "the scorer of "
"""How the reason of a mail begins that waits until a track's own scorer works."""


class Scorers:
    """The scorers in force: those that the ledger calls so, else the config's files."""

    def __init__(self, state: Path, given: Mapping[str, bytes] | None = None) -> None:
        """Begin with the files that the config names, by track."""
        self._folder = state / FOLDER
        #: The text of the config's file, by track.
        self.given: Mapping[str, bytes] = given or {}
        self._chosen: dict[str, bytes] = {}

    @classmethod
    def of(cls, config: Config) -> Scorers:
        """Read the files that the config names. Raises ConfigError for one that cannot be read."""
        given: dict[str, bytes] = {}
        for name, section in config.tracks.items():
            if section.scorer is not None:
                try:
                    given[name] = section.scorer.read_bytes()
                    given[name].decode("utf-8")
                except (OSError, UnicodeDecodeError) as error:
                    why = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
                    message = f"tracks.{name}.scorer: {section.scorer}: {why}"
                    raise ConfigError(message, fix="name a Python file that mailbot can read") from error
        return cls(config.state, given)

    def follow(self, chosen: Mapping[str, str]) -> None:
        """Use the versions that the ledger names, by track. Raises Permanent when one is not there, or is another."""
        self._chosen = {track: self.load(track, sha256) for track, sha256 in chosen.items()}

    def keep_given(self) -> None:
        """Keep the files that the config names."""
        for source in self.given.values():
            self.keep(source)

    def not_taken(self, scored: Collection[tuple[str, str]]) -> Iterator[str]:
        """Yield a sentence for each file of the config that is none of those that ever scored, by track and SHA-256."""
        for track, source in self.given.items():
            if (track, hashlib.sha256(source).hexdigest()) not in scored:
                yield f"tracks.{track}.scorer: the file is not the one that scores; `mailbot truth scorer` takes it"

    def keep(self, source: bytes) -> None:
        """Keep the text of a scorer."""
        path = self._folder / hashlib.sha256(source).hexdigest()
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            safefile.replace(path, source)
            path.chmod(0o600)

    def load(self, track: str, sha256: str) -> bytes:
        """Return the text of a version. Raises Permanent when it is not there, or is another."""
        path = self._folder / sha256
        try:
            source = path.read_bytes()
        except OSError as error:
            message = f"the scorer {sha256[:DIGITS]} of {track} cannot be loaded: put its file back as {path}"
            raise Permanent(message) from error
        if hashlib.sha256(source).hexdigest() != sha256:
            message = f"{path} was changed; put the scorer of {track} back as it was"
            raise Permanent(message)
        return source

    def applied(self, truth: Truth) -> Truth:
        """Return a truth whose track has its own scorer in force; any other truth as it is."""
        if truth.track.own is None:
            return truth
        name = truth.track.name
        source = self._chosen[name] if name in self._chosen else self.given[name]
        return with_source(truth, source)

    def as_named(self, truth: Truth, scorer: str) -> Truth:
        """Return a truth with the version of its own scorer that a score's name tells. Raises Permanent without it."""
        found = [path.name for path in self._folder.glob(f"{scorer.rpartition('+')[2]}*")] if "+" in scorer else []
        if len(found) != 1 or truth.track.own is None:
            message = f"the scorer of {scorer} is not kept"
            raise Permanent(message)
        made = with_source(truth, self.load(truth.track.name, found[0]))
        if made.track.scorer != scorer:
            message = f"the declaration is another now: {made.track.scorer}, not {scorer}"
            raise Permanent(message)
        return made


def with_source(truth: Truth, source: bytes) -> Truth:
    """Return a truth with a version of its track's own scorer. Raises Permanent for what is not text in UTF-8."""
    try:
        track: Track = with_scorer(truth.track, source)
    except ValueError as error:
        message = f"the scorer of {truth.track.name} is not text in UTF-8"
        raise Permanent(message) from error
    return replace(truth, track=track, _made={})
