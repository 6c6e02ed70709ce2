"""Access without a password: a login by hand, then fresh tokens for a real Dovecot and for an SMTP server."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from mailbot.config.servers import Imap, OAuth, Smtp
from mailbot.errors import AuthenticationFailed, ConfigError, Permanent, Temporary
from mailbot.transport import smtp
from mailbot.transport.imap.mailbox import Mailbox
from mailbot.transport.oauth import Tokens
from tests.command import MAILBOT, mailbot
from tests.integration.bot import Bot, submission, wait
from tests.servers.dovecot import Dovecot
from tests.servers.process import free_port
from tests.servers.token_server import TokenServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiosmtpd.smtp import SMTP

    from tests.servers.smtp_sink import SmtpSink

USER = "submissions@example.test"


@pytest.fixture
def provider() -> Iterator[TokenServer]:
    """Give the provider's token server."""
    with TokenServer(USER) as server:
        yield server


def _settings(provider: TokenServer, **more: str) -> OAuth:
    urls = {name: provider.url(path) for name, path in (("device_url", "device"), ("token_url", "token"))}
    return OAuth.model_validate({"client_id": "mailbot-app", "scope": "mail", **urls, **more})


@pytest.fixture
def tokens(provider: TokenServer, tmp_path: Path) -> Tokens:
    """Give the tokens of somebody who has logged in."""
    made = Tokens(settings=_settings(provider), path=tmp_path / "state" / "oauth.json")
    made.wait_for(made.device(), lambda _: None)
    return made


# --- the login -------------------------------------------------------------------------------


def test_a_login_by_device_waits_as_it_is_told(provider: TokenServer, tmp_path: Path) -> None:
    """It asks again while the person has not come yet, more slowly when told so; the token is its owner's alone."""
    provider.pending = ["authorization_pending", "slow_down", "authorization_pending"]
    made, pauses = Tokens(settings=_settings(provider), path=tmp_path / "oauth.json"), list[float]()
    made.wait_for(made.device(), pauses.append)
    assert pauses == [0.05, 0.05, 5.05, 5.05]
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert json.loads(made.path.read_text()) == {"refresh_token": "refresh-1"}


@pytest.mark.parametrize("error", ["access_denied", "expired_token"])
def test_a_refused_login_is_said_so(provider: TokenServer, tmp_path: Path, error: str) -> None:
    """Nothing is kept then."""
    provider.pending = [error]
    made = Tokens(settings=_settings(provider), path=tmp_path / "oauth.json")
    with pytest.raises(Permanent, match=error):
        made.wait_for(made.device(), lambda _: None)
    assert not made.path.exists()


def test_a_login_that_nobody_completes_ends(provider: TokenServer, tmp_path: Path) -> None:
    """The code is good for a while only."""
    provider.pending = ["authorization_pending"] * 1000
    made = Tokens(settings=_settings(provider), path=tmp_path / "oauth.json")
    with pytest.raises(Permanent, match="not completed in time"):
        made.wait_for(made.device(), lambda _: None)


def test_a_login_by_address_proves_that_it_is_ours(provider: TokenServer, tmp_path: Path) -> None:
    """The address carries a challenge and a state; an answer without our state is refused (RFC 7636, RFC 6749)."""
    made = Tokens(settings=_settings(provider, auth_url=provider.url("auth")), path=tmp_path / "oauth.json")
    address = made.address()
    asked = {key: values[0] for key, values in parse_qs(urlsplit(address.url).query).items()}
    assert (asked["client_id"], asked["code_challenge_method"]) == ("mailbot-app", "S256")
    provider.challenge = asked["code_challenge"]
    with pytest.raises(Permanent, match="not the address at which this login ended"):
        made.take(address, "http://127.0.0.1/?code=good&state=another")
    with pytest.raises(Permanent, match="access_denied"):
        made.take(address, "http://127.0.0.1/?error=access_denied")
    made.take(address, f" http://127.0.0.1/?code=good&state={asked['state']}\n")
    assert provider.knows(made.access_token())


# --- the tokens ------------------------------------------------------------------------------


