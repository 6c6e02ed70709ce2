"""``make pictures``: play the demo, photograph what it made, and write docs/pictures/."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from operator import methodcaller
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from tests.command import MAILBOT
from tests.pictures import cast, frames
from tests.servers.fixtures import browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

PLACE = Path(__file__).parents[2] / "docs" / "pictures"
WORDS = PLACE / "words.json"
COLUMNS = 96
MOST = 150_000
"""Bytes of a picture."""
COLOURS = 96
TOLD = 15
"""Lines of the terminal: the overall table."""

REPLY, LETTER_TO = "04-fig-leaf-both", "figleaf"
HEADINGS = "h1, h2, h3, thead th, nav a, .h td"


def photograph(folder: Path, terminal: str, place: Path) -> None:
    """Write the pictures of a demo that was played: ``folder`` is what it left, ``terminal`` what it printed."""
    place.mkdir(parents=True, exist_ok=True)
    shown = cast.lines(terminal.replace(str(folder.parent), "~"))
    (place / "demo.svg").write_text(cast.played(shown, "mailbot demo", COLUMNS), encoding="utf-8")
    words = {}
    with browser() as chromium:
        for name, page in pages(chromium, folder):
            words[name] = headings(page)
            _keep(page, place / f"{name}.png")
        told = cast.standing(cast.lines(_mailbot(folder, "board"))[:TOLD], "mailbot board", COLUMNS)
        size = (round(COLUMNS * cast.WIDE) + 2 * cast.MARGIN, TOLD * cast.HIGH + cast.BAR + cast.MARGIN)
        shot = _opened(chromium, *size, lambda page: page.set_content(f"<style>body{{margin:0}}</style>{told}"))
        _keep(shot, place / "terminal.png")
        _desk_pictures(chromium, folder, place)
    (place / WORDS.name).write_text(json.dumps(words, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def pages(chromium: Browser, folder: Path) -> Iterator[tuple[str, Page]]:
    """Yield a page of the demo's that is photographed, with the picture's name."""
    yield "board", _opened(chromium, 1180, 900, lambda page: page.goto((folder / "page/index.html").as_uri()))
    letter = max((folder / "letters").glob(f"*-{LETTER_TO}.eml"))
    for name, path, height in (("reply", folder / f"replies/{REPLY}.eml", 720), ("letter", letter, 900)):
        yield name, _opened(chromium, 820, height, methodcaller("set_content", frames.mail(path)))
    yield "sheet", _opened(chromium, 1060, 440, methodcaller("set_content", frames.sheet(folder)))


def headings(page: Page) -> list[str]:
    """Return the headings of a page and of the frame in it, which say when a picture is no longer what is made."""
    found = [text for frame in page.frames for text in frame.locator(HEADINGS).all_inner_texts()]
    words = (re.sub(r"\s+", " ", re.sub(r"\d+", "0", text)).strip() for text in found)
    return list(dict.fromkeys(filter(None, words)))


DESK = {"desk": "/submissions", "desk-board": "/board/now", "desk-act": "/act/disqualify-team?team=Lumen+Lab"}
"""Screens of the desk that are photographed, by the picture's name."""


def _desk_pictures(chromium: Browser, folder: Path, place: Path) -> None:
    """Log in as an organizer does, and photograph screens; an act is shown with its effect."""
    context = chromium.new_context(viewport={"width": 1180, "height": 800}, color_scheme="light")
    with _desk(folder) as link:
        door = context.new_page()
        door.goto(link)
        door.get_by_role("button", name="Log in").click()
        for name, path in DESK.items():
            page = context.new_page()
            page.goto(re.sub(r"(//[^/]+)/.*", rf"\1{path}", link))
            if name == "desk-act":
                page.get_by_label("Write to the team").check()
                page.get_by_label("Reason").fill("The team sent files under two names.")
                page.get_by_role("button", name="Show what it does").click()
                page.get_by_role("heading", name="What it does").wait_for()
            _keep(page, place / f"{name}.png")
    context.close()


def _opened(chromium: Browser, width: int, height: int, fill: Callable[[Page], object]) -> Page:
    page = chromium.new_page(viewport={"width": width, "height": height}, color_scheme="light", reduced_motion="reduce")
    fill(page)
    page.wait_for_load_state("load")
    page.wait_for_timeout(200)  # the frame of a mail takes its height
    return page


def _keep(page: Page, path: Path) -> None:
    """Write what is seen of a page as a picture with few colours, which has a fifth of the bytes; close the page."""
    seen, small = Image.open(io.BytesIO(page.screenshot())), io.BytesIO()
    seen.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    page.close()
    assert len(small.getvalue()) <= MOST, path.name
    path.write_bytes(small.getvalue())


def _mailbot(folder: Path, *words: str) -> str:
    """Return what a command prints to a terminal about the demo."""
    command = (str(MAILBOT), "--config", str(folder / "config.toml"), *words)
    return subprocess.run(command, env=_terminal(), capture_output=True, check=True).stdout.decode()


def _terminal() -> dict[str, str]:
    return os.environ | {"FORCE_COLOR": "1", "COLUMNS": str(COLUMNS), "LINES": "50", "TERM": "xterm-256color"}


@contextmanager
def _desk(folder: Path) -> Iterator[str]:
    """Open the demo's desk; give the link that logs in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (str(MAILBOT), "--config", str(folder / "config.toml"), "desk", "--port", str(port))
    env = os.environ | {"PYTHONUNBUFFERED": "1", "SUDO_USER": "chair"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8", env=env) as running:
        try:
            yield next(line.strip() for line in running.stdout or () if "http" in line)
        finally:
            running.terminate()


def main() -> None:
    """Play the demo in a folder of its own."""
    with tempfile.TemporaryDirectory() as home:
        command = (MAILBOT, "demo", "--out", "mailbot-demo")
        played = subprocess.run(command, cwd=home, env=_terminal(), capture_output=True, check=True)
        photograph(Path(home) / "mailbot-demo", played.stdout.decode(), PLACE)  # a terminal's \r stays


if __name__ == "__main__":
    main()
