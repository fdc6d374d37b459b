"""`make chaos`: break a running site in every way we know, while all its work is under way, and count what was lost.

The table that it prints stands in docs/faults.md.
"""
