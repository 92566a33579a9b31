"""A flow in, its editor or its static picture in a notebook out."""
