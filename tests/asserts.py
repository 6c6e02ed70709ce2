"""What pytest makes of the asserts of all tests, made once for the processes that share them.

In a fresh checkout each process would do so for itself, at the same time as the others: half of its collecting.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from _pytest.assertion import rewrite

if TYPE_CHECKING:
    import pytest


def rewrite_all(config: pytest.Config) -> None:
    """Rewrite every module of tests that is new or was changed, and keep it where pytest looks for it.

    pytest has no public way. A kept one that it would not take is made again by each process.
    """
    if sys.dont_write_bytecode:
        return
    for path in (found for name in ("test_*.py", "conftest.py") for found in Path(__file__).parent.rglob(name)):
        kept = rewrite.get_cache_dir(path) / f"{path.stem}{rewrite.PYC_TAIL}"
        if rewrite._read_pyc(path, kept) is None and rewrite.try_makedirs(kept.parent):  # noqa: SLF001  # as said
            digest, code = rewrite._rewrite_test(path, config)  # noqa: SLF001  # as said
            rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, digest, kept)  # noqa: SLF001  # as said
