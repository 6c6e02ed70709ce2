"""Archives: what is taken out of them, and each thing that is refused."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.files.unpack import MIB, File, Limits, unpack
from tests.unit.scoring.made import codes

JSON = b'[{"id": 1}]'


def zip_of(*members: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def shown(value: object) -> str:
    """Name a case: archives hold the time they were packed at, and every worker must find the same names."""
    return "data" if isinstance(value, bytes) else str(value)


def link(name: str) -> zipfile.ZipInfo:
    """Return a member that is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def with_directory(data: bytes, offset: int, value: bytes) -> bytes:
    """Overwrite a field of the archive's first directory entry (APPNOTE 4.3.12)."""
    at = data.index(b"PK\x01\x02") + offset
    return data[:at] + value + data[at + len(value) :]


@pytest.mark.parametrize("name", ["a.json", "a.csv", "a", "a.zip", "a.txt"])
def test_bare_files_pass_through(name: str) -> None:
    """The content decides: a text is a text even when it is called a zip."""
    assert unpack(name, JSON).files == (File(name=name, data=JSON),)


@pytest.mark.parametrize("name", ["a.json.gz", "a.json"])
def test_gz_is_opened_whatever_its_name(name: str) -> None:
    """Also in several parts, as some tools write it."""
    assert unpack(name, gzip.compress(JSON[:4]) + gzip.compress(JSON[4:])).files == (File(name="a.json", data=JSON),)


def test_a_zip_of_both_tracks_gives_both_files() -> None:
    """Folders, a Mac's litter and a README beside them are left aside."""
    data = zip_of(
        ("out/", b""),
        ("out/s.json", JSON),
        ("out\\u.csv", b"id,precision"),
        ("__MACOSX/out/._s.json", b"x"),
        ("out/.DS_Store", b"x"),
        ("README.md", b"hello"),
        ("notes.txt", b"hello"),
    )
    unpacked = unpack("both.zip", data)
    assert [file.name for file in unpacked.files] == ["s.json", "u.csv"]
    assert unpacked.problems == ()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_lone_text_file_in_a_zip_is_taken(method: int) -> None:
    """It may be JSON under another name."""
    assert unpack("a.zip", zip_of(("pred.txt", JSON), method=method)).files == (File(name="pred.txt", data=JSON),)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_without_the_utf8_flag_are_read(encoding: str) -> None:
    """Packers of Windows and macOS write the system's encoding and do not say so."""
    raw = "结果.json".encode(encoding)
    plain = "x" * len(raw)
    data = zip_of((plain, JSON)).replace(plain.encode(), raw)
    assert [file.name for file in unpack("a.zip", data).files] == ["结果.json"]


CRC, SIZE, FLAGS, METHOD = 16, 24, 8, 10


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (zip_of(("a.zip", zip_of(("a.json", JSON)))), "nested-archive"),
        (zip_of(("a.json", gzip.compress(JSON))), "nested-archive"),
        (zip_of((link("a.json"), b"/etc/passwd")), "symlink"),
        (zip_of(("../../a.json", JSON)), "unsafe-name"),
        (zip_of(("/a.json", JSON)), "unsafe-name"),
        (zip_of(("C:\\a.json", JSON)), "unsafe-name"),
        (with_directory(zip_of(("a.json", JSON)), FLAGS, b"\x01\x00"), "encrypted-zip"),
        (with_directory(zip_of(("a.json", JSON)), METHOD, b"\x0e\x00"), "zip-method"),
        (with_directory(zip_of(("a.json", JSON)), SIZE, struct.pack("<I", 5)), "lying-size"),
        (with_directory(zip_of(("a.json", JSON)), SIZE, struct.pack("<I", 500)), "lying-size"),
        (with_directory(zip_of(("a.json", JSON)), CRC, b"abcd"), "bad-crc"),
        (zip_of(*((f"{i}.json", JSON) for i in range(21))), "too-many-members"),
        (zip_of(*((f"{i}.json", JSON) for i in range(1001))), "too-many-members"),
        (zip_of(("a.json", b"0" * (20 * MIB + 1))), "too-big"),
        (zip_of(("a.json", b"0" * (3 * MIB))), "too-compressed"),
        (zip_of(("a.json", JSON))[:-30], "damaged-archive"),
        (zip_of(("README.md", JSON)), "no-result-file"),
        (zip_of(), "no-result-file"),
        (zip_of(("model.pkl", b"x"), ("README", b"x")), "unsupported-format"),
        (gzip.compress(JSON)[:-4], "damaged-archive"),
        (gzip.compress(JSON)[:-8] + bytes(8), "damaged-archive"),
        (gzip.compress(gzip.compress(JSON)), "nested-archive"),
        (gzip.compress(zip_of(("a.json", JSON))), "nested-archive"),
        (gzip.compress(b"0" * (3 * MIB)), "too-compressed"),
        (gzip.compress(b"0" * (30 * MIB)), "too-compressed"),
        (gzip.compress(b"") * 10_001, "too-many-members"),
        (b"x" * (20 * MIB + 1), "too-big"),
    ],
    ids=shown,
)
def test_each_trick_is_refused_by_its_own_code(data: bytes, code: str) -> None:
    """No file comes out, and the problem says why."""
    unpacked = unpack("a", data)
    assert unpacked.files == ()
    assert codes(unpacked.problems) == [code]


