"""The daemon: its loops, its timetable, its status, and how systemd sees it."""
