"""The two-stage classifier of tracklets, from the scores of their stamps and features of their motion."""
