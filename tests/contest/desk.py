"""A desk over a contest, and somebody who uses it as a browser does."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from mailbot.desk import serve
from mailbot.desk.door import Role
from mailbot.ledger import events, submissions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.desk.desk import Desk
    from mailbot.service import Service
    from tests.contest.contest import Clock

AMBER, STRANGER = "amber@example.org", "eve@elsewhere.example"

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e{{7*7}}'


@dataclass
class Browser:
    """Somebody who is logged in, and sends forms as a browser does."""

    address: str
    session: requests.Session = field(default_factory=requests.Session)

    def get(self, path: str, **options: Any) -> requests.Response:  # noqa: ANN401  # of requests
        """Ask for a page."""
        return self.session.get(f"{self.address}{path}", timeout=60, allow_redirects=False, **options)

    def post(self, path: str, fields: dict[str, str], files: dict[str, tuple[str, bytes]] | None = None) -> str:
        """Send a form with the token of the page before it, and return the page that answers."""
        csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get("/dates").text)
        assert csrf
        parts = {name: (None, value) for name, value in ({"csrf": csrf[1]} | fields).items()}
        answer = self.session.post(
            f"{self.address}{path}", files=[*parts.items(), *(files or {}).items()], timeout=60, allow_redirects=False
        )
        return answer.headers.get("location", answer.text)

    def act(self, which: str, /, files: dict[str, tuple[str, bytes]] | None = None, **fields: str) -> tuple[str, str]:
        """Look at what an act would do, then do it; return both pages, of long work the one that says it is done."""
        seen = self.post(f"/act/{which}", fields | {"step": "look"}, files)
        kept = dict(re.findall(r'name="((?:seen|[a-z]+-sha256))" value="([0-9a-f]+)"', seen))
        done = self.post(f"/act/{which}", fields | kept | {"step": "do"})
        return seen, self.ended(done[6:]) if done.startswith("/jobs/") else done

    def ended(self, job: str) -> str:
        """Return the page of a job once it has ended."""
        until = time.monotonic() + 120
        while 'hx-trigger="every 1s"' in (page := self.get(f"/jobs/{job}").text):
            assert time.monotonic() < until
            time.sleep(0.1)
        return page


@dataclass
class Open:
    """A desk that is being served, and the contest behind it."""

    desk: Desk
    address: str
    wired: Service
    clock: Clock

    def login(self, name: str = "Ada", role: Role = Role.ORGANIZER) -> Browser:
        """Let somebody in by a link."""
        key = self.desk.door.invite(name, role)
        browser = Browser(self.address)
        answer = browser.session.post(f"{self.address}/login", data={"key": key}, timeout=60, allow_redirects=False)
        assert answer.status_code == 303
        return browser

    def row(self, number: int) -> submissions.SubmissionRow:
        """Return a submission."""
        with self.wired.ledger.read() as tx:
            return submissions.listing(tx, submission_id=number)[0]

    def last(self) -> events.Entry:
        """Return the last entry of the audit trail."""
        with self.wired.ledger.read() as tx:
            return events.listing(tx)[-1]


@contextmanager
def served(desk: Desk) -> Iterator[str]:
    """Serve a desk on a free port, as `mailbot desk` does."""
    on = serve.listening(port=0)
    with serve.beside(desk, on):
        yield f"http://127.0.0.1:{on.getsockname()[1]}"
