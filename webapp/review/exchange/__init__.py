"""Votes and what they add up to, in the formats that others speak: out of the site, and into it."""
