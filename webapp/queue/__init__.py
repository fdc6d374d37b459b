"""Queue: which subjects a workflow still asks about, and who holds a lease on them."""
