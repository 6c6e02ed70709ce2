"""Config errors in plain words: what is wrong with a value, in the terms of TOML, and what is allowed instead."""

from __future__ import annotations

import difflib
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from mailbot.config.fields import Section
from mailbot.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MUST_BE = {
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text, in quotation marks",
    "string_too_short": "text that is not empty",
}
"""What a value must be, by pydantic's name of the mistake, for what pydantic says of a programmer's input."""


_ALSO_CALLED = {"server": "host", "login": "user", "start": "opens", "end": "closes", "deadline": "closes"}
"""What other programs call our keys."""


def explained(item: Mapping[str, Any]) -> str:
    """Return what is wrong with a value: its key, what is allowed, and the value unless it may be a secret."""
    key = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        return f"{key}: unknown key{_nearest(item['loc'])}"
    if item["type"] == "missing":
        return f"{key}: missing; it must be set"
    if item["type"] in {"timezone_aware", "datetime_from_date_parsing", "datetime_parsing", "datetime_type"}:
        return f"{key}: a date needs its time and zone, as 2026-04-25T23:59:00+08:00{_got(key, item['input'])}"
    if item["type"] == "path_type":
        return f"{key}: write a path, in quotation marks{_got(key, item['input'])}"
    if item["type"] == "value_error":  # our own words, which name the value where that helps
        return f"{key}: {item['msg'].removeprefix('Value error, ')}"
    said = f"must be {wanted}" if (wanted := _wanted(item)) else item["msg"]
    return f"{key}: {said}{_got(key, item['input'])}"


def _wanted(item: Mapping[str, Any]) -> str:
    """Return what a value must be; "" when pydantic's own words have to do."""
    if item["type"] in {"tuple_type", "model_type", "dict_type"}:
        return _shape(item)
    return _MUST_BE.get(item["type"], "").format_map(item.get("ctx", {}))


def _shape(item: Mapping[str, Any]) -> str:
    """Return how TOML writes the list or the table that is wanted in place of something else."""
    loc, model = item["loc"], nearest_model(*item["loc"])
    table = ".".join(str(part) for part in loc if isinstance(part, str))
    of_tables = isinstance(model, type) and issubclass(model, Section)
    if item["type"] == "model_type":
        return f"a table, [[{table}]]" if isinstance(loc[-1], int) else f"a table, [{table}]"
    if item["type"] == "dict_type":
        return f"tables with a name each; begin one with [{table}.NAME]" if of_tables else f"a table, [{table}]"
    if of_tables:
        return f"a list of tables; begin each with [[{table}]]"
    return f"a list, as [{item['input']}]" if type(item["input"]) in {int, float} else 'a list, as ["..."]'


def _got(key: str, value: object) -> str:
    """Show a wrong value, unless it may hold a secret."""
    private = any(word in key for word in ("password", "secret", "token", "_url"))
    return "" if private or isinstance(value, dict | list) else f" (got {_shown(value)})"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, datetime | date) else repr(value)[:80]


def _nearest(loc: Sequence[str | int]) -> str:
    """Return a hint naming the valid key of that table which looks most like the unknown one."""
    model = nearest_model(*loc[:-1])
    known = list(getattr(model, "model_fields", {}))
    if secrets := [key for key in known if key == f"{loc[-1]}_file"]:
        return f"; did you mean {secrets[0]!r}? It names the file: no secret is written here"
    called = _ALSO_CALLED.get(str(loc[-1]))
    close = [called] if called in known else difflib.get_close_matches(str(loc[-1]), known, n=1)
    meant = f"did you mean {close[0]!r}?" if close else ""
    if place := _elsewhere(str(loc[-1])):
        return f"; it belongs {place}{', or ' if meant else ''}{meant}"
    return f"; {meant}" if meant else f"; known here: {', '.join(known)}"


def _elsewhere(key: str) -> str:
    """Return where a key of just that name belongs, if there is one such place."""
    places = []
    for name, field in Config.model_fields.items():
        section = _section(field.annotation)
        if key in getattr(section, "model_fields", {}):
            begins = str(field.annotation).partition("[")[0]
            places.append({"tuple": f"into [[{name}]]", "dict": f"into [{name}.NAME]"}.get(begins, f"into [{name}]"))
        elif key == name:
            places.append("at the top, above the first [table]")
    main = [place for place in places if place != "into [[phases]]"] or places  # a phase only overrides other tables
    return main[0] if len(main) == 1 else ""


def nearest_model(*loc: str | int) -> Any:  # noqa: ANN401  # a class of the config
    """Return what a table of the config, or the nearest above it, may hold."""
    model: Any = Config
    for part in loc:
        field = getattr(model, "model_fields", {}).get(part)
        model = _section(field.annotation) if field else model
    return model


def _section(annotation: Any) -> Any:  # noqa: ANN401  # a type form; typing has no static name for it
    """Return the Section inside ``X | None``, ``tuple[X, ...]`` or ``dict[str, X]``."""
    inner = [a for a in getattr(annotation, "__args__", ()) if isinstance(a, type) and issubclass(a, Section)]
    return inner[0] if inner else annotation
