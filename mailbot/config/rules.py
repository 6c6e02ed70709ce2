"""What of a config are rules of the contest: teams and committee must be able to see later when one was changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mailbot.config.schema import Config

SECTIONS = {"phases", "entries", "quota", "board", "split", "registration", "awards"}

PRIVATE = frozenset({"board.folder"})
"""Keys of these sections that concern this host alone, as do the label files of phases."""

OPTIONAL = frozenset({"per_week", "standing", "carry_over"})
"""Keys of phases that are no rule where they are absent."""


def snapshot(config: Config) -> dict[str, Any]:
    """Return the rules, each under its key, as ``quota.per_week``; phases and entries under their names."""
    dumped = config.model_dump(mode="json", include=SECTIONS)
    dumped["phases"] = [_of_phase(phase) for phase in dumped["phases"]]
    return {key: value for key, value in sorted(_flat("", dumped)) if key not in PRIVATE}


def _of_phase(dumped: Mapping[str, Any]) -> dict[str, Any]:
    said = {
        key: value for key, value in dumped.items() if key != "labels" and (value is not None or key not in OPTIONAL)
    }
    return said | ({"own labels": ", ".join(sorted(dumped["labels"]))} if dumped["labels"] else {})


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