def test_every_token_is_fresh(provider: TokenServer, tokens: Tokens) -> None:
    """Each comes with the refresh token for the next, which takes the place of the last."""
    first, second = tokens.access_token(), tokens.access_token()
    assert first != second
    assert provider.knows(second)
    assert json.loads(tokens.path.read_text()) == {"refresh_token": "refresh-3"}


def test_a_login_taken_back_is_an_authentication_failure(provider: TokenServer, tokens: Tokens) -> None:
    """It is not tried again soon, the organizers hear of it, and nothing personal is told."""
    provider.revoke()
    with pytest.raises(AuthenticationFailed, match=r"invalid_grant\): `mailbot login` again") as refused:
        tokens.access_token()
    assert USER not in str(refused.value)


def test_a_server_that_is_not_there_is_temporary(tokens: Tokens) -> None:
    """The network may come back."""
    away = tokens.settings.model_copy(update={"token_url": f"http://127.0.0.1:{free_port()}/token"})
    with pytest.raises(Temporary, match="token server cannot be reached") as failed:
        Tokens(settings=away, path=tokens.path).access_token()
    assert not isinstance(failed.value, AuthenticationFailed)


def test_without_a_login_the_command_is_named(provider: TokenServer, tmp_path: Path) -> None:
    """So is a file that is damaged."""
    path = tmp_path / "oauth.json"
    with pytest.raises(ConfigError, match="`mailbot login`"):
        Tokens(settings=_settings(provider), path=path).access_token()
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"oauth\.json cannot be read"):
        Tokens(settings=_settings(provider), path=path).access_token()


# --- the servers -----------------------------------------------------------------------------


@pytest.fixture
def dovecot_by_token(provider: TokenServer) -> Iterator[Dovecot]:
    """Give a Dovecot that takes tokens alone, and asks the provider whose they are."""
    server = Dovecot(introspection=provider.url("introspect"))
    try:
        server.start()
        yield server
    finally:
        server.remove()


class Door:
    """An SMTP server's door that takes tokens alone, in one of the two ways."""

    def __init__(self, provider: TokenServer, mechanism: str) -> None:
        """Take who knows the tokens."""
        self.provider = provider
        self.users: list[str] = []
        setattr(self, f"auth_{mechanism}", self._auth)

    async def _auth(self, _server: SMTP, args: list[str]) -> AuthResult:
        said = base64.b64decode(args[1]).decode()
        self.users.append(said)
        token = said.partition("auth=Bearer ")[2].rstrip("\1")
        return AuthResult(success=self.provider.knows(token), handled=False)


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_smtp_takes_a_token(provider: TokenServer, tokens: Tokens, mechanism: str) -> None:
    """In whichever way the server offers; one that is out of date is a refused login."""
    door = Door(provider, mechanism)
    left_out = ["LOGIN", "PLAIN"]
    controller = Controller(
        door, hostname="127.0.0.1", port=free_port(), auth_require_tls=False, auth_exclude_mechanism=left_out
    )
    controller.start()
    try:
        settings = Smtp(host="127.0.0.1", port=controller.port, security="none", user=USER, auth="oauth")
        good = smtp.Sender(settings, tokens.access_token)
        good.check()
        good.close()
        bad = smtp.Sender(settings, lambda: "stale")
        with pytest.raises(Temporary, match="refused the login"):
            bad.check()
    finally:
        controller.stop()
    assert door.users[0].startswith(f"user={USER}\1" if mechanism == "XOAUTH2" else f"n,a={USER},\1")


def test_dovecot_takes_a_token_and_refuses_a_stale_one(
    dovecot_by_token: Dovecot, provider: TokenServer, tokens: Tokens
) -> None:
    """A good token opens the mailbox; one that has run out is a refused login, never a crash."""
    settings = Imap(
        host="127.0.0.1",
        port=dovecot_by_token.imaps_port,
        user=USER,
        auth="oauth",
        ca_file=dovecot_by_token.certificates.ca,
    )
    token = tokens.access_token()
    mailbox = Mailbox(settings, token)
    assert mailbox.select("INBOX")
    mailbox.close()
    provider.expire()
    with pytest.raises(AuthenticationFailed):
        Mailbox(settings, token)


