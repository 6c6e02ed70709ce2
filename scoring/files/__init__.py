"""The bytes of a result file to a table: unpacking, encodings, JSON, delimited text. Standard library only."""
