"""Ingest of files into subjects: read ahead, dedupe, store pixels and rows batch by batch.

The database is the truth. A batch's pixels are written where the database knows of none, and its rows and the run's
progress are committed together; so whatever dies half-way leaves at most pixels that no row names, and the next
attempt writes over them.
"""
