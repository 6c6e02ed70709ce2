"""The submission address may be a group, a rule, a forward, an alias or a list: what comes is scored and answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mailbot.ledger import outbox
from mailbot.model import AuthLevel, Outcome
from tests.unit.services import ADA, Clock, served, submission, take

if TYPE_CHECKING:
    from pathlib import Path

US = "submissions@siqa.example"

GROUP: dict[str, Any] = {
    "Mailing-list": f"list {US}; contact submissions+owners@siqa.example",
    "List-ID": "<submissions.siqa.example>",
    "List-Post": "<https://groups.example/group/submissions/post>",
    "Precedence": "list",
    "Return-Path": "<submissions+bncBCABC@siqa.example>",
}

KEEP_FROM: dict[str, dict[str, Any]] = {
    "google-group": GROUP | {"X-Original-Sender": ADA},
    "exchange-rule": {"Auto-Submitted": "auto-generated", "X-MS-Exchange-Inbox-Rules-Loop": "sub@oldhost.example"},
    "microsoft-365-forward": {"Return-Path": "<bounces+SRS=44ldt=IX@siqa.example>"},
    "alias-forwarder": {"List-Unsubscribe": "<mailto:stop@alias.example>", "Return-Path": "<>"},
    "surname-first": {"From": f"Byron, Ada <{ADA}>"},
    "plus-address": {"From": ADA.replace("@", "+siqa@")},
}

REWRITE_FROM: dict[str, dict[str, Any]] = {
    "google-group": GROUP | {"From": f"Ada via submissions <{US}>", "X-Original-From": f"Ada <{ADA}>"},
    "a-list-that-is-ourselves": GROUP | {"From": f"Ada via submissions <{US}>", "Reply-To": f"Ada <{ADA}>"},
}


@pytest.mark.parametrize("name", KEEP_FROM)
def test_what_a_forwarder_hands_on_is_scored(name: str, tmp_path: Path) -> None:
    """Whatever fields it adds; the registered address is answered."""
    with served(tmp_path, Clock()) as service:
        assert take(service, submission(**KEEP_FROM[name])).outcome is Outcome.SCORED
        with service.ledger.read() as tx:
            assert [(row.kind, row.recipient) for row in outbox.listing(tx)] == [("reply", ADA)]


@pytest.mark.parametrize("name", REWRITE_FROM)
def test_a_rewritten_sender_is_believed_for_nothing_more(name: str, tmp_path: Path) -> None:
    """The author is who the forwarder says, at the level none: where proof is wanted, the team is asked."""
    raw = submission(**REWRITE_FROM[name])
    cases = ((["none"], Outcome.SCORED, "reply"), (["dkim", "confirmed"], Outcome.HELD, "confirm"))
    for require, outcome, kind in cases:
        (tmp_path / kind).mkdir()
        with served(tmp_path / kind, Clock(), identity={"require": require}) as service:
            row = take(service, raw)
            assert (row.outcome, row.auth) == (outcome, AuthLevel.NONE)
            with service.ledger.read() as tx:
                assert [(mail.kind, mail.recipient) for mail in outbox.listing(tx)] == [(kind, ADA)]
