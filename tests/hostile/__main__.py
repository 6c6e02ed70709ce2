"""Print what each hostile mail costs: `python -m tests.hostile [WORD...]`.

Each goes through `mailbot ingest` with a good mail behind it, in a folder of its own; the time is from the command's
start to its end, so the first line, of a good mail alone, is what all of them take anyway.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.hostile.mails import GOOD, MAILS
from tests.hostile.state import answered, lay_out
from tests.hostile.watch import watched


def main() -> int:
    """Print a line for each mail whose name holds one of the words; 1 when one was not answered."""
    wanted = {name: mail.make() for name, mail in MAILS.items() if all(word in name for word in sys.argv[1:])}
    print(f"{'mail':<36} {'size':>10}  {'seconds':>7}  {'daemon':>7}  {'child':>7}  answered")
    bad = 0
    for name, raw in ({"a good mail alone": b""} | wanted).items():
        with tempfile.TemporaryDirectory() as folder:
            work = lay_out(Path(folder))
            paths = [("2-good.eml", GOOD)] if not raw else [("1-hostile.eml", raw), ("2-good.eml", GOOD)]
            for path, data in paths:
                (work / path).write_bytes(data)
            cost = watched("ingest", *(path for path, _ in paths), "--json", folder=work)
            replies = answered(work)
        ok = len(replies) == len(paths)
        bad += not ok
        size = f"{len(raw):,}" if raw else "-"
        memory = f"{cost.daemon_mib:>3} MiB  {cost.child_mib:>3} MiB"
        print(f"{name:<36} {size:>10}  {cost.seconds:>7.2f}  {memory}  {'yes' if ok else 'NO'}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
