"""Cell source in, node class and spec out."""
