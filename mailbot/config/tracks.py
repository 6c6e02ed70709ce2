"""Tracks as the config has them: SIQA's own by name, any other by its declaration. Pure."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from scoring.declaration import siqa
from scoring.declaration.declare import track_from
from scoring.declaration.form import DeclarationError, Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from scoring.model import Track

SIQA = {"siqa-u": siqa.siqa_u, "siqa-s": siqa.siqa_s}
"""The tracks that are known by name, and take weights alone."""

MEAN = "Combined = mean of the tracks, a missing track counts 0"
"""The line of the table over all tracks, where the config has none of its own."""

OF_THE_SECTION = ("labels", "declaration")

_A_LETTER = 0.8
"""How alike two words of that length are that differ in a letter or two (difflib)."""


def made(name: str, declared: Mapping[str, Any]) -> Track:
    """Return a track by name and what is said of it. Raises DeclarationError with all that is wrong.

    >>> made("siqa-u", {}).title
    'SIQA-U'
    """
    if name.startswith("siqa-"):
        return _siqa(name, declared)
    if not declared:
        known = ", ".join(SIQA)
        message = (
            f"unknown track; known by name: {known}; another needs columns or a declaration: docs/scoring/tracks.md"
        )
        raise DeclarationError([Mistake(key="", message=message)])
    if declared.get("name", name) != name:
        message = f'must be "{name}", as the section, or be left out'
        raise DeclarationError([Mistake(key="name", message=message)])
    return track_from({**declared, "name": name})


def _siqa(name: str, declared: Mapping[str, Any]) -> Track:
    """Return one of SIQA's own tracks; what begins with siqa- is kept for them, as the ledger knows their range."""
    if name not in SIQA:
        message = f"unknown track; known: {', '.join(SIQA)}; call one of your own otherwise"
        raise DeclarationError([Mistake(key="", message=message)])
    if more := [key for key in declared if key != "weights"]:
        message = f"{name} takes labels and weights alone; a track of your own needs another name"
        raise DeclarationError([Mistake(key=key, message=message) for key in more])
    try:
        return SIQA[name](declared["weights"]) if declared.get("weights") else SIQA[name]()
    except (ValueError, TypeError, AttributeError) as error:
        raise DeclarationError([Mistake(key="weights", message=str(error))]) from error


def mistakes(sections: Mapping[str, Any], overall: object = None) -> list[str]:
    """Return all that is wrong with the ``[tracks.*]`` tables of a config as read, each with its key and the fix."""
    tracks: list[Track] = []
    told: list[str] = []
    for name, section in sections.items():
        given = section if isinstance(section, dict) else {}
        slips = {key: near[0] for key in given if (near := get_close_matches(key, OF_THE_SECTION, 1, _A_LETTER))}
        told += [f"tracks.{name}.{key}: unknown key; did you mean {k!r}?" for key, k in slips.items() if key != k]
        try:
            tracks.append(made(name, {key: given[key] for key in given if key not in slips}))
        except DeclarationError as error:
            where = f" (here or in {given['declaration']})" if "declaration" in given else ""
            told += [f"{f'tracks.{name}.{each.key}'.rstrip('.')}: {each.message}{where}" for each in error.mistakes]
    return told or [*_same_letters(tracks), *_no_mean(tracks, overall)]


def _same_letters(tracks: Sequence[Track]) -> Iterator[str]:
    """Yield what a file's ``track`` field could not tell apart."""
    owner: dict[str, str] = {}
    for track in tracks:
        for word in dict.fromkeys((*track.letters, track.name.upper(), track.title.upper())):
            if owner.setdefault(word, track.name) != track.name:
                yield f"tracks.{track.name}.letters: {word!r} means {owner[word]} already; choose others"


def _no_mean(tracks: Sequence[Track], overall: object) -> Iterator[str]:
    lower = [track.name for track in tracks if not track.higher_is_better]
    if overall and lower and len(tracks) > 1:
        said = f"of {', '.join(lower)} a smaller score is better, so a mean with a missing track as 0 makes no sense"
        yield f'board.overall: {said}; write overall = "" to leave that table out'


def overall(said: str | None, tracks: Sequence[Track]) -> str | None:
    """Return the line of the table over all tracks; None where there is no such table.

    Scores are averaged only where a greater one is better everywhere, since a missing track counts 0. Unless the config
    says so, they are averaged only where all have the same bounds, so that a point is worth the same on each.
    """
    if len(tracks) < 2 or not all(track.higher_is_better for track in tracks):  # noqa: PLR2004  # two to take a mean of
        return None
    if said is not None:
        return said or None
    return MEAN if len({track.bounds for track in tracks}) == 1 else None
