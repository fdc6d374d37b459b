"""Ingest of files into subjects: read ahead, dedupe, store pixels and rows batch by batch.

The database is the source of truth. A batch's pixels are written where the database knows of none, and its rows and the
run's progress are committed together. So a crash leaves at most pixels without rows, and the next attempt overwrites
them.
"""
