"""Attachments to result files: bare files, ``.gz`` and ``.zip``, in memory and within limits.

Nothing is ever written to disk, and no number that an archive states about itself is believed: a member is
inflated with a bound, then its length and CRC-32 are compared with what the archive says. Standard library only.
"""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.files.sniff import advice, archive_kind, base_name
from scoring.files.workbooks import workbook
from scoring.files.zips import holds, open_zip
from scoring.model import Problem
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

MIB = 1024 * 1024
GZ_MAGIC = b"\x1f\x8b\x08"
GZ_MEMBERS = 10_000


@dataclass(frozen=True, kw_only=True)
class File:
    """One result file out of an attachment."""

    #: Display name: printable, no folder, at most 100 characters.
    name: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much an attachment may hold."""

    #: Files in one archive.
    members: int = 20
    #: Bytes of one file, unpacked.
    member_bytes: int = 20 * MIB
    #: Bytes of all files of one attachment, unpacked.
    total_bytes: int = 30 * MIB
    #: Unpacked bytes for each packed byte, asked only of what unpacks to more than a MiB.
    ratio: int = 200
    #: Whether workbooks (.xlsx, .ods) are handed on; whoever says so reads them (nothing in this package does).
    spreadsheets: bool = False
    #: A zip that holds a file with one of these endings is one submission, and stays packed (:mod:`.rows.members`).
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """The result files of one attachment, and what is wrong with the rest of it."""

    files: tuple[File, ...] = ()
    problems: tuple[Problem, ...] = ()


DEFAULT = Limits()


def unpack(name: str, data: bytes, limits: Limits = DEFAULT) -> Unpacked:
    """Return the result files in an attachment ``name`` of content ``data``; whatever the bytes are, it never raises.

    The content decides what it is, the name only where the content is silent.
    """
    kind = archive_kind(name, data)
    if kind == "zip" and limits.kept and holds(data, limits.kept):
        return Unpacked(files=(File(name=printable(base_name(name), 100), data=data),))
    if kind == "zip":
        return _unzip(data, limits)
    if kind == "gz":
        return _gunzip(name, data, limits)
    return _keep([(name, data)], limits)


def _keep(named: Iterable[tuple[str, bytes]], limits: Limits) -> Unpacked:
    """Keep each file that is small enough and of a form we read."""
    files, problems = [], []
    for name, data in named:
        shown = printable(base_name(name), 100)
        problem = _problem(shown, data, limits)
        if problem:
            problems.append(problem)
        else:
            files.append(File(name=shown, data=data))
    return Unpacked(files=tuple(files), problems=tuple(problems))


def _problem(shown: str, data: bytes, limits: Limits) -> Problem | None:
    if len(data) > limits.member_bytes:
        return _too_big(shown, limits)
    return None if limits.spreadsheets and workbook(data) else advice(shown, data)


def _too_big(shown: str, limits: Limits) -> Problem:
    size = f"{limits.member_bytes / MIB:,.4g} MiB"
    return Problem(code="too-big", count=1, examples=(shown,), message=f"A result file may have at most {size}.")


def _gunzip(name: str, data: bytes, limits: Limits) -> Unpacked:
    """Return the one file in a ``.gz`` of any number of members (RFC 1952)."""
    inner_name = name[:-3] if name.lower().endswith(".gz") else name
    shown = (printable(base_name(name), 100),)
    most = min(limits.member_bytes, max(MIB, limits.ratio * len(data)))
    if data.count(GZ_MAGIC) > GZ_MEMBERS:
        return _refuse("too-many-members", "The .gz file has too many parts.", shown)
    try:
        inner = gzip.GzipFile(fileobj=io.BytesIO(data)).read(most + 1)
    except EOFError:
        return _refuse("damaged-archive", "The .gz file was cut off in the middle. Please pack it again.", shown)
    except (OSError, zlib.error):
        return _refuse("damaged-archive", "The .gz file is damaged. Please pack it again.", shown)
    if len(inner) > most:
        small = most < limits.member_bytes
        return _refuse(
            "too-compressed" if small else "too-big",
            "The .gz file unpacks to far more than a result file needs. Please send the plain file.",
            shown,
        )
    if archive_kind(inner_name, inner):
        return _refuse("nested-archive", "An archive in an archive is not opened. Please pack the file once.", shown)
    return _keep([(inner_name, inner)], limits)


def _unzip(data: bytes, limits: Limits) -> Unpacked:
    """Return the result files in a zip archive, with the problems of the members that cannot be taken."""
    opened = open_zip(
        data,
        members=limits.members,
        member_bytes=limits.member_bytes,
        total_bytes=limits.total_bytes,
        ratio=limits.ratio,
    )
    kept = _keep(opened.members, limits)
    return Unpacked(files=kept.files, problems=opened.problems + kept.problems)


def _refuse(code: str, message: str, examples: tuple[str, ...]) -> Unpacked:
    return Unpacked(problems=(Problem(code=code, count=1, examples=examples, message=message),))
