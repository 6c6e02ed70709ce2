"""A certificate authority for one test run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import trustme

from tests.servers.process import LOOPBACK, give

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Certificates:
    """Where the files of the authority and of the one server certificate lie, all PEM."""

    #: What a client must trust.
    ca: Path
    #: The server's certificate, for localhost and 127.0.0.1.
    certificate: Path
    #: The server's private key.
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """Make an authority and a server certificate of its own in the folder."""
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost", LOOPBACK)
    files = Certificates(ca=folder / "ca.pem", certificate=folder / "certificate.pem", key=folder / "key.pem")
    authority.cert_pem.write_to_path(files.ca)
    leaf.cert_chain_pems[0].write_to_path(files.certificate)
    leaf.private_key_pem.write_to_path(files.key)
    for path in (files.ca, files.certificate, files.key):
        give(path)
    return files
