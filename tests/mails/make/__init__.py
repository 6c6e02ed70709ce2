"""The golden mails that are written by a program; see ../README.md."""
