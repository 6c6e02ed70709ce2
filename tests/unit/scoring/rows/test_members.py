"""A zip with a file for each item: checked by id as rows are, whatever the archive holds."""

from __future__ import annotations

import io
import stat
import zipfile

import pytest

from scoring.declaration.declare import track_from
from scoring.files.unpack import Limits, unpack
from scoring.model import Problem
from scoring.rows import example
from scoring.rows.members import check, last_taker, taker

MASKS = track_from(
    {
        "name": "masks", "scorer": "s.py", "takes": "members", "ending": ".png", "figures": ["dice"],
        "label_columns": [{"name": "runs", "holds": "text"}],
    }
)  # fmt: skip
FILES = track_from(
    {"name": "files", "scorer": "s.py", "takes": "file", "figures": ["ap"], "label_columns": [{"name": "y"}]}
)
ROWS = track_from({"name": "rows", "columns": [{"name": "y", "metrics": ["rmse"]}]})
IDS = ("a", "b", "c")


def packed(members: dict[str, bytes | str]) -> bytes:
    """Return a zip archive."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


GOOD: dict[str, bytes | str] = {f"{item}.png": item.encode() for item in IDS}


def codes(data: bytes, limits: Limits | None = None) -> dict[str, int]:
    """Return the problems by code."""
    return {each.code: each.count for each in check(data, MASKS, IDS, limits or Limits()).problems}


def test_members_come_in_the_order_of_the_ids() -> None:
    """However they lie; one folder around all, and what systems leave behind, is passed over."""
    inside = {f"out/{name}": content for name, content in reversed(GOOD.items())}
    for members in (
        GOOD,
        {"B.PNG": "b", **{n: c for n, c in GOOD.items() if n != "b.png"}},
        inside | {"__MACOSX/x": ""},
    ):
        found = check(packed(members), MASKS, ("a", "B", "c") if "B.PNG" in members else IDS, Limits())
        assert (found.problems, found.contents) == ((), (b"a", b"b", b"c"))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"a.png": "a"}, {"missing-members": 2}),
        (GOOD | {"d.png": "d", "e.png": "e"}, {"unknown-members": 2}),
        (GOOD | {"notes.txt": "n"}, {"other-members": 1}),
        (GOOD | {"more/a.png": "a"}, {"nested-members": 1}),
        ({"x/a.png": "a", "y/b.png": "b", "c.png": "c"}, {"nested-members": 2, "missing-members": 2}),
        ({"../a.png": "a", "b.png": "b", "c.png": "c"}, {"unsafe-name": 1}),
        (GOOD | {"b.png": packed(GOOD)}, {"nested-archive": 1}),
    ],
)
def test_a_mistake_is_named(members: dict[str, bytes | str], expected: dict[str, int]) -> None:
    """Each with its code and how often."""
    found = codes(packed(members))
    assert {code: found.get(code) for code in expected} == expected


def test_a_member_twice_is_named() -> None:
    """Two of one name, and of numbers written otherwise."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name in GOOD:
            archive.writestr(name, "x")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.png", "y")
    assert codes(data.getvalue()) == {"duplicate-members": 1}
    numbered = check(packed(dict.fromkeys(("1.png", "01.png", "2.png"), "")), MASKS, (1, 2), Limits())
    assert [each.code for each in numbered.problems] == ["duplicate-members"]


def test_what_is_too_big_or_damaged_is_named() -> None:
    """Within the limits of one member, of all, and of how much is unpacked for a packed byte."""
    assert codes(packed(GOOD | {"b.png": b"x" * 2000}), Limits(member_bytes=1000)) == {"too-big": 1}
    assert "too-big" in codes(packed(dict.fromkeys(GOOD, b"x" * 800)), Limits(total_bytes=1000))
    assert codes(packed(GOOD | {"b.png": b"\0" * 2**21}), Limits(ratio=10)) == {"too-compressed": 1}
    assert codes(packed(GOOD)[:-30]) == {"damaged-archive": 1}
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        for name in GOOD:
            archive.writestr(name, f"pixels of {name}")
    assert codes(stored.getvalue().replace(b"pixels of b", b"pixelz of b")) == {"bad-crc": 1}
    many: dict[str, bytes | str] = {f"{number}.png": "" for number in range(200)}
    assert codes(packed(many)) == {"too-many-members": 200}


def test_a_link_is_no_member() -> None:
    """A symbolic link is refused: it would name a file that is not in the archive."""
    data, link = io.BytesIO(), zipfile.ZipInfo("a.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert codes(data.getvalue())["symlink"] == 1


def test_which_track_takes_a_file() -> None:
    """A zip by its members' ending; another file by the subject, or where no other track is; rows go on to be read."""
    masks, json = packed(GOOD), b"[]"
    assert taker(masks, [MASKS, ROWS, FILES]) is MASKS
    assert taker(json, [MASKS, ROWS, FILES]) is None
    assert taker(json, [ROWS, FILES], "files") is FILES
    assert taker(json, [FILES]) is FILES
    assert last_taker([ROWS, FILES]) is FILES
    assert isinstance(taker(json, [MASKS]), Problem)
    assert isinstance(taker(packed({"a.txt": ""}), [MASKS, FILES]), Problem)
    assert taker(json, [ROWS]) is None
    assert taker(packed({"[Content_Types].xml": ""}), [ROWS]) is None  # what it is, its reader names


def test_an_archive_of_members_stays_packed() -> None:
    """Where such a track is; result files in a zip are unpacked as ever."""
    kept = Limits(kept=(".png",))
    assert [each.data for each in unpack("m.zip", packed(GOOD), kept).files] == [packed(GOOD)]
    assert [each.name for each in unpack("r.zip", packed({"r.csv": "id,y"}), kept).files] == ["r.csv"]


def test_an_example_is_what_the_track_takes() -> None:
    """A listing of the archive, or a sentence; never rows that no such file has."""
    assert example.as_json(MASKS, IDS) == example.as_csv(MASKS, IDS) == "a .zip of:\n  a.png\n  b.png"
    assert "{" not in example.as_json(FILES, IDS)
    assert example.as_csv(ROWS, (1, 2)).startswith("id,y\n1,")
