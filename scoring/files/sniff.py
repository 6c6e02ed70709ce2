"""What a file is, told by its first bytes and, where they are silent, by its name.

Standard library only.
"""

from __future__ import annotations

import re

from scoring.files.workbooks import ZIP, is_office
from scoring.model import Problem

#: Names that say: this holds predictions.
RESULT_SUFFIXES = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")

#: Names that say: this explains or makes the predictions. Left aside when result files lie beside them.
COMPANION = re.compile(
    r"readme.*|licen[sc]e.*|.*\.(md|rst|txt|log|py|ipynb|sh|ya?ml|toml|pdf|docx?|png|jpe?g)", re.IGNORECASE
)

#: Names that operating systems leave in archives.
LITTER = re.compile(r"\.ds_store|thumbs\.db|desktop\.ini|\._.*", re.IGNORECASE)

_PLAIN = "Please send the predictions as JSON or CSV (also as .gz or in a .zip)."

_SPREADSHEET = "Spreadsheets are not read. Please save the sheet as CSV (UTF-8) and send that."
_CALL = ' In pandas: df.to_json("predictions.json", orient="records").'
_PYTHON = "Python and array dumps are never opened. " + _PLAIN + _CALL
_PARQUET = "Parquet and Arrow files are not read from teams. " + _PLAIN + _CALL
_NUMBERS = "Files of Numbers are not read. Please export the sheet as CSV (UTF-8) and send that."
_MATLAB = "MATLAB files are not opened. " + _PLAIN + ' In MATLAB: writetable(T, "predictions.csv").'
_R = "R's own files are not opened. " + _PLAIN + ' In R: write.csv(df, "predictions.csv", row.names = FALSE).'
_STATISTICS = "Files of SPSS, Stata and SAS are not read. Please export the table as CSV (UTF-8) and send that."
_DATABASE = "Databases are not read. Please export the table as CSV (UTF-8) and send that."
_DOCUMENT = "Documents of word processors are not read. " + _PLAIN
_ARCHIVE = "This kind of archive is not opened. Please use .zip or .gz, or send the plain file."

_BY_SUFFIX = {
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers"), _SPREADSHEET),
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".pth", ".npy", ".npz", ".joblib", ".h5", ".ckpt"), _PYTHON),
    **dict.fromkeys((".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".zst", ".lz4", ".tbz2", ".txz"), _ARCHIVE),
    ".mat": _MATLAB,
    ".iwa": _NUMBERS,
    **dict.fromkeys((".rds", ".rdata", ".rda"), _R),
    **dict.fromkeys((".sav", ".por", ".dta", ".sas7bdat", ".xpt"), _STATISTICS),
    **dict.fromkeys((".sqlite", ".sqlite3", ".db", ".mdb", ".accdb", ".duckdb"), _DATABASE),
    **dict.fromkeys((".docx", ".doc", ".odt", ".pages"), _DOCUMENT),
    **dict.fromkeys((".parquet", ".feather", ".arrow"), _PARQUET),
}

_BY_MAGIC = (
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"BZh", _ARCHIVE),
    (b"\xfd7zXZ\x00", _ARCHIVE),
    (b"\x28\xb5\x2f\xfd", _ARCHIVE),
    (b"\x93NUMPY", _PYTHON),
    (b"\x89HDF\r\n", _PYTHON),
    (b"\x80\x02", _PYTHON),
    (b"\x80\x03", _PYTHON),
    (b"\x80\x04", _PYTHON),
    (b"\x80\x05", _PYTHON),
    (b"PAR1", _PARQUET),
    (b"ARROW1", _PARQUET),
    (b"MATLAB ", _MATLAB),
    (b"RDX2\n", _R),
    (b"RDX3\n", _R),
    (b"X\n\0\0\0", _R),
    (b"$FL2@(#) ", _STATISTICS),
    (b"<stata_dta>", _STATISTICS),
    (b"SQLite format 3\0", _DATABASE),
    (b"\xd0\xcf\x11\xe0", _SPREADSHEET),
    (b"%PDF-", "This is a PDF. " + _PLAIN),
    (b"\x89PNG", "This is a picture. " + _PLAIN),
    (b"\xff\xd8\xff", "This is a picture. " + _PLAIN),
    (b"<!DOCTYPE", "This is a web page, perhaps a download page. " + _PLAIN),
    (b"<html", "This is a web page, perhaps a download page. " + _PLAIN),
)
_MAGIC = tuple(begin for begin, _ in _BY_MAGIC)


def base_name(path: str) -> str:
    """Return the last part of a path written for any system."""
    return re.split(r"[/\\]", path.rstrip("/\\"))[-1]


def suffix(name: str) -> str:
    """``.json`` of ``a/b.JSON``; "" when there is none."""
    stem, dot, last = base_name(name).rpartition(".")
    return f".{last.lower()}" if dot and stem else ""


def archive_kind(name: str, data: bytes) -> str | None:
    """``zip`` or ``gz`` when we open it, None when it is no such archive.

    Files that are zips inside but are not sent as such (``.xlsx``, ``.npz``, ``.pt``) are no archives here.
    """
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return None if suffix(name) in _BY_SUFFIX or is_office(data) else "zip"
    return "gz" if data.startswith(b"\x1f\x8b") and suffix(name) not in _BY_SUFFIX else None


def _by_name(name: str, data: bytes) -> str | None:
    """Return what a file's name says that is not read; text is text, though it be called a workbook."""
    told = _BY_SUFFIX.get(suffix(name))
    return None if told == _SPREADSHEET and data and not data.startswith(ZIP) and b"\0" not in data[:4096] else told


def advice(name: str, data: bytes) -> Problem | None:
    """Return the problem with a file whose form we do not read, None when it may be read."""
    magic = _BY_MAGIC if data.startswith(_MAGIC) else ()
    told = next((text for begin, text in magic if data.startswith(begin)), None) or _by_name(name, data)
    if told is None and data.startswith(ZIP):
        told = _SPREADSHEET
    if told is None and data[257:262] == b"ustar":
        told = _ARCHIVE
    return Problem(code="unsupported-format", count=1, examples=(name,), message=told) if told else None
