"""Evaluation of models: metrics with intervals, completeness, observing conditions, and the report page. No torch."""
