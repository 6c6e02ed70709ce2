"""Shows boards in a Google Sheet: the client, and what its worksheets hold."""
