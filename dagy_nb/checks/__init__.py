"""A flow and the specs of its node types in, diagnostics out. Knows specs only, never node classes.

`check_connection` judges one edge that somebody wants to draw, `check_flow` a whole flow. All codes with
their severity stand in one table, `dagy_nb.checks.codes`; the words for edges in `dagy_nb.checks.rules`.
"""
