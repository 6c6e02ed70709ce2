"""docs/for-teams-refusals.md: each example of a mistake is refused by its code, and its correction is accepted.

The help for teams on the results site shows the same ones, with columns that are of no challenge.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest

from mailbot.board.page.site import site
from scoring.declaration import siqa
from scoring.labels.truth import load_truth
from scoring.scores.evaluate import evaluate
from tests.unit.boards import season, site_rules

PAGE = (Path(__file__).parents[3] / "docs" / "for-teams-refusals.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^## `([a-z-]+)`:.*?^```text\n(.*?)^```.*?^```text\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
LABELS = b"id,perception,knowledge\n1,3.5,2.5\n2,2.0,4.1\n3,2.4,3.0\n4,3.1,3.3\n"
TRACK = next(track for track in siqa.tracks() if track.name == "siqa-s")


@pytest.mark.parametrize(("code", "before", "after"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_a_mistake_and_its_correction(code: str, before: str, after: str) -> None:
    """As the page shows them."""
    truth = load_truth(LABELS, TRACK)
    refused = evaluate(before.encode(), truth)
    assert code in {problem.code for problem in refused.problems}
    assert evaluate(after.encode(), truth).ok


def test_the_page_has_its_examples() -> None:
    """The pattern above finds them."""
    assert len(EXAMPLES) == PAGE.count("\n## `") > 8


@pytest.mark.parametrize("folder", ["teams", "teams/zh"])
def test_the_site_shows_the_same_examples(folder: str) -> None:
    """In both languages, each under its code, before and after."""
    page = site(season(1), site_rules())[f"{folder}/index.html"].decode()
    files = re.findall(r'<pre [^>]*aria-label="([a-z-]+): [^"]+"><code>(.*?)</code>', page, re.DOTALL)
    shown = [(code, html.unescape(text)) for code, text in files]
    expected = [(code, text) for code, *files in EXAMPLES for text in files]
    assert shown == [(code, _of_no_challenge(text)) for code, text in expected]
    assert re.findall(r'<h3 id="([a-z-]+)">', page) == [code for code, _before, _after in EXAMPLES]


def _of_no_challenge(text: str) -> str:
    return text.replace("perception", "clarity").replace("knowledge", "detail")
