"""The config keys for the reference: as config.example.toml tells of them, with type and default from the schema."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime

from mailbot.config.calendar import Moment
from mailbot.config.errors import nearest_model
from mailbot.config.fields import Section
from mailbot.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
LINE = re.compile(r"(?P<off># )?(?P<key>[a-z_]+) = (?P<value>.*)")
SECTION = re.compile(r"(?:# )?\[{1,2}(?P<name>[a-zA-Z_.]+)\]{1,2}")


class Key(NamedTuple):
    """A key of the config as config.example.toml tells of it."""

    section: str
    name: str
    #: What stands behind the key there: its default, or an example.
    shown: str
    meaning: str


def keys() -> Iterator[Key]:
    """Yield every key of config.example.toml in its order, with the comment above it."""
    section = ""
    words: list[str] = []
    seen: set[tuple[str, str]] = set()
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if found := SECTION.fullmatch(line.strip()):
            section, words = found["name"], []
        elif (found := LINE.fullmatch(line.strip())) and (section, found["key"]) not in seen:
            seen.add((section, found["key"]))  # a table may stand there twice, as phases do
            yield Key(section, found["key"], found["value"], " ".join(words))
            words = []
        elif line.startswith("#"):
            words.append(line.lstrip("# ").strip())
        else:
            words = []


def sections() -> Iterator[tuple[str, str]]:
    """Yield the sections of the config, each with its page; "" is what stands above the first."""
    by_section: dict[str, list[Key]] = defaultdict(list)
    for key in keys():
        by_section[key.section].append(key)
    for section, own in by_section.items():
        title = f"`[{section}]`" if section else "The top of the file"
        yield section, f"# {title}\n\n" + "\n".join(map(_key, own))


def _key(key: Key) -> str:
    """Return the section of a key: its sentence, then its type, default and example."""
    field = _model(key).model_fields.get(key.name)
    if field is None:  # a table whose keys are words of the contest's own, as the weights of groups
        return f"## `{key.name}`\n\n{key.meaning}\n\n- Example: `{key.name} = {key.shown}`\n"
    known = {"type": _kind(get_type_hints(_model(key)).get(key.name)), "default": _default(field)}
    facts = "".join(f"- {name.capitalize()}: {fact}\n" for name, fact in known.items())
    return f"## `{key.name}`\n\n{key.meaning}\n\n{facts}- Example: `{key.name} = {key.shown}`\n"


def _model(key: Key) -> Any:  # noqa: ANN401  # a class of the config
    return nearest_model(*key.section.split(".")) if key.section else Config


WORDS: Mapping[object, str] = {
    bool: "`true` or `false`",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path of a file or folder",
    timedelta: 'days, or as `"12 hours"`',
    datetime: "instant (RFC 3339)",
    AwareDatetime: "instant (RFC 3339)",
    ZoneInfo: "time zone",
    Moment: "day of the week and time",
}


def _kind(annotation: Any) -> str:  # noqa: ANN401  # a type form; typing has no static name for it
    """Return a type in words."""
    args = [each for each in get_args(annotation) if each not in {type(None), Ellipsis}]
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{each}`" for each in args)
    if get_origin(annotation) is tuple:
        return f"list of: {_kind(args[0])}"
    if get_origin(annotation) is dict:
        return f"table of: {_kind(args[-1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{each.value}`" for each in annotation)
    if args:
        return " or ".join(dict.fromkeys(map(_kind, args)))
    return WORDS.get(annotation, "text")


def _default(field: Any) -> str:  # noqa: ANN401  # pydantic's FieldInfo
    if field.is_required():
        return "none, it must be given"
    value = field.get_default(call_default_factory=True)
    if value is None or isinstance(value, Section):
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, timedelta):
        return f"{value.total_seconds() / 86_400:g} days"
    return "empty" if value in ("", (), {}) else f"`{value}`"
