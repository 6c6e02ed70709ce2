"""A nameserver on loopback for TXT records: it answers, fails or stays silent, name by name, as the test says."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from types import TracebackType

_CHUNK = 255  # bytes of one string of a TXT record (RFC 1035, section 3.3.14)


class Nameserver:
    """Use it in a with statement; names that it does not know do not exist."""

    def __init__(self) -> None:
        """Bind a port; nothing is answered yet."""
        #: The TXT records of each name.
        self.records: dict[str, list[str]] = {}
        #: Names that it answers SERVFAIL for.
        self.failing: set[str] = set()
        #: Names that were asked for, in order.
        self.asked: list[str] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((LOOPBACK, 0))
        self._thread = threading.Thread(target=self._serve, name="nameserver", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    @property
    def address(self) -> str:
        """Where it listens, as the config writes it."""
        host, port = self._socket.getsockname()
        return f"{host}:{port}"

    def _serve(self) -> None:
        """Answer until an empty datagram comes."""
        while True:
            data, client = self._socket.recvfrom(4096)
            if not data:
                return
            with contextlib.suppress(OSError):  # the client has gone
                self._socket.sendto(self._answer(data), client)

    def _answer(self, data: bytes) -> bytes:
        query = dns.message.from_wire(data)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if name in self.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.records:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        else:
            texts = [_quoted(text) for text in self.records[name]]
            found = dns.rrset.from_text_list(question.name, 60, dns.rdataclass.IN, dns.rdatatype.TXT, texts)
            answer.answer.append(found)
        return answer.to_wire(max_size=65535)


def _quoted(text: str) -> str:
    """Write a text as the strings of a TXT record."""
    parts = [text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK)] or [""]
    return " ".join('"{}"'.format(part.replace("\\", "\\\\").replace('"', '\\"')) for part in parts)
