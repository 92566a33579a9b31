"""Where one node's body runs: inline, in a thread."""
