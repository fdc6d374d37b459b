"""Classifications and marks as rows. How they are submitted is in classify, what they add up to in consensus."""
