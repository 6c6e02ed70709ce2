"""A provider's token server on loopback: logins by device and by address, refreshed tokens, introspection."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs

from tests.servers.process import LOOPBACK

if TYPE_CHECKING:
    from types import TracebackType

Answer = tuple[int, dict[str, Any]]


class TokenServer:
    """Gives tokens to one user; use it in a with statement."""

    client_id = "mailbot-app"

    def __init__(self, user: str) -> None:
        """Take the user whom every token is for."""
        self.user = user
        #: Forms that were posted, by path.
        self.posted: list[tuple[str, dict[str, str]]] = []
        #: Answers to give before the person has logged in, oldest first.
        self.pending: list[str] = []
        #: What the browser's login asked to prove (RFC 7636).
        self.challenge = ""
        self._refresh, self._access = "", set[str]()
        self._count = 0
        self._http = ThreadingHTTPServer((LOOPBACK, 0), self._handler())

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def url(self, path: str) -> str:
        """Return the address of one of its pages."""
        return f"http://{LOOPBACK}:{self._http.server_port}/{path}"

    def revoke(self) -> None:
        """Take back every token."""
        self._refresh = ""
        self._access.clear()

    def expire(self) -> None:
        """Let the access tokens run out, as they do after an hour."""
        self._access.clear()

    def knows(self, token: str) -> bool:
        """Tell whether an access token is good."""
        return token in self._access

    def answer(self, path: str, form: dict[str, str]) -> Answer:
        """Answer a form."""
        self.posted.append((path, form))
        if path == "introspect":
            return 200, {"active": self.knows(form["token"]), "username": self.user}
        if form.get("client_id") != self.client_id:
            return 401, {"error": "invalid_client"}
        if path == "device":
            code = {"device_code": "d", "user_code": "ABCD-EFGH", "verification_uri": self.url("login")}
            return 200, {**code, "interval": 0.05, "expires_in": 30}
        return self._grant(form)

    def _grant(self, form: dict[str, str]) -> Answer:
        kind = form["grant_type"].rpartition(":")[2]
        if kind == "device_code" and self.pending:
            return 400, {"error": self.pending.pop(0)}
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=")
        if kind == "authorization_code" and (form["code"] != "good" or proof.decode() != self.challenge):
            return 400, {"error": "invalid_grant"}
        if kind == "refresh_token" and (not self._refresh or form["refresh_token"] != self._refresh):
            return 400, {"error": "invalid_grant", "error_description": f"{self.user} has changed their mind"}
        self._count += 1
        self._refresh = f"refresh-{self._count}"  # each is good once, as Microsoft's may be
        self._access.add(f"access-{self._count}")
        return 200, {"access_token": f"access-{self._count}", "refresh_token": self._refresh, "expires_in": 3600}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # http.server finds it by this name
                size = int(self.headers.get("Content-Length", 0))
                form = {key: values[0] for key, values in parse_qs(self.rfile.read(size).decode()).items()}
                code, found = server.answer(self.path.strip("/"), form)
                data = json.dumps(found).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
