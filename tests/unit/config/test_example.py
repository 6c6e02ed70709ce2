"""config.example.toml documents every key, with its default, and loads."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from mailbot.config import load
from mailbot.config.calendar import Moment
from mailbot.config.contest import PhaseSection, TrackSection
from mailbot.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = Path(__file__).parents[3] / "config.example.toml"
KEY = re.compile(r"# (\w+) = ")
WITHOUT_DEFAULT = {"client_secret_file", "contact", "ca_file", "credentials_file", "folder", "file", "since"}
WITHOUT_DEFAULT |= {"labels", "per_week", "standing", "carry_over"}  # of a phase
WITHOUT_DEFAULT |= {"operator", "cert_file", "key_file"}


def uncommented() -> str:
    """Return the example with every commented key brought to life."""
    return "\n".join(line[2:] if KEY.match(line) else line for line in EXAMPLE.read_text().splitlines())


def keys(model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield (section, key) of every key below a model, the sections by their name in the file."""
    sections: dict[str, type[BaseModel]] = {"phases": PhaseSection, "tracks": TrackSection}
    for name, field in model.model_fields.items():
        inner = [a for a in (field.annotation, *getattr(field.annotation, "__args__", ())) if _is_section(a)]
        section = sections.get(name) or (inner[0] if inner else None)
        if section is None:
            yield "", name
        else:
            yield from ((name, key) for key in section.model_fields)


def _is_section(annotation: Any) -> bool:  # noqa: ANN401  # any type form
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def given(data: dict[str, Any]) -> set[tuple[str, str]]:
    """Return (section, key) of every key that a parsed file sets."""
    found: set[tuple[str, str]] = set()
    for name, value in data.items():
        tables = value if isinstance(value, list) else list(value.values()) if name == "tracks" else [value]
        found |= {(name, key) for table in tables for key in table} if isinstance(tables[0], dict) else {("", name)}
    return found


def test_it_loads_as_it_stands() -> None:
    """The example is a config that mailbot accepts."""
    assert load.load(EXAMPLE).preset == "siqa"


def test_every_key_is_in_it() -> None:
    """No key is missing from the example, and none in it is unknown."""
    assert given(tomllib.loads(uncommented())) | given(tomllib.loads(of_another_challenge())) == set(keys(Config))


def of_another_challenge() -> str:
    """Return the table of another challenge's track, which the example only mentions."""
    return "\n".join(line[4:] for line in EXAMPLE.read_text().splitlines() if line.startswith("#   "))


@pytest.mark.parametrize(
    ("track", "folder", "id_"), [("leaves", "leaves", "leaf"), ("segmentation", "segmentation", "case")]
)
def test_a_track_of_another_challenge_loads(track: str, folder: str, id_: str) -> None:
    """Each table that the example only mentions is a legal one, beside the challenge's address."""
    tracks = {track: tomllib.loads(of_another_challenge())["tracks"][track]}
    table = {"tracks": tracks, "challenge": {"address": "s@leaves.example"}}
    config = load.build(table, base=EXAMPLE.parent / "docs" / "examples" / folder)
    assert config.tracks[track].declared["id"] == id_


def test_it_loads_with_every_key_brought_to_life() -> None:
    """The defaults that the comments show are legal values."""
    load.build(tomllib.loads(uncommented()), base=EXAMPLE.parent)


@pytest.mark.parametrize("key", sorted({key for _section, key in keys(Config)} - {"declaration", "scorer"}))
def test_every_key_has_its_sentence(key: str) -> None:
    """A comment stands above the first line of every key; a track's labels say it once."""
    lines = EXAMPLE.read_text().splitlines()
    wanted = [n for n, line in enumerate(lines) if re.match(rf"(# )?{key} = ", line)]
    assert any(lines[n - 1].startswith("# ") and lines[n - 1].endswith(".") for n in wanted), key


def test_commented_defaults_are_the_defaults() -> None:
    """Bringing the commented keys to life changes nothing, but for paths that have no default."""
    lines = EXAMPLE.read_text().splitlines()
    live = [m and m[1] not in WITHOUT_DEFAULT for m in map(KEY.match, lines)]
    text = "\n".join(line[2:] if alive else line for line, alive in zip(lines, live, strict=True))
    assert load.build(tomllib.loads(text), base=EXAMPLE.parent) == load.load(EXAMPLE)


def test_a_commented_key_without_default_says_what_absent_means() -> None:
    """Its value is only an example then."""
    lines = EXAMPLE.read_text().splitlines()
    found = [n for n, line in enumerate(lines) if (m := KEY.match(line)) and m[1] in WITHOUT_DEFAULT]
    assert len(found) == 16
    for n in found:
        assert "absent means " in lines[n - 1] or lines[n - 1] == "# As for imap.", lines[n]


def test_what_the_preset_sets_is_told_with_the_own_default() -> None:
    """Where it is another; who leaves the preset out would not know it else."""
    text, bare = (
        EXAMPLE.read_text(),
        load.build(
            {"challenge": {"address": "s@x.org"}, "tracks": {"siqa-s": {"labels": "s.json"}}}, base=EXAMPLE.parent
        ),
    )
    challenge = bare.challenge
    for key, default in {
        "name": challenge.name,
        "short_name": challenge.short_name,
        "zone": challenge.zone.key,
        "subject_tag": challenge.subject_tag,
        "week_starts": "mon 00:00",
        "invitation": bare.awards.invitation,
    }.items():
        assert re.search(rf'; without a preset "{re.escape(default)}"\.\n{key} = ', text), key
    assert bare.quota.week_starts == Moment.parse("mon 00:00")
