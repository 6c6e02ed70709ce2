"""OAuth 2.0 for the mail servers: a login by hand once, then a fresh access token for every connection.

The refresh token lies in the state folder, in a file of its owner's alone; an access token is never written anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import parse_qs, urlencode, urlsplit

from mailbot.config.servers import secret
from mailbot.errors import AuthenticationFailed, ConfigError, Permanent, Temporary
from mailbot.system import safefile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mailbot.config.schema import Config
    from mailbot.config.servers import OAuth

SECONDS = 30.0
"""A token server that is silent for so long cannot be reached."""

SLOWER_SECONDS = 5
"""So many more seconds between two questions when the server says slow_down (RFC 8628, section 3.5)."""

REDIRECT = "http://127.0.0.1"
"""Where a browser is sent after the login by address (RFC 8252, section 7.3); nobody listens there."""

PRIVATE = 0o600

_WORD = re.compile(r"[\w.-]{1,60}", re.ASCII)
"""The name of an error, as RFC 6749 (section 5.2) and others write it."""

_NUMBER = re.compile(r"\bAADSTS\d{4,8}\b", re.ASCII)
"""What Microsoft calls the cause, which the name does not tell: AADSTS50194 is an app of one tenant only."""

_DESCRIBED = 1000
"""So much of a description is looked at."""

_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, kw_only=True)
class Device:
    """What a person needs for a login on another device, and what we ask with (RFC 8628, section 3.2)."""

    page: str
    code: str
    device_code: str
    interval: float
    expires_in: float


@dataclass(frozen=True, kw_only=True)
class Address:
    """The address to open in a browser, and what proves that the answer is ours (RFC 7636, RFC 6749 section 10.12)."""

    url: str
    verifier: str
    state: str


def post_form(url: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """Post a form and return the JSON object of the answer, a refusal's too. Raises Temporary."""
    import requests  # noqa: PLC0415  # it loads slowly, and most mailboxes have a password

    try:
        answer = requests.post(url, data=fields, timeout=SECONDS, headers={"Accept": "application/json"})
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        raise Temporary(f"the token server cannot be reached: {error.__class__.__name__}") from error
    if answer.status_code >= 500 or not isinstance(found, dict):  # noqa: PLR2004  # the reply class of RFC 9110
        raise Temporary(f"the token server cannot be reached: it said {answer.status_code}")
    return found


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """The tokens of the submission address."""

    settings: OAuth
    #: The file that holds the refresh token.
    path: Path
    #: Asks the token server.
    post: Callable[[str, Mapping[str, str]], dict[str, Any]] = post_form

    def access_token(self) -> str:
        """Return a fresh access token, and keep the refresh token that comes with it, if a new one does.

        Raises:
            ConfigError: nobody has logged in yet.
            AuthenticationFailed: the server does not take the refresh token any more.
            Temporary: the token server cannot be reached.
        """
        answer = self._ask({"grant_type": "refresh_token", "refresh_token": self._refresh_token()})
        if "access_token" not in answer:
            raise AuthenticationFailed(f"the login is no longer accepted ({_said(answer)}): `mailbot login` again")
        self._keep(answer)
        return str(answer["access_token"])

    def device(self) -> Device:
        """Begin a login on another device (RFC 8628, section 3.1). Raises Permanent when the server refuses."""
        answer = self.post(self.settings.device_url, self._with_client({"scope": self.settings.scope}))
        if "device_code" not in answer:
            raise Permanent(f"the server refuses the login by device: {_said(answer)}")
        return Device(
            page=str(answer.get("verification_uri") or answer.get("verification_url")),  # Google's older name
            code=str(answer["user_code"]),
            device_code=str(answer["device_code"]),
            interval=float(answer.get("interval", SLOWER_SECONDS)),
            expires_in=float(answer.get("expires_in", 900)),
        )

    def wait_for(self, device: Device, pause: Callable[[float], None] = time.sleep) -> None:
        """Ask until the person has logged in (RFC 8628, section 3.4). Raises Permanent when they refuse or are late."""
        waited, interval = 0.0, device.interval
        while waited < device.expires_in:
            pause(interval)
            waited += interval
            answer = self._ask({"grant_type": _DEVICE, "device_code": device.device_code})
            if "access_token" in answer:
                self._keep(answer)
                return
            if answer.get("error") == "slow_down":
                interval += SLOWER_SECONDS
            elif answer.get("error") != "authorization_pending":
                raise Permanent(f"the login was not completed: {_said(answer)}")
        raise Permanent("the login was not completed in time: `mailbot login` again")

    def address(self) -> Address:
        """Begin a login in a browser: the person opens the address, and gives back where it ended."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "client_id": self.settings.client_id,
            "response_type": "code",
            "redirect_uri": REDIRECT,
            "scope": self.settings.scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "access_type": "offline",  # Google gives a refresh token only then
            "prompt": "consent",
        }
        return Address(url=f"{self.settings.auth_url}?{urlencode(asked)}", verifier=verifier, state=state)

    def take(self, address: Address, ended: str) -> None:
        """Take the address at which the browser ended. Raises Permanent when it is not the answer to ours."""
        given = {key: values[0] for key, values in parse_qs(urlsplit(ended.strip()).query).items()}
        if given.get("state") != address.state or "code" not in given:
            raise Permanent(
                f"that is not the address at which this login ended ({_said(given)}): `mailbot login` again"
            )
        asked = {
            "grant_type": "authorization_code",
            "code": given["code"],
            "redirect_uri": REDIRECT,
            "code_verifier": address.verifier,
        }
        answer = self._ask(asked)
        if "access_token" not in answer:
            raise Permanent(f"the login was not completed: {_said(answer)}")
        self._keep(answer)

    def _ask(self, fields: Mapping[str, str]) -> dict[str, Any]:
        return self.post(self.settings.token_url, self._with_client(fields))

    def _with_client(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Add who we are; a desktop client's secret is none (RFC 8252, section 8.5), yet it is kept in a file."""
        known = {"client_id": self.settings.client_id}
        if self.settings.client_secret_file:
            try:
                known["client_secret"] = self.settings.client_secret_file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                message = f"oauth.client_secret_file: cannot be read ({error.__class__.__name__})"
                raise ConfigError(message) from error
        return {**known, **fields}

    def _refresh_token(self) -> str:
        try:
            return str(json.loads(self.path.read_text(encoding="utf-8"))["refresh_token"])
        except FileNotFoundError as error:
            raise ConfigError("oauth: nobody has logged in yet: `mailbot login`") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"oauth: {self.path} cannot be read ({error.__class__.__name__}): `mailbot login` writes it again"
            raise ConfigError(message) from error

    def _keep(self, answer: Mapping[str, Any]) -> None:
        """Keep the refresh token of an answer, for its owner's eyes alone, whole whenever the power goes."""
        if "refresh_token" in answer:
            told = json.dumps({"refresh_token": answer["refresh_token"]})
            safefile.replace(self.path, told.encode(), mode=PRIVATE)
        elif not self.path.exists():
            raise Permanent("the server gave no refresh token: does oauth.scope ask for offline access?")


