"""Google Sheets played on this machine: the token endpoint and the five methods of the API that mailbot calls."""

from __future__ import annotations

import json
import re
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailbot.board.sheet.show import sheets
from mailbot.config.servers import SheetSection
from mailbot.demo.book import MISSING, Book, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mailbot.config.schema import Config
    from mailbot.demo.screen import Screen


HOST = "127.0.0.1"

ACCOUNT = "leaderboard@siqa-demo.iam.gserviceaccount.com"

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
"""RFC 7523, section 2.1."""

_PATH = re.compile(r"/v4/spreadsheets/(?P<book>[\w-]++)(?P<rest>.*)")

UNAUTHENTICATED, UNKNOWN_GRANT = 401, 400


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    #: By their names in lower case.
    headers: Mapping[str, str]
    body: bytes

    def one(self, name: str) -> str:
        """Return a parameter of the query, "" when it is not there."""
        return self.query.get(name, [""])[0]


@dataclass(frozen=True, kw_only=True)
class Answered:
    """An answer."""

    status: int = 200
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeSheets:
    """The server; its books are empty until somebody makes one."""

    def __init__(self) -> None:
        """Take a free port; it answers after ``start``."""
        self.books: dict[str, Book] = {}
        self._tokens: set[str] = set()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"fake": self}))
        self._server.daemon_threads = True
        self.url = f"http://{HOST}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sheets", daemon=True)

    def start(self) -> None:
        """Answer from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, asked: Asked) -> Answered | None:
        """Answer a request; None breaks the connection."""
        with self._lock:
            try:
                return Answered(body=self.token(asked) if asked.path == "/token" else self.call(asked))
            except RefusedError as error:
                return refusal(error.code, str(error))

    def token(self, asked: Asked) -> dict[str, Any]:
        """Let the service account in."""
        form = parse_qs(asked.body.decode())
        if form.get("grant_type") != [GRANT] or not form.get("assertion"):
            raise RefusedError(UNKNOWN_GRANT, "unsupported_grant_type")
        token = f"token-{len(self._tokens)}"
        self._tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    def call(self, asked: Asked) -> dict[str, Any]:
        """Carry out a method of the API."""
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            raise RefusedError(UNAUTHENTICATED, "Request had invalid authentication credentials.")
        found = _PATH.fullmatch(asked.path)
        if found is None or found["book"] not in self.books:
            raise RefusedError(MISSING, "Requested entity was not found.")
        book, rest, body = self.books[found["book"]], found["rest"], json.loads(asked.body or b"{}")
        formatted = asked.one("valueRenderOption") != "UNFORMATTED_VALUE"
        name = {"spreadsheetId": found["book"]}
        match asked.method, rest:
            case "GET", "":
                return name | book.get()
            case "POST", ":batchUpdate":
                return name | {"replies": book.batch_update(body["requests"])}
            case "POST", "/values:batchUpdate":
                raw = body["valueInputOption"] == "RAW"
                return name | {"responses": [name | book.put(d["range"], d["values"], raw=raw) for d in body["data"]]}
            case "GET", "/values:batchGet":
                return name | {"valueRanges": [book.cells(one, formatted=formatted) for one in asked.query["ranges"]]}
            case "GET", values if values.startswith("/values/"):
                return book.cells(values.removeprefix("/values/"), formatted=formatted)
            case _:
                raise RefusedError(MISSING, f"{asked.method} {asked.path} is not played here.")


def refusal(code: int, message: str, **more: Any) -> Answered:  # noqa: ANN401  # any JSON
    """Return a refusal as Google words it (AIP-193)."""
    words = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
    status = words.get(code, "UNAVAILABLE")
    return Answered(status=code, body={"error": {"code": code, "message": message, "status": status, **more}})


class _Handler(BaseHTTPRequestHandler):
    """Passes requests on to the fake."""

    fake: FakeSheets
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        asked = Asked(
            method=self.command,
            path=unquote(parts.path),
            query=parse_qs(parts.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        answered = self.fake.answer(asked)
        if answered is None:
            self.close_connection = True
            return
        data = answered.body if isinstance(answered.body, bytes) else json.dumps(answered.body).encode()
        self.send_response(answered.status)
        for name, value in {"Content-Type": "application/json", **answered.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = _serve  # noqa: N815  # http.server finds them by these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's name for it
        """Say nothing."""


@contextmanager
def running() -> Iterator[FakeSheets]:
    """Run the fake meanwhile."""
    fake = FakeSheets()
    fake.start()
    try:
        yield fake
    finally:
        fake.stop()


def key_file(token_uri: str) -> bytes:
    """Make a service account's key file, as the Google Cloud console would give it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    info = {"type": "service_account", "private_key": pem, "client_email": ACCOUNT, "token_uri": token_uri}
    return json.dumps(info | {"project_id": "siqa-demo", "private_key_id": "1"}).encode()


BOOK = "leaderboard-of-the-demo"

MOST = 16
"""Rows of a worksheet that are shown; each has the header besides."""


@contextmanager
def played(config: Config) -> Iterator[tuple[Config, str]]:
    """Give the config with a sheet in it, and where the API is played. The config file on disk knows nothing of it."""
    with running() as fake, tempfile.TemporaryDirectory(prefix="mailbot-") as folder:
        fake.books[BOOK] = Book()
        key = Path(folder) / "key.json"
        key.write_bytes(key_file(f"{fake.url}/token"))
        yield config.model_copy(update={"sheet": SheetSection(spreadsheet=BOOK, credentials_file=key)}), fake.url


def show(config: Config, api: str, screen: Screen) -> None:
    """Print what the cells hold, as anybody who opens the sheet sees them."""
    client = sheets(config.sheet, api=api)
    for title in client.worksheets(BOOK):
        rows = client.read_rows(BOOK, title)
        if rows:
            screen.sheet(title, rows[: MOST + 1], more=len(rows) - 1 - MOST)
