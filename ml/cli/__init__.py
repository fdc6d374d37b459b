"""Commands of `python -m ml` that need torch; each file adds one to the parser."""
