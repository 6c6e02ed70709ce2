"""What people read is plain English: the rules of .ci/prose.toml find the bad sentences, and none is left."""

from __future__ import annotations

import pytest

from tests import prose

BAD = [
    "names what is not well yet",
    "a mistake is named with its key and the mend",
    "what parts the items",
    "brings corrected labels into force",
    "writes what is published anew",
    "holds what nobody can see",
    "Beside files only `check` is a command",
    "has it done, and others are due again",
    "the IMAP server is not to be had",
    "Google lets the service account not in",
    "Replies as a cannon",
    "This has no inverse",
    "Whoever writes",
    "The loop is not answered\nfor",
]


@pytest.mark.parametrize("sentence", BAD)
def test_a_bad_sentence_is_found(sentence: str) -> None:
    """Also where a line ends within it."""
    assert list(prose.find([("page.md", f"# A page\n\n{sentence}.\n")]))


def test_code_is_not_read() -> None:
    """Of Markdown, nor what is no sentence in Python; the help of a command is."""
    source = 'def run() -> None:\n    """Make it anew."""\n    echo("mend it", "--begin-anew", key="mend")\n'
    assert "anew" not in prose.strings(source, helps=False)
    assert "anew" in prose.strings(source, helps=True)
    assert "--begin-anew" not in prose.strings(source, helps=True)
    assert not list(prose.find([("page.md", prose.CODE.sub("", "Call `mend` and\n\n```\nmend anew\n```\n"))]))


@pytest.mark.long
def test_nothing_that_people_read_breaks_a_rule() -> None:
    """As `make lint` does; each place is told with its file and line."""
    paths = {path for pattern in prose.RULES["files"] for path in prose.ROOT.glob(pattern)}
    assert len(paths) > 400
    found = prose.find((str(path.relative_to(prose.ROOT)), prose.prose(path)) for path in sorted(paths))
    assert [f"{place.path}:{place.line}: {place.message}" for place in found] == []
