"""Queue: which subjects a workflow still needs votes on, and who holds a lease on them."""
