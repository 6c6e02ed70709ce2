"""Publish a board. A target is a function from a board to nothing; the files below a folder are the first one."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from mailbot.board import command as site_command
from mailbot.board import exports, receipts, workbook
from mailbot.board.codec import board_from_json
from mailbot.board.page import folder as site_folder
from mailbot.board.page import rules as site_rules
from mailbot.board.page.site import site
from mailbot.errors import Permanent
from mailbot.ledger import boards
from mailbot.model import Board
from mailbot.system import folders, safefile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mailbot.board.page.rules import SiteRules
    from mailbot.config.challenge import Challenge
    from mailbot.config.schema import Config
    from mailbot.ledger import Ledger
    from mailbot.transport.alerts import Watch

Target: TypeAlias = Callable[[Board], object]
"""Shows the whole board somewhere, as often as it is called; raises ``MailbotError`` or OSError when it cannot."""

FOLDER_KEY = "board.folder"
"""The key of the config that names where the files go."""


def kept(ledger: Ledger) -> list[Board]:
    """Return the published boards that the ledger keeps, in the order they were published in."""
    with ledger.read() as tx:
        return [board_from_json(json.loads(row.board)) for row in boards.listing(tx)]


def target_of(config: Config, challenge: Challenge, ledger: Ledger, watch: Watch) -> Target:
    """Return the target that writes a board's files where the config says, then runs the organizers' command."""
    write_files = folder_target(config.published, site_rules.from_config(config, challenge), partial(kept, ledger))

    def publish(board: Board) -> None:
        with folders.used(FOLDER_KEY, config.published):
            write_files(board)
        _bring_out(config, watch)

    return publish


def rebuild(config: Config, challenge: Challenge, ledger: Ledger, watch: Watch) -> bool:
    """Write the files of the last board and the site anew, as they were when it was published; run the command.

    Tell whether that succeeded. Final results are the last board until another one is published.

    Raises:
        Permanent: no board was published yet.
        ConfigError: it could not be written; the old site stands.
    """
    boards_kept = kept(ledger)
    if not boards_kept:
        message = "no board was published yet: publish one first"
        raise Permanent(message)
    with folders.used(FOLDER_KEY, config.published):
        write(boards_kept[-1], config.published, site_rules.from_config(config, challenge), boards_kept[:-1])
    return _bring_out(config, watch)


def _received(folder: Path) -> bytes | None:
    """Return the list of received files, once it lies below ``folder``."""
    path = folder / receipts.NAME
    return path.read_bytes() if path.is_file() else None


def refresh(config: Config, challenge: Challenge, ledger: Ledger, watch: Watch) -> bool:
    """Do the same if a board was published yet; tell whether all is well."""
    return not kept(ledger) or rebuild(config, challenge, ledger, watch)


def _bring_out(config: Config, watch: Watch) -> bool:
    """Run the command on the folder of the present site, which stays whole while it runs."""
    folder, log = (config.published / "page").resolve(), config.state / "page-command.log"
    seconds = config.page.command_seconds
    return site_command.after_publishing(config.page.command, folder, seconds=seconds, log=log, watch=watch)


def folder_target(folder: Path, rules: SiteRules, past: Callable[[], Sequence[Board]] = lambda: ()) -> Target:
    """Return the target that writes the files of a board below ``folder``; ``past`` gives the boards before it."""
    return lambda board: write(board, folder, rules, past())


def write(board: Board, folder: Path, rules: SiteRules, past: Sequence[Board] = ()) -> tuple[Path, ...]:
    """Write ``board.csv``, ``board.xlsx``, ``board.json`` and the site ``page/`` below ``folder``; return their paths.

    ``past`` are the boards published before, in order. ``page/`` is a whole site, ready for any web server. All is made
    before the first file is written; each file is replaced at once, and the site as a whole, last.

    Raises:
        OSError: something could not be written; what came before it is new, the rest as it was.
    """
    pages = site([*past, board], rules, _received(folder))
    files = {
        "board.csv": exports.as_csv(board),
        "board.xlsx": workbook.as_xlsx(board),
        "board.json": exports.as_json(board),
    }
    for name, data in files.items():
        safefile.replace(folder / name, data)
    site_folder.replace(folder / "page", pages)
    return (folder / "page" / "index.html", *(folder / name for name in files))
