"""A plan in, events out: machine (pure), driver (the only loop), bodies."""
