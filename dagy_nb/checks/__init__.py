"""A flow and the specs of its node types in, diagnostics out. Knows specs only, never node classes."""
