"""Imports: classifications made elsewhere, brought into a workflow."""
