"""The section of the config that says what teams hand in besides result files."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, model_validator

from mailbot.config.fields import WindowSection


def _lower(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(value.strip().lower() for value in values)


_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


def _bare(values: tuple[str, ...]) -> tuple[str, ...]:
    """Take hosts as links are compared with them: no scheme, no port, no path."""
    for value in values:
        if not _HOST.fullmatch(value):
            said = value.rpartition("@")[2]  # a login before it is never told
            bare = re.sub(r"^\*?\.|[/:?#].*$", "", said.partition("://")[2] or said)
            message = f"{said!r} is no host; write it as {bare if _HOST.fullmatch(bare) else 'github.com'}"
            raise ValueError(message)
    return values


def _endings(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if not re.fullmatch(r"(\.[a-z0-9]{1,10}){1,2}", value):
            message = f"{value!r} is no ending of a file name; write it as '.pdf'"
            raise ValueError(message)
    return values


def _kind(value: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,19}", value):
        message = f"{value!r} must be one word in lower case, as 'paper'"
        raise ValueError(message)
    return value


class EntrySection(WindowSection):
    """One kind of what teams hand in: code and models, a paper."""

    #: One word; a subject names it in brackets: ``[SIQA paper]``.
    kind: Annotated[str, AfterValidator(_kind)]
    #: Hosts a link to which counts, as ``github.com``; their subdomains count too.
    hosts: Annotated[tuple[str, ...], AfterValidator(_lower), AfterValidator(_bare)] = ()
    #: Endings of file names that count, as ``.pdf``.
    types: Annotated[tuple[str, ...], AfterValidator(_lower), AfterValidator(_endings)] = ()

    @model_validator(mode="after")
    def _counts_something(self) -> EntrySection:
        if not self.hosts and not self.types:
            message = f"entry {self.kind!r}: hosts or types must say what counts"
            raise ValueError(message)
        return self
