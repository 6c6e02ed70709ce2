"""One coverage-guided run: `python -m tests.fuzz.one TARGET [libFuzzer options] CORPUS...`."""

from __future__ import annotations

import sys

import atheris
import dkim  # noqa: F401  # loaded late by a target, its patterns of bytes would break the hook of regular expressions

with atheris.instrument_imports(include=["mailbot", "scoring"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Run until libFuzzer's options say that it is enough, or something does not hold."""
    target = TARGETS[sys.argv.pop(1)]
    atheris.enabled_hooks.add("RegEx")
    atheris.enabled_hooks.add("str")
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
