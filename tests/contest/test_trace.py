"""`mailbot trace`: a mail's whole life, in order."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from mailbot.cli.app import app
from mailbot.errors import Permanent
from mailbot.ledger import events, rulings
from mailbot.model import Exclusion
from mailbot.operations import trace
from tests.contest.contest import START, Clock, contest, mail, take

if TYPE_CHECKING:
    from pathlib import Path


def lived(folder: Path) -> None:
    """Let one mail be answered and its submission be disqualified an hour later."""
    clock = Clock()
    with contest(folder, clock) as wired:
        take(wired, mail("amber@example.org"), clock())
        clock.pass_by(hours=1)
        with wired.ledger.write("ruling") as tx:
            rulings.exclude(tx, 1, kind=Exclusion.DISQUALIFIED, why="two accounts", now=clock())


def asked(folder: Path, name: str) -> list[dict[str, str]]:
    """Return what the command tells programs."""
    done = CliRunner().invoke(app, ["--config", str(folder / "config.toml"), "trace", name, "--json"])
    assert done.exit_code == 0, done.output
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def test_a_life_is_told_in_order(tmp_path: Path) -> None:
    """Arrival first, the ruling and where it stands last; between them spool, record, submission, score and reply."""
    lived(tmp_path)
    told = asked(tmp_path, "M-1")
    assert [row["at"] for row in told[:-1]] == sorted(row["at"] for row in told[:-1])
    kinds = [row["what"] for row in told]
    assert kinds[0] == "arrived"
    assert {"mail-spooled", "mail-recorded", "accepted", "scored", "reply-queued"} <= set(kinds[1:-2])
    assert kinds[-2:] == ["submission-excluded", "now"]
    assert "two accounts" in told[-2]["detail"]
    assert told[-1]["detail"].startswith("recorded, 1 attempt, scored")


def test_where_it_stands_now_is_dated_now(tmp_path: Path) -> None:
    """It is no event of the past: as if the mail had been recorded when its submission was disqualified."""
    lived(tmp_path)
    later = Clock().instant + timedelta(days=3)
    with contest(tmp_path, Clock()) as wired, wired.ledger.read() as tx:
        *_, ruled, standing = trace.of_mail(tx, 1, later)
    assert (standing.what, standing.at) == ("now", later)
    assert ruled.at < later


def test_what_happened_at_one_instant_is_told_in_the_order_of_life(tmp_path: Path) -> None:
    """A clock that stands still, as the demo's, does not mix up record, submission, score, reply and ruling."""
    clock = Clock()
    with contest(tmp_path, clock) as wired:
        take(wired, mail("amber@example.org"), clock())
        with wired.ledger.write("sending") as tx:
            events.append(tx, kind="reply-sent", subject="R-000001", now=clock())
        with wired.ledger.write("ruling") as tx:
            rulings.exclude(tx, 1, kind=Exclusion.DISQUALIFIED, why="two accounts", now=clock())
    *told, standing = asked(tmp_path, "S-1")
    assert standing["what"] == "now"
    assert len({row["at"] for row in told}) == 1
    assert [row["what"] for row in told] == [
        "arrived", "mail-spooled", "mail-recorded", "accepted", "scored", "reply-queued", "reply-sent",
        "submission-excluded",
    ]  # fmt: skip


def test_people_see_no_json(tmp_path: Path) -> None:
    """The text says in words what an entry of the trail holds; programs get it as it always was."""
    lived(tmp_path)
    done = CliRunner().invoke(app, ["--config", str(tmp_path / "config.toml"), "trace", "M-1"], env={"COLUMNS": "200"})
    assert "auth: enough yes, level " in done.stdout
    assert "{" not in done.stdout
    assert asked(tmp_path, "M-1")[0]["at"].replace("T", " ") in done.stdout  # with the offset
    recorded = next(row for row in asked(tmp_path, "M-1") if row["what"] == "mail-recorded")
    assert 'auth: {"enough": true' in recorded["detail"]


@pytest.mark.parametrize("name", ["S-1", "R-000001", "m1"])
def test_each_of_its_names_leads_to_the_same_life(tmp_path: Path, name: str) -> None:
    """Whether a team quotes the receipt or the organizer sees the reply."""
    lived(tmp_path)
    assert asked(tmp_path, name)[:-1] == asked(tmp_path, "M-1")[:-1]


def test_the_score_names_its_labels(tmp_path: Path) -> None:
    """A score is told with the labels and the formula that it came from."""
    lived(tmp_path)
    scored = next(row for row in asked(tmp_path, "M-1") if row["what"] == "scored")
    assert "100.0000 by " in scored["detail"]
    assert "labels " in scored["detail"]


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """An unknown id has no life, and the command says so."""
    lived(tmp_path)
    with contest(tmp_path, Clock()) as wired, wired.ledger.read() as tx:
        assert trace.of_mail(tx, 9, START) == trace.of_submission(tx, 9, START) == trace.of_reply(tx, 9, START) == []
    done = CliRunner().invoke(app, ["--config", str(tmp_path / "config.toml"), "trace", "M-9"])
    assert isinstance(done.exception, Permanent)


def test_the_trail_can_be_read(tmp_path: Path) -> None:
    """All of it, newest last; or from an instant on, of one kind, about one subject."""
    lived(tmp_path)
    listed = ["--config", str(tmp_path / "config.toml"), "audit", "list"]

    def kinds(*wanted: str) -> list[str]:
        done = CliRunner().invoke(app, [*listed, "--json", *wanted])
        assert done.exit_code == 0, done.output
        return [row["kind"] for row in json.loads(done.stdout)]

    everything = kinds()
    assert everything[0] == "ledger-begun"
    assert everything[-1] == "submission-excluded"
    assert kinds("--subject", "s-1") == kinds("--kind", "submission-excluded") == ["submission-excluded"]
    assert kinds("--since", "2026-04-13T17:00") == ["submission-excluded"]  # in Shanghai: 9:00 UTC
    assert kinds("--since", "2026-04-13T09:00:01Z") == kinds("--kind", "team-forgotten") == []
    assert kinds("--subject", "M-000001") == ["mail-spooled", "mail-recorded"]
    shown = CliRunner().invoke(app, listed, env={"COLUMNS": "200"}).stdout
    assert "how disqualified, why two accounts" in shown
    assert isinstance(CliRunner().invoke(app, [*listed, "--kind", "nonsense"]).exception, Permanent)
    assert isinstance(CliRunner().invoke(app, [*listed, "--since", "noon"]).exception, Permanent)
