"""What the daemon's own process loads while it serves mails: no NumPy, which it would keep for good."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SERVES = """
import sys
from pathlib import Path
from mailbot.ledger import similarities, submissions
from tests.unit import services
services.in_process = lambda made, _: made
with services.served(Path(sys.argv[1]), services.Clock(), **eval(sys.argv[2])) as service:
    for sender, method in ((services.ADA, "A"), (services.ADA, "B"), (services.CARL, "C")):
        services.take(service, services.submission(method, sender=sender, tilt=0.1))
    while service.similar.step():
        pass
    with service.ledger.read() as tx:
        statuses = {row.status for row in submissions.listing(tx)}
        print(*statuses, *(row.kind for row in similarities.listing(tx)))
heavy = ("numpy", "scipy", "pandas", "matplotlib", "pyarrow", "PIL")
print(*(name for name in heavy if name in sys.modules))
"""


LADDER = {"phases": [{"name": "test", "feedback": "ladder"}]}


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({}, id="plain"),
        pytest.param({"split": {"public": 0.5}}, id="split"),
        pytest.param(LADDER, id="ladder"),
    ],
)
def test_mails_are_served_and_compared_without_numpy(tmp_path: Path, config: dict[str, object]) -> None:
    """Files are evaluated, their predictions kept, and a copy is found: children did what needs it."""
    command = [sys.executable, "-c", SERVES, str(tmp_path), repr(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said, loaded = done.stdout.splitlines()[-2:]
    assert said == "accepted same-values same-values"
    assert loaded == ""
