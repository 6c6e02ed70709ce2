"""The demo: three weeks of a made-up challenge on this machine, against the real daemon; needs the extra ``demo``."""
