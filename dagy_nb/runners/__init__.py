"""Where one node's body runs: inline, in a thread, in a process of its own."""
