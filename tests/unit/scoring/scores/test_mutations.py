"""Honest files with a few bytes changed: the mistakes that slip through pure noise."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.model import EXAMPLES
from scoring.scores.evaluate import evaluated_any
from tests.unit.scoring.made import csv_of, jsonl_of, official, s_rows, s_truth, u_rows, u_truth

TRUTHS = {"siqa-s": s_truth(), "siqa-u": u_truth()}
FILES = [
    official(s_rows(), "S"),
    official(u_rows(), "U"),
    csv_of(s_rows()),
    csv_of(u_rows(), "\t"),
    jsonl_of(s_rows()),
    official(s_rows()).decode().encode("utf-16"),
]
TOKENS = [b"NaN", b"1e999", b"1e300", b"null", b"true", b'"..."', b"\\ud800", b"\x00", b"\xff", b"9" * 400]
TOKENS += [character.encode() for character in '",:;{}[]-.e\n\r\u2028\u0130\u202e']


@settings(max_examples=300)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(TOKENS)), max_size=4),
)
def test_a_changed_file_is_scored_or_told_why_not(data: bytes, changes: list[tuple[float, int, bytes]]) -> None:
    """It never raises; a problem has a count, at most five examples, and words that any reply can carry."""
    for where, cut, token in changes:
        at = int(where * len(data))
        data = data[:at] + token + data[at + cut :]
    evaluation = evaluated_any(data, TRUTHS).evaluation
    assert evaluation.ok != bool(evaluation.problems)
    for problem in evaluation.problems:
        assert problem.count > 0
        assert len(problem.examples) <= EXAMPLES
        for words in (problem.message, *problem.examples):
            assert words.isprintable() or words == ""
            assert len(words.encode()) < 1000
