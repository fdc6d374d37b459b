"""Imports: bring classifications made elsewhere into a workflow."""