def _said(answer: Mapping[str, Any]) -> str:
    """Return the error of an answer, and Microsoft's number for it; all else may hold an address and is left out."""
    word, described = str(answer.get("error", "")), str(answer.get("error_description", ""))
    told = word if _WORD.fullmatch(word) else "no error was named"
    number = _NUMBER.search(described[:_DESCRIBED])
    return f"{told}, {number[0]}" if number else told


def key_of(config: Config, section: Literal["imap", "smtp"]) -> str:
    """Return what a server lets us in with: the password, or a fresh access token. Raises as either does."""
    server = config.need_imap if section == "imap" else config.need_smtp
    if server.auth == "oauth":
        return Tokens(settings=config.oauth, path=config.tokens).access_token()
    return secret(server, section)


def kept_key(config: Config, section: Literal["imap", "smtp"]) -> bytes:
    """Return a hash of the password, or of the login by OAuth, as it lies on disk now: so a fixed one is noticed."""
    server = config.imap if section == "imap" else config.smtp
    try:
        if server is not None and server.auth == "oauth":
            return hashlib.sha256(config.tokens.read_bytes()).digest()
        return hashlib.sha256(secret(server, section).encode()).digest() if server is not None else b""
    except (OSError, ConfigError):  # there is none at the moment, which is another state than before as well
        return b""
