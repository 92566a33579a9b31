"""A run in, what a user can type here to look at it out."""

from __future__ import annotations

import sys


def suggest_look(run_id: str) -> str:
    """Return how to look at a run, as a sentence: by a magic in IPython, elsewhere by the command."""
    module = sys.modules.get("IPython.core.getipython")
    in_shell = module is not None and module.get_ipython() is not None
    return f"Look at it with {'%runs' if in_shell else 'dagy-nb show'} {run_id}."
