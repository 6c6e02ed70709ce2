"""MIME, read without the standard library's parser and linear in the length of what arrives.

`email.policy.default` needs 38 s for 50 KB of quotation marks in a To field and more than 20 GB for a Subject of
924 KB (CPython #136063), so the few things mailbot reads of a mail are read here, each in a small module.
"""
