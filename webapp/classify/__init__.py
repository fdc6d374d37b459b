"""Classify: the classify page and what its POST does: submit, undo, feedback. Above consensus and queue."""
