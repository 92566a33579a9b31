"""Where a whole run goes: the backends, and the router that chooses among them."""
