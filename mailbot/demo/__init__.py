"""The demo: a week of a made-up challenge on this machine, played against the real daemon; needs the extra ``demo``."""
