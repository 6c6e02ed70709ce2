"""What every test lives under: real servers at hand, nothing but loopback, no deadlines."""

from __future__ import annotations

import gc
import ipaddress
import os
import signal
import sys
from typing import TYPE_CHECKING

os.environ.setdefault("OPENPYXL_LXML", "False")  # as mailbot.board.workbook has it, before anybody imports openpyxl

import pytest
from hypothesis import settings

from mailbot.ledger import events
from mailbot.system import journal
from mailbot.system.children.server import SERVER
from tests import quick
from tests.asserts import rewrite_all
from tests.deal import dealt
from tests.warm import KINDS, PLACE, warm

if TYPE_CHECKING:
    from collections.abc import Generator

pytest_plugins = ["tests.servers.fixtures"]

# Times say more about the machine than about the code, so no example has a deadline.
# In CI every run tries the same examples.
settings.register_profile("mailbot", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("mailbot")


quick.share()

UMASK = os.umask(0o022)
os.umask(UMASK)


def pytest_configure(config: pytest.Config) -> None:
    """Let the processes that share the tests share the one that their commands are forked from, and their asserts."""
    if config.getoption("numprocesses", None) and PLACE not in os.environ:
        lent = warm()
        rewrite_all(config)  # while it loads
        lent.lend()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage: what is collected stays, and a quarter of the time went into looking."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests into the order in which the processes of this run share them best."""
    hands = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if hands > 1:
        place = {name: number for number, name in enumerate(dealt((item.nodeid for item in items), hands))}
        items.sort(key=lambda item: place[item.nodeid])


@pytest.fixture(autouse=True)
def _as_at_the_start() -> None:
    """Undo what a command that a test before this one ran in our process has set for good."""
    journal.set_up(as_json=False)  # to standard error
    events.actor.set("mailbot")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Take back the umask of such a command before any fixture: a shared server runs as another user."""
    os.umask(UMASK)


# The children of every test come from one server, which loads what they do only once.
SERVER.keep(*KINDS)

# A shell lets its background jobs ignore Ctrl-C, and every process that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def _is_loopback(host: object) -> bool:
    """Tell whether a host, as the socket functions take it, is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if not isinstance(name, str) or name in {"", "localhost"}:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _hold_to_loopback(event: str, args: tuple[object, ...]) -> None:
    """Stop a test that would talk to another machine, whichever library it uses."""
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in {"socket.connect", "socket.sendto"} and isinstance(args[1], tuple):
        host = args[1][0]
    else:
        return
    if not _is_loopback(host):
        message = f"a test may talk to loopback only, not to {host!r}"
        raise RuntimeError(message)


sys.addaudithook(_hold_to_loopback)
