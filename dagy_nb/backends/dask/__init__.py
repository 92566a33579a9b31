"""Whole runs on a Dask cluster."""
