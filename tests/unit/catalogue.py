"""The sentences that replies and letters to teams are made of, as they stand in templates and code."""

from __future__ import annotations

from pathlib import Path

from babel.messages.extract import extract_from_dir

ROOT = Path(__file__).parents[2]
METHODS = [
    ("templates/replies/**.j2", "jinja2.ext:babel_extract"),
    ("templates/letters/**.j2", "jinja2.ext:babel_extract"),
    ("mailbot/intake/**.py", "python"),
    ("mailbot/identity/**.py", "python"),
    ("mailbot/letters/accepted.py", "python"),
    ("mailbot/letters/extended.py", "python"),
    ("mailbot/letters/rescored.py", "python"),
]
OPTIONS = {pattern: {"trimmed": "true", "encoding": "utf-8"} for pattern, _ in METHODS if pattern.endswith(".j2")}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "say": None}


def sentences() -> set[str]:
    """Return every sentence that is to be translated, the singular of one that has two forms."""
    found: set[str] = set()
    for folder in ("templates", "mailbot"):
        own = [(pattern.removeprefix(f"{folder}/"), how) for pattern, how in METHODS if pattern.startswith(folder)]
        options = {pattern.removeprefix(f"{folder}/"): given for pattern, given in OPTIONS.items()}
        for _file, _line, message, _comments, _context in extract_from_dir(
            ROOT / folder, own, options, keywords=KEYWORDS
        ):
            found.add(message if isinstance(message, str) else message[0])
    return found
