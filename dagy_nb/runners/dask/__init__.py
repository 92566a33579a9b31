"""One node's body on a Dask cluster: the near side, the far side, and what travels between them."""