def test_the_whole_way_by_token(
    dovecot_by_token: Dovecot, provider: TokenServer, smtp_sink: SmtpSink, tmp_path: Path
) -> None:
    """`mailbot login`, then a daemon that gets a fresh token at every connection, also after the old ones ran out."""
    imap = {
        "port": dovecot_by_token.imaps_port,
        "ca_file": str(dovecot_by_token.certificates.ca),
        "auth": "oauth",
    }
    bot = Bot.make(
        tmp_path / "bot",
        address=USER,
        team="ada@peepers.example",
        imap=imap,
        smtp={"port": smtp_sink.port, "security": "none"},
    )
    config = bot.folder / "config.toml"
    lines = [f'{name} = "{value}"' for name, value in _settings(provider).model_dump(exclude_defaults=True).items()]
    config.write_text("\n".join([config.read_text(), "[oauth]", *lines, ""]))
    assert "`mailbot login`" in mailbot("once", folder=bot.folder, code=2).err
    provider.pending = ["authorization_pending"]
    said = mailbot("login", folder=bot.folder).out
    assert f"open {provider.url('login')} and enter the code ABCD-EFGH" in said
    box = dovecot_by_token.mailbox(USER)
    with bot.running() as running:
        box.deliver(submission("ada@peepers.example", USER))
        wait(lambda: len(smtp_sink.sent) == 1, running.path)
        provider.expire()
        box.kick()
        box.deliver(submission("ada@peepers.example", USER, method="Second"))
        wait(lambda: len(smtp_sink.sent) == 2, running.path)
        assert running.stop() == 0
    told = running.path.read_text() + (bot.folder / "state/acts.jsonl").read_text()
    assert "access-" not in told
    assert "refresh-" not in told


def test_a_login_by_address_on_a_terminal(provider: TokenServer, tmp_path: Path) -> None:
    """A provider without device codes, as Google for mail: the address is printed, its end is pasted."""
    (tmp_path / "labels.json").write_text("[]")
    (tmp_path / "config.toml").write_text(
        f'preset = "siqa"\n[challenge]\naddress = "{USER}"\n[tracks.siqa-s]\nlabels = "labels.json"\n[oauth]\n'
        f'client_id = "mailbot-app"\nscope = "mail"\ntoken_url = "{provider.url("token")}"\n'
        f'auth_url = "{provider.url("auth")}"\n'
    )
    process = subprocess.Popen(
        (MAILBOT, "login"), cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    url = next(line for line in process.stdout if line.startswith("http")).strip()
    asked = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    provider.challenge = asked["code_challenge"]
    out, _ = process.communicate(f"http://127.0.0.1/?state={asked['state']}&code=good\n")
    assert process.returncode == 0
    assert "Logged in" in out
    assert (tmp_path / "state/oauth.json").stat().st_mode & 0o777 == 0o600


def test_what_is_missing_for_a_login_is_named(tmp_path: Path) -> None:
    """Each key, and where its value comes from."""
    (tmp_path / "config.toml").write_text(
        f'preset = "siqa"\nprofile = "microsoft"\n[challenge]\naddress = "{USER}"\n'
        '[tracks.siqa-s]\nlabels = "labels.json"\n'
    )
    assert "oauth.client_id: missing" in mailbot("login", folder=tmp_path, code=2).err


def test_a_login_by_address_needs_to_know_the_address(tmp_path: Path) -> None:
    """With --browser a provider's page for devices is not enough; no address without a host is shown."""
    (tmp_path / "labels.json").write_text("[]")
    (tmp_path / "config.toml").write_text(
        f'preset = "siqa"\n[challenge]\naddress = "{USER}"\n[tracks.siqa-s]\nlabels = "labels.json"\n[oauth]\n'
        'client_id = "mailbot-app"\nscope = "mail"\ntoken_url = "https://x.example/token"\n'
        'device_url = "https://x.example/device"\n'
    )
    done = mailbot("login", "--browser", folder=tmp_path, code=2)
    assert "oauth.auth_url: missing" in done.err
    assert "Open this address" not in done.out
