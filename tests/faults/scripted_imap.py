"""A small IMAP server of whose answers any can be replaced by a script; in clear, on loopback, in threads."""

from __future__ import annotations

import base64
import contextlib
import re
import select
import socket
from collections import defaultdict, deque
from collections.abc import Callable
from typing import TypeAlias

from tests.servers.listener import ThreadedListener

CAPABILITIES = "IMAP4rev1 IDLE MOVE UIDPLUS"

_ARRIVED = '"12-Mar-2026 08:00:00 +0000"'


class Session:
    """One connection of a client."""

    def __init__(self, client: socket.socket, server: ScriptedImap) -> None:
        """Take the connection."""
        self.server = server
        self._client = client
        self._lines = client.makefile("rb")
        self.folder = "INBOX"
        self._told = 0

    def send(self, text: str | bytes) -> None:
        """Say something; byte by byte, each in a packet of its own, if the server does so."""
        data = text.encode() if isinstance(text, str) else text
        size = 1 if self.server.splits else len(data) or 1
        for start in range(0, len(data), size):
            self._client.sendall(data[start : start + size])
            if size == 1:
                select.select([], [], [], 0.0005)

    def line(self, *, seconds: float | None = None) -> str | None:
        """Read the client's next line; "" when it is gone, None when the time is over."""
        if seconds is not None and not select.select([self._client], [], [], seconds)[0]:
            return None
        return self._lines.readline().decode().rstrip("\r\n")

    def hang_up(self) -> None:
        """Close the connection."""
        self._client.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        """Answer until the client goes."""
        with contextlib.suppress(OSError), self._client:
            self._client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.answer("GREETING", "*", "")
            while line := self.line():
                tag, _, command = line.partition(" ")
                found = re.match(r"(UID \w+|\w+) ?(.*)", command)
                if found:
                    self.answer(found[1].upper(), tag, found[2])

    def answer(self, verb: str, tag: str, arguments: str) -> None:
        """Answer a command: by the script if it has something for it, else as a server should."""
        self.server.commands.append(f"{verb} {arguments}".strip())
        script = self.server.scripts[verb]
        if script:
            script.popleft()(self, tag, arguments)
        else:
            getattr(self, "on_" + verb.lower().replace(" ", "_"), self.on_other)(tag, arguments)

    # --- what a server should say --------------------------------------------------------------

    def on_greeting(self, _tag: str, _arguments: str) -> None:
        """Greet."""
        self.send("* OK ready\r\n")

    def on_other(self, tag: str, _arguments: str) -> None:
        """Take every other command."""
        self.send(f"{tag} OK done\r\n")

    def on_capability(self, tag: str, _arguments: str) -> None:
        """Say what can be done here."""
        self.send(f"* CAPABILITY {self.server.capabilities}\r\n{tag} OK done\r\n")

    def on_list(self, tag: str, arguments: str) -> None:
        """Tell whether a folder is there."""
        name = arguments.rsplit(maxsplit=1)[-1].strip('"')
        there = f'* LIST () "{self.server.separator}" {name}\r\n' if name in self.server.folders else ""
        there = there if name else f'* LIST (\\Noselect) "{self.server.separator}" ""\r\n'
        self.send(f"{there}{tag} OK done\r\n")

    def on_authenticate(self, tag: str, _arguments: str) -> None:
        """Ask for what the mechanism wants to say, and be content with it."""
        self.send("+ \r\n")
        self.server.proofs.append(base64.b64decode(self.line() or ""))
        self.send(f"{tag} OK done\r\n")

    def on_create(self, tag: str, arguments: str) -> None:
        """Make a folder."""
        self.server.folders.setdefault(arguments.strip('"'), {})
        self.send(f"{tag} OK done\r\n")

    def on_select(self, tag: str, arguments: str) -> None:
        """Open a folder."""
        self.folder = arguments.strip('"')
        mails = self.server.folders[self.folder]
        self._told = len(mails)
        numbers = f"* OK [UIDVALIDITY {self.server.validity}] x\r\n* OK [UIDNEXT {self.server.next_uid}] x\r\n"
        told = f"* {len(mails)} EXISTS\r\n{numbers}"
        self.send(f"{told}{tag} OK [READ-WRITE] done\r\n")

    def on_uid_search(self, tag: str, _arguments: str) -> None:
        """List the UIDs."""
        uids = " ".join(map(str, self.server.folders[self.folder]))
        self.send(f"* SEARCH {uids}\r\n{tag} OK done\r\n")

    def on_fetch(self, tag: str, _arguments: str) -> None:
        """Tell the UIDs of all mails."""
        mails = enumerate(self.server.folders[self.folder], start=1)
        self.send("".join(f"* {number} FETCH (UID {uid})\r\n" for number, uid in mails) + f"{tag} OK done\r\n")

    def on_uid_fetch(self, tag: str, arguments: str) -> None:
        """Send mails, or their sizes."""
        for uid in named(arguments):
            if uid in self.server.folders[self.folder]:
                begun = "<0>" if "<0." in arguments else ""
                self.fetched(uid, whole="BODY" in arguments, dated="INTERNALDATE" in arguments, begun=begun)
        self.send(f"{tag} OK done\r\n")

    def fetched(self, uid: int, *, whole: bool = True, dated: bool = True, begun: str = "") -> None:
        """Send one mail, or its size, with its arrival or without; ``begun`` is "<0>" for the beginning of one."""
        mails = self.server.folders[self.folder]
        number, raw = list(mails).index(uid) + 1, mails[uid]
        date = f" INTERNALDATE {_ARRIVED}" if dated else ""
        head = f"* {number} FETCH (UID {uid} RFC822.SIZE {len(raw)}{date}"
        body = f" BODY[]{begun} {{{len(raw)}}}\r\n".encode() + raw if whole else b""
        self.send(head.encode() + body + b")\r\n")

    def on_uid_move(self, tag: str, arguments: str) -> None:
        """Move mails."""
        target = self.server.folders[arguments.rsplit(maxsplit=1)[-1].strip('"')]
        for uid in named(arguments):
            raw = self.server.folders[self.folder].pop(uid, None)
            if raw is not None:
                target[self.server.new_uid()] = raw
        self.send(f"{tag} OK done\r\n")

    def on_append(self, tag: str, arguments: str) -> None:
        """Take a mail."""
        size = int(arguments.rsplit("{", 1)[1].rstrip("+}"))
        self.send("+ go on\r\n")
        raw = self._lines.read(size)
        self._lines.readline()
        folder = arguments.split(maxsplit=1)[0].strip('"')
        self.server.folders[folder][self.server.new_uid()] = raw
        self.send(f"{tag} OK done\r\n")

    def on_uid_copy(self, tag: str, arguments: str) -> None:
        """Copy mails."""
        target = self.server.folders[arguments.rsplit(maxsplit=1)[-1].strip('"')]
        for uid in named(arguments):
            if uid in self.server.folders[self.folder]:
                target[self.server.new_uid()] = self.server.folders[self.folder][uid]
        self.send(f"{tag} OK done\r\n")

    def on_uid_expunge(self, tag: str, arguments: str) -> None:
        """Expunge mails, which were marked before."""
        for uid in named(arguments):
            self.server.folders[self.folder].pop(uid, None)
        self.send(f"{tag} OK done\r\n")

    def on_idle(self, tag: str, _arguments: str) -> None:
        """Idle, and tell of new mails."""
        self.send("+ idling\r\n")
        self.idle(tag)

    def idle(self, tag: str) -> None:
        """Tell of new mails until the client is done."""
        while (line := self.line(seconds=0.05)) is None:
            there = len(self.server.folders[self.folder])
            if there != self._told:
                self.send(f"* {there} EXISTS\r\n")
                self._told = there
        if line:
            self.send(f"{tag} OK done\r\n")


