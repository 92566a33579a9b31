"""Whole runs in a fresh kernel, by a generated notebook that stays with the run's artifacts."""
