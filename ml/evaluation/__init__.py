"""How good a model is: figures with intervals, completeness, observing conditions, and the report page. No torch."""
