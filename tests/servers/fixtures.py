"""The servers as fixtures: shared ones for a whole run, fresh ones for tests that break them."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.servers.certificates import Certificates, make_certificates
from tests.servers.dovecot import FEW_CAPABILITIES, Dovecot, Mailbox
from tests.servers.exim import Exim
from tests.servers.postgres import Postgres
from tests.servers.sheets import StrictSheets
from tests.servers.smtp_sink import SmtpSink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

_CHROMIUM = tuple(map(Path, ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")))
"""Debian's; the one without windows takes a third of the time for a page."""

PATIENCE_MS = 240_000
"""So long something may take to appear in a browser; Playwright's own 5 s are too short on a busy machine."""

_CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _running(server: Dovecot) -> Iterator[Dovecot]:
    """Run a Dovecot for as long as a fixture lives."""
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """Give the Dovecot that all tests share; leave it running and use a mailbox of your own."""
    yield from _running(Dovecot())


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """Give a mailbox that no other test uses."""
    return dovecot.mailbox()


@pytest.fixture
def spare_dovecot() -> Iterator[Dovecot]:
    """Give a Dovecot of the test's own, to kill, freeze and start again."""
    yield from _running(Dovecot())


@pytest.fixture(scope="session")
def old_dovecot() -> Iterator[Dovecot]:
    """Give a Dovecot that offers IMAP4rev1 and hardly more: no MOVE, UIDPLUS, IDLE or ENABLE."""
    yield from _running(Dovecot(capability=FEW_CAPABILITIES))


@pytest.fixture(scope="session")
def exim(dovecot: Dovecot) -> Iterator[Exim]:
    """Give an exim4 that delivers into the shared Dovecot."""
    server = Exim(lmtp_port=dovecot.lmtp_port)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Give the PostgreSQL that all tests share; leave it running and use a database of your own."""
    server = Postgres()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def spare_postgres() -> Iterator[Postgres]:
    """Give a PostgreSQL of the test's own, to stop, kill and start again."""
    server = Postgres()
    server.start()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Give a certificate authority and a server certificate for servers inside the test process."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))


def _listening(sink: SmtpSink) -> Iterator[SmtpSink]:
    """Run an SMTP sink for as long as a fixture lives."""
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()


@pytest.fixture
def smtp_sink() -> Iterator[SmtpSink]:
    """Give an SMTP server that keeps what it is sent."""
    yield from _listening(SmtpSink())


@pytest.fixture
def smtp_sink_tls(certificates: Certificates) -> Iterator[SmtpSink]:
    """Give an SMTP sink that insists on STARTTLS and AUTH."""
    yield from _listening(SmtpSink(certificates))


@contextmanager
def browser() -> Iterator[Browser]:
    """Run Debian's Chromium, or the one that Playwright installed where Debian's is missing."""
    path = next((path for path in _CHROMIUM if path.exists()), None)
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MS)
        running = playwright.chromium.launch(executable_path=path, args=_CHROMIUM_FLAGS)
        running.on("context", lambda context: context.set_default_timeout(PATIENCE_MS))
        yield running
        running.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Give the Chromium that all tests share."""
    with browser() as running:
        yield running


@pytest.fixture
def google() -> Iterator[StrictSheets]:
    """Give a Google Sheets with one spreadsheet; whatever was asked of it must have fitted Google's document."""
    server = StrictSheets()
    server.start()
    try:
        yield server
        assert server.unfit == []
    finally:
        server.stop()
