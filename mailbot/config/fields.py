"""The base class of all config sections, and the types of values that several of them share."""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticKnownError

from mailbot.config import address
from mailbot.config.calendar import Moment, within, within_reach


def _zone(value: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError) as error:
        message = f"{value!r} is not a time zone; write one as 'Asia/Shanghai' or 'UTC'"
        raise ValueError(message) from error


def _moment(value: object) -> Moment:
    return value if isinstance(value, Moment) else Moment.parse(str(value))


_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _instant(value: object) -> object:
    """Take what TOML writes as an instant, or the same as text; a number would be seconds since 1970 to pydantic."""
    if not isinstance(value, datetime) and not (isinstance(value, str) and _RFC3339.fullmatch(value)):
        raise PydanticKnownError("datetime_type")
    return value


def _one_address(value: str) -> str:
    """Take an address that every mail server can write to; its domain is kept in ASCII (IDNA)."""
    if address.is_plain(value):
        return value
    try:
        found = address.parsed(value)
    except ValueError as error:
        message = f"{value!r} is not an e-mail address: {error}"
        raise ValueError(message) from error
    if found.ascii_email is None:  # RFC 6531
        message = f"{value!r} is not an address that every server can write to: only ASCII letters before the @"
        raise ValueError(message)
    return found.ascii_email


_HOST = re.compile(r"(?=.{1,253}$)\w([\w-]*\w)?(\.\w([\w-]*\w)?)*\.?")


def host(value: str) -> str:
    """Take the name of a host or its IP address. The login of a URL is never told."""
    if not _HOST.fullmatch(value) and not is_ip(value):
        said = value.rpartition("@")[2]
        message = f"{said!r} is not a host: write its name alone, as 'mail.example.org'; the port has its own key"
        raise ValueError(message)
    return value


def is_ip(value: str, *, version: int | None = None) -> bool:
    """Whether a text is an IP address, of a version if that matters."""
    try:
        return version in {None, ipaddress.ip_address(value).version}
    except ValueError:
        return False


_SPAN = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*(d|days?|h|hours?|min|minutes?)", re.IGNORECASE)

_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def _span(value: object) -> object:
    """Take a length of time: a number of days, or a text with its unit."""
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:.6f} d"
    found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or not (span := float(found[1]) * _UNITS[found[2][0].lower()]):
        message = f"{value!r} is not a length of time; write a number of days, or as '3 days' or '12 hours'"
        raise ValueError(message)
    return span


_LEDGER = re.compile(r"sqlite:///(?!:memory:)\S.*|postgresql\+psycopg://\S*")


def ledger_url(value: str) -> str:
    """Take the two engines that a ledger can be on. The value is never told: it may hold a password."""
    if value and not _LEDGER.fullmatch(value):
        message = "must be sqlite:////FOLDER/ledger.db or postgresql+psycopg://USER@HOST/NAME; leave it out for SQLite"
        raise ValueError(message)
    return value


LedgerUrl = Annotated[str, AfterValidator(ledger_url)]
Zone = Annotated[ZoneInfo, BeforeValidator(_zone)]
WeekMoment = Annotated[Moment, BeforeValidator(_moment)]
Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(within_reach)]
Span = Annotated[timedelta, BeforeValidator(_span)]
Host = Annotated[str, AfterValidator(host)]
Address = Annotated[str, AfterValidator(_one_address)]


class Section(BaseModel):
    """A table of the config: frozen, and an unknown key is an error.

    TOML tells numbers, texts and booleans apart, and so do we: ``true`` is no 1, and ``"3"`` is no 3. So its fields are
    pydantic's strict ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=True)


def absent() -> Any:  # noqa: ANN401  # as pydantic's Field returns it
    """Return the default of a table that a config may leave out: it is read as if it stood there, empty.

    An instance in its place would have the table's validator built once more, at each start of a command.
    """
    return Field(default_factory=dict, validate_default=True)


class WindowSection(Section):
    """A table of the config about something that is possible for a time."""

    #: First instant, with its zone; absent means from the beginning.
    opens: Instant | None = None
    #: First instant that is too late, with its zone; absent means for good.
    closes: Instant | None = None

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens and self.closes and self.opens >= self.closes:
            message = f"closes ({self.closes}) before it opens ({self.opens})"
            raise ValueError(message)
        return self

    def is_in_time(self, instant: datetime) -> bool:
        """Whether what arrived then is in time; the closing instant itself is too late."""
        return within(self.opens, self.closes, instant)
