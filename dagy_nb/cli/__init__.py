"""A terminal's words in, tables, JSON and exit codes out: the command `dagy-nb`."""
