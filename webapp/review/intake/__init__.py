"""Answers that people gave elsewhere, brought into a workflow."""
