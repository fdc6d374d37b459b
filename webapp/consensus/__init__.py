"""Consensus: evidence of votes, skills, retirement, and recomputing them. Knows neither pages nor models' scores."""
