"""The evaluation report: one page with every metric's plot, table and CSV."""
