"""Google Sheets for the tests: the demo's fake, held to Google's description of the API, and failing as it is told.

Every request must fit the discovery document that google-api-python-client ships: method, path, query, body; and so
must every answer of the fake. The token endpoint checks the assertion as Google does (RFC 7523).
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import googleapiclient
import jsonschema
from cryptography.hazmat.primitives import serialization
from google.auth import jwt

from mailbot.demo.book import Book, RefusedError
from mailbot.demo.sheets import ACCOUNT, Answered, Asked, FakeSheets, key_file, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

DOCUMENT: dict[str, Any] = json.loads(
    (Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "sheets.v4.json").read_text()
)
AUDIENCE = "https://oauth2.googleapis.com/token"
"""google-auth signs for this endpoint, wherever it then sends the assertion."""
SCOPE = "https://www.googleapis.com/auth/spreadsheets"
_decode: Callable[..., Mapping[str, Any]] = jwt.decode  # google-auth leaves it without types
BOOK = "1aBcD_leaderboard-of-2026"
"""The id of the spreadsheet that is there from the start."""


# --- what Google's document says -------------------------------------------------------------


def _schema(described: dict[str, Any]) -> dict[str, Any]:
    """Turn a schema of the document into JSON Schema that allows no field but its own."""
    if "$ref" in described:
        return {"$ref": f"#/$defs/{described['$ref']}"}
    match described.get("type"):
        case "object":
            more = described.get("additionalProperties")
            fields = {name: _schema(field) for name, field in described.get("properties", {}).items()}
            return {"type": "object", "properties": fields, "additionalProperties": _schema(more) if more else False}
        case "array":
            return {"type": "array", "items": _schema(described["items"])}
        case "string" if "enum" in described:
            return {"enum": described["enum"]}
        case "any" | None:
            return {}
        case kind:
            return {"type": kind}


@cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    schemas = {key: _schema(schema) for key, schema in DOCUMENT["schemas"].items()}
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": schemas})


def mistakes(name: str, body: object) -> list[str]:
    """Return what is wrong with a body that should be of a schema of the document."""
    found = _validator(name).iter_errors(_without_null(body))
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found]


def _without_null(value: object) -> object:
    """Leave out null fields: in the JSON of protocol buffers they are fields that are not set."""
    if isinstance(value, dict):
        return {key: _without_null(inner) for key, inner in value.items() if inner is not None}
    return [_without_null(inner) for inner in value] if isinstance(value, list) else value


def _methods(resource: dict[str, Any]) -> Iterator[tuple[re.Pattern[str], dict[str, Any]]]:
    """Yield every method below a resource, with the pattern of its paths."""
    for method in resource.get("methods", {}).values():
        escaped = re.escape(method["flatPath"])
        pattern = re.sub(r"\\\{(\w+)\\\}", lambda found: ".+?" if found[1] == "range" else "[^/:]+", escaped)
        yield re.compile(f"/{pattern}"), method
    for inner in resource.get("resources", {}).values():
        yield from _methods(inner)


METHODS = sorted(_methods(DOCUMENT), key=lambda pair: "{range}" in pair[1]["flatPath"])


def method_of(asked: Asked) -> dict[str, Any]:
    """Return the method that a request calls. Raises RefusedError when there is none."""
    for pattern, method in METHODS:
        if method["httpMethod"] == asked.method and pattern.fullmatch(asked.path):
            return method
    raise RefusedError(404, f"there is no method {asked.method} {asked.path}")


def _check_query(method: dict[str, Any], asked: Asked) -> None:
    known = DOCUMENT["parameters"] | method["parameters"]
    for name, given in asked.query.items():
        allowed = known.get(name, {}).get("enum", given)
        if name not in known or not set(given) <= set(allowed):
            raise RefusedError(400, f"Invalid JSON payload received. Unknown name or value in query: {name}={given}")


@cache
def _account() -> dict[str, Any]:
    """Make the service account's key, once for all servers."""
    return dict(json.loads(key_file("")))


# --- the server ------------------------------------------------------------------------------


