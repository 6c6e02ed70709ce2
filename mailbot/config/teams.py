"""The config sections about teams: roster, registration, identity, replies, letters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictFloat, StrictInt

from mailbot.config.fields import Instant, Section, absent, is_ip
from mailbot.config.servers import spreadsheet_id
from mailbot.model import AuthLevel

if TYPE_CHECKING:
    from datetime import datetime


def _in_order(levels: tuple[AuthLevel, ...]) -> tuple[AuthLevel, ...]:
    if not levels or len(set(levels)) != len(levels):
        message = "name at least one level, and each once"
        raise ValueError(message)
    if AuthLevel.NONE in levels[:-1]:
        message = "'none' takes every mail, so what stands after it can never count: write it last or leave it out"
        raise ValueError(message)
    return levels


def _named(ids: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each.strip().lower() for each in ids)


def _is_port(text: str) -> bool:
    return bool(re.fullmatch(r"[1-9][0-9]{0,4}", text)) and int(text) <= 65535  # noqa: PLR2004  # the last port


def _servers(servers: tuple[str, ...]) -> tuple[str, ...]:
    for server in servers:
        address, _, port = server.partition(":")
        if not is_ip(address, version=4) or (server != address and not _is_port(port)):
            message = f"{server!r} is not a nameserver; write its IPv4 address, with a port if it is not 53"
            raise ValueError(message)
    return servers


class IdentitySection(Section):
    """How sure it must be who sent a mail before its files are scored."""

    #: What counts, the first that is proven: ``key``, ``dmarc``, ``dkim``, ``confirmed``; ``none`` takes every mail.
    require: Annotated[tuple[AuthLevel, ...], AfterValidator(_in_order)] = (
        AuthLevel.KEY,
        AuthLevel.DMARC,
        AuthLevel.DKIM,
        AuthLevel.NONE,
    )
    #: Names of the servers whose Authentication-Results are believed (RFC 8601); "" for one that writes no name.
    authserv_ids: Annotated[tuple[str, ...], AfterValidator(_named)] = ()
    #: Nameservers to ask for DKIM keys, instead of the system's.
    nameservers: Annotated[tuple[str, ...], AfterValidator(_servers)] = ()
    #: Seconds that one question to the DNS may take.
    dns_seconds: StrictFloat = Field(default=5, gt=0, le=30)


class FormColumns(Section):
    """The headings of a form's response sheet."""

    team: str = "Team name"
    #: The leader's address; Google Forms writes this heading itself when it collects addresses.
    address: str = "Email Address"
    #: Addresses of the other members, in one cell; "" when the form does not ask.
    members: str = "Members"


class FormSection(Section):
    """The response sheet of a registration form; only read, with the key of ``[sheet]``."""

    #: Its address or the id in it; "" means that there is no form.
    id: Annotated[str, AfterValidator(spreadsheet_id)] = ""
    #: The worksheet with the responses; "" is the first one.
    worksheet: str = ""
    columns: FormColumns = absent()


RESERVED = (
    *("organizer", "organizers", "organiser", "organisers", "organizing", "organising", "committee", "chair", "chairs"),
    *("admin", "admins", "administrator", "administrators", "moderator", "moderators", "official", "staff", "jury"),
    *("judge", "judges", "baseline", "baselines", "leaderboard", "mailbot", "postmaster", "support"),
    *("组委会", "主办方", "官方", "管理员", "组织者", "评委", "裁判"),
)
"""Words for those who run a challenge."""

SHARED = (
    *("gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "icloud.com"),
    *("me.com", "aol.com", "gmx.de", "gmx.net", "web.de", "proton.me", "protonmail.com", "mail.ru", "yandex.ru"),
    *("naver.com", "qq.com", "foxmail.com", "163.com", "126.com", "yeah.net", "139.com", "sina.com", "aliyun.com"),
)
"""Mail providers for everybody."""


class RegistrationSection(Section):
    """How a team becomes a registered one."""

    #: Teams of the roster file and the form are asked by mail, once, and count when they have confirmed.
    confirm: StrictBool = False
    #: A mail with the subject ``[… Registration] Team name`` registers a team, after a question to its sender.
    by_mail: StrictBool = False
    #: An organizer approves each team that registers by mail (``mailbot mails approve``), after its sender confirmed.
    approve: StrictBool = False
    #: Teams whose leaders' addresses are of one domain, at most, by mail; 0: no limit.
    per_domain: StrictInt = Field(default=5, ge=0)
    #: Domains that this does not count for, as anybody may have an address there.
    shared_domains: Annotated[tuple[str, ...], AfterValidator(_named)] = SHARED
    #: Words that no new team may be called by, alone or with the challenge's name, which is never a team's either.
    reserved: tuple[str, ...] = RESERVED
    #: From this instant on nobody is registered but by an organizer's command.
    closes: Instant | None = None

    def is_closed(self, instant: datetime) -> bool:
        """Whether registration is closed at an instant."""
        return self.closes is not None and instant >= self.closes


class LettersSection(Section):
    """What mailbot writes to teams and organizers on its own account."""

    #: Each team's standing, when a weekly board is published.
    standings: StrictBool = True
    #: Days before the end of a phase, or of the time for an entry, at which teams are reminded; none for no reminders.
    remind_days: tuple[Annotated[StrictInt, Field(ge=1, le=60)], ...] = (7, 1)
    #: How the week went, to the organizers, with each weekly board.
    digest: StrictBool = True

    @property
    def any_weekly(self) -> bool:
        """Whether anything is written when a weekly board is published."""
        return self.standings or self.digest


class Roster(Section):
    """Who takes part."""

    #: CSV file with columns ``team,address`` that ``mailbot teams import`` reads; also read at start.
    file: Path | None = None
    #: Whether senders who are on no team are told so, once a day each: those with a result file (``files``), all, none.
    reply_to_unknown: bool | Literal["files"] = "files"
    #: Whether mails of an unknown sender are taken up, as of their arrival, when the address joins a team.
    take_waiting: StrictBool = True
    #: A form whose response sheet is read every hour.
    sheet: FormSection = absent()


class RepliesSection(Section):
    """At most so many replies in a window of time; the ledger counts, so a restart changes nothing."""

    per_address_hour: StrictInt = Field(default=10, ge=1)
    per_address_day: StrictInt = Field(default=30, ge=1)
    per_domain_hour: StrictInt = Field(default=60, ge=1)
    per_hour: StrictInt = Field(default=200, ge=1)
