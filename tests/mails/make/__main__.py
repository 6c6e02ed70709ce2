"""Write the golden mails: `python -m tests.mails.make`, or only compare them with the files: `--check`."""

from __future__ import annotations

import json
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from tests.mails.make import (
    automatic,
    charsets,
    clients_desktop,
    clients_east,
    clients_web,
    forms,
    hostile,
    names,
    outlook,
)

if TYPE_CHECKING:
    from tests.mails.make.kit import Case

FOLDER = Path(__file__).parent.parent
MODULES = (clients_web, clients_desktop, clients_east, names, charsets, forms, outlook, hostile, automatic)


def main() -> int:
    """Write or compare every case; 1 when a file differs."""
    files = dict(chain.from_iterable(_files(case) for module in MODULES for case in module.cases()))
    if "--check" not in sys.argv:
        for path, data in files.items():
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
    different = [path for path, data in files.items() if not path.exists() or path.read_bytes() != data]
    sys.stdout.writelines(f"differs: {path.relative_to(FOLDER)}\n" for path in different)
    return 1 if different else 0


def _files(case: Case) -> list[tuple[Path, bytes]]:
    twin = json.dumps(case.mail, indent=2, ensure_ascii=False) + "\n"
    return [(FOLDER / f"{case.path}.eml", case.raw), (FOLDER / f"{case.path}.json", twin.encode())]


if __name__ == "__main__":
    sys.exit(main())
