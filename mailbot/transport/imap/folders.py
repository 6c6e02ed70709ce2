"""The names of folders on a server: its namespace and separator, what is there, and which folder is for spam."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from imapclient.exceptions import IMAPClientError

from mailbot.transport.imap.trouble import LOST

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INBOX = "INBOX"

_NO_FOLDER = {b"\\nonexistent", b"\\noselect"}
_SPAM = {b"\\junk", b"\\spam"}  # RFC 6154, section 2; XLIST
_WILDCARDS = frozenset("*%")


class Folders:
    """The folders of one connection; its errors are the driver's."""

    def __init__(self, client: Any, capabilities: set[bytes]) -> None:  # noqa: ANN401  # imapclient ships no types
        """Ask nothing yet."""
        self._client, self._capabilities = client, capabilities
        self._namespace: tuple[str, str] | None = None
        self._spam: str | None = None

    def find(self, name: str) -> str | None:
        """Return the full name of a folder that is there; None when there is none. The inbox always is (RFC 9051)."""
        if name.upper() == INBOX:
            return INBOX
        return next((full for full in self._candidates(name) if self._is_there(full)), None)

    def create(self, name: str) -> str:
        """Make a folder, under the first name that the server takes; return that name."""
        names = self._candidates(name)
        for full in names[:-1]:
            with contextlib.suppress(IMAPClientError):
                return self._make(full)
        return self._make(names[-1])

    def spam(self) -> str | None:
        """Return the folder that the server itself marks as the one for spam; None when it marks none."""
        if self._spam is None:
            self._spam = next((name for flags, name in self._all() if _SPAM & _lower(flags)), "")
        return self._spam or None

    def names(self) -> list[str]:
        """Return the names of all folders."""
        return [name for flags, name in self._all() if not _NO_FOLDER & _lower(flags)]

    def _make(self, full: str) -> str:
        try:
            self._client.create_folder(full)
        except LOST:
            raise
        except IMAPClientError as error:
            if "ALREADYEXISTS" not in str(error):  # RFC 5530
                raise
        return full

    def _all(self) -> list[tuple[Iterable[bytes], str]]:
        """List all folders; a server without SPECIAL-USE may mark them in its older way."""
        if b"XLIST" in self._capabilities and b"SPECIAL-USE" not in self._capabilities:
            found = self._client.xlist_folders()
        else:
            found = self._client.list_folders()
        return [(flags, name) for flags, _separator, name in found]

    def _is_there(self, full: str) -> bool:
        found = [(flags, name) for flags, _separator, name in self._client.list_folders("", full)]
        exact = bool(_WILDCARDS & set(full))  # in LIST they stand for other names too
        return any(not _NO_FOLDER & _lower(flags) and (name == full or not exact) for flags, name in found)

    def _candidates(self, name: str) -> list[str]:
        """Return what the folder may be called here, the likeliest first: below the namespace, with its separator."""
        prefix, separator = self._personal()
        names = [name]
        if set(name) & set("/."):
            separator = separator or self._separator()
            if separator and separator != "/" and "/" in name:
                names.insert(0, name.replace("/", separator))
            if separator and separator != "." and "." in name:
                names.append(name.replace(".", separator))
        return [each if each.startswith(prefix) else prefix + each for each in names]

    def _personal(self) -> tuple[str, str]:
        """Return prefix and separator of the personal namespace (RFC 2342); "" for what the server does not say."""
        if self._namespace is None:
            self._namespace = "", ""
            if b"NAMESPACE" in self._capabilities:
                with _unless_lost():
                    prefix, separator = self._client.namespace().personal[0]
                    self._namespace = prefix or "", separator or ""
        return self._namespace

    def _separator(self) -> str:
        """Ask for the separator alone (RFC 9051, section 6.3.9)."""
        with _unless_lost():
            _flags, separator, _name = self._client.list_folders("", "")[0]
            return separator.decode() if separator else ""
        return ""


def _lower(flags: Iterable[bytes]) -> set[bytes]:
    return {flag.lower() for flag in flags}


@contextlib.contextmanager
def _unless_lost() -> Iterator[None]:
    """Do without an answer that is refused or cannot be used."""
    try:
        yield
    except LOST:
        raise
    except (IMAPClientError, ValueError, TypeError, LookupError, AttributeError):
        return
