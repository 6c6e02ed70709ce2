"""Letters: mails that are no replies, such as standings, reminders, the digest, news of a rescore."""
