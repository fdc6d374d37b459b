"""Workflow settings: forms and pages for creating and changing a workflow."""
