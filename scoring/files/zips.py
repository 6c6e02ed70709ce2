"""Zip archives, opened in memory with every bound held while reading.

:mod:`zipfile` reads the directory only; members are inflated here, because its own reader believes the sizes
that the directory states and opens methods without a bound. Standard library only.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from scoring.files.legacy_text import WESTERN, guessed
from scoring.files.sniff import COMPANION, LITTER, RESULT_SUFFIXES, archive_kind, base_name, suffix
from scoring.model import Problem
from scoring.text import first, printable

#: What :mod:`zipfile` raises on hostile directories, by experiment and from its source.
TROUBLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, RuntimeError, LookupError)

MIB = 1024 * 1024
ENTRIES, MOST_ENTRIES = 1000, 50_000
ENTRY_MAGIC = b"PK\x01\x02"
LOCAL_HEADER = struct.Struct("<4s5H3I2H")
UTF8_FLAG, ENCRYPTED_FLAG = 0x800, 0x1
UNSAFE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|\x00")

MESSAGES = {
    "encrypted-zip": "The archive is locked with a password. Please pack it without one.",
    "nested-archive": "An archive in an archive is not opened. Please pack the result files once.",
    "symlink": "The archive holds a link instead of a file. Please pack the file itself.",
    "unsafe-name": "A name in the archive points out of it. Please pack the result files by their plain names.",
    "too-many-members": "The archive holds too many files for one attachment. Please pack the result files only.",
    "too-big": "The archive unpacks to more bytes than are taken from one attachment.",
    "too-compressed": "A file in the archive unpacks to far more than a result file needs. Please send the plain file.",
    "zip-method": "The archive uses an uncommon compression. Please pack it as an ordinary zip (deflate).",
    "lying-size": "A file in the archive is not as long as the archive says: it is damaged. Please pack it again.",
    "bad-crc": "A file in the archive is damaged (its checksum is wrong). Please pack it again.",
    "damaged-archive": "The zip archive is damaged or cut off. Please pack it again.",
    "no-result-file": "The archive contains no result file. Please send the predictions as JSON or CSV.",
}


class Bounds(Protocol):
    """How much is read: :class:`scoring.files.unpack.Limits`."""

    @property
    def member_bytes(self) -> int:
        """Bytes of one member."""

    @property
    def total_bytes(self) -> int:
        """Bytes of all of them."""

    @property
    def ratio(self) -> int:
        """Unpacked bytes for each packed byte."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """The candidate members of an archive, as (display path, bytes), and what is wrong with others."""

    members: tuple[tuple[str, bytes], ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Listed:
    """The members of an archive of many, as (path, bytes), and those that were refused, as (path, code)."""

    members: tuple[tuple[str, bytes], ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


class Refused(Exception):  # noqa: N818 -- a verdict on one member, caught in this module, not an error
    """A member is refused; the argument is the problem's code."""


def open_zip(data: bytes, *, members: int, member_bytes: int, total_bytes: int, ratio: int) -> Opened:
    """Read the result files of a zip archive within the limits (see :class:`scoring.files.unpack.Limits`)."""
    if data.count(ENTRY_MAGIC) > ENTRIES:
        return _refuse("too-many-members")
    try:
        infos = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except TROUBLE:
        return _refuse("damaged-archive")
    wanted = _candidates(infos)
    if not wanted:
        return _refuse("no-result-file")
    if len(wanted) > members:
        return _refuse("too-many-members", tuple(name for name, _ in wanted))
    read = _read_all(data, wanted, member_bytes, total_bytes, ratio)
    return Opened(members=read.members, problems=read.problems)


def open_members(data: bytes, *, most: int, limits: Bounds) -> Listed:
    """Read every member of a zip archive that has at most ``most``, within the limits; folders and litter are none."""
    if data.count(ENTRY_MAGIC) > 2 * most + ENTRIES:
        return Listed(problems=(_problem("too-many-members"),))
    try:
        infos = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except TROUBLE:
        return Listed(problems=(_problem("damaged-archive"),))
    named = [(_display(info), info) for info in infos if not info.orig_filename.endswith(("/", "\\"))]
    wanted = [(name, info) for name, info in named if not _litter(name)]
    if len(wanted) > most:
        return Listed(problems=(_problem("too-many-members", tuple(name for name, _ in wanted)),))
    return _read_all(data, wanted, limits.member_bytes, limits.total_bytes, limits.ratio)


def holds(data: bytes, endings: tuple[str, ...]) -> bool:
    """Whether a member of a zip archive ends in one of these, by its directory alone."""
    if data.count(ENTRY_MAGIC) > MOST_ENTRIES:
        return False
    try:
        names = [_display(info).lower() for info in zipfile.ZipFile(io.BytesIO(data)).infolist()]
    except TROUBLE:
        return False
    return any(name.endswith(endings) and not _litter(name) for name in names)


