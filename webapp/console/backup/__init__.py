"""Backups of a whole site: the database and the files of the data folder, in a folder or a bucket.

`repository` stores files by their hash, so that a backup only adds what is new. `database` runs the server's own
programs. `snapshots` takes, verifies and restores.
"""
