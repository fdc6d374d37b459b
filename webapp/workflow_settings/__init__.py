"""Workflow settings: forms and pages with which an admin opens and changes a workflow."""
