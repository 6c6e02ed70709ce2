"""What a child that opens mails does. It holds no label, no key of a team, and no mail but the one in hand."""

from __future__ import annotations

from mailbot.mail import dkim
from mailbot.mail import open as opening
from mailbot.system.children.named import Kind

KIND = Kind(__name__)

hold = KIND.task(opening.hold)
open_mail = KIND.task(opening.open_mail)
rich = KIND.task(opening.rich)
taken_out = KIND.task(opening.taken_out)
verify = KIND.task(dkim.verify)
