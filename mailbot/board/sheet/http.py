"""gspread's HTTP client with finite retries: jittered waits, Retry-After, timeouts.

gspread's own BackOffHTTPClient tries again for ever once it has begun to, and tells 403 by the Drive API's habits.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from itertools import count
from typing import TYPE_CHECKING, Any, TypeAlias

import google.auth.exceptions
import gspread
import requests

from mailbot.board.sheet.faults import not_let_in, refused
from mailbot.config.servers import API
from mailbot.errors import MailbotError, Temporary, Throttled
from mailbot.system import backoff, crash

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from google.oauth2.service_account import Credentials

TRIES = 4
FIRST_WAIT, LONGEST_WAIT = 1.0, 8.0
"""Seconds: the longest wait after the first try, and after many."""

LONGEST_RETRY_AFTER = 30.0
"""Seconds of Retry-After that are waited for on the spot; for more, whoever called comes back later."""

CONNECT_SECONDS = 10.0

Wait: TypeAlias = "Callable[[float], object]"
"""Sleeps so many seconds; returns something true when it is time to end, as ``threading.Event.wait`` does."""


class PatientClient(gspread.HTTPClient):
    """Asks the Sheets API, and raises our own errors in place of gspread's."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        api: str,
        timeout: float,
        wait: Wait,
        jitter: Callable[[], float],
        clock: Callable[[], datetime],
    ) -> None:
        """Take the account, the seconds to wait for an answer, and the passing of time and chance (0 to 1)."""
        super().__init__(credentials)
        self.set_timeout((min(CONNECT_SECONDS, timeout), timeout))
        self._account = str(credentials.service_account_email)
        self._api, self._wait, self._jitter, self._clock = api, wait, jitter, clock
        #: Requests that were sent to the API.
        self.sent = 0

    def request(self, method: str, endpoint: str, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401  # gspread's
        """Ask, again where that may help, and return the answer. Raises Temporary, Throttled or SheetRefused."""
        if args:
            raise AssertionError("gspread names all its arguments but the first two")
        for number in count(1):
            try:
                return self._once(method, endpoint.replace(API, self._api, 1), options)
            except Temporary as error:
                pause = self._pause(number, error)
                if pause is None or self._wait(pause):
                    raise
        raise AssertionError("count has no end")

    def _pause(self, number: int, error: Temporary) -> float | None:
        """Return how long to wait after so many tries; None when it is no use to try again at once.

        It has full jitter: anything between nothing and the backoff's delay.
        """
        asked = error.seconds if isinstance(error, Throttled) else 0.0
        if number >= TRIES or asked > LONGEST_RETRY_AFTER:
            return None
        return max(asked, self._jitter() * backoff.delay(number, first=FIRST_WAIT, longest=LONGEST_WAIT))

    def _once(self, method: str, url: str, options: dict[str, Any]) -> requests.Response:
        """Ask once. gspread's own ``request`` is not called: it stumbles over refusals that are no JSON of Google's."""
        self.sent += 1
        try:
            with crash.around("sheet.request"):
                answer = self.session.request(method, url, timeout=self.timeout, **options)
        except google.auth.exceptions.RefreshError as error:
            raise _by_token(error) from error
        except (requests.RequestException, google.auth.exceptions.GoogleAuthError) as error:
            message = f"Google cannot be reached: {error.__class__.__name__}"
            raise Temporary(message) from error
        if answer.ok:
            return answer
        seconds = self._retry_after(answer.headers.get("Retry-After", ""))
        raise refused(answer.status_code, answer.text, account=self._account, seconds=seconds)

    def _retry_after(self, text: str) -> float:
        """Read the header, in seconds or as a date (RFC 9110, section 10.2.3); 0 where it is neither."""
        try:
            return float(text) if text.isdigit() else (parsedate_to_datetime(text) - self._clock()).total_seconds()
        except (ValueError, TypeError):
            return 0.0


def _by_token(error: google.auth.exceptions.RefreshError) -> MailbotError:
    """Return what a refusal by the token endpoint means."""
    if error.retryable:
        return Temporary("Google's token endpoint fails for now")
    return not_let_in(str(error.args[0] if error.args else error))