class StrictSheets(FakeSheets):
    """The fake with one spreadsheet, which keeps a record of what it was asked."""

    def __init__(self) -> None:
        """Make the account's key; the spreadsheet has one empty worksheet."""
        super().__init__()
        self.books[BOOK] = Book()
        self.key = json.dumps(_account() | {"token_uri": f"{self.url}/token"}).encode()
        #: The methods that were called, in order, failed ones included; ``token`` for the token endpoint.
        self.calls: list[str] = []
        #: Requests and answers of ours that do not fit the document; a test's end asserts that there are none.
        self.unfit: list[str] = []
        #: What the assertion of the last token request claimed.
        self.claims: dict[str, Any] = {}
        self._faults: deque[tuple[str, Callable[[Asked], Answered | None]]] = deque()
        private = serialization.load_pem_private_key(json.loads(self.key)["private_key"].encode(), None)
        self._public = private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def book(self) -> Book:
        """The spreadsheet."""
        return self.books[BOOK]

    # --- faults: each for the next call of a method ("" for any of the API) -------------------

    def refuse(self, status: int, message: str = "", *, at: str = "", times: int = 1, **headers: str) -> None:
        """Answer with a status; ``headers`` are written with underscores: ``Retry_After="3"``."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = refusal(status, message or f"refused with {status}").body
        self._fail(at, lambda _: Answered(status=status, body=body, headers=named), times)

    def answer_with(self, status: int, body: object, *, at: str = "") -> None:
        """Answer with exactly this."""
        self._fail(at, lambda _: Answered(status=status, body=body), 1)

    def reset(self, *, at: str = "", done: bool = False, times: int = 1) -> None:
        """Break the connection in place of an answer; with ``done`` the request is carried out all the same."""

        def broken(asked: Asked) -> None:
            if done:
                self._strictly(asked)

        self._fail(at, broken, times)

    def stall(self, seconds: float, *, at: str = "", times: int = 1) -> None:
        """Keep the client waiting, then break the connection."""
        self._fail(at, lambda _: time.sleep(seconds), times)

    def before(self, act: Callable[[], object], *, at: str = "") -> None:
        """Do something just before a request is carried out, as a person at the sheet might."""

        def interrupted(asked: Asked) -> Answered:
            act()
            return Answered(body=self._strictly(asked))

        self._fail(at, interrupted, 1)

    def _fail(self, at: str, fault: Callable[[Asked], Answered | None], times: int) -> None:
        self._faults.extend([(at, fault)] * times)

    def _is_for(self, name: str) -> bool:
        """Tell whether the next fault is for this call; a fault for any method spares the token endpoint."""
        at = self._faults[0][0] if self._faults else None
        return at == name or (at == "" and name != "token")

    def heal(self) -> None:
        """Forget the faults that have not come up."""
        self._faults.clear()

    # --- answering ---------------------------------------------------------------------------

    def token(self, asked: Asked) -> dict[str, Any]:
        """Check the assertion: signed with the account's key, for this endpoint, for spreadsheets only."""
        assertion = parse_qs(asked.body.decode()).get("assertion", [""])[0]
        self.claims = dict(_decode(assertion, certs=self._public, audience=AUDIENCE))
        if self.claims["scope"] != SCOPE or self.claims["iss"] != ACCOUNT:
            self.unfit.append(f"token asked for {self.claims}")
        return super().token(asked)

    def answer(self, asked: Asked) -> Answered | None:
        """Note the call, fail if told to, else answer."""
        try:
            name = (
                "token" if asked.path == "/token" else str(method_of(asked)["id"]).removeprefix("sheets.spreadsheets.")
            )
        except RefusedError as error:
            self.unfit.append(str(error))
            return refusal(error.code, str(error))
        self.calls.append(name)
        if self._is_for(name):
            try:
                return self._faults.popleft()[1](asked)
            except RefusedError as error:
                return refusal(error.code, str(error))
        return super().answer(asked)

    def call(self, asked: Asked) -> dict[str, Any]:
        """Carry out a method, held to the document on the way in and on the way out."""
        return self._strictly(asked)

    def _strictly(self, asked: Asked) -> dict[str, Any]:
        method = method_of(asked)
        try:
            _check_query(method, asked)
            self._check(method.get("request"), json.loads(asked.body or b"{}"))
        except RefusedError as error:
            self.unfit.append(str(error))
            raise
        answer = super().call(asked)
        self.unfit += [f"answer to {method['id']}: {wrong}" for wrong in mistakes(method["response"]["$ref"], answer)]
        return answer

    @staticmethod
    def _check(described: dict[str, Any] | None, body: object) -> None:
        found = mistakes(described["$ref"], body) if described else []
        if found:
            raise RefusedError(400, f"Invalid JSON payload received. {'; '.join(found[:5])}")
