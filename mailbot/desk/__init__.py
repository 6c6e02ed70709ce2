"""The organizers' desk: the contest in a browser, on this machine only. A window to the functions of the commands."""

PORT = 8437
"""On 127.0.0.1."""

OWN_NAME = "mailbot"
"""Under this name the audit trail has what mailbot does by itself: no person is let in under it."""
