"""A real Dovecot, and one user's mailbox on it."""

from __future__ import annotations

import itertools
import shutil
import smtplib
import ssl
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from imapclient import IMAPClient

from tests.servers.certificates import make_certificates
from tests.servers.process import LOOPBACK, ProcessGroup, free_port, plain_user, program, short_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

#: What the first IMAP4rev1 servers could do: no MOVE, UIDPLUS, IDLE, ENABLE.
FEW_CAPABILITIES = "IMAP4rev1 LITERAL+"

_INTROSPECTION = """\
introspection_mode = post
introspection_url = {url}
active_attribute = active
active_value = true
username_attribute = username
"""
_OAUTH_2_3 = """\
auth_mechanisms = xoauth2 oauthbearer
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
_OAUTH_2_4 = """\
auth_mechanisms = xoauth2 oauthbearer
oauth2 {{
  introspection_mode = post
  introspection_url = {url}
  active_attribute = active
  active_value = true
  username_attribute = username
}}
passdb oauth2 {{
}}
"""
_PLAIN_NAMESPACE = "separator = /"
_ODD_NAMESPACE = """\
prefix = INBOX.
  separator = .
  mailbox Spam {{
    auto = create
    {special_use} = \\Junk
  }}"""
_LIMITS_2_3 = """\
mail_plugins = acl quota
protocol imap {
  mail_plugins = acl quota imap_acl imap_quota
}
plugin {
  acl = vfile
  quota = maildir:User quota
  quota_rule = *:storage=64K
}
"""
_LIMITS_2_4 = """\
mail_plugins {
  acl = yes
  quota = yes
}
protocol imap {
  mail_plugins {
    imap_acl = yes
    imap_quota = yes
  }
}
acl_driver = vfile
quota "User quota" {
  storage_size = 64K
}
"""
_TIMEOUT = 20.0
_numbers = itertools.count(1)


class Dovecot:
    """A Dovecot on loopback with its own folder, ports and certificate; every address is a user of it."""

    password = "secret"  # noqa: S105  the server's config says the same, and nothing outside the tests knows it

    def __init__(self, *, capability: str = "", introspection: str = "", strict: bool = False) -> None:
        """Write the config.

        A strict server knows rights (RFC 4314) and a quota of 64 KiB; its folders are below ``INBOX.``, and its folder
        for spam bears a mark instead of a common name.

        A non-empty capability is all that the server tells clients after login; at the URL of ``introspection`` it
        asks whose an access token is (RFC 7662), and then takes no password.
        """
        self.folder = short_folder()
        self.imap_port, self.imaps_port, self.lmtp_port = free_port(), free_port(), free_port()
        self.certificates = make_certificates(self.folder)
        self._config = self.folder / "dovecot.conf"
        self._config.write_text(self._config_text(capability, introspection, strict=strict))
        command = (program("dovecot"), "-F", "-c", str(self._config))
        self._group = ProcessGroup(command, folder=self.folder, port=self.imaps_port)

    def start(self) -> None:
        """Start, or start again with the same mails, on the same ports."""
        self._group.start()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._group.kill()

    def freeze(self) -> None:
        """Let it hold its connections and say nothing more."""
        self._group.freeze()

    def thaw(self) -> None:
        """Let it go on after freeze."""
        self._group.thaw()

    def remove(self) -> None:
        """End it and delete its folder."""
        self._group.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def mailbox(self, user: str = "") -> Mailbox:
        """Return the mailbox of a user, by default of one that nobody used before."""
        return Mailbox(server=self, user=user or f"submissions-{next(_numbers)}@example.test")

    def doveadm(self, *arguments: str) -> str:
        """Run an administrator's command and return what it prints."""
        user = plain_user()
        command = (program("doveadm"), "-c", str(self._config), *arguments)
        done = subprocess.run(command, check=True, capture_output=True, text=True, user=user.uid, group=user.gid)
        return done.stdout

    def _config_text(self, capability: str, introspection: str, *, strict: bool) -> str:
        """Fill in the config for the version of Dovecot that is installed."""
        version = subprocess.run((program("dovecot"), "--version"), check=True, capture_output=True, text=True).stdout
        old = version.startswith("2.3")
        name = "dovecot-2.3.conf" if old else "dovecot-2.4.conf"
        if introspection:
            (self.folder / "oauth2.conf").write_text(_INTROSPECTION.format(url=introspection))
        by_token = _OAUTH_2_3 if old else _OAUTH_2_4
        odd = _ODD_NAMESPACE.format(special_use="special_use" if old else "mailbox_special_use")
        return Template((Path(__file__).parent / name).read_text()).substitute(
            asdict(plain_user()),
            folder=self.folder,
            certificate=self.certificates.certificate,
            key=self.certificates.key,
            imap_port=self.imap_port,
            imaps_port=self.imaps_port,
            lmtp_port=self.lmtp_port,
            by_token=by_token.format(folder=self.folder, url=introspection) if introspection else "",
            namespace=odd if strict else _PLAIN_NAMESPACE,
            more=(_LIMITS_2_3 if old else _LIMITS_2_4) if strict else "",
            capability=f"imap_capability = {capability}" if capability else "",
        )


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """One user's mailbox, seen from outside mailbot."""

    server: Dovecot
    user: str

    def connect(self) -> IMAPClient:
        """Log in over TLS with the certificate verified; use it in a with statement."""
        context = ssl.create_default_context(cafile=str(self.server.certificates.ca))
        client = IMAPClient(LOOPBACK, self.server.imaps_port, ssl_context=context, timeout=_TIMEOUT)
        client.login(self.user, self.server.password)
        return client

    def deliver(self, message: bytes, *, sender: str = "team@example.org") -> None:
        """Bring a message by LMTP, as a mail server does: Dovecot adds Return-Path and Received."""
        with smtplib.LMTP(LOOPBACK, self.server.lmtp_port) as client:
            client.sendmail(sender, [self.user], message)

    def append(
        self, message: bytes, *, folder: str = "INBOX", flags: Sequence[str] = (), when: datetime | None = None
    ) -> None:
        """Put a message into a folder byte for byte; when becomes its INTERNALDATE."""
        with self.connect() as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            client.append(folder, message, flags, when)

    def messages(self, folder: str = "INBOX") -> list[bytes]:
        """Return the raw messages of a folder, oldest first; none when the folder is missing."""
        with self.connect() as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            fetched = client.fetch(client.search(), ["BODY.PEEK[]"])
            return [fetched[uid][b"BODY[]"] for uid in sorted(fetched)]

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        r"""Return the flags of each message of a folder, oldest first, without the server's own \Recent."""
        with self.connect() as client:
            client.select_folder(folder, readonly=True)
            fetched = client.get_flags(client.search())
            return [{flag.decode() for flag in fetched[uid]} - {r"\Recent"} for uid in sorted(fetched)]

    def folders(self) -> list[str]:
        """Return the names of all folders, sorted."""
        with self.connect() as client:
            return sorted(name for _flags, _separator, name in client.list_folders())

    def renumber(self, uidvalidity: int, folder: str = "INBOX") -> None:
        """Give a folder another UIDVALIDITY, as a restored backup does."""
        self.server.doveadm("mailbox", "update", "--uid-validity", str(uidvalidity), "-u", self.user, folder)

    @property
    def home(self) -> Path:
        """Where the server keeps the mails."""
        return self.server.folder / "mail" / self.user / "Maildir"

    def allow(self, rights: str) -> None:
        """Give the user these rights on the inbox and no others (RFC 4314); the server must be strict."""
        (self.home / "dovecot-acl").write_text(f"owner {rights}\n")

    def kick(self) -> None:
        """Close every connection of the user from the server's side."""
        self.server.doveadm("kick", self.user)
