"""Tracks by config alone: declared, checked whole, ranked in their own direction, with ids of any kind."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

import pytest

from mailbot.board import exports
from mailbot.board.build import build
from mailbot.board.page import rules as site_rules
from mailbot.config import load, tracks
from mailbot.config.challenge import headings
from mailbot.errors import ConfigError
from mailbot.ledger import outbox, submissions
from scoring.declaration.siqa import siqa_s, siqa_u
from scoring.rows import example
from tests.unit import boards
from tests.unit.services import ADA, CARL, Clock, served, take

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.config.schema import Config
    from scoring.model import Track

MASS: dict[str, Any] = {"id": "leaf", "columns": [{"name": "grams", "metrics": ["rmse"], "also": ["mae"]}]}
KIND: dict[str, Any] = {"columns": [{"name": "kind", "choices": ["oak", "yew"], "metrics": ["accuracy"]}]}
SKILL: dict[str, Any] = {"columns": [{"name": "skill", "metrics": ["plcc"]}]}


def made(name: str, declared: dict[str, Any]) -> Track:
    """Return a track of a declaration."""
    return tracks.made(name, declared)


def config(folder: Path, sections: dict[str, Any], **more: Any) -> Config:  # noqa: ANN401  # any TOML
    """Return a config with these tracks, without a preset."""
    named = {name: {"labels": f"{name}.csv", **section} for name, section in sections.items()}
    given = {"challenge": {"address": "s@x.example"}, "tracks": named} | more
    return load.build(given, base=folder, with_files=False)


# --- the config ------------------------------------------------------------------------------


def test_a_track_is_declared_in_the_config(tmp_path: Path) -> None:
    """Beside its labels, with nothing else."""
    declared = config(tmp_path, {"mass": MASS}).tracks["mass"].declared
    track = made("mass", declared)
    assert (track.name, track.id, track.higher_is_better) == ("mass", "leaf", False)
    assert [(h.key, h.title, h.decimals) for h in headings(track)] == [
        ("grams_rmse", "Grams RMSE", 4),
        ("grams_mae", "Grams MAE", 4),
    ]


def test_a_track_is_declared_in_a_file(tmp_path: Path) -> None:
    """Its path is taken from the config's folder; what the config says goes over it; the same scorer either way."""
    (tmp_path / "kind.toml").write_text(
        'title = "Kind"\n[[columns]]\nname = "kind"\nchoices = ["oak", "yew"]\nmetrics = ["accuracy"]\n'
    )
    section = config(tmp_path, {"kind": {"declaration": "kind.toml", "letters": ["K"]}}).tracks["kind"]
    assert section.declaration == tmp_path / "kind.toml"
    track = made("kind", section.declared)
    assert (track.title, track.letters) == ("Kind", ("K",))
    assert track.scorer == made("kind", {**KIND, "title": "Kind", "letters": ["K"]}).scorer


def test_siqas_tracks_are_known_by_name() -> None:
    """With the published weights, or the config's."""
    assert made("siqa-u", {}) == siqa_u()
    weights = {"perception": 0.25, "knowledge": 0.75}
    assert made("siqa-s", {"weights": weights}) == siqa_s(weights)


def test_every_mistake_of_every_track_is_told_at_once(tmp_path: Path) -> None:
    """Each with its key, beside those of the rest of the config."""
    broken = {
        "a": {"columns": [{"name": "x", "metrics": ["acuracy"]}], "wieghts": {}},
        "b": {"columns": [{"name": "x", "choices": ["p", "q"], "metrics": ["accuracy"]}], "weights": {"x": 0.9}},
        "c": {"weights": {"x": "much"}, "columns": [{"name": "x", "metrics": ["mae"]}]},
        "d": {},
        "e": {"declaration": "nowhere.toml"},
        "f": {**KIND, "name": "g"},
        "siqa-x": {},
        "siqa-s": {"title": "S", "weights": {"beauty": 1}},
        "siqa-u": {"weights": {"beauty": 1}},
    }
    with pytest.raises(ConfigError) as refused:
        config(tmp_path, broken, quota={"per_week": 0})
    told = [line.removeprefix("  - ").partition(": ")[0] for line in str(refused.value).splitlines()[1:]]
    assert sorted(told) == [
        "quota.per_week",
        "tracks.a.columns.0.metrics",
        "tracks.a.wieghts",
        "tracks.b.weights",
        "tracks.c.weights.x",
        "tracks.d",
        "tracks.e.declaration",
        "tracks.f.name",
        "tracks.siqa-s.title",
        "tracks.siqa-u.weights",
        "tracks.siqa-x",
    ]
    assert 'there is no metric "acuracy"; did you mean "accuracy"?' in str(refused.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("columns = 1", r"tracks.t.columns: must be a list of at least one table.* \(here or in .*t\.toml\)"),
        ("columns = [", r"tracks.t.declaration: .*/t\.toml cannot be read as TOML: Invalid value"),
        ('labels = "x.csv"', "tracks.t.declaration: labels belongs into the config"),
    ],
)
def test_a_file_that_declares_nothing_is_told(tmp_path: Path, text: str, hint: str) -> None:
    """With what is wrong in it."""
    (tmp_path / "t.toml").write_text(text, encoding="utf-8-sig")
    with pytest.raises(ConfigError, match=hint):
        config(tmp_path, {"t": {"declaration": "t.toml"}})


