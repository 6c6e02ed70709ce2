"""What lies around a table in a text file, and files of text that are no table: taken off, or named.

Clearsigned text is that of RFC 9580, section 7. Standard library only.
"""

from __future__ import annotations

import re

from scoring.model import Note, Problem

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_FENCE = re.compile(r"^[ \t]{0,3}(```+|~~~+)[ \t]*+[\w+-]*+[ \t]*+\r?$", re.MULTILINE)
_DATA = re.compile(r"\s*+(?:[\[{]|[^\n,;\t|]*+[,;\t|][^\n]*+\n)")

_COMMENTS = re.compile(r"\A(?:#[^\n]*\n\s*)+")

_CALL = "json.dump(rows, file)"
_RECORDS = 'df.to_json("predictions.json", orient="records")'

_NAMED = (
    (
        re.compile(
            r"%YAML|---[ \t]*(?:#[^\n]*)?\r?\n|(?:- )?[\"']?[A-Za-z_]\w*[\"']?:(?:[ \t][^\n,;|]*)?\r?\n|- [{\[]"
        ),
        f"The file is YAML, which is not read. {_CALL} writes the same as JSON.",
    ),
    (
        re.compile(r"\[\[?[ \t]*[A-Za-z_][\w.-]*[ \t]*\]\]?[ \t]*\r?\n"),
        f"The file is TOML or INI, which is not read. {_CALL} writes the same as JSON.",
    ),
    (re.compile(r"\{\\rtf"), "The file is RTF, of a word processor. Please save it as plain text (UTF-8)."),
    (
        re.compile(r"\\(?:documentclass|begin|toprule|hline)\b"),
        f"The file is LaTeX, which is not read. {_RECORDS} writes the table as JSON.",
    ),
    (re.compile(r"<"), f"The file is XML or a web page, which is not read. {_RECORDS} writes the table as JSON."),
    (
        re.compile(r"(?:(?:var|let|const|export)\s+)?[A-Za-z_]\w*\s*=\s*[\[{]"),
        f"The file is a piece of a program: a name and = come before the data. {_CALL} writes the data alone.",
    ),
)


def unwrapped(text: str) -> tuple[str, tuple[Note, ...]] | Problem:
    """Return the text of a table without what lies around it, or what the file is instead of one."""
    text, notes = _unsigned(text)
    found = _unfenced(text)
    if isinstance(found, Problem):
        return found
    text, more = found
    top = _COMMENTS.sub("", text.lstrip(), count=1)
    named = next((message for pattern, message in _NAMED if pattern.match(top)), None)
    if named:
        return Problem(code="not-data", count=1, message=named)
    return text, (*notes, *more)


def _unsigned(text: str) -> tuple[str, tuple[Note, ...]]:
    """Take clearsigned text out of its armor; lines that begin with a dash are escaped there."""
    if not text.lstrip().startswith(_SIGNED):
        return text, ()
    lines = text.lstrip().splitlines()
    begin = next((at for at, line in enumerate(lines) if not line.strip()), len(lines))
    end = next((at for at, line in enumerate(lines) if line.startswith(_SIGNATURE)), len(lines))
    inside = "\n".join(line.removeprefix("- ") for line in lines[begin + 1 : end])
    message = "The file is signed in clear text (PGP); the text was read, the signature was not looked at."
    return inside, (Note(code="clearsigned", count=1, message=message),)


def _unfenced(text: str) -> tuple[str, tuple[Note, ...]] | Problem:
    """Take the one block of data out of Markdown, as language models answer."""
    if text.lstrip()[:1] in "[{" or not (fences := [*_FENCE.finditer(text)]):
        return text, ()
    ends = [*fences[1:], None]
    pairs = [*zip(fences, ends, strict=True)][::2]
    blocks = [text[begin.end() : end.start() if end else len(text)] for begin, end in pairs]
    data = [block for block in blocks if _DATA.match(block)]
    if len(data) > 1:
        message = "The file holds several blocks of data between ``` marks. Please send one file for each track."
        return Problem(code="several-submissions", count=len(data), message=message)
    if not data:
        return text, ()
    message = "The data was read from the block between ``` marks; nothing else in the file was."
    return data[0], (Note(code="fenced", count=1, message=message),)
