"""Look up TXT records in the DNS, with a time limit and a cache; stop asking while the DNS is down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mailbot.errors import Temporary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

LENGTH = 4096
"""Characters of a record that is taken."""

CACHED = 2000
"""Answers that are kept, each as long as it says itself."""

REST = timedelta(seconds=20)
"""A name that the DNS gave no answer for is left alone so long: many mails need not wait for it one after another."""


class NoAnswer(Temporary):
    """The DNS gives no answer now."""


@dataclass(kw_only=True)
class Lookup:
    """Asks the nameservers of the system, or others; thread-safe as dnspython is."""

    #: Addresses, as ``127.0.0.1`` or ``127.0.0.1:5353``; () for those of the system.
    nameservers: Sequence[str]
    seconds: float
    clock: Callable[[], datetime]
    _silent: dict[str, datetime] = field(default_factory=dict, init=False)

    def texts(self, names: Iterable[str]) -> dict[str, str]:
        """Return the one TXT record of each name that has exactly one. Raises NoAnswer."""
        found = {name: self._records(name) for name in names}
        return {name: records[0] for name, records in found.items() if len(records) == 1}

    def policies(self, names: Iterable[str]) -> dict[str, str]:
        """Return the one DMARC record of each name that has exactly one (RFC 9989). Raises NoAnswer."""
        found = {name: [r for r in self._records(name) if r.startswith("v=DMARC1")] for name in names}
        return {name: records[0] for name, records in found.items() if len(records) == 1}

    def _records(self, name: str) -> list[str]:
        dns = _dns()
        if name in self._silent and self.clock() < self._silent[name] + REST:
            raise NoAnswer("the DNS gave no answer a moment ago")
        try:
            answer = self._resolver.resolve(name, "TXT", raise_on_no_answer=False, search=False)
        except (dns.resolver.NXDOMAIN, dns.name.NameTooLong, dns.name.LabelTooLong, dns.name.EmptyLabel):
            return []
        except (dns.exception.DNSException, OSError) as error:
            self._silent = {**dict(list(self._silent.items())[-CACHED:]), name: self.clock()}
            raise NoAnswer(f"the DNS gives no answer ({type(error).__name__})") from error
        texts = (b"".join(record.strings).decode("ascii", "replace") for record in answer.rrset or ())
        return [text for text in texts if len(text) <= LENGTH]

    @cached_property
    def _resolver(self) -> Any:  # noqa: ANN401  # dnspython is loaded late
        dns = _dns()
        resolver = dns.resolver.Resolver(configure=not self.nameservers)
        if self.nameservers:
            resolver.nameservers = [
                dns.nameserver.Do53Nameserver(host, int(port or 53))
                for host, _, port in (server.partition(":") for server in self.nameservers)
            ]
        resolver.lifetime, resolver.cache = self.seconds, dns.resolver.LRUCache(CACHED)
        return resolver


def _dns() -> Any:  # noqa: ANN401  # dnspython is loaded late
    import dns.resolver  # noqa: PLC0415  # a quarter of a second, and only signed mails need it

    return dns
