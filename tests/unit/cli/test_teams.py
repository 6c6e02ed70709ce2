"""`mailbot teams`: the roster by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.unit.cli.conftest import Shell


def test_teams_are_added_and_imported(shell: Shell) -> None:
    """Rows in order are taken, the others named with exit code 1."""
    assert "1 team(s) on the roster" in shell("teams", "add", "Alpha", "A@x.org", "b@x.org")[0]
    assert "0 team(s) on the roster" in shell("teams", "add", "Аlpha", "x@x.org", code=1)[0]  # noqa: RUF001  # Cyrillic
    (shell.folder / "more.csv").write_text("team,address\nBeta,c@x.org\nGamma,a@x.org\nDelta,nobody\n")
    out, err = shell("teams", "import", "more.csv", code=1)
    assert "1 team(s) on the roster" in out
    assert "team 'Gamma': a@x.org is another team's address already" in err
    assert "line 4: 'nobody' is not an e-mail address" in err
    well = {"take_no_mail": [], "letters": True, "confirmed": True, "excluded": None}
    assert shell.json("teams", "list") == [
        {"team": "Alpha", "addresses": ["a@x.org", "b@x.org"], **well},
        {"team": "Beta", "addresses": ["c@x.org"], **well},
    ]