Answer: TypeAlias = Callable[[Session, str, str], None]
"""Answers a command: the session, the command's tag and its arguments."""


class ScriptedImap(ThreadedListener):
    """Holds mails in memory."""

    #: What serves a connection.
    session: type[Session] = Session

    def __init__(self, *mails: bytes, capabilities: str = CAPABILITIES, splits: bool = False) -> None:
        """Put mails into the inbox; ``splits``: send every byte in a packet of its own."""
        super().__init__()
        self.capabilities, self.splits = capabilities, splits
        self.separator, self.validity = "/", 1
        self.next_uid = 1
        self.folders: dict[str, dict[int, bytes]] = {"INBOX": {}}
        #: What clients commanded.
        self.commands: list[str] = []
        #: What clients said to prove who they are, by AUTHENTICATE.
        self.proofs: list[bytes] = []
        #: By command, the answers to the next ones of it; ``GREETING`` is what is said first.
        self.scripts: defaultdict[str, deque[Answer]] = defaultdict(deque)
        for mail in mails:
            self.arrive(mail)

    def arrive(self, raw: bytes) -> None:
        """Put a mail into the inbox."""
        self.folders["INBOX"][self.new_uid()] = raw

    def new_uid(self) -> int:
        """Return a UID that no mail has had."""
        self.next_uid += 1
        return self.next_uid - 1

    def script(self, verb: str, *answers: Answer) -> None:
        """Replace the answers to the next commands of a verb, as ``UID FETCH``."""
        self.scripts[verb].extend(answers)

    def _serve(self, client: socket.socket) -> None:
        self.session(client, self).serve()


def named(arguments: str) -> list[int]:
    """Return the UIDs of a set such as ``1,3:5``."""
    uids: list[int] = []
    for part in arguments.split(maxsplit=1)[0].split(","):
        first, _, last = part.partition(":")
        uids += range(int(first), int(last or first) + 1)
    return uids
