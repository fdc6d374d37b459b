"""One page about one evaluation: every figure with its plot, its table and its numbers as CSV."""
