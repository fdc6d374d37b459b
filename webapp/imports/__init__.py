"""Imports: classifications made elsewhere, brought into a workflow; and the import & export pages."""
