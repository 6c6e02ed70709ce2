"""man and docs: the manual page, made from the commands and their help, and the handbook."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer

from mailbot import __version__
from mailbot.cli.common import EXIT_CODES
from mailbot.errors import Permanent

HANDBOOK = Path(__file__).parents[1] / "handbook" / "index.html"


def docs(
    where: Annotated[bool, typer.Option("--where", help="Print its address, open nothing.")] = False,
) -> None:
    """Open the handbook in a browser, or print its address; needs no network."""
    if not HANDBOOK.is_file():
        message = "this installation has no handbook: `make docs` in the source builds it from docs/"
        raise Permanent(message)
    if where or not webbrowser.open(HANDBOOK.as_uri()):
        typer.echo(HANDBOOK.as_uri())


def man(context: typer.Context) -> None:
    """Print the manual page: `mailbot man > mailbot.1`, then `man -l mailbot.1`."""
    typer.echo(page(context.find_root().command))


def page(root: object) -> str:
    """Return the manual page of all commands, in the roff of man(7)."""
    lines = [
        f'.TH MAILBOT 1 "" "mailbot {__version__}" "mailbot manual"',
        ".SH NAME",
        "mailbot \\- run a scientific challenge by e\\-mail",
        ".SH SYNOPSIS",
        ".B mailbot",
        "[\\-\\-config FILE] COMMAND ...",
        ".SH DESCRIPTION",
        _text(getattr(root, "help", "")),
        ".SH OPTIONS",
        *_options(root),
        ".SH COMMANDS",
    ]
    for name, command in getattr(root, "commands", {}).items():
        lines += _command(f"mailbot {name}", command)
    lines += [".SH FILES", ".I config.toml", "in the working folder, else", ".I /etc/mailbot/config.toml"]
    lines += [".SH EXIT STATUS"]
    lines += [f"{code}: {meaning}." for code, meaning in EXIT_CODES.items()]
    return "\n".join(lines) + "\n"


def _command(path: str, command: object) -> list[str]:
    """Describe a command, or each subcommand of one."""
    if inner := getattr(command, "commands", None):
        return [line for name, sub in inner.items() for line in _command(f"{path} {name}", sub)]
    arguments = [param for param in _params(command) if not _is_option(param)]
    named = " ".join([path, *(str(a.metavar or a.name.upper()) for a in arguments)])
    return [f".SS {_text(named)}", _text(getattr(command, "help", "")), *_options(command)]


def _options(command: Any) -> list[str]:  # noqa: ANN401  # one of typer's own command classes, which it does not export
    """Describe options and arguments as `--help` does: the value wanted, its default and range, what must be given."""
    context = command.context_class(command)
    records = [param.get_help_record(context) for param in _params(command)]
    return [line for names, told in filter(None, records) for line in (".TP", f"\\fB{_text(names)}\\fR", _text(told))]


def _params(command: Any) -> list[Any]:  # noqa: ANN401  # the same, and its parameters
    return [param for param in command.params if not getattr(param, "hidden", False)]


def _is_option(param: object) -> bool:
    return any(name.startswith("-") for name in getattr(param, "opts", []))


def _text(text: str) -> str:
    """Escape text for roff: in one line, and with no request at its beginning."""
    one = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return f"\\&{one}" if one.startswith((".", "'")) else one
