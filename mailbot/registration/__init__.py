"""How teams come onto the roster: files, a form, mails; names, questions, welcomes."""
