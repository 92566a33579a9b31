"""Records in, pictures and messages out: what crosses between Python and a browser."""
