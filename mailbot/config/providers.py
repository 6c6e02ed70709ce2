"""Provider profiles: what is known of the mail providers that challenges use. Data, and nothing else.

A config that says ``profile = "gmail"`` has these keys as if they were written there; its own keys go over them.
Their sources are the providers' help pages and what their servers say (CAPABILITY, LIST, SIZE).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = str | int | tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One provider."""

    title: str
    #: Keys of [imap], [smtp] and [oauth] that this provider settles; [identity] has its authserv_ids.
    imap: Mapping[str, Value] = field(default_factory=dict)
    smtp: Mapping[str, Value] = field(default_factory=dict)
    oauth: Mapping[str, Value] = field(default_factory=dict)
    #: MiB of the largest mail that arrives there, as it travels; None when that is for you to know.
    takes_mib: int | None = None
    #: The names in its Authentication-Results (RFC 8601): "" when it leaves its name out, () when nothing is known.
    authserv_ids: tuple[str, ...] = ()
    #: What to use as password, in a sentence.
    how_to_log_in: str
    #: What its users stumble over.
    limits: tuple[str, ...] = ()

    def settings(self) -> dict[str, dict[str, object]]:
        """Return the sections of the config that it settles."""
        identity = {"authserv_ids": self.authserv_ids} if self.authserv_ids else {}
        sections = {"imap": self.imap, "smtp": self.smtp, "oauth": self.oauth, "identity": identity}
        return {
            name: {key: list(value) if isinstance(value, tuple) else value for key, value in keys.items()}
            for name, keys in sections.items()
            if keys
        }


PROFILES: dict[str, Profile] = {
    "gmail": Profile(
        title="Gmail and Google Workspace",
        imap={"host": "imap.gmail.com", "extra_folders": ("[Gmail]/Spam",)},
        smtp={"host": "smtp.gmail.com"},
        oauth={
            "auth_url": "https://accounts.google.com/o/oauth2/v2/auth",
            "token_url": "https://oauth2.googleapis.com/token",
            "scope": "https://mail.google.com/",
        },
        takes_mib=50,
        authserv_ids=("mx.google.com",),
        how_to_log_in=(
            "Turn on 2-step verification, then make an app password (16 letters) at myaccount.google.com/apppasswords; "
            "the account's own password is refused."
        ),
        limits=(
            "Sends to 500 recipients a day, Google Workspace to 2,000.",
            "Gives out 2,500 MB a day over IMAP.",
            "Allows its mail scope in no device flow, so `mailbot login` gives an address to open instead.",
            "Its Spam folder is read too; IMAP must be allowed to see it (Settings, Labels, Spam, Show in IMAP).",
        ),
    ),
    "microsoft": Profile(
        title="Microsoft 365 and Outlook",
        imap={"host": "outlook.office365.com", "extra_folders": ("Junk Email",), "auth": "oauth"},
        smtp={"host": "smtp.office365.com", "port": 587, "security": "starttls", "auth": "oauth"},
        oauth={  # for an app of any tenant; one of a single tenant has its id in the place of "organizations"
            "device_url": "https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode",
            "token_url": "https://login.microsoftonline.com/organizations/oauth2/v2.0/token",
            "scope": (
                "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access"
            ),
        },
        takes_mib=36,
        authserv_ids=("",),
        how_to_log_in=(
            "No password is taken over IMAP: register an app in Entra ID for accounts in any organizational directory, "
            "allow it public client flows, write its id into oauth.client_id, then `mailbot login`."
        ),
        limits=(
            "Sends 30 mails a minute, to 10,000 recipients a day.",
            "Authenticated SMTP must be switched on for the mailbox (Exchange admin center, Mail flow settings).",
            "Its Authentication-Results name no server, only the topmost is trusted: run `doctor --check-auth` first.",
        ),
    ),
    "qq": Profile(
        title="Tencent Exmail (QQ enterprise mail)",
        imap={"host": "imap.exmail.qq.com", "extra_folders": ("Junk",)},
        smtp={"host": "smtp.exmail.qq.com"},
        takes_mib=50,
        how_to_log_in=(
            "Switch on IMAP/SMTP in the settings of the web mailbox; with secure login on, make a password for mail "
            "clients there and use it, not the account's own."
        ),
        limits=(
            "Shows only the last 30 days over IMAP until the settings say all mails: set it before the contest.",
            "Sends some 1,000 mails a day, and fewer from a new account.",
        ),
    ),
    "netease": Profile(
        title="NetEase 163",
        imap={"host": "imap.163.com", "extra_folders": ("垃圾邮件",)},
        smtp={"host": "smtp.163.com"},
        takes_mib=50,
        how_to_log_in=(
            "Switch on IMAP/SMTP in the settings of the web mailbox; it shows an authorization code once, which is the "
            "password here."
        ),
        limits=(
            "Refuses every command of a client that has not told its name (RFC 2971); mailbot tells it.",
            "Shows only the last 30 days over IMAP until the settings say all mails: set it before the contest.",
            "Has no IDLE: a mail is seen at the next look, within imap.poll_seconds.",
            "Sends some 200 mails a day from a free account.",
        ),
    ),
    "generic": Profile(
        title="your own server, or another provider",
        how_to_log_in="The password of the mailbox, or an app password where your server has them.",
        limits=("Name its spam folder in imap.extra_folders, else mails that land there are not seen.",),
    ),
}
