"""Exports: a workflow's votes and consensus in the formats of Panoptes and Label Studio, and our own; predictions.

The champion's predictions are for Label Studio, which asks for them as from one of its ML backends. Everybody's own
data leave from here too.
"""