def test_a_size_stated_too_small_inflates_no_further_than_the_limit() -> None:
    """The directory says 10 bytes, the data are 30 MiB: only so many are inflated as are allowed."""
    data = with_directory(zip_of(("a.json", b"0" * (30 * MIB))), SIZE, struct.pack("<I", 10))
    assert codes(unpack("a.zip", data).problems) == ["lying-size"]


def test_files_that_are_refused_share_the_limit_too() -> None:
    """Twenty entries of a directory name the same 12 MiB, with a wrong checksum: two are inflated."""
    packed = zip_of(("a.json", bytes(range(256)) * (48 * 1024)), method=zipfile.ZIP_DEFLATED)
    damaged = with_directory(packed, CRC, b"\0\0\0\0")
    start = damaged.index(b"PK\x01\x02")
    entry, end = damaged[start : damaged.index(b"PK\x05\x06")], damaged[damaged.index(b"PK\x05\x06") :]
    many = end[:8] + struct.pack("<2HI", 20, 20, 20 * len(entry)) + end[16:]
    problems = unpack("a.zip", damaged[:start] + entry * 20 + many, Limits(ratio=1000)).problems
    assert [(each.code, each.count) for each in problems] == [("bad-crc", 2), ("too-big", 18)]


def test_the_files_of_one_attachment_share_a_limit() -> None:
    """What fits is taken, the rest is named."""
    data = zip_of(*((f"{name}.csv", bytes(range(256)) * 4) for name in "abc"), method=zipfile.ZIP_STORED)
    unpacked = unpack("a.zip", data, Limits(total_bytes=2500))
    assert [file.name for file in unpacked.files] == ["a.csv", "b.csv"]
    assert [(each.code, each.examples) for each in unpacked.problems] == [("too-big", ("c.csv",))]


@pytest.mark.parametrize(
    ("name", "data", "word"),
    [
        ("a.xlsx", zip_of(("[Content_Types].xml", b"<x/>")), "Spreadsheets"),
        ("a.bin", zip_of(("[Content_Types].xml", b"<x/>"), method=zipfile.ZIP_STORED), "Spreadsheets"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "Spreadsheets"),
        ("model.pt", zip_of(("archive/data.pkl", b"x")), "never opened"),
        ("a.pkl", b"\x80\x04x", "never opened"),
        ("a.npy", b"\x93NUMPY", "never opened"),
        ("a.mat", b"MATLAB 7.3 MAT-file", "In MATLAB"),
        ("a", b"MATLAB 5.0 MAT-file", "In MATLAB"),
        ("a.rds", b"\x1f\x8b\x08", "In R"),
        ("a", b"RDX3\nX", "In R"),
        ("a.sav", b"$FL2@(#) SPSS", "SPSS"),
        ("a", b"SQLite format 3\0", "Databases"),
        ("a.docx", b"PK\x03\x04", "word processors"),
        ("Document.iwa", b"x", "Numbers"),
        ("a.dat", b"\x93NUMPY", "never opened"),
        ("a.joblib", b"x", "never opened"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c", ".zip or .gz"),
        ("a", b"Rar!\x1a\x07\x00", ".zip or .gz"),
        ("a.tar", bytes(257) + b"ustar", ".zip or .gz"),
        ("a.tar.gz", gzip.compress(bytes(257) + b"ustar", mtime=0), ".zip or .gz"),
        ("a.parquet", b"PAR1", "Parquet"),
        ("a.pdf", b"%PDF-1.4", "PDF"),
    ],
    ids=shown,
)
def test_forms_that_are_not_read_are_refused_with_advice(name: str, data: bytes, word: str) -> None:
    """By content where it tells, else by name."""
    (problem,) = unpack(name, data).problems
    assert problem.code == "unsupported-format"
    assert word in problem.message


MANGLED = zip_of(("a.json", JSON), ("b/结果.csv", b"id,a\n1,2"))


@given(st.binary(), st.integers(0, len(MANGLED) - 1), st.binary(max_size=8))
def test_unpacking_never_raises(noise: bytes, at: int, patch: bytes) -> None:
    """Neither noise nor a real archive with bytes changed anywhere raises."""
    for data in (
        noise,
        b"PK\x03\x04" + noise,
        b"\x1f\x8b\x08" + noise,
        MANGLED[:at] + patch + MANGLED[at + len(patch) :],
    ):
        unpacked = unpack("a.zip", data)
        assert unpacked.files or unpacked.problems


def test_what_packers_leave_in_archives_is_no_result() -> None:
    """Folders and forks of macOS at any depth, folders with backslashes (.NET); the file in them is taken."""
    packed = zip_of(
        ("out\\", b""),
        ("out\\s.json", b"{}"),
        ("out/__MACOSX/._s.json", b"\x00\x05\x16\x07"),
        ("__MACOSX\\s.json", b"\x00"),
        ("out\\.DS_Store", b"\x00\x00\x00\x01Bud1"),
    )
    unpacked = unpack("out.zip", packed)
    assert unpacked.problems == ()
    assert [(file.name, file.data) for file in unpacked.files] == [("s.json", b"{}")]
