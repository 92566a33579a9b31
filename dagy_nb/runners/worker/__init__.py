"""The far side: what runs in a worker process and in the guard that stands over it."""
