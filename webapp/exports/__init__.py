"""Exports: votes and consensus of a workflow in Panoptes', Label Studio's and our own formats."""
