"""Mails that no mail asked for: standings, reminders, the digest, news of a rescore."""
