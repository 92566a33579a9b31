"""Facts in, records out: the journal of facts and the DuckDB tables made of it."""
