"""Classification and mark rows. They are submitted in classify, and counted in consensus."""
