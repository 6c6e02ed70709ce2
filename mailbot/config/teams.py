"""The section of the config that says how sure it must be who sent a mail."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from mailbot.config.fields import Section, is_ip
from mailbot.mail.model import AuthLevel


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
            message = f"{server!r} is no nameserver; write its IPv4 address, with a port if it is not 53"
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
    dns_seconds: float = Field(default=5, gt=0, le=30)
