"""What is told of a refused login: the error's name and Microsoft's number, and nothing else that the server wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mailbot.config.servers import OAuth
from mailbot.errors import Permanent
from mailbot.transport.oauth import Tokens

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            {
                "error": "invalid_request",
                "error_description": "AADSTS50194: Application 'a1b2'(mailbot) is no multi-tenant application.",
            },
            "invalid_request, AADSTS50194",
        ),
        ({"error": "invalid_client", "error_description": "ada@x.org has no AADSTS"}, "invalid_client"),
        ({"error": "invalid_grant", "error_description": "AADSTS123456789012 is none"}, "invalid_grant"),
        ({"error": "ada@x.org was refused", "error_description": 7}, "no error was named"),
        ({}, "no error was named"),
    ],
)
def test_a_refused_login_is_told_by_name_and_number(answer: dict[str, Any], told: str, tmp_path: Path) -> None:
    """Enough to look it up; an address or a token that stands in the server's text is not repeated."""
    tokens = Tokens(settings=OAuth(client_id="a1b2"), path=tmp_path / "oauth.json", post=lambda *_: answer)
    with pytest.raises(Permanent) as refused:
        tokens.device()
    assert str(refused.value) == f"the server refuses the login by device: {told}"
