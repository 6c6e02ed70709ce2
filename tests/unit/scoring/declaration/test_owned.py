"""A track with a scorer of one's own, declared: what it may say, and every mistake by its key."""

from __future__ import annotations

from typing import Any

import pytest

from scoring.declaration.declare import track_from
from scoring.declaration.form import DeclarationError
from scoring.declaration.owned import with_scorer
from scoring.declaration.registry import Error, error_of
from scoring.model import Takes

ROWS: dict[str, Any] = {"name": "own", "scorer": "s.py", "figures": ["wer", "worst"], "columns": [{"name": "y"}]}


def mistakes(**said: object) -> list[str]:
    """Return the keys of what is wrong."""
    with pytest.raises(DeclarationError) as caught:
        track_from({key: value for key, value in (ROWS | said).items() if value is not None})
    return [each.key for each in caught.value.mistakes]


def test_what_a_declaration_says() -> None:
    """The first figure ranks, the others are shown; there is no estimate of its error."""
    track = track_from(ROWS | {"better": "lower", "bounds": [0, 100], "decimals": 2})
    assert [each.key for each in track.measures] == ["wer", "worst"]
    assert [each.key for each in track.terms[0].measures] == ["wer"]
    assert (track.higher_is_better, track.bounds) == (False, (0, 100))
    assert track.formula == "wer by the organizers' own scorer; lower is better"
    assert track.own is not None
    assert track.own.takes is Takes.ROWS
    assert error_of(track) is Error.NONE


def test_the_scorers_name_holds_the_files_hash() -> None:
    """Another text is another name; where the file lies is none of it."""
    track, elsewhere = track_from(ROWS), track_from(ROWS | {"scorer": "/srv/contest/s.py"})
    one, other = with_scorer(track, b"a = 1"), with_scorer(with_scorer(elsewhere, b"x"), b"a = 2")
    assert one.scorer.partition("+")[0] == other.scorer.partition("+")[0] == track.scorer
    assert one.scorer != other.scorer
    assert one.own is not None
    assert one.scorer.endswith(f"+{one.own.sha256[:16]}")
    assert "a = 1" not in repr(one)


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ({"scorer": "s.sh"}, "scorer"),
        ({"takes": "emails"}, "takes"),
        ({"takes": "members", "label_columns": [{"name": "y"}]}, "ending"),
        ({"ending": ".png"}, "ending"),
        ({"takes": "file"}, "label_columns"),
        ({"figures": []}, "figures"),
        ({"figures": None}, "figures"),
        ({"figures": ["score"]}, "figures"),
        ({"figures": ["Dice!"]}, "figures"),
        ({"better": "smaller"}, "better"),
        ({"bounds": [1]}, "bounds"),
        ({"shared": "yes"}, "shared"),
        ({"decimals": -1}, "decimals"),
        ({"columns": [{"name": "y", "metrics": ["rmse"]}]}, "columns.0.metrics"),
        ({"columns": None}, "columns"),
        ({"weights": {"y": 1}}, "weights"),
    ],
)
def test_a_mistake_has_its_key(said: dict[str, object], key: str) -> None:
    """Whatever it is."""
    assert key in mistakes(**said)
