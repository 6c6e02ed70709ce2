"""`mailbot simulate-attack`: what attacks gain on made-up labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Shell


def test_attacks_are_simulated_on_made_up_labels(shell: Shell) -> None:
    """A row for each policy, and with a split for both parts; the same again at the same seed."""
    call = ("simulate-attack", "--mails", "3,9", "--repeats", "2", "--policy", "full", "--policy", "receipt")
    rows = shell.json(*call)
    assert [(row["track"], row["attack"], row["policy"], row["on"]) for row in rows] == [
        ("siqa-s", "differences", "full", "all"),
        ("siqa-s", "differences", "receipt", "all"),
    ]
    assert rows[0]["items"] == 8
    assert set(rows[0]["gains"]) == {"3", "9"}
    assert rows[1]["gains"] == {"3": 0.0, "9": 0.0}
    assert shell.json(*call) == rows
    assert shell.json(*call, "--seed", "4") != rows
    split = shell.json(*call, "--split", "0.5")
    assert [(row["on"], row["items"]) for row in split][:2] == [("public", 4), ("private", 4)]
    assert {row["policy"] for row in shell.json("simulate-attack", "--mails", "3", "--repeats", "1")} == {"full"}
    with (shell.folder / "config.toml").open("a") as config:
        config.write('[[phases]]\nname = "test"\nfeedback = "rounded"\nrounding = 0.5\n')
    assert {row["policy"] for row in shell.json("simulate-attack", "--mails", "3", "--repeats", "1")} == {"rounded"}
    assert "made-up labels, seed 0" in " ".join(shell(*call)[0].split())
