"""The organizers' desk: the contest in a browser, on this machine only. A window to the functions of the commands."""

PORT = 8437
"""On 127.0.0.1."""
