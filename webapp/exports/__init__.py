"""Exports: a workflow's votes and consensus in the formats of Panoptes and Label Studio, and our own."""
