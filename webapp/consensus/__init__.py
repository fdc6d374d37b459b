"""Consensus: evidence of votes, skills, retirement, and recomputing them. Independent of pages and model scores."""