@pytest.mark.parametrize("name", ["siqa-u", "kind"])
def test_labels_are_meant_where_a_letter_is_missing(tmp_path: Path, name: str) -> None:
    """The key is the section's own, whatever the track."""
    given = {"label": "x.json", "declaratoin": "t.toml"} | (KIND if name == "kind" else {})
    with pytest.raises(ConfigError) as refused:
        config(tmp_path, {name: given})
    assert str(refused.value).splitlines()[1:] == [
        f"  - tracks.{name}.label: unknown key; did you mean 'labels'?",
        f"  - tracks.{name}.declaratoin: unknown key; did you mean 'declaration'?",
    ]


def test_two_tracks_cannot_share_a_letter(tmp_path: Path) -> None:
    """A file that says "M" would be for both."""
    with pytest.raises(ConfigError, match=r"tracks\.kind\.letters: 'M' means mass already"):
        config(tmp_path, {"mass": {**MASS, "letters": ["M"]}, "kind": {**KIND, "letters": ["k", "m"]}})


# --- the table over all tracks ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "declared", "line"),
    [
        (None, [KIND], None),  # one track has no mean
        (None, [KIND, KIND], tracks.MEAN),
        (None, [KIND, SKILL], None),  # 0 to 100 and -100 to 100
        ("Mean", [KIND, SKILL], "Mean"),  # the organizers know better
        ("", [KIND, KIND], None),
        (None, [KIND, MASS], None),  # percent, and grams of which fewer are better
    ],
    ids=["one", "alike", "unlike", "said", "left-out", "two-directions"],
)
def test_tracks_are_averaged_where_that_makes_sense(
    said: str | None, declared: list[dict[str, Any]], line: str | None
) -> None:
    """By themselves only where a point is worth the same everywhere."""
    assert tracks.overall(said, [made(f"t{n}", one) for n, one in enumerate(declared)]) == line


def test_a_mean_of_errors_is_refused(tmp_path: Path) -> None:
    """A missing track would count as a perfect one."""
    with pytest.raises(ConfigError, match=r'board\.overall: of mass a smaller score is better.*write overall = ""'):
        config(tmp_path, {"kind": KIND, "mass": MASS}, board={"overall": "Mean"})
    assert config(tmp_path, {"kind": KIND, "mass": MASS}, board={"overall": ""}).board.overall == ""
    lower = replace(boards.TRACKS[0], higher_is_better=False)
    with pytest.raises(ConfigError, match="no mean"):
        boards.rules(tracks=(lower, boards.TRACKS[1]))


# --- the board where less is better ----------------------------------------------------------


def test_the_least_error_is_the_first() -> None:
    """On the board, its page and its files; and the board says so."""
    formula = made("mass", MASS).formula
    track = replace(boards.TRACKS[1], name="mass", formula=formula, headings=(), higher_is_better=False)
    rules = boards.rules(tracks=(track,), baselines=())
    scores = {"Much": 3.0, "Little": 0.5, "Also": 0.5, "None": 0.0}
    standings = [
        boards.standing(team, "mass", score, arrived_at=boards.OPENED + timedelta(hours=n))
        for n, (team, score) in enumerate(scores.items())
    ]
    made_board = build(standings, rules, boards.AS_OF)
    (table,) = made_board.tables
    assert [(row.rank, row.team) for row in table.rows] == [(1, "None"), (2, "Little"), (2, "Also"), (4, "Much")]
    assert (table.formula, table.higher_is_better) == ("RMSE of grams; lower is better", False)
    rows = list(csv.DictReader(io.StringIO(exports.as_csv(made_board).decode())))
    assert [row["team"] for row in rows] == ["None", "Little", "Also", "Much"]
    assert json.loads(exports.as_json(made_board))["tables"][0]["higher_is_better"] is False
    shown = boards.front(made_board)
    assert "RMSE of grams; lower is better" in shown
    assert shown.index("None") < shown.index("Much")


