"""Classify: the home, project and classify pages, and what a POST does: submit, undo, feedback."""
