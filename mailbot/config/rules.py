"""What of a config are rules of the contest: teams and committee must be able to see later when one was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mailbot.config.schema import Config

SECTIONS = {"phases", "entries", "quota", "board", "split", "registration", "awards"}

PRIVATE = frozenset({"board.folder"})
"""Keys of these sections that concern this host alone."""


def snapshot(config: Config) -> dict[str, Any]:
    """Return the rules, each under its key, as ``quota.per_week``; phases and entries under their names."""
    dumped = config.model_dump(mode="json", include=SECTIONS)
    return {key: value for key, value in sorted(_flat("", dumped)) if key not in PRIVATE}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the keys whose values differ, each with its old and its new value; None where there was or is none."""
    keys = sorted({*before, *after})
    return {key: [before.get(key), after.get(key)] for key in keys if before.get(key) != after.get(key)}


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # any JSON
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(f"{prefix}.{name}" if prefix else name, each)
    elif isinstance(value, list) and any(isinstance(each, dict) for each in value):
        for number, each in enumerate(value):
            yield from _flat(f"{prefix}.{each.get('name') or each.get('kind') or number}", each)
    else:
        yield prefix, value
