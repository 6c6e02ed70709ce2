"""The sections of the config about how teams get on the roster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator

from mailbot.config.fields import Instant, Section
from mailbot.config.section import spreadsheet_id

if TYPE_CHECKING:
    from datetime import datetime


class FormColumns(Section):
    """The headings of a form's response sheet."""

    team: str = "Team name"
    #: The leader's address; Google Forms writes this heading itself when it collects addresses.
    address: str = "Email Address"
    #: Addresses of the other members, in one cell; "" when the form does not ask.
    members: str = "Members"


class FormSection(Section):
    """The response sheet of a registration form; only read, with the key of ``[sheet]``."""

    #: Its address or the id in it; "" means that there is no form.
    id: Annotated[str, AfterValidator(spreadsheet_id)] = ""
    #: The worksheet with the responses; "" is the first one.
    worksheet: str = ""
    columns: FormColumns = FormColumns()


class RegistrationSection(Section):
    """How a team becomes a registered one."""

    #: Teams of the roster file and the form are asked by mail, once, and count when they have confirmed.
    confirm: bool = False
    #: A mail with the subject ``[… Registration] Team name`` registers a team, after a question to its sender.
    by_mail: bool = False
    #: From this instant on nobody is registered but by an organizer's command.
    closes: Instant | None = None

    def is_closed(self, instant: datetime) -> bool:
        """Whether registration is closed at an instant."""
        return self.closes is not None and instant >= self.closes