@pytest.mark.parametrize(
    ("scores", "higher", "lengths"),
    [
        ([100.0, 50.0, -1.0], True, [100.0, 50.0, 0.0]),
        ([0.5, 1.0, 2.0], False, [100.0, 50.0, 25.0]),
        ([0.0, 1.0], False, [100.0, 0.0]),
        ([0.0, 0.0], True, [0.0, 0.0]),
    ],
    ids=["higher", "lower", "perfect", "nothing"],
)
def test_the_best_score_has_the_longest_bar(scores: list[float], higher: bool, lengths: list[float]) -> None:  # noqa: FBT001  # a parameter of the cases
    """Whichever way is better."""
    track = replace(boards.TRACKS[0], headings=(), higher_is_better=higher)
    standings = [boards.standing(f"T{n}", track.name, score) for n, score in enumerate(scores)]
    shown = boards.front(build(standings, boards.rules(tracks=(track,), baselines=()), boards.AS_OF))
    assert [f'class="part" width="{length}"' in shown for length in lengths] == [True] * len(lengths)


# --- the whole way ---------------------------------------------------------------------------


def mail(sender: str, name: str, grams: list[float]) -> bytes:
    """Return a team's mail with a file of masses."""
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"], message["Message-ID"] = sender, "Leaves", f"<{name}@x.org>"
    message.set_content("Our file.")
    rows = "".join(f"{leaf},{value}\n" for leaf, value in zip(("Ahorn-1", "Buche-2", "Eiche-3"), grams, strict=False))
    message.add_attachment(f"leaf,grams\n{rows}".encode(), maintype="text", subtype="csv", filename="m.csv")
    return message.as_bytes()


def test_ids_in_words_and_errors_go_the_whole_way(tmp_path: Path) -> None:
    """From the mail to the reply, the ledger and the standings, of which the best is the one with the least error."""
    (tmp_path / "mass.csv").write_text("leaf,grams\nAhorn-1,1.5\nBuche-2,2.5\nEiche-3,4\n")
    more: dict[str, Any] = {"preset": "", "board": {"standing": "best"}, "quota": {"per_week": 9}}
    with served(tmp_path, clock := Clock(), tracks={"mass": {"labels": "mass.csv", **MASS}}, **more) as service:
        for name, grams in (("far", [9.5, 2.5, 4.0]), ("near", [1.5, 2.5, 4.3]), ("wide", [500.0, 2.5, 4.0])):
            take(service, mail(ADA, name, grams))
        take(service, mail(CARL, "other", [2.5, 3.5, 5.0]))
        take(service, mail(CARL, "short", [2.5, 3.5]))
        with service.ledger.read() as tx:
            rows = submissions.listing(tx)
            last = outbox.listing(tx)[-1]
        assert [row.status for row in rows] == ["accepted"] * 4 + ["refused"]
        assert max(row.score or 0.0 for row in rows) > 100.0
        (table,) = service.weekly.board(clock() + timedelta(days=1)).tables
        assert [(row.team, row.score, row.submissions) for row in table.rows] == [
            ("Pixel Peepers", 0.17, 3),
            ("Münster Vision", 1.0, 1),
        ]
        reply = last.message.decode()
        assert "Eiche-3" in reply
        assert "leaf,grams\r\n  Ahorn-1,3.52\r\n  Buche-2,2.87\r\n" in reply.replace("=\r\n", "")


def test_the_rules_page_shows_the_tracks_own_ids(tmp_path: Path) -> None:
    """A challenge whose ids are words has them in its examples."""
    (tmp_path / "mass.csv").write_text("leaf,grams\nAhorn-1,1.5\nBuche-2,2.5\n")
    with served(tmp_path, Clock(), preset="", tracks={"mass": {"labels": "mass.csv", **MASS}}) as service:
        (shown,) = site_rules.formats(site_rules.from_config(service.config, service.challenge))
    assert '{"leaf": "Ahorn-1", "grams": 3.52}' in shown.json
    assert shown.csv.splitlines() == ["leaf,grams", "Ahorn-1,3.52", "Buche-2,2.87"]
    assert shown.formula == "RMSE of grams; lower is better"


def test_the_rows_shown_to_a_team_are_of_its_track() -> None:
    """Its id column, its ids, its choices; SIQA's as they were."""
    assert example.rows(made("kind", {**KIND, "id": "tree"}), ("T1", "T2")) == (
        '{"tree": "T1", "kind": "OAK"}',
        '{"tree": "T2", "kind": "YEW"}',
    )
    assert example.as_csv(made("mass", MASS), ("Ahorn-1", "Buche-2")) == "leaf,grams\nAhorn-1,3.52\nBuche-2,2.87"
    assert example.rows(siqa_u()) == (
        '{"id": 1, "type": "yes-or-no", "precision": "A"}',
        '{"id": 2, "type": "what", "precision": "C"}',
    )
