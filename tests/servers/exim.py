"""A real exim4 in front of Dovecot: a queue, retries, STARTTLS and AUTH."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.servers.certificates import make_certificates
from tests.servers.process import ProcessGroup, free_port, plain_user, program, short_folder


class Exim:
    """An exim4 on loopback that hands every mail it takes to one LMTP server; any user, password "secret"."""

    password = "secret"  # noqa: S105  the server's config says the same, and nothing outside the tests knows it

    def __init__(self, *, lmtp_port: int, strips: bool = False) -> None:
        """Write the config; lmtp_port is where the mails go, ``strips`` takes Authentication-Results out of them."""
        self._strips = strips
        self.folder = short_folder()
        self.port = free_port()
        self.certificates = make_certificates(self.folder)
        config = self.folder / "exim.conf"
        config.write_text(self._config_text(lmtp_port))
        command = (program("exim4"), "-C", str(config), "-bdf", "-q1s")
        self._group = ProcessGroup(command, folder=self.folder, port=self.port)

    def start(self) -> None:
        """Start, or start again with the same queue, on the same port."""
        self._group.start()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._group.kill()

    def remove(self) -> None:
        """End it and delete its folder."""
        self._group.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _config_text(self, lmtp_port: int) -> str:
        """Put the macros in front of the config."""
        user = plain_user()
        macros = {
            "MB_USER": user.name,
            "MB_GROUP": user.group,
            "MB_FOLDER": self.folder,
            "MB_PORT": self.port,
            "MB_LMTP_PORT": lmtp_port,
            "MB_CERTIFICATE": self.certificates.certificate,
            "MB_KEY": self.certificates.key,
        }
        head = "".join(f"{name} = {value}\n" for name, value in macros.items())
        text = Path(__file__).with_name("exim.conf").read_text()
        if self._strips:
            text = text.replace("acl_data:\n", "acl_data:\n  warn remove_header = Authentication-Results\n")
        return head + text