def _read_all(
    data: bytes, wanted: list[tuple[str, zipfile.ZipInfo]], member_bytes: int, total_bytes: int, ratio: int
) -> Listed:
    """Inflate each wanted member; the problems are gathered by code, in the order met."""
    taken: list[tuple[str, bytes]] = []
    refused: dict[str, list[str]] = {}
    room = total_bytes
    for name, info in wanted:
        most = min(member_bytes, room, max(MIB, ratio * info.compress_size))
        try:
            _examine(name, info, most=most, cap=min(member_bytes, room))
            # It is inflated to no more than it says, and counts even if it is refused then: many may be the same bytes.
            room -= info.file_size
            taken.append((name, _member(data, name, info)))
        except Refused as refusal:
            refused.setdefault(str(refusal), []).append(name)
    problems = tuple(_problem(code, tuple(names)) for code, names in refused.items())
    codes = tuple((name, code) for code, names in refused.items() for name in names)
    return Listed(members=tuple(taken), refused=codes, problems=problems)


def _candidates(infos: list[zipfile.ZipInfo]) -> list[tuple[str, zipfile.ZipInfo]]:
    """Members that may be result files: no folders, no litter, no companions of result files."""
    named = [(_display(info), info) for info in infos if not info.orig_filename.endswith(("/", "\\"))]
    named = [(name, info) for name, info in named if not _litter(name)]
    companions = [pair for pair in named if COMPANION.fullmatch(base_name(pair[0]))]
    has_results = any(suffix(name) in RESULT_SUFFIXES for name, _ in named)
    text_files = [pair for pair in companions if suffix(pair[0]) == ".txt" and not _readme(pair[0])]
    others = [pair for pair in named if pair not in companions]
    return others if has_results else others + text_files


def _litter(name: str) -> bool:
    return "__MACOSX" in re.split(r"[/\\]", name)[:-1] or LITTER.fullmatch(base_name(name)) is not None


def _readme(name: str) -> bool:
    return base_name(name).lower().startswith(("readme", "license", "licence"))


def _display(info: zipfile.ZipInfo) -> str:
    """Return the member's name; without the UTF-8 flag it is its system's (UTF-8, GBK …, else CP437)."""
    if info.flag_bits & UTF8_FLAG:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437", errors="replace")
    with suppress(UnicodeDecodeError):
        return raw.decode("utf-8")
    found = guessed(raw)
    return found[0] if found and found[1] != WESTERN else info.orig_filename


def _member(data: bytes, name: str, info: zipfile.ZipInfo) -> bytes:
    """Return the member's bytes, as many as it says; :class:`Refused` with the code of what is wrong with it."""
    content = _inflate(data, info, info.file_size)
    if len(content) != info.file_size:
        raise Refused("lying-size")
    if zlib.crc32(content) != info.CRC:
        raise Refused("bad-crc")
    if archive_kind(name, content):
        raise Refused("nested-archive")
    return content


def _examine(name: str, info: zipfile.ZipInfo, *, most: int, cap: int) -> None:
    """Refuse what the directory alone shows to be wrong."""
    if info.flag_bits & ENCRYPTED_FLAG:
        raise Refused("encrypted-zip")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise Refused("symlink")
    if UNSAFE.search(name) or UNSAFE.search(info.orig_filename):
        raise Refused("unsafe-name")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused("zip-method")
    if info.file_size > most:
        raise Refused("too-big" if info.file_size > cap else "too-compressed")


def _inflate(data: bytes, info: zipfile.ZipInfo, most: int) -> bytes:
    """At most ``most + 1`` bytes of the member, from its local header on (APPNOTE 4.3.7)."""
    start = info.header_offset
    try:
        header = LOCAL_HEADER.unpack_from(data, start)
        begin = start + LOCAL_HEADER.size + header[9] + header[10]
        raw = memoryview(data)[begin : begin + info.compress_size]
        if info.compress_type == zipfile.ZIP_STORED:
            return bytes(raw[: most + 1])
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, most + 1)
    except (struct.error, zlib.error):
        raise Refused("damaged-archive") from None


def _problem(code: str, names: tuple[str, ...] = ()) -> Problem:
    shown = first(printable(base_name(name), 100) for name in names)
    return Problem(code=code, count=max(1, len(names)), examples=shown, message=MESSAGES[code])


def _refuse(code: str, names: tuple[str, ...] = ()) -> Opened:
    return Opened(problems=(_problem(code, names),))
