"""init: write a config to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mailbot.errors import Permanent

CONFIG = """\
# mailbot's config. Paths are relative to this file. Every key: config.example.toml in the documentation.
preset = "{preset}"
state = "state"                       # ledger and spool; back this folder up

[challenge]
address = "{address}"                 # teams write here, replies come from here
# organizers = ["you@example.org"]

[imap]
host = "imap.example.org"
user = "{address}"
password_file = "secrets/imap"        # first line: the password; chmod 600
# extra_folders = ["Junk"]            # where your provider puts spam

[smtp]
host = "smtp.example.org"
user = "{address}"
password_file = "secrets/smtp"

[roster]
file = "teams.csv"                    # columns: team,address

[tracks.siqa-u]
labels = "labels/answer-u.json"       # never leaves this machine

[tracks.siqa-s]
labels = "labels/answer-s.json"

# Without a phase submissions are always taken.
# [[phases]]
# name = "test"
# opens = 2026-03-10T00:00:00+08:00
# closes = 2026-04-26T00:00:00+08:00
"""


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to begin in; made when missing.")],
    address: Annotated[str, typer.Option(help="The official submission address.")] = "submissions@example.org",
    preset: Annotated[str, typer.Option(help="The challenge preset.")] = "siqa",
) -> None:
    """Write a commented config and its folders, and say the next three steps."""
    target = folder / "config.toml"
    if target.exists():
        message = f"{target} exists already; it is left as it is"
        raise Permanent(message)
    for name in ("state", "labels", "secrets"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "secrets").chmod(0o700)
    target.write_text(CONFIG.format(address=address, preset=preset), encoding="utf-8")
    if not (folder / "teams.csv").exists():
        (folder / "teams.csv").write_text("team,address\n", encoding="utf-8")
    typer.echo(f"Wrote {target}. The next three steps:")
    typer.echo(
        "  1. Put the label files into labels/, the two passwords into secrets/ (chmod 600), the teams into teams.csv."
    )
    typer.echo(
        f"  2. Set the IMAP and SMTP hosts in {target}, then try a file: "
        f"mailbot --config {target} score FILE --track siqa-s"
    )
    typer.echo(
        f"  3. Make one pass, then run it for good: mailbot --config {target} once; mailbot --config {target} run"
    )
